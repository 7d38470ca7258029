// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `virtrust inspect --hives` over hives made by tool: the JSON as it is fixed for scripts, and the text.
#include "tests/unit/testing.h"

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { OUTPUT = 64 * 1024 };

// The exit code; stdout in `ret`.
static int shell(char ret[OUTPUT], const char *command)
{
    FILE *f = popen(command, "re");
    int status;

    assert_non_null(f);
    ret[fread(ret, 1, OUTPUT - 1, f)] = '\0';
    status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void make(const char *keys)
{
    static char out[OUTPUT];
    char command[1024];

    snprintf(command, sizeof command, "rm -rf h; mkdir h; \"$VIRTRUST_BIN_DIR\"/../test/mkhive h %s", keys);
    assert_int_equal(shell(out, command), 0);
}

static json_t *inspect(int expected)
{
    static char out[OUTPUT];
    int code = shell(out, "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null --json inspect --hives h");

    assert_int_equal(code, expected);
    return json_loads(out, JSON_REJECT_DUPLICATES, NULL);
}

static const char *text(const json_t *j, const char *key)
{
    const char *value = json_string_value(json_object_get(j, key));

    return value ? value : "";
}

// Every key that is fixed is there, known or null.
static void check_shape(json_t *j)
{
    static const char *const keys[] = {
        "schema",      "os",          "joined",        "role",       "computer",
        "domain",      "machine_sid", "account_sid",   "password",   "sam_account_name",
        "policy",      "hives",       "keytab",        "encryption", "live",
        "doubts",      "engine",      "now",           "windows",    "netlogon",
        "resolver",    "time",        "last_shutdown", "pending",    "credential_guard",
        "hibernation", "guest_agent", "helper",        "entra"};
    static const char *const below[][2] = {{"domain", "netbios"},
                                           {"domain", "dns"},
                                           {"domain", "sid"},
                                           {"password", "set_at"},
                                           {"password", "filetime"},
                                           {"password", "age_seconds"},
                                           {"password", "kvno"},
                                           {"hives", "security"},
                                           {"hives", "system"},
                                           {"hives", "software"},
                                           {"hives", "sam"},
                                           {"policy", "maximum_password_age_days"},
                                           {"policy", "disable_password_change"},
                                           {"policy", "refuse_password_change"},
                                           {"policy", "group_policy"},
                                           {"windows", "name"},
                                           {"windows", "build"},
                                           {"resolver", "servers"},
                                           {"time", "group_policy"},
                                           {"credential_guard", "isolated_secret"},
                                           {"hibernation", "fast_startup"},
                                           {"guest_agent", "installed"}};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (!json_object_get(j, keys[i]))
            fail_msg("the JSON lacks %s", keys[i]);
    for (size_t i = 0; i < ARRAY_SIZE(below); i++)
        if (!json_object_get(json_object_get(j, below[i][0]), below[i][1]))
            fail_msg("the JSON lacks %s.%s", below[i][0], below[i][1]);
    assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
    assert_true(json_is_array(json_object_get(j, "doubts")));
}

static void test_member(void **state)
{
    json_t *j, *password, *security;

    (void)state;
    make("computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 "
         "account_sid=S-1-5-21-1-2-3-1107 set_at=131230852838165380 secret=one product=WinNT max_age=30 "
         "disable=0 'SOFTWARE:Microsoft\\Windows NT\\CurrentVersion:CurrentBuildNumber=s:20348' "
         "'SYSTEM:ControlSet001\\Services\\Tcpip\\Parameters:NameServer=s:10.0.0.1,10.0.0.2' "
         "'SYSTEM:ControlSet001\\Control\\Windows:ShutdownTime=x:33d729750612cd01'");
    j = inspect(0);
    check_shape(j);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "windows"), "build")), 20348);
    assert_int_equal(json_array_size(json_object_get(json_object_get(j, "resolver"), "servers")), 2);
    assert_int_equal(json_array_size(json_object_get(j, "pending")), 0);
    assert_string_equal(text(j, "last_shutdown"), "2012-04-04T01:58:40.8392499Z");
    assert_string_equal(text(j, "os"), "windows");
    assert_true(json_is_true(json_object_get(j, "joined")));
    assert_string_equal(text(j, "role"), "member");
    assert_string_equal(text(j, "computer"), "WS1");
    assert_string_equal(text(json_object_get(j, "domain"), "sid"), "S-1-5-21-1-2-3");
    password = json_object_get(j, "password");
    assert_string_equal(text(password, "set_at"), "2016-11-08T13:28:03.8165380Z");
    assert_string_equal(text(password, "filetime"), "131230852838165380");
    assert_true(json_integer_value(json_object_get(password, "age_seconds")) > 0);
    assert_true(json_is_null(json_object_get(password, "kvno")));
    assert_true(json_is_false(json_object_get(json_object_get(j, "policy"), "disable_password_change")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(j, "policy"), "maximum_password_age_days")), 30);
    security = json_object_get(json_object_get(j, "hives"), "security");
    assert_string_equal(text(security, "state"), "clean");
    assert_int_equal(json_array_size(json_object_get(security, "sequence")), 2);
    assert_true(json_is_null(json_object_get(j, "keytab")));
    json_decref(j);
}

