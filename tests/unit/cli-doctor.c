// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `virtrust doctor` while there is no virtrustd: what can be known all the same, and that it is told before the
// sentence which says why there is no more. libvirt is its test driver.
#include "tests/unit/cli_common.h"

#include <jansson.h>

static void write_file(const char *name, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(name, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
}

static void config(const char *name, const char *more)
{
    char text[5000], dir[4000];

    assert_non_null(getcwd(dir, sizeof dir));
    snprintf(text, sizeof text, "paths: {runtime: %s/run}\nlibvirt: {uri: \"test:///default\"}\n%s", dir,
             more);
    write_file(name, text);
}

// The finding's result, "" when there is none.
static const char *result(const json_t *answer, const char *id)
{
    const json_t *list = json_object_get(answer, "findings");
    const json_t *f;
    size_t i;

    json_array_foreach(list, i, f)
    {
        if (strcmp(json_string_value(json_object_get(f, "id")), id) == 0)
            return json_string_value(json_object_get(f, "result"));
    }
    return "";
}

static json_t *doctor(const char *file, const char *guest)
{
    static struct result r;
    json_t *j;

    converse((const char *[]){"--config", file, "--json", "doctor", guest, NULL}, NULL, &r);
    assert_int_equal(r.code, 4);
    j = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(j))
        fail_msg("not a JSON object: %s", r.out);
    assert_int_equal(json_integer_value(json_object_get(j, "exit")), 4);
    assert_non_null(json_object_get(j, "error"));
    return j;
}

static void without_a_daemon(void **state)
{
    json_t *j;

    (void)state;
    config("d.yaml", "");
    j = doctor("d.yaml", NULL);
    assert_string_equal(result(j, "daemon"), "bad");
    assert_string_equal(result(j, "config"), "good");
    assert_string_equal(result(j, "programs"), "good");
    assert_string_equal(result(j, "libvirt"), "good");
    assert_string_equal(result(j, "agent"), "bad"); // the test driver's guest has none
    assert_string_equal(result(j, "genid"), "unknown");
    if (access("/etc/libvirt/hooks/qemu.d/virtrust", F_OK) < 0)
        assert_string_equal(result(j, "hook"), "warning"); // it works without
    json_decref(j);
}

// One guest, and one that libvirt does not know.
static void one_guest(void **state)
{
    json_t *j;

    (void)state;
    config("d.yaml", "");
    j = doctor("d.yaml", "test");
    assert_string_equal(result(j, "agent"), "bad");
    assert_string_equal(result(j, "genid"), ""); // that is of all guests
    json_decref(j);
    j = doctor("d.yaml", "nobody");
    assert_string_equal(result(j, "libvirt"), "bad");
    json_decref(j);
}

static void a_broken_configuration(void **state)
{
    json_t *j;
    const char *text;

    (void)state;
    config("broken.yaml", "mode: sometimes\n");
    j = doctor("broken.yaml", NULL);
    assert_string_equal(result(j, "config"), "bad");
    assert_string_equal(result(j, "programs"), "good");
    text = json_string_value(json_object_get(json_object_get(j, "error"), "text"));
    assert_non_null(strstr(text, "broken.yaml:3:7: mode"));
    json_decref(j);
}

// Lines that say what stands in the way, then the sentence, also when both go into one file.
static void in_order(void **state)
{
    char text[8192] = "", *sentence;
    FILE *f;

    (void)state;
    config("d.yaml", "");
    f = popen("\"$VIRTRUST_BIN_DIR\"/virtrust --config d.yaml doctor 2>&1", "re");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    pclose(f);
    sentence = strstr(text, "virtrust: ");
    assert_non_null(sentence);
    assert_ptr_equal(strchr(sentence, '\n'), text + strlen(text) - 1);
    assert_non_null(strstr(text, "good    config"));
}

static const char *line(const json_t *domain, const char *kind, size_t i)
{
    return json_string_value(json_array_get(json_object_get(domain, kind), i));
}

// Of a broken file no commands are made, and it is not called empty; names that are not configured are the domain's.
static void the_delegation(void **state)
{
    static struct result r;
    json_t *j, *d;

    (void)state;
    config("broken.yaml", "mode: sometimes\ndomains: [{name: a.test}]\n");
    converse((const char *[]){"--config", "broken.yaml", "doctor", "--delegation", NULL}, NULL, &r);
    assert_int_equal(r.code, 4);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "broken.yaml:3:7: mode"));
    config("d.yaml",
           "domains:\n  - {name: a.test, keytab: /k/it's, principal: v@A.TEST, base: \"OU=x,DC=a\"}\n"
           "  - {name: b.c.test}\n  - {name: d.test, credential: d.keytab}\n");
    converse((const char *[]){"--config", "d.yaml", "doctor", "--delegation", NULL}, NULL, &r);
    assert_non_null(strstr(r.out, "# not configured, and made up here: principal base keytab; write"));
    converse((const char *[]){"--config", "d.yaml", "--json", "doctor", "--delegation", NULL}, NULL, &r);
    assert_int_equal(r.code, 0);
    j = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_integer_value(json_object_get(j, "exit")), 0);
    assert_true(json_is_integer(json_object_get(j, "exit")));
    d = json_array_get(json_object_get(j, "domains"), 0);
    assert_string_equal(line(d, "active_directory", 1),
                        "dsacls 'OU=x,DC=a' /I:S /G 'A\\v:CA;Reset Password;computer'");
    assert_string_equal(line(d, "host", 0),
                        "install -o virtrust-directory -g root -m 0400 virtrust.keytab '/k/it'\\''s'");
    d = json_array_get(json_object_get(j, "domains"), 1);
    assert_string_equal(line(d, "active_directory", 1), "dsacls 'OU=GUESTS,DC=b,DC=c,DC=test' /I:S /G "
                                                        "'B\\virtrust-svc:CA;Reset Password;computer'");
    assert_string_equal(line(d, "samba", 7),
                        "samba-tool domain exportkeytab virtrust.keytab --principal='virtrust-svc@B.C.TEST'");
    d = json_array_get(json_object_get(j, "domains"), 2);
    assert_string_equal(
        line(d, "host", 0),
        "systemd-creds encrypt --name='d.keytab' virtrust.keytab '/etc/virtrust/d.keytab.cred'");
    json_decref(j);
}

// `inspect` of a guest that libvirt does not know says just that, and that libvirt runs nobody doubts.
static void inspect_nobody(void **state)
{
    static struct result r;
    json_t *j, *error;

    (void)state;
    config("d.yaml", "");
    converse((const char *[]){"--config", "d.yaml", "inspect", "nobody", NULL}, NULL, &r);
    assert_int_equal(r.code, 4);
    assert_non_null(strstr(r.err, "libvirt knows no guest called nobody"));
    assert_non_null(strstr(r.err, "virsh list --all"));
    assert_null(strstr(r.err, "ended without an answer"));
    converse((const char *[]){"--config", "d.yaml", "--json", "inspect", "nobody", NULL}, NULL, &r);
    assert_int_equal(r.code, 4);
    j = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
    error = json_object_get(j, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "no-such-guest");
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_daemon), cmocka_unit_test(one_guest),
        cmocka_unit_test(inspect_nobody),   cmocka_unit_test(a_broken_configuration),
        cmocka_unit_test(in_order),         cmocka_unit_test(the_delegation),
    };

    if (!getenv("VIRTRUST_BIN_DIR")) {
        puts("skip - VIRTRUST_BIN_DIR does not name the built programs");
        return 77;
    }
    return cmocka_run_group_tests(tests, cli_setup, testing_dir_remove);
}
