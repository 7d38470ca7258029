// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Recorded conversations: what is asked, what people and programs get to see, the exit code, and the one sentence on
// stderr. (virtrustd's own side is tested in the laboratory.)
#include "tests/unit/cli_common.h"

#include <jansson.h>

#define END(code) "type=end\nv=1\nexit=" #code "\n\n"
#define GUEST                                                                                         \
    "type=guest\nv=1\nuuid=0b7c2a5e-0000-4000-8000-000000000001\nname=vdi-1\nstate=running\nmode="    \
    "repair\nbound=1\n"                                                                               \
    "computer=VDI-1\ndomain=corp.example\nverdict=behind\ncause=older-secret\ncase=7\noutcome=open\n" \
    "agent=connected\nlast_look_us=1763733600000000\ntext=the guest holds an older secret\n\n"
#define GUEST_NAMED(name) "type=guest\nv=1\nname=" name "\nstate=off\nmode=observe\nbound=0\n\n"
#define CASE(id, outcome)                                                                   \
    "type=case\nv=1\nid=" #id                                                               \
    "\nguest=0b7c2a5e-0000-4000-8000-000000000001\nname=vdi-1\nkind=revert\nstate=closed\n" \
    "verdict=behind\ncause=older-secret\ntext=case text " #id "\noutcome=" outcome          \
    "\nopened_us=1763733600123456\nepoch=1\nnext=do this\n\n"

