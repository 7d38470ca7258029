// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `doctor`: what the answers of virtrust-deliver mean, who is asked, how many at once, and that a guest which never
// answers holds up neither the others nor virtrustd.
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "daemon/control/doctor.h"
#include "tests/unit/core_common.h"

#include <sys/socket.h>

#define RUNNING "state=running agent=connected genid=1"

// ---- what an answer means ----

static const struct {
    const char *type, *pairs;
    bool push;
    const char *id, *result, *text, *next; // parts of the sentences
} rows[] = {
    {"done", "exec=1 agent_os=linux helper=present agent_version=7.2.13 helper_version=" VIRTRUST_VERSION,
     false, "helper", "good", "agent 7.2.13 answers, virtrust-helper " VIRTRUST_VERSION, ""},
    {"done", "exec=1 helper=present helper_version=0.0.1", false, "helper", "unknown",
     "virtrust-helper 0.0.1", "this host's version"},
    {"done", "exec=1 agent_os=linux helper=missing", false, "helper", "bad", "vm has no virtrust-helper",
     "(/opt/helper), or allow `helper_push`"},
    {"done", "exec=1 agent_os=linux helper=missing", true, "helper", "good", "may push it", ""},
    {"done", "exec=1 agent_os=windows helper=missing", false, "helper", "bad", "no virtrust-helper",
     "virtrust-helper.msi (D:\\helper.exe)"},
    {"done", "exec=1 agent_os=windows helper=missing", true, "helper", "good", "may push it", ""},
    {"done", "way=port helper=present helper_version=" VIRTRUST_VERSION, false, "helper", "good",
     "answers over its own port", ""},
    {"done", "way=port exec=0 agent_os=linux helper=present helper_version=" VIRTRUST_VERSION, false,
     "helper", "good", "answers over its own port", ""},
    {"done", "way=port exec=0 helper=present helper_version=0.0.1", false, "helper", "unknown",
     "virtrust-helper 0.0.1", "this host's version"},
    {"done", "exec=1 helper=unknown helper_text=odd", false, "helper", "bad",
     "/opt/helper cannot be used: odd", "`/opt/helper --version`"},
    {"done", "exec=0 helper=present", false, "agent-exec", "bad", "may not start programs", "guest-exec"},
    {"done", "exec=0 helper=missing", true, "agent-exec", "bad", "and is not there", "guest-exec"},
    {"done", "", false, "agent-exec", "bad", "may not start programs", "guest-exec"},
    {"error", "code=agent-timeout text=late", false, "agent", "bad", "in vm does not answer: late",
     "restart"},
    {"error", "code=no-agent text=no_channel next=add_one", false, "agent", "bad", "vm: no_channel",
     "add_one"},
    {"error", "code=guest-off text=off next=start", false, "agent", "unknown", "vm: off", "start"},
    {"error", "code=agent-busy text=busy", false, "agent", "unknown", "busy", "ask again"},
    {"error", "code=permission text=denied next=let_it", false, "deliver", "bad", "denied", "let_it"},
    {"error", "code=nonsense", false, "agent", "bad", "no reason", ""},
};

static void what_an_answer_means(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_record_ struct record *r = record_of(rows[i].type, rows[i].pairs);
        struct presence_finding f;

        presence_judge("vm", &(struct presence_paths){"/opt/helper", "D:\\helper.exe"}, rows[i].push, r, &f);
        assert_string_equal(f.id, rows[i].id);
        assert_string_equal(f.result, rows[i].result);
        if (!strstr(f.text, rows[i].text) || !strstr(f.next, rows[i].next))
            fail_msg("row %zu: \"%s\" -> \"%s\"", i, f.text, f.next);
        if (strcmp(f.result, "good") == 0)
            assert_string_equal(f.next, "");
    }
}

// ---- asking ----

static int begin(const char *request)
{
    struct err err = {0};
    int fd = recio_connect("run/control.sock", &err);

    assert_true(fd >= 0);
    assert_true(write(fd, request, strlen(request)) > 0);
    return fd;
}

// Runs the loop until the connection has been answered and closed; its whole text.
static void finish(struct stage *s, int fd, char *ret, size_t size)
{
    size_t n = 0;
    ssize_t got = -1;

    stage_until(s, ((got = recv(fd, ret + n, size - 1 - n, MSG_DONTWAIT)) > 0 && (n += (size_t)got, false)) ||
                       got == 0);
    ret[n] = '\0';
    close(fd);
}

static void ask(struct stage *s, const char *request, char *ret, size_t size)
{
    finish(s, begin(request), ret, size);
}

static struct record *is_there(struct stage *s, const struct record *request)
{
    (void)s;
    assert_string_equal(record_get(request, "verb"), "presence");
    assert_string_equal(record_get(request, "helper"), "/usr/libexec/virtrust/virtrust-helper");
    assert_string_equal(record_get(request, "helper_windows"),
                        "C:\\Program Files\\virtrust\\virtrust-helper.exe");
    assert_null(record_get(request, "push"));
    assert_null(record_get(request, "token"));
    return record_of("done", "exec=1 agent_os=linux helper=present helper_version=" VIRTRUST_VERSION);
}

static struct record *all_is_well(struct stage *s, const struct record *request)
{
    (void)s;
    assert_string_equal(record_type(request), "check");
    return record_of("check", "item.0.id=dc item.0.result=good item.0.text=fine");
}

static void guest(struct stage *s, unsigned i, bool bound, const char *pairs)
{
    char uuid[UUID_TEXT], guid[64];

    snprintf(uuid, sizeof uuid, "4c6c1b40-0000-0000-0000-0000000001%02u", i);
    snprintf(guid, sizeof guid, "11111111-2222-3333-4444-5555555555%02u", i);
    stage_signal(s, uuid, "scan", pairs);
    if (bound)
        stage_bind(s, uuid, guid, SID_A, "VDI$");
}

