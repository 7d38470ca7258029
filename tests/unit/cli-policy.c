// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// policy test, breaker, approve --all and scorecard as people and programs see them.
#include "tests/unit/cli_common.h"

#include <jansson.h>
#include <stdio.h>

static struct result result; // large

#define END(code) "type=end\nv=1\nexit=" code "\n\n"

static json_t *json_out(void)
{
    json_t *all = json_loads(result.out, 0, NULL);

    if (!all)
        fail_msg("no JSON: %s", result.out);
    return all;
}

static void expect(const char *text)
{
    if (!strstr(result.out, text))
        fail_msg("no \"%s\" in:\n%s", text, result.out);
}

static const char facts[] = "type=facts\nv=1\nname=vdi-7\nuuid=u\ntitle=A "
                            "desk\ndescribed=1\nmetadata.0.key=pool\nmetadata.0.value=x1\n"
                            "transient_disks=0\nconfig=old.yaml\nmode=observe\n\n" END("0");

static void write_config(void)
{
    _cleanup_fclose_ FILE *f = fopen("other.yaml", "we");
    char here[4096];

    assert_non_null(getcwd(here, sizeof here));
    assert_non_null(f);
    fprintf(f,
            "mode: ask\npaths: {runtime: %s/run}\ndomains: [{name: corp.test}]\n"
            "policies:\n"
            "  - name: tier0\n    match: {ou: \"OU=Tier0,DC=corp,DC=test\"}\n"
            "  - match: {name: srv*}\n"
            "  - name: desks\n    match: {metadata: [pool=x*], title: \"*desk\"}\n    mode: repair\n"
            "    computer: \"{name}\"\n    strategies: [credential, provision]\n    limits: {at_once: 3, "
            "per_hour: 9}\n"
            "    quiet_hours: [Sat-Sun]\n"
            "  - mode: observe\n",
            here);
}

static void a_policy_is_tried(void **state)
{
    (void)state;
    write_config();
    converse((const char *[]){"--config", "other.yaml", "policy", "test", "vdi-7", NULL}, facts, &result);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.request, "type=policy-facts\nv=1\nguest=vdi-7\n\n");
    expect("1  tier0                cannot be decided yet\n");
    expect("?    ou wants OU=Tier0,DC=corp,DC=test, not known: the guest is not bound to an account yet\n");
    expect("2  policy-2             does not match\n      no   name wants srv*, is vdi-7\n");
    expect("3  desks                matches: it decides\n");
    expect("yes  title wants *desk, is A desk\n");
    expect("yes  metadata pool wants x*, is x1\n");
    expect("4  policy-4             not asked: an entry above decides\n");
    expect("  mode         observe\n               observe, because tier0 above cannot be decided yet\n");
    expect("  computer     vdi-7\n");
    expect("  strategies   credential, provision\n");
    expect("3 at once of this policy, 9 an hour of this policy, 8 at once of the domain");
    expect("  quiet hours  Sat-Sun\n");
    expect("In force now is old.yaml: policy none, mode observe.");
}

static void a_policy_is_tried_by_a_program(void **state)
{
    json_t *all, *rule;

    (void)state;
    write_config();
    converse((const char *[]){"--json", "--config", "other.yaml", "policy", "test", "vdi-7", NULL}, facts,
             &result);
    all = json_out();
    assert_string_equal(json_string_value(json_object_get(json_object_get(all, "settings"), "policy")),
                        "desks");
    assert_string_equal(json_string_value(json_object_get(json_object_get(all, "settings"), "undecided")),
                        "tier0");
    assert_int_equal(json_array_size(json_object_get(all, "rules")), 4);
    rule = json_array_get(json_object_get(all, "rules"), 0);
    assert_true(json_is_null(json_object_get(rule, "matches")));
    rule = json_array_get(json_object_get(all, "rules"), 1);
    assert_true(json_is_false(json_object_get(rule, "matches")));
    assert_true(json_is_true(json_object_get(json_object_get(all, "facts"), "described")));
    json_decref(all);
    converse((const char *[]){"--json", "policy", "test", "x", NULL},
             "type=error\nv=1\ncode=no-such-guest\ntext=no guest called x is known\nexit=4\n\n", &result);
    assert_int_equal(result.code, 4);
    all = json_out();
    assert_string_equal(json_string_value(json_object_get(json_object_get(all, "error"), "code")),
                        "no-such-guest");
    json_decref(all);
}

static const char one_breaker[] =
    "type=breaker\nv=1\nname=corp.test\nscope=domain\nstate=open\nsince_us=1700000000000000\n"
    "reopen_us=1700000900000000\ntrips=1\ntext=2 repairs "
    "failed\nfailures=2\nfailed_guests=2\npool=9\nunder_way=1\n"
    "held=3\nbegun=5\nlimit_at_once=8\nlimit_per_hour=20\n\n" END("0");

