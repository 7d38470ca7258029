// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The guest agent's language, and the helper's answer in it. A guest writes these bytes, so most of the rows are lies.
#include "daemon/deliver/agent.h"
#include "daemon/deliver/base64.h"
#include "daemon/deliver/presence.h"
#include "daemon/deliver/push.h"
#include "daemon/deliver/verbs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void base64_both_ways(void **state)
{
    static const char *const pairs[][2] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
                                           {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        _cleanup_free_ char *text = base64_encode(pairs[i][0], strlen(pairs[i][0])), *bytes = NULL;
        size_t len = 99;

        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(base64_decode(text, 64, &bytes, &len), 0);
        assert_int_equal(len, strlen(pairs[i][0]));
        assert_string_equal(bytes, pairs[i][0]);
    }
}

static void base64_refuses(void **state)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "====", "Z===", "Zg==Zg==", "Zm9v\n", "Zm-v", "Z=9v", "Zm=v"};
    char *bytes = NULL;
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(base64_decode(bad[i], 64, &bytes, &len), -EBADMSG);
    assert_int_equal(base64_decode("Zm9vYmFyZm9v", 3, &bytes, &len), -E2BIG);
    assert_null(bytes);
}

static void commands(void **state)
{
    _cleanup_agent_ char *plain = agent_plain_command("guest-info"), *status = agent_status_command(7);
    _cleanup_agent_ char *exec = agent_exec_command("/bin/x \"y\"", (const char *const[]){"a\\", "\"b", NULL},
                                                    "in", 2);
    _cleanup_agent_ char *write = agent_write_command(3, "abc", 3);

    (void)state;
    assert_string_equal(plain, "{\"execute\":\"guest-info\"}");
    assert_string_equal(status, "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":7}}");
    assert_string_equal(exec,
                        "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/x \\\"y\\\"\","
                        "\"arg\":[\"a\\\\\",\"\\\"b\"],\"capture-output\":true,\"input-data\":\"aW4=\"}}");
    assert_string_equal(
        write, "{\"execute\":\"guest-file-write\",\"arguments\":{\"handle\":3,\"buf-b64\":\"YWJj\"}}");
}

static void what_the_agent_can_do(void **state)
{
    struct agent_info info = {0};

    (void)state;
    assert_int_equal(agent_read_info("{\"return\":{\"version\":\"7.2\",\"supported_commands\":["
                                     "{\"enabled\":true,\"name\":\"guest-exec\",\"success-response\":true},"
                                     "{\"enabled\":false,\"name\":\"guest-exec-status\"},{\"enabled\":1,"
                                     "\"name\":\"guest-file-write\"},"
                                     "{\"name\":7},3]}}",
                                     &info, NULL),
                     0);
    assert_true(info.exec);
    assert_false(info.exec_status);
    assert_false(info.file_write);
    assert_false(info.file_open);
    assert_string_equal(info.version, "7.2");
    assert_int_equal(agent_read_info("{\"return\":{\"version\":\"7 2\",\"supported_commands\":["
                                     "{\"enabled\":true,\"name\":\"guest-file-open\"},"
                                     "{\"enabled\":true,\"name\":\"guest-file-close\"}]}}",
                                     &info, NULL),
                     0);
    assert_true(info.file_open);
    assert_string_equal(info.version, "");
}

static void no_reply_at_all(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"error\":{}}",
        "{\"return\":null}",
        "{\"return\":[]}",
        "{\"return\":{\"pid\":\"7\"}}",
        "{\"return\":{\"pid\":7.5}}",
        "{\"return\":{\"pid\":7,\"pid\":8}}",
        "{\"return\":{\"pid\":99999999999999999999}}",
        "{\"return\":{\"pid\":7}} {\"return\":{\"pid\":8}}",
    };
    struct agent_status status = {0};
    struct agent_info info = {0};
    size_t written = 5;
    bool windows = true;
    int64_t n = 5;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = {0};

        assert_int_equal(agent_read_pid(bad[i], &n, &err), -EBADMSG);
        assert_true(err.text[0] != '\0');
        assert_int_equal(agent_read_number(bad[i], &n, NULL), -EBADMSG);
        assert_int_equal(agent_read_written(bad[i], &written, NULL), -EBADMSG);
        assert_int_equal(agent_read_status(bad[i], &status, NULL), -EBADMSG);
        assert_int_equal(agent_read_info(bad[i], &info, NULL), -EBADMSG);
        assert_int_equal(agent_read_os(bad[i], &windows, NULL), -EBADMSG);
    }
    assert_int_equal(n, 5);
    assert_int_equal(written, 5);
    assert_int_equal(agent_read_written("{\"return\":{\"count\":-1,\"eof\":false}}", &written, NULL),
                     -EBADMSG);
}