// A workgroup is an answer, not an error; without SYSTEM the role is not guessed.
static void test_workgroup(void **state)
{
    json_t *j;

    (void)state;
    make("computer=PC netbios=WORKGROUP machine_sid=S-1-5-21-7-8-9");
    j = inspect(0);
    check_shape(j);
    assert_true(json_is_false(json_object_get(j, "joined")));
    assert_true(json_is_null(json_object_get(json_object_get(j, "password"), "set_at")));
    json_decref(j);
}

static void test_text(void **state)
{
    static char out[OUTPUT];

    (void)state;
    make("computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 set_at=131230852838165380 "
         "secret=one "
         "product=WinNT dirty=1");
    assert_int_equal(shell(out, "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null inspect --hives h"), 0);
    assert_non_null(strstr(out, "computer       WS1\n"));
    assert_non_null(strstr(out, "password set   2016-11-08T13:28:03.8165380Z ("));
    assert_non_null(strstr(out, "SECURITY hive  dirty\n"));
    assert_non_null(strstr(out, "doubt          "));
}

// What was read only after the logs were applied says how much of them there was.
static void test_replayed(void **state)
{
    static const char newer[] = "rm -rf newer && mkdir newer && \"$VIRTRUST_BIN_DIR\"/../test/mkhive newer "
                                "computer=WS1 set_at=131240852838165380 secret=two && "
                                "\"$VIRTRUST_BIN_DIR\"/../test/mkhivelog h/SECURITY LOG1=newer/SECURITY";
    static char out[OUTPUT];

    (void)state;
    make("computer=WS1 set_at=131230852838165380 secret=one");
    assert_int_equal(shell(out, newer), 0);
    assert_int_equal(shell(out, "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null inspect --hives h"), 0);
    assert_non_null(strstr(out, "SECURITY hive  replayed (1 entry of its logs)\n"));
}

// What is in force is told, and by whom; not a setting of the guest's own that group policy overrules.
static void test_settings(void **state)
{
    static const char *const lines[] = {"\nWindows        Windows 7 Professional, build 7601\n",
                                        "\nrotation days  60 (group policy)\n",
                                        "\nrotation       switched off (DisablePasswordChange)\n",
                                        "\nNetlogon       disabled\n",
                                        "\ntime server    ntp.lab.test,0x8 (group policy)\n",
                                        "\ntime source    NTP\n",
                                        "\nfast startup   on\n"};
    static char out[OUTPUT];

    (void)state;
    make("computer=WS1 product=WinNT max_age=30 disable=1 "
         "'SOFTWARE:Microsoft\\Windows NT\\CurrentVersion:ProductName=s:Windows 7 Professional' "
         "'SOFTWARE:Microsoft\\Windows NT\\CurrentVersion:CurrentBuildNumber=s:7601' "
         "'SOFTWARE:Policies\\Microsoft\\Netlogon\\Parameters:MaximumPasswordAge=d:60' "
         "'SOFTWARE:Policies\\Microsoft\\W32Time\\Parameters:NtpServer=s:ntp.lab.test,0x8' "
         "'SYSTEM:ControlSet001\\Services\\W32Time\\Parameters:NtpServer=s:time.windows.com,0x9' "
         "'SYSTEM:ControlSet001\\Services\\W32Time\\Parameters:Type=s:NTP' "
         "'SYSTEM:ControlSet001\\Services\\Netlogon:Start=d:4' "
         "'SYSTEM:ControlSet001\\Control\\Session Manager\\Power:HiberbootEnabled=d:1'");
    assert_int_equal(shell(out, "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null inspect --hives h"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (!strstr(out, lines[i]))
            fail_msg("the text lacks%s: %s", lines[i], out);
}

// Exactly one sentence, although the program that looked says something too.
static void test_cannot_look(void **state)
{
    static char out[OUTPUT];

    (void)state;
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_int_equal(
        shell(out, "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null inspect --hives empty 2>&1"), 3);
    assert_true(strncmp(out, "virtrust: ", 10) == 0);
    assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

// With --json a program finds the error where it reads the answer.
static void test_error_json(void **state)
{
    static const char *const commands[] = {"inspect --hives empty", "inspect --hives absent",
                                           "inspect --disk absent",
                                           "--config absent.yaml inspect --hives empty"};
    static char out[OUTPUT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        char command[256];
        json_t *j, *error;
        int code;

        snprintf(command, sizeof command,
                 "\"$VIRTRUST_BIN_DIR\"/virtrust --config /dev/null --json %s 2> words", commands[i]);
        code = shell(out, command);
        assert_int_equal(code, i == 3 ? 4 : 3);
        j = json_loads(out, JSON_REJECT_DUPLICATES, NULL);
        error = json_object_get(j, "error");
        assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
        assert_int_equal(json_integer_value(json_object_get(j, "exit")), code);
        assert_int_equal(json_integer_value(json_object_get(error, "exit")), code);
        assert_true(text(error, "code")[0] && text(error, "text")[0]);
        assert_int_equal(shell(out, "wc -l < words"), 0);
        assert_int_equal(atoi(out), 1);
        json_decref(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_member),     cmocka_unit_test(test_workgroup),
        cmocka_unit_test(test_text),       cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_settings),   cmocka_unit_test(test_cannot_look),
        cmocka_unit_test(test_error_json),
    };

    if (!getenv("VIRTRUST_BIN_DIR")) {
        puts("skip - VIRTRUST_BIN_DIR does not name the built programs");
        return 77;
    }
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