static const struct conversation {
    const char *args[ARGS];
    const char *request; // NULL: no connection is made
    const char *reply;
    int code;
    const char *out; // what stdout is; NULL: not compared
    const char *err; // what stderr is
} conversations[] = {
    {{"list"},
     "type=list\nv=1\n\n",
     GUEST GUEST_NAMED("a-much-longer-name") END(0),
     0,
     "GUEST               STATE    MODE     VERDICT  OUTCOME  CASE  BINDING\n"
     "vdi-1               running  repair   behind   open     7     VDI-1\n"
     "a-much-longer-name  off      observe  -        -        -     none\n",
     ""},
    {{"list"},
     "type=list\nv=1\n\n",
     END(0),
     0,
     "no guest is known yet; `virtrust doctor` says whether libvirt can be reached\n",
     ""},
    {{"list", "--only", "x*"},
     "type=list\nv=1\nonly=x*\n\n",
     END(0),
     0,
     "no guest's name matches x*; `virtrust list` shows the guests that are known\n",
     ""},
    {{"bindings"},
     "type=bindings\nv=1\n\n",
     END(0),
     0,
     "no guest has a binding; `virtrust bind GUEST COMPUTER` makes one\n",
     ""},
    // A guest's name must not steer the terminal: escape, C1 introducer, right-to-left override, bytes of no UTF-8.
    {{"list"},
     "type=list\nv=1\n\n",
     GUEST_NAMED("%1b[31mx%c2%9by%e2%80%aez%ff%c3%a4") END(0),
     0,
     "GUEST         STATE  MODE     VERDICT  OUTCOME  CASE  BINDING\n"
     "?[31mx?y?z?\xc3\xa4  off    observe  -        -        -     none\n",
     ""},
    {{"show", "vdi-1"},
     "type=show\nv=1\nguest=vdi-1\n\n",
     GUEST CASE(9, "failed") CASE(7, "proven") END(1),
     1,
     "guest vdi-1 (0b7c2a5e-0000-4000-8000-000000000001)\n"
     "  state        running\n  mode         repair\n  agent        connected\n"
     "  binding      VDI-1 in corp.example\n  verdict      behind\n  cause        older-secret\n"
     "  because      the guest holds an older secret\n  case         7\n  outcome      open\n"
     "  last look    2025-11-21 14:00:00 UTC\n"
     "CASE  OPENED                   WHAT HAPPENED  VERDICT  STATE   OUTCOME\n"
     "9     2025-11-21 14:00:00 UTC  revert         behind   closed  failed\n"
     "7     2025-11-21 14:00:00 UTC  revert         behind   closed  proven\n",
     "virtrust: case 9: behind, failed: case text 9; do this\n"},
    {{"case", "7"},
     "type=case\nv=1\nid=7\n\n",
     CASE(7,
          "proven") "type=step\nv=1\nat_us=1763733600000000\nstate=noticed\ntext=reverted\n\n"
                    "type=step\nv=1\nat_us=1763733600123456\nstate=repairing\nabout=verdict\ntext=judged "
                    "behind\nguest_kvno=2\nad_kvno=3\n"
                    "binding=VDI-1\nbinding_sid=S-1-5-21-1\ndc=dc1\noffset_ms=-4000\n\n"
                    "type=step\nv=1\nat_us=1763733601000000\nstate=confirming\nabout=reset\ntext=account "
                    "reset\ndc=dc1\n\n"
                    "type=step\nv=1\nat_us=1763820000000000\nstate=ended\nabout=proof\ntext=whole\ndc=dc2\n\n"
                    "type=step\nv=1\nat_us=1763820000000000\nstate=closed\nabout=end\ntext=whole\n\n"
                    "type=job\nv=1\nid=3\nstate=ended\nattempt=1\ndc=dc1\nkvno_before=3\nkvno_reset="
                    "4\nkvno_after=5\ndeadline_us=1763820000000000\n\n"
                    "type=evidence\nv=1\nsource=disk\nos=linux\nkeytab.newest_us=1763733600000000\n"
                    "pwd_last_set=134082072000000000\n\n" END(0),
     0,
     "case 7: vdi-1, revert\n"
     "  opened       2025-11-21 14:00:00 UTC\n"
     "  verdict      behind, older-secret\n"
     "  outcome      proven\n"
     "  because      case text 7\n"
     "  next         do this\n"
     "  history      2025-11-21 (UTC)\n"
     "    14:00:00.000  noticed      reverted\n"
     "    14:00:00.123  verdict      judged behind\n"
     "                               the guest holds key version 2, AD 3\n"
     "                               bound to VDI-1, S-1-5-21-1\n"
     "                               asked: dc1\n"
     "                               the guest's clock was off by -4000 ms\n"
     "    14:00:01.000  reset        account reset\n"
     "               2025-11-22 (UTC)\n"
     "    14:00:00.000  proof        whole\n"
     "                               asked: dc2\n"
     "  repair       attempt 1 on dc1; AD's key version 3 before, 4 after the reset, 5 in the end\n"
     "  evidence: disk\n"
     "    os                                 linux\n"
     "    keytab.newest                      2025-11-21 14:00:00 UTC\n"
     "    pwd_last_set                       2025-11-21T14:00:00.0000000Z\n",
     ""},
    // A repair that is under way, and a step of which only its state is known.
    {{"case", "8"},
     "type=case\nv=1\nid=8\n\n",
     CASE(8, "open") "type=step\nv=1\nat_us=1763733600000000\nstate=clock\ntext=waits\n\n"
                     "type=job\nv=1\nid=4\nstate=clock\nattempt=2\ndeadline_us=1763820000000000\n\n" END(0),
     0,
     "case 8: vdi-1, revert\n"
     "  opened       2025-11-21 14:00:00 UTC\n"
     "  verdict      behind, older-secret\n"
     "  state        closed\n"
     "  because      case text 8\n"
     "  next         do this\n"
     "  history      2025-11-21 (UTC)\n"
     "    14:00:00.000  clock        waits\n"
     "  repair       clock, attempt 2\n"
     "  gives up at  2025-11-22 14:00:00 UTC\n",
     ""},
    {{"bind", "vdi-1", "S-1-5-21-1-2-3-1104", "--domain", "corp.example"},
     "type=bind\nv=1\nguest=vdi-1\nsid=S-1-5-21-1-2-3-1104\ndomain=corp.example\n\n",
     "type=binding\nv=1\nguest=0b\nname=vdi-1\ncomputer=VDI-1\nsid=S-1-5\ndomain=corp.example\nhow="
     "administrator\n"
     "since_us=1763733600000000\n\n" END(0),
     0,
     "GUEST  COMPUTER  DOMAIN        BY             SINCE                    SID\n"
     "vdi-1  VDI-1     corp.example  administrator  2025-11-21 14:00:00 UTC  S-1-5\n",
     ""},
    {{"bind", "vdi-1", "6F9619FF-8B86-D011-B42D-00CF4FC964FF"},
     "type=bind\nv=1\nguest=vdi-1\nguid=6F9619FF-8B86-D011-B42D-00CF4FC964FF\n\n",
     END(0),
     0,
     "",
     ""},
    {{"bind", "vdi-1", "VDI-1"}, "type=bind\nv=1\nguest=vdi-1\nname=VDI-1\n\n", END(0), 0, "", ""},
    {{"repair", "vdi-1", "--dry-run"}, "type=repair\nv=1\nguest=vdi-1\ndry_run=1\n\n", END(0), 0, "", ""},
    {{"wait", "12", "--timeout", "2m"}, "type=wait\nv=1\nid=12\ntimeout_s=120\n\n", END(0), 0, "", ""},
    {{"wait", "vdi-1"},
     "type=wait\nv=1\nguest=vdi-1\n\n",
     CASE(4, "refused") END(6),
     6,
     NULL,
     "virtrust: case 4: behind, refused: case text 4; do this\n"},
    {{"wait", "12"},
     "type=wait\nv=1\nid=12\n\n",
     "type=error\nv=1\ncode=timed-out\ntext=case 12 is still open\nnext=wait longer\nexit=5\n\n",
     5,
     "",
     "virtrust: case 12 is still open; wait longer\n"},
    {{"doctor"},
     "type=doctor\nv=1\n\n",
     "type=finding\nv=1\nid=libvirt\nresult=good\ntext=connected\n\n"
     "type=finding\nv=1\nid=binding\nresult=bad\ntext=vdi-1 has no binding\nnext=bind it\n\n" END(1),
     1,
     "good    libvirt          connected\n"
     "bad     binding          vdi-1 has no binding\n"
     "                         -> bind it\n",
     "virtrust: some things stand in the way; each of the lines above says what to do\n"},
    {{"doctor", "vdi-1"},
     "type=doctor\nv=1\nguest=vdi-1\n\n",
     "type=finding\nv=1\nid=helper\nresult=good\ntext=there\n\n" END(0),
     0,
     "good    helper           there\n",
     ""},
    {{"status"},
     "type=status\nv=1\n\n",
     "type=status\nv=1\nversion=1.2\nmode=ask\nguests=3\nrunning=2\nbound=1\nopen_cases=1\nwaiting_approval="
     "1\n"
     "open_jobs=0\nwatch=connected\nhook=0\nsince_us=1763733600000000\nnote.0=two guests have no "
     "binding\n\n" END(0),
     0,
     "virtrustd 1.2, mode ask, since 2025-11-21 14:00:00 UTC\n"
     "  libvirt      connected\n"
     "  hook         not installed\n"
     "  guests       3 known, 2 running, 1 bound\n"
     "  cases        1 open, 1 waiting for approval, 0 repairs under way\n"
     "  note         two guests have no binding\n",
     ""},
    // A type of record that is not known yet is not lost.
    {{"unbind", "vdi-1"},
     "type=unbind\nv=1\nguest=vdi-1\n\n",
     "type=note\nv=1\ntext=was bound to VDI-1\n\n" END(0),
     0,
     "  note         was bound to VDI-1\n",
     ""},
    // What the daemon should never do.
    {{"list"},
     "type=list\nv=1\n\n",
     GUEST,
     4,
     NULL,
     "virtrust: virtrustd went away before it had answered; systemctl status virtrustd\n"},
    {{"list"},
     "type=list\nv=1\n\n",
     "type=guest\nv=1\nname=x",
     4,
     "",
     "virtrust: virtrustd's answer cannot be read: a message was cut short; use the virtrust that belongs to "
     "this "
     "virtrustd\n"},
    {{"list"},
     "type=list\nv=1\n\n",
     "HTTP/1.1 200 OK\n\n",
     4,
     "",
     "virtrust: virtrustd's answer cannot be read: a record's line is not key=value; use the virtrust that "
     "belongs to "
     "this virtrustd\n"},
    {{"list"},
     "type=list\nv=1\n\n",
     "type=end\nv=1\nexit=99\n\n",
     4,
     "",
     "virtrust: virtrustd's answer ends without an exit code that is known; use the virtrust that belongs to "
     "this "
     "virtrustd\n"},
    {{"list"},
     "type=list\nv=1\n\n",
     END(4),
     4,
     "",
     "virtrust: virtrustd gave no reason; `virtrust status` and virtrustd's log may say more\n"},
    {{"list"},
     "type=list\nv=1\n\n",
     "type=error\nv=1\ntext=bad%1b[2J\nexit=0\n\n",
     4,
     "",
     "virtrust: bad?[2J\n"},
};

