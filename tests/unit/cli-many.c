// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Answers of many records: long lists, sweeps, and what status says of a queue.
#include "tests/unit/cli_common.h"

#include <jansson.h>

enum { MANY = 450 };

static struct result result; // large

static char *many_guests(void)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    for (unsigned i = 0; i < MANY; i++)
        fprintf(f, "type=guest\nv=1\nuuid=%u\nname=vdi%s-%u\nstate=off\nbound=0\n\n", i,
                i == 300 ? "-a-long-name" : "", i);
    fputs("type=end\nv=1\nexit=0\n\n", f);
    fclose(f);
    return text;
}

static unsigned lines(const char *text)
{
    unsigned n = 0;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        n++;
    return n;
}

// One heading, every row, and the columns of a later batch at least as wide as those before it.
static void a_long_list_is_one_table(void **state)
{
    _cleanup_free_ char *reply = many_guests();

    (void)state;
    converse((const char *[]){"list", NULL}, reply, &result);
    assert_int_equal(result.code, 0);
    assert_int_equal(lines(result.out), MANY + 1);
    assert_memory_equal(result.out, "GUEST    STATE", 14);
    assert_null(strstr(result.out + 1, "GUEST"));
    assert_non_null(strstr(result.out, "\nvdi-7    off"));
    assert_non_null(strstr(result.out, "\nvdi-a-long-name-300  off"));
    assert_non_null(strstr(result.out, "\nvdi-449              off"));
}

static void a_long_list_is_one_object(void **state)
{
    _cleanup_free_ char *reply = many_guests();
    json_t *all;

    (void)state;
    converse((const char *[]){"--json", "list", "--only", "vdi*", NULL}, reply, &result);
    all = json_loads(result.out, 0, NULL);
    assert_non_null(all);
    assert_int_equal(json_array_size(json_object_get(all, "guests")), MANY);
    assert_int_equal(json_integer_value(json_object_get(all, "schema")), 1);
    assert_int_equal(json_integer_value(json_object_get(all, "exit")), 0);
    json_decref(all);
    assert_non_null(strstr(result.request, "only=vdi*"));
}

// virtrustd dies in the middle: what came is there, and that it is not all is said.
static void a_list_that_breaks_off_is_an_error(void **state)
{
    json_t *all;

    (void)state;
    converse((const char *[]){"--json", "list", NULL}, "type=guest\nv=1\nuuid=1\nname=a\n\n", &result);
    assert_int_equal(result.code, 4);
    all = json_loads(result.out, 0, NULL);
    assert_non_null(all);
    assert_int_equal(json_array_size(json_object_get(all, "guests")), 1);
    assert_non_null(json_object_get(all, "error"));
    json_decref(all);
}

#define LOOKED(n, verdict, behind, unread)                                         \
    "type=looked\nv=1\nguest=u" n "\nname=vdi-" n "\ncase=" n "\nverdict=" verdict \
    "\ntext=so it is\nbehind=" behind "\nunread=" unread "\n\n"
#define SWEPT                                                                                        \
    "type=sweep\nv=1\nguests=4\n\n" LOOKED("1", "in-step", "0", "0") LOOKED("2", "behind", "1", "0") \
        LOOKED("3", "unknown", "0", "1")                                                             \
            LOOKED("4", "in-step", "0", "0") "type=end\nv=1\nexit=1\nlooked=4\nbehind=1\nunread=1\n\n"

// No terminal: plain lines, those that matter and how far it has come.
static void a_sweep_in_plain_lines(void **state)
{
    (void)state;
    converse((const char *[]){"sweep", "--only", "vdi-*", NULL}, SWEPT, &result);
    assert_int_equal(result.code, 1);
    assert_string_equal(result.out, "1 of 4 looked at, 0 behind\n"
                                    "behind             vdi-2, case 2: so it is\n"
                                    "2 of 4 looked at, 1 behind\n"
                                    "unknown            vdi-3, case 3: so it is\n"
                                    "3 of 4 looked at, 1 behind, 1 could not be looked at\n"
                                    "4 of 4 looked at, 1 behind, 1 could not be looked at\n");
    assert_non_null(strstr(result.err, "some guests are behind; "));
    assert_null(strchr(result.out, '\033'));
    assert_non_null(strstr(result.request, "type=sweep\n"));
    assert_non_null(strstr(result.request, "only=vdi-*"));
}