static void pieces_of_a_file(void **state)
{
    static const char *const bad[] = {
        "{\"return\":{\"count\":3,\"buf-b64\":\"YWJj\"}}",
        "{\"return\":{\"count\":3,\"buf-b64\":7,\"eof\":false}}",
        "{\"return\":{\"count\":3,\"buf-b64\":\"Y\",\"eof\":false}}",
        "{\"return\":{\"count\":3,\"buf-b64\":\"YWJjZGVm\",\"eof\":false}}",
    };
    static const char good[] = "{\"return\":{\"count\":3,\"buf-b64\":\"YWJj\",\"eof\":false}}";
    static const char end[] = "{\"return\":{\"count\":0,\"buf-b64\":\"\",\"eof\":true}}";
    _cleanup_agent_ char *command = agent_read_file_command(3, 4);
    _cleanup_free_ char *bytes = NULL, *nothing = NULL;
    size_t len = 0;
    bool eof = true;

    (void)state;
    assert_string_equal(command,
                        "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":3,\"count\":4}}");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(agent_read_piece(bad[i], 4, &bytes, &len, &eof, NULL), -EBADMSG);
    assert_int_equal(agent_read_piece(good, 4, &bytes, &len, &eof, NULL), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_false(eof);
    assert_int_equal(agent_read_piece(end, 4, &nothing, &len, &eof, NULL), 0);
    assert_int_equal(len, 0);
    assert_true(eof);
}

static void where_the_helper_goes(void **state)
{
    _cleanup_record_ struct record *none = record_new("verb"), *named = record_new("verb");
    char path[PUSH_PATH], longest[PUSH_PATH];

    (void)state;
    record_add(named, "helper", "/opt/h");
    record_add(named, "helper_windows", "D:\\tools\\h.exe");
    assert_string_equal(presence_path(none, false), "/usr/libexec/virtrust/virtrust-helper");
    assert_string_equal(presence_path(none, true), "C:\\Program Files\\virtrust\\virtrust-helper.exe");
    assert_string_equal(presence_path(named, false), "/opt/h");
    assert_string_equal(presence_path(named, true), "D:\\tools\\h.exe");
    assert_int_equal(push_windows_path("D:\\tools\\h.exe", "0123456789abcdef0123", path), 0);
    assert_string_equal(path, "D:\\tools\\pushed\\virtrust-helper-0123456789abcdef.exe");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 3] = '\\';
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(push_windows_path(longest, "0123456789abcdef", path), -1);
    assert_int_equal(push_windows_path("h.exe", "0123456789abcdef", path), -1);
}

static void deep_and_long_replies(void **state)
{
    _cleanup_free_ char *text = malloc(AGENT_REPLY_MAX + 2);
    int64_t n = 0;

    (void)state;
    memset(text, '[', AGENT_REPLY_MAX);
    text[AGENT_REPLY_MAX] = '\0';
    assert_int_equal(agent_read_number(text, &n, NULL), -EBADMSG);
    memset(text, ' ', AGENT_REPLY_MAX + 1);
    memcpy(text, "{\"return\":7}", 12);
    text[AGENT_REPLY_MAX + 1] = '\0';
    assert_int_equal(agent_read_number(text, &n, NULL), -EBADMSG);
    text[AGENT_REPLY_MAX] = '\0';
    assert_int_equal(agent_read_number(text, &n, NULL), 0);
}

static void a_program_that_ended(void **state)
{
    _cleanup_agent_status_ struct agent_status s = {0};

    (void)state;
    assert_int_equal(
        agent_read_status("{\"return\":{\"exitcode\":4,\"out-data\":\"YWJj\",\"err-data\":\"b2gKbm8A\","
                          "\"exited\":true,\"out-truncated\":true}}",
                          &s, NULL),
        0);
    assert_true(s.exited);
    assert_int_equal(s.exit_code, 4);
    assert_string_equal(s.out, "abc");
    assert_true(s.out_cut);
    assert_string_equal(s.err, "oh");
}

static void a_program_that_runs_or_died(void **state)
{
    struct agent_status s = {0};

    (void)state;
    assert_int_equal(agent_read_status("{\"return\":{\"exited\":false}}", &s, NULL), 0);
    assert_false(s.exited);
    assert_int_equal(agent_read_status("{\"return\":{\"exited\":true,\"signal\":9}}", &s, NULL), 0);
    assert_int_equal(s.exit_code, -1);
    assert_int_equal(s.signal, 9);
    assert_int_equal(agent_read_status("{\"return\":{\"exited\":true,\"exitcode\":-3}}", &s, NULL), 0);
    assert_int_equal(s.exit_code, -1);
    assert_int_equal(agent_read_status("{\"return\":{\"exited\":true,\"out-data\":\"!\"}}", &s, NULL),
                     -EBADMSG);
    assert_int_equal(agent_read_status("{\"return\":{\"exited\":1}}", &s, NULL), -EBADMSG);
}

// ---- what the helper's end means ----

struct end {
    const char *verb, *out;
    int exit_code;
    bool cut;
    const char *code; // NULL: fine
};