static void test_conversations(void **state)
{
    static struct result r;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(conversations); i++) {
        const struct conversation *c = &conversations[i];

        converse(c->args, c->reply, &r);
        // What doctor says of this host's own hook stands last, and depends on the host.
        if (strcmp(c->args[0], "doctor") == 0) {
            char *hook = strstr(r.out, " hook  ");

            assert_non_null(hook);
            while (hook > r.out && hook[-1] != '\n')
                hook--;
            *hook = '\0';
        }
        assert_string_equal(r.err, c->err);
        if (c->out)
            assert_string_equal(r.out, c->out);
        assert_string_equal(r.request, c->request);
        assert_int_equal(r.code, c->code);
    }
}

// The same with --json: always one valid object with its schema and exit code, and the same sentence on stderr.
static void test_json_everywhere(void **state)
{
    static struct result r;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(conversations); i++) {
        const struct conversation *c = &conversations[i];
        const char *args[ARGS + 1] = {"--json"};
        json_t *j;

        memcpy(args + 1, c->args, sizeof c->args);
        converse(args, c->reply, &r);
        assert_string_equal(r.err, c->err);
        assert_int_equal(r.code, c->code);
        j = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_object(j))
            fail_msg("not a JSON object: %s", r.out);
        assert_int_equal(json_integer_value(json_object_get(j, "schema")), 1);
        assert_int_equal(json_integer_value(json_object_get(j, "exit")), c->code);
        json_decref(j);
    }
}