static void a_sweep_for_programs(void **state)
{
    static const char *const types[] = {"sweep", "looked", "looked", "looked", "looked", "end"};
    char *rest = result.out, *line;
    unsigned n = 0;

    (void)state;
    converse((const char *[]){"sweep", "--json", NULL}, SWEPT, &result);
    assert_int_equal(result.code, 1);
    while ((line = strsep(&rest, "\n")) && line[0]) {
        json_t *one = json_loads(line, 0, NULL);

        assert_non_null(one);
        assert_true(n < ARRAY_SIZE(types));
        assert_string_equal(json_string_value(json_object_get(one, "type")), types[n]);
        assert_int_equal(json_integer_value(json_object_get(one, "schema")), 1);
        if (n == 2)
            assert_true(json_is_true(json_object_get(one, "behind")));
        if (n == 5)
            assert_int_equal(json_integer_value(json_object_get(one, "behind")), 1);
        json_decref(one);
        n++;
    }
    assert_int_equal(n, ARRAY_SIZE(types));
}

static void a_sweep_that_breaks_off_says_how_far_it_came(void **state)
{
    (void)state;
    converse((const char *[]){"sweep", NULL},
             "type=sweep\nv=1\nguests=9\n\n" LOOKED("1", "in-step", "0", "0"), &result);
    assert_int_equal(result.code, 4);
    assert_non_null(strstr(result.out, "1 of 9 looked at"));
    assert_non_null(strstr(result.err, "went away"));
}

static void a_sweep_of_no_guest(void **state)
{
    static const char nobody[] =
        "type=sweep\nv=1\nguests=0\n\ntype=end\nv=1\nexit=0\nlooked=0\nbehind=0\nunread=0\n\n";

    (void)state;
    converse((const char *[]){"sweep", "--only", "vid-*", NULL}, nobody, &result);
    assert_int_equal(result.code, 4);
    assert_string_equal(result.err,
                        "virtrust: no guest's name matches vid-*; `virtrust list` shows the guests "
                        "that are known\n");
    converse((const char *[]){"sweep", "--json", "--only", "vid-*", NULL}, nobody, &result);
    assert_int_equal(result.code, 4);
    assert_non_null(strstr(result.out, "\"code\":\"no-such-guest\""));
    assert_non_null(strstr(result.out, "\"looked\":0"));
    // Without a pattern there is nothing to mistype.
    converse((const char *[]){"sweep", NULL}, nobody, &result);
    assert_int_equal(result.code, 0);
    assert_string_equal(result.out, "0 of 0 looked at, 0 behind\n");
}

static void status_shows_the_queue(void **state)
{
    (void)state;
    converse(
        (const char *[]){"status", NULL},
        "type=status\nv=1\nversion=1\nlooks=4\nlooks_most=6\nlooks_waiting=312\nlooks_oldest_us="
        "1795000000000000\n"
        "questions=60\nquestions_waiting=12\ndirectory_running=2\ndirectory_waiting=0\ndeliver_running=0\n\n"
        "type=end\nv=1\nexit=0\n\n",
        &result);
    assert_int_equal(result.code, 0);
    assert_non_null(strstr(result.out, "4 under way (at most 6), 312 waiting, the oldest since 2026-11-18"));
    assert_non_null(strstr(result.out, "60 questions under way, 12 waiting"));
    assert_null(strstr(result.out, "agents"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_list_is_one_table),
        cmocka_unit_test(a_long_list_is_one_object),
        cmocka_unit_test(a_list_that_breaks_off_is_an_error),
        cmocka_unit_test(a_sweep_in_plain_lines),
        cmocka_unit_test(a_sweep_for_programs),
        cmocka_unit_test(a_sweep_that_breaks_off_says_how_far_it_came),
        cmocka_unit_test(a_sweep_of_no_guest),
        cmocka_unit_test(status_shows_the_queue),
    };

    return cmocka_run_group_tests(tests, cli_setup, testing_dir_remove);
}
