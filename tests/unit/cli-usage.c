// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is refused before anybody is asked, what is said when nobody listens, and the help.
#include "tests/unit/cli_common.h"

static const struct {
    const char *args[ARGS];
    int code;
    const char *err;
} refused[] = {
    {{"frobnicate"}, 2, "virtrust: there is no command frobnicate; `virtrust --help` lists them\n"},
    {{"show"}, 2, "virtrust: usage: virtrust show GUEST\n"},
    {{"bind"}, 2, "virtrust: usage: virtrust bind GUEST COMPUTER\n"},
    {{"bind", "a"},
     2,
     "virtrust: usage: virtrust bind GUEST COMPUTER|--by-proof; name the computer, or let the guest prove "
     "which "
     "it is: --by-proof, not both\n"},
    {{"bind", "a", "b", "--by-proof"},
     2,
     "virtrust: usage: virtrust bind GUEST COMPUTER|--by-proof; name the computer, or let the guest prove "
     "which "
     "it is: --by-proof, not both\n"},
    {{"show", "a", "--by-proof"},
     2,
     "virtrust: --by-proof is no option of show; `virtrust --help` says which command takes it; nothing was "
     "done\n"},
    {{"doctor", "a", "--delegation"}, 2, "virtrust: usage: virtrust doctor --delegation\n"},
    {{"approve", "--all", "--domain", ""},
     2,
     "virtrust: --domain has an empty value; give one, or leave the option out; nothing was done\n"},
    {{"inspect", "--disk", ""},
     2,
     "virtrust: --disk has an empty value; give one, or leave the option out; nothing was done\n"},
    {{"list", "x"}, 2, "virtrust: usage: virtrust list (without arguments)\n"},
    {{"show", ""}, 2, "virtrust: an argument is empty; usage: virtrust show GUEST\n"},
    {{"show", "g", "--dry-run"},
     2,
     "virtrust: --dry-run is no option of show; `virtrust --help` says which command takes it; nothing "
     "was done\n"},
    {{"approve", "3", "--dry-run"},
     2,
     "virtrust: usage: virtrust approve CASE, or approve --all [--domain D] [--policy P] [--dry-run] "
     "[--yes]; "
     "nothing was done\n"},
    {{"policy", "tset", "g"}, 2, "virtrust: usage: virtrust policy test GUEST\n"},
    {{"scorecard", "--since", "soon"},
     2,
     "virtrust: --since soon does not fit; write 12h, 7d or 30d, at most 3650d\n"},
    {{"wait", "3", "--timeout", "soon"},
     2,
     "virtrust: --timeout soon does not fit; give seconds, or 90s, 5m, 2h, at most 30 days\n"},
    {{"wait", "3", "--timeout", "99999999999999999999"},
     2,
     "virtrust: --timeout 99999999999999999999 does not fit; give seconds, or 90s, 5m, 2h, at most 30 "
     "days\n"},
    {{"wait", "3", "--timeout", "721h"},
     2,
     "virtrust: --timeout 721h does not fit; give seconds, or 90s, 5m, 2h, at most 30 days\n"},
    {{"inspect"},
     2,
     "virtrust: usage: virtrust inspect GUEST | --disk FILE [--format FORMAT] | --hives DIR\n"},
    {{"inspect", "g", "--format", "raw"},
     2,
     "virtrust: --format belongs to --disk; a guest's formats stand in its XML\n"},
    {{"inspect", "--disk", "absent"},
     3,
     "virtrust: absent: No such file or directory; name one that exists, and that this user may reach\n"},
    {{"inspect", "--disk", "absent", "--timeout", "0"},
     2,
     "virtrust: --timeout 0 leaves no time to look; give 1s to 1h\n"},
    {{"help", "nonsense"}, 2, "virtrust: there is no command nonsense; `virtrust --help` lists them\n"},
    {{"help", "list", "wait"}, 2, "virtrust: usage: virtrust help [COMMAND]\n"},
    {{"hook", "enable"}, 2, "virtrust: usage: virtrust hook install|remove|status\n"},
    {{"status", "--config", "absent.yaml"},
     4,
     "virtrust: absent.yaml: No such file or directory; name an existing file with --config\n"},
};

static void test_refused(void **state)
{
    static struct result r;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        converse(refused[i].args, NULL, &r);
        assert_string_equal(r.err, refused[i].err);
        assert_string_equal(r.out, "");
        assert_int_equal(r.code, refused[i].code);
    }
}

static void test_no_daemon(void **state)
{
    static struct result r;
    char dir[4000], expected[5000];

    (void)state;
    assert_non_null(getcwd(dir, sizeof dir));
    snprintf(expected, sizeof expected,
             "virtrust: %s/run/control.sock: virtrustd is not running; systemctl start virtrustd (or "
             "virtrust-spawn)\n",
             dir);
    converse((const char *[]){"list", NULL}, NULL, &r);
    assert_string_equal(r.err, expected);
    assert_int_equal(r.code, 4);
    close(listen_here()); // a socket without a listener
    converse((const char *[]){"list", NULL}, NULL, &r);
    assert_string_equal(r.err, expected);
    unlink("run/control.sock");
}

// The help names every command that this test knows how to call, and every option.
static void test_help(void **state)
{
    static const char *const words[] = {
        "status",    "list",     "show",     "case",      "inspect",  "bind ",     "unbind",
        "repair",    "bindings", "approve",  "wait",      "doctor",   "hook",      "--json",
        "--disk",    "--config", "--domain", "--hives",   "--format", "--timeout", "--dry-run",
        "--version", "policy",   "breaker",  "scorecard", "--all",    "--yes",     "--since"};
    static struct result r;

    (void)state;
    converse((const char *[]){"help", NULL}, NULL, &r);
    assert_int_equal(r.code, 0);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (!strstr(r.out, words[i]))
            fail_msg("the help does not tell %s", words[i]);
    converse((const char *[]){"help", "wait", NULL}, NULL, &r);
    assert_int_equal(r.code, 0);
    assert_ptr_equal(strstr(r.out, "usage: virtrust [OPTION...] wait CASE|GUEST\n"), r.out);
    assert_non_null(strstr(r.out, "--timeout"));
    assert_null(strstr(r.out, "--disk"));
    converse((const char *[]){"wait", "--help", NULL}, NULL, &r);
    assert_int_equal(r.code, 0);
    assert_ptr_equal(strstr(r.out, "usage: virtrust [OPTION...] wait CASE|GUEST\n"), r.out);
    converse((const char *[]){"--help", NULL}, NULL, &r);
    assert_non_null(strstr(r.out, "exit codes: "));
    converse((const char *[]){"--version", NULL}, NULL, &r);
    assert_string_equal(r.out, "virtrust " VIRTRUST_VERSION "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_daemon),
        cmocka_unit_test(test_help),
    };

    if (!getenv("VIRTRUST_BIN_DIR")) {
        puts("skip - VIRTRUST_BIN_DIR does not name the built programs");
        return 77;
    }
    return cmocka_run_group_tests(tests, cli_setup, testing_dir_remove);
}