static void test_json_values(void **state)
{
    static struct result r;
    json_t *j, *g;

    (void)state;
    converse((const char *[]){"list", "--json", NULL}, GUEST GUEST_NAMED("x") END(0), &r);
    j = json_loads(r.out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(j, "guests")), 2);
    g = json_array_get(json_object_get(j, "guests"), 0);
    assert_string_equal(json_string_value(json_object_get(g, "name")), "vdi-1");
    assert_true(json_is_true(json_object_get(g, "bound")));
    assert_int_equal(json_integer_value(json_object_get(g, "case")), 7);
    assert_string_equal(json_string_value(json_object_get(g, "last_look")), "2025-11-21T14:00:00.000000Z");
    json_decref(j);

    // Keys that nobody here knows keep their names; dotted ones nest.
    converse((const char *[]){"status", "--json", NULL},
             "type=status\nv=1\nnew_thing=5%ff\nnote.0=a\nnote.1=b\nx.y.z=1\nx.y=2\n\n" END(0), &r);
    j = json_loads(r.out, 0, NULL);
    g = json_object_get(j, "status");
    assert_string_equal(json_string_value(json_object_get(g, "new_thing")), "5?");
    assert_string_equal(json_string_value(json_array_get(json_object_get(g, "note"), 1)), "b");
    json_decref(j);

    converse((const char *[]){"list", "--json", NULL}, "type=error\nv=1\ncode=store\ntext=full\nexit=4\n\n",
             &r);
    j = json_loads(r.out, 0, NULL);
    g = json_object_get(j, "error");
    assert_string_equal(json_string_value(json_object_get(g, "code")), "store");
    assert_true(json_is_integer(json_object_get(g, "exit")));
    assert_null(json_object_get(j, "guests")); // not an empty list: nobody knows
    json_decref(j);

    converse((const char *[]){"list", "--json", NULL}, END(0), &r);
    j = json_loads(r.out, 0, NULL);
    assert_true(json_is_array(json_object_get(j, "guests")));
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversations),
        cmocka_unit_test(test_json_everywhere),
        cmocka_unit_test(test_json_values),
    };

    if (!getenv("VIRTRUST_BIN_DIR")) {
        puts("skip - VIRTRUST_BIN_DIR does not name the built programs");
        return 77;
    }
    return cmocka_run_group_tests(tests, cli_setup, testing_dir_remove);
}