static void breakers(void **state)
{
    json_t *all, *one;

    (void)state;
    converse((const char *[]){"breaker", NULL}, one_breaker, &result);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.request, "type=breaker\nv=1\n\n");
    expect("open");
    expect("1 of 8");
    expect("5 of 20");
    expect("2 repairs failed");
    converse((const char *[]){"--json", "breaker", "reset", "corp.test", NULL}, one_breaker, &result);
    assert_string_equal(result.request, "type=breaker\nv=1\nreset=corp.test\n\n");
    all = json_out();
    one = json_array_get(json_object_get(all, "breakers"), 0);
    assert_int_equal(json_integer_value(json_object_get(one, "held")), 3);
    json_decref(all);
    converse((const char *[]){"breaker", "open", NULL}, one_breaker, &result);
    assert_int_equal(result.code, 2);
    assert_string_equal(result.request, "");
}

#define WAITING                                                                                              \
    "type=waiting\nv=1\nid=4\nguest=g\nname=vm4\ndomain=corp.test\npolicy=desks\nverdict=behind\nopened_us=" \
    "1700000000000000\n\n"                                                                                   \
    "type=waiting\nv=1\nid=7\nguest=h\nname=vm7\ndomain=corp.test\nverdict=behind\nopened_us="               \
    "1700000000000000\n\n"

static void a_batch_is_told(void **state)
{
    json_t *all;

    (void)state;
    converse(
        (const char *[]){"approve", "--all", "--dry-run", "--domain", "corp.test", "--policy", "desks", NULL},
        WAITING END("0"), &result);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.request,
                        "type=approve-all\nv=1\ndomain=corp.test\npolicy=desks\ndry_run=1\n\n");
    expect("vm7");
    converse((const char *[]){"--json", "approve", "--all", "--dry-run", NULL}, WAITING END("0"), &result);
    all = json_out();
    assert_int_equal(json_integer_value(json_object_get(all, "count")), 2);
    assert_true(json_is_false(json_object_get(all, "approved")));
    json_decref(all);
}

// Without a terminal and without --yes nothing is approved; neither is anything by words that do not fit together.
static void a_batch_is_not_approved_by_chance(void **state)
{
    static const char *const wrong[][5] = {{"approve", NULL},
                                           {"approve", "4", "--all", NULL},
                                           {"approve", "4", "--domain", "d", NULL},
                                           {"approve", "4", "--yes"}};

    (void)state;
    converse((const char *[]){"approve", "--all", NULL}, WAITING END("0"), &result);
    assert_int_equal(result.code, 2);
    assert_string_equal(result.request, "type=approve-all\nv=1\ndry_run=1\n\n");
    assert_non_null(strstr(result.err, "2 cases would be approved"));
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        converse(wrong[i], WAITING END("0"), &result);
        assert_int_equal(result.code, 2);
        assert_string_equal(result.request, "");
    }
    converse((const char *[]){"approve", "4", NULL}, END("0"), &result);
    assert_string_equal(result.request, "type=approve\nv=1\nid=4\n\n");
}

static const char scored[] =
    "type=prediction\nv=1\ncase=3\nguest=g\nname=vm3\nat_us=1700000000000000\nverdict=behind\nclass=wrong\n"
    "settled_us=1700000900000000\nsettled_case=5\ntext=older\n\n"
    "type=score\nv=1\nsince_us=1690000000000000\nguests=4\nlooks=9\npredicted=1\nby_hand=0\nby_virtrust="
    "0\nby_rollback=0\n"
    "still=0\nopen=0\nwrong=1\n\n" END("1");

static void a_scorecard(void **state)
{
    json_t *all;

    (void)state;
    converse((const char *[]){"scorecard", "--since", "7d", NULL}, scored, &result);
    assert_int_equal(result.code, 1);
    assert_memory_equal(result.request, "type=scorecard\nv=1\nsince_us=", 28);
    expect("wrong");
    expect("4 guests in 9 looks:\n       1  would have been repaired\n");
    converse((const char *[]){"--json", "scorecard", NULL}, scored, &result);
    all = json_out();
    assert_int_equal(json_integer_value(json_object_get(json_object_get(all, "score"), "wrong")), 1);
    assert_int_equal(json_array_size(json_object_get(all, "predictions")), 1);
    json_decref(all);
    converse((const char *[]){"scorecard", "--since", "soon", NULL}, scored, &result);
    assert_int_equal(result.code, 2);
    assert_string_equal(result.request, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_tried),
        cmocka_unit_test(a_policy_is_tried_by_a_program),
        cmocka_unit_test(breakers),
        cmocka_unit_test(a_batch_is_told),
        cmocka_unit_test(a_batch_is_not_approved_by_chance),
        cmocka_unit_test(a_scorecard),
    };

    return cmocka_run_group_tests(tests, cli_setup, testing_dir_remove);
}