static void who_is_asked(void **state)
{
    struct stage *s = stage_new("");
    char text[16384];

    (void)state;
    s->workers[WORKER_DELIVER].answer = is_there;
    s->workers[WORKER_DIRECTORY].answer = all_is_well;
    guest(s, 1, true, RUNNING);
    guest(s, 2, true, "state=off agent=disconnected genid=1");
    guest(s, 3, false, RUNNING);                           // not ours: left alone
    guest(s, 4, true, "state=running agent=none genid=1"); // nothing to ask
    guest(s, 5, false, "state=off agent=disconnected genid=1");
    ask(s, "type=doctor\nv=1\n\n", text, sizeof text);
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 1);
    assert_non_null(strstr(text, "virtrust-helper " VIRTRUST_VERSION " is there"));
    assert_non_null(strstr(text, "1 of 3 bound guests does not run, and was not asked"));
    assert_non_null(strstr(text, "has no agent channel"));
    assert_non_null(strstr(text, "type=end"));

    // By name the unbound one is asked, too, and nobody else is told of.
    ask(s, "type=doctor\nv=1\nguest=4c6c1b40-0000-0000-0000-000000000103\n\n", text, sizeof text);
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 2);
    assert_non_null(strstr(text, "virtrust-helper " VIRTRUST_VERSION " is there"));
    assert_non_null(strstr(text, "has no binding"));
    assert_null(strstr(text, "agent channel"));
    ask(s, "type=doctor\nv=1\nguest=4c6c1b40-0000-0000-0000-000000000102\n\n", text, sizeof text);
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 2);
    assert_non_null(strstr(text, "does not run"));
    ask(s, "type=doctor\nv=1\nguest=nobody\n\n", text, sizeof text);
    assert_non_null(strstr(text, "code=no-such-guest"));
    stage_free(s);
}

// Four at a time; while they hang, virtrustd answers others; whoever asked may go.
static void guests_that_hang(void **state)
{
    struct stage *s = stage_new("");
    char text[16384];
    int fd;

    (void)state;
    for (unsigned i = 0; i < 9; i++)
        guest(s, i, true, RUNNING);
    fd = begin("type=doctor\nv=1\n\n");
    stage_until(s, s->workers[WORKER_DELIVER].asked == 4);
    ask(s, "type=list\nv=1\n\n", text, sizeof text);
    assert_non_null(strstr(text, "type=end"));
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 4);
    close(fd);
    stage_until(s, s->open_count <= 2); // the calls are dropped with it; looks may still be there
    s->workers[WORKER_DELIVER].answer = is_there;
    ask(s, "type=doctor\nv=1\n\n", text, sizeof text);
    assert_int_equal(s->workers[WORKER_DELIVER].asked, 4 + 9);
    assert_non_null(strstr(text, "type=end"));
    stage_free(s);
}

// virtrust-deliver is not there: told once, the others are not tried.
static void without_deliver(void **state)
{
    struct stage *s = stage_new("");
    char text[16384], *first;

    (void)state;
    for (unsigned i = 0; i < 9; i++)
        guest(s, i, true, RUNNING);
    unlink("run/deliver.sock");
    ask(s, "type=doctor\nv=1\n\n", text, sizeof text);
    first = strstr(text, "id=deliver\n");
    assert_non_null(first);
    assert_null(strstr(first + 1, "id=deliver\n"));
    assert_non_null(strstr(text, "5 running guests were not asked"));
    assert_non_null(strstr(text, "exit=1"));
    stage_free(s);
}

// A guest whose computer a policy names, while the directory is away: it waits for that, and no policy is asked for.
static void named_by_a_policy(void **state)
{
    struct stage *s = stage_new(
        STAGE_DOMAIN
        "  - name: other.test\n"
        "policies:\n  - match:\n      name: vdi-a\n    domain: corp.test\n    computer: \"{name}\"\n");
    char text[16384];

    (void)state;
    stage_signal(s, GUEST_A, "scan", "state=off agent=disconnected genid=1 persistent=1");
    stage_signal(s, GUEST_B, "scan", "state=off agent=disconnected genid=1 persistent=1");
    unlink("run/directory.sock");
    ask(s, "type=doctor\nv=1\nguest=vdi-a\n\n", text, sizeof text);
    assert_non_null(strstr(text, "id=binding\nresult=warning\n"));
    assert_non_null(strstr(text, "names the computer vdi-a"));
    assert_null(strstr(text, "or a policy with"));
    ask(s, "type=doctor\nv=1\nguest=vdi-b\n\n", text, sizeof text);
    assert_non_null(strstr(text, "id=binding\nresult=bad\n"));
    assert_non_null(strstr(text, "or a policy with"));
    assert_non_null(strstr(text, "id=directory\nresult=bad\ntext=corp.test: virtrust-directory could not"));
    assert_non_null(strstr(text, "text=other.test: virtrust-directory could not"));

    // The guest is not the one to ask where the domain that is named is none.
    ask(s, "type=bind\nv=1\nguest=vdi-a\nby_proof=1\ndomain=nosuch\n\n", text, sizeof text);
    assert_non_null(strstr(text, "text=the domain nosuch is not configured\n"));
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_answer_means),
        cmocka_unit_test_setup_teardown(who_is_asked, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(guests_that_hang, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(without_deliver, testing_dir_make, testing_dir_remove),
        cmocka_unit_test_setup_teardown(named_by_a_policy, testing_dir_make, testing_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