static void helper_ends(void **state)
{
    static const struct end ends[] = {
        {"probe", "type=probe\nv=1\njoined=1\n\n", 0, false, NULL},
        {"store-check", "type=check\nv=1\nready=1\n\n", 0, false, NULL},
        {"rotate", "type=result\nv=1\nresult=done\n\n", 0, false, NULL},
        {"probe", "type=result\nv=1\nresult=done\n\n", 0, false, "helper-failed"},
        {"probe", "type=probe\nv=1\njoined=1\n", 0, false, "helper-failed"},
        {"probe", "type=probe\nv=1\njoined=1\n\n", 0, true, "helper-failed"},
        {"probe", "type=probe\nv=1\njoined=1\n\nmore", 0, false, "helper-failed"},
        {"probe", "hello\n\n", 0, false, "helper-failed"},
        {"probe", "", 0, false, "helper-failed"},
        {"probe", NULL, 0, false, "helper-failed"},
        {"probe", "type=probe\nv=1\n\n", 4, false, "helper-failed"},
        {"probe", "type=probe\nv=1\n\n", 5, false, "agent-timeout"},
        {"probe", "type=probe\nv=1\n\n", 6, false, "helper-refused"},
        {"probe", "type=probe\nv=1\n\n", -1, false, "helper-failed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct agent_status s = {.exited = true,
                                 .exit_code = ends[i].exit_code,
                                 .out_cut = ends[i].cut,
                                 .out = (char *)ends[i].out,
                                 .out_len = ends[i].out ? strlen(ends[i].out) : 0};
        _cleanup_record_ struct record *r = NULL;
        struct fail fail = {0};

        if (!ends[i].code) {
            assert_int_equal(verbs_read_helper(ends[i].verb, &s, &r, &fail), 0);
            continue;
        }
        assert_int_equal(verbs_read_helper(ends[i].verb, &s, &r, &fail), -1);
        assert_string_equal(fail.code, ends[i].code);
        assert_null(r);
    }
}

static void what_a_version_is(void **state)
{
    static const struct {
        const char *out;
        int exit_code;
        const char *version; // NULL: none
    } versions[] = {
        {"virtrust-helper 0.1.0\n", 0, "0.1.0"},
        {"virtrust-helper 0.1.0\r\n", 0, "0.1.0"},
        {"virtrust-helper 2", 0, "2"},
        {"virtrust-helper 0.1.0\n", 1, NULL},
        {"virtrust-helper 0.1.0\n", -1, NULL},
        {"virtrust-helper \n", 0, NULL},
        {"virtrust-helper", 0, NULL},
        {"virtrust-helper 1\33[2J\n", 0, NULL},
        {"virtrust-helper 0123456789012345678901234567890123456789012345678901234567890123456789\n", 0, NULL},
        {"coreutils 9.1\n", 0, NULL},
        {NULL, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        const struct agent_status s = {.exited = true,
                                       .exit_code = versions[i].exit_code,
                                       .out = (char *)versions[i].out,
                                       .out_len = versions[i].out ? strlen(versions[i].out) : 0};
        char version[PRESENCE_VERSION] = "";
        const char *why = presence_read_version(&s, version);

        assert_string_equal(version, versions[i].version ? versions[i].version : "");
        assert_int_equal(why == NULL, versions[i].version != NULL);
    }
}

static void only_known_and_short_keys_pass(void **state)
{
    _cleanup_record_ struct record *helper = record_new("probe"), *answer = record_new("done");
    char big[4096];

    (void)state;
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    record_add(helper, "joined", "1");
    record_add(helper, "guest", "another");
    record_add(helper, "pushed", "1");
    record_add(helper, "agent_os", "windows");
    record_add(helper, "computer", big);
    verbs_copy(answer, helper);
    assert_string_equal(record_get(answer, "joined"), "1");
    assert_int_equal(record_count(answer), 3); // type, v, joined
}

static void time_limits(void **state)
{
    static const struct {
        const char *text;
        unsigned want;
    } rows[] = {{"30", 30}, {"0", TIMEOUT_DEFAULT_S}, {"-1", TIMEOUT_DEFAULT_S}, {"99999999", TIMEOUT_MAX_S}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_record_ struct record *r = record_new("verb");

        record_add(r, "timeout_s", rows[i].text);
        assert_int_equal(verbs_timeout_s(r), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(commands),
        cmocka_unit_test(what_the_agent_can_do),
        cmocka_unit_test(no_reply_at_all),
        cmocka_unit_test(pieces_of_a_file),
        cmocka_unit_test(where_the_helper_goes),
        cmocka_unit_test(deep_and_long_replies),
        cmocka_unit_test(a_program_that_ended),
        cmocka_unit_test(a_program_that_runs_or_died),
        cmocka_unit_test(helper_ends),
        cmocka_unit_test(what_a_version_is),
        cmocka_unit_test(only_known_and_short_keys_pass),
        cmocka_unit_test(time_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
