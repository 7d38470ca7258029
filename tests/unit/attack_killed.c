// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrustd is killed in the middle of a storm, again and again, wherever it happens to be: whatever was acknowledged
// is judged after the next start, once, and what triggers keep (the lines of lists, the counts) is what a recount
// gives.
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include "daemon/store/counts.h"
#include "daemon/store/lines.h"

#include <signal.h>
#include <sys/wait.h>

enum { ROUNDS = 8, A_ROUND = 30, TEXT = 1024 * 1024 };

#define QUICK "look:\n  settle: 0ms\n  at_once: 3\n"

struct text {
    char bytes[TEXT];
    size_t len;
};

static struct text before, after;

static const char *uuid_of(unsigned n)
{
    static char text[UUID_TEXT];

    snprintf(text, sizeof text, "4c6c1b40-0000-0000-0000-%012u", n);
    return text;
}

static struct record *evidence(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence", "joined=0 role=workgroup");
}

static void storm(unsigned round, int told)
{
    struct stage *s = stage_new(QUICK);

    s->workers[WORKER_INSPECT].answer = evidence;
    for (unsigned i = 1; i <= A_ROUND; i++) {
        unsigned n = round * A_ROUND + i;

        stage_signal(s, uuid_of(n), "defined-from-snapshot", "state=off persistent=1"); // committed
        if (write(told, &n, sizeof n) != sizeof n)
            _exit(1);
        for (unsigned turns = 0; turns < round % 4 * 2; turns++)
            sd_event_run(s->engine->event, 500);
    }
    for (;;)
        sd_event_run(s->engine->event, 5000);
}

// The last guest whose signal was acknowledged.
static unsigned kill_in_the_middle(unsigned round)
{
    unsigned last = 0, enough = round * A_ROUND + 1 + (round * 11 + 7) % A_ROUND, n;
    int ends[2], status;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        storm(round, ends[1]);
    }
    close(ends[1]);
    while (last < enough && read(ends[0], &n, sizeof n) == sizeof n)
        last = n;
    kill(pid, SIGKILL);
    while (read(ends[0], &n, sizeof n) == sizeof n)
        last = n;
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_true(last >= enough);
    return last;
}

static int note_line(const char *line, size_t len, void *arg)
{
    struct text *t = arg;

    assert_true(len < TEXT - t->len);
    memcpy(t->bytes + t->len, line, len + 1);
    t->len += len;
    return 0;
}

static void note_lines(struct store *s, struct text *ret)
{
    struct overview_place place = {0};
    struct err err = {0};
    bool more;

    ret->len = 0;
    assert_int_equal(store_lines(s, &place, NULL, 100000, note_line, ret, &more, &err), 0);
}

static void recount(struct store *s)
{
    struct store_counts kept = {0}, anew = {0};
    struct err err = {0};

    assert_int_equal(store_counts(s, &kept, &err), 0);
    assert_int_equal(counts_anew(s, &anew, &err), 0);
    assert_memory_equal(&kept, &anew, sizeof anew);
}

static int count_case(const struct casefile *c, void *arg)
{
    (void)c;
    ++*(unsigned *)arg;
    return 0;
}

static bool all_judged(struct stage *s, const unsigned *last, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++)
        for (unsigned n = round * A_ROUND + 1; n <= last[round]; n++) {
            struct casefile c = stage_case(s, uuid_of(n));

            if (!c.id || c.state != CASE_CLOSED || c.verdict != VERDICT_NOT_A_MEMBER)
                return false;
        }
    return true;
}

static void the_truth_afterwards(void **state)
{
    unsigned last[ROUNDS], guests = 0, cases = 0;
    struct err err = {0};
    struct stage *s;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct store *store = NULL;

        last[round] = kill_in_the_middle(round);
        assert_int_equal(store_open("state/virtrust.db", &store, &err), 0);
        note_lines(store, &before); // as the dead one left them
        store_close(store);
        s = stage_new(QUICK); // it checks them, and has done nothing else yet
        note_lines(s->engine->store, &after);
        assert_string_equal(before.bytes, after.bytes);
        recount(s->engine->store);
        s->workers[WORKER_INSPECT].answer = evidence;
        if (round % 2) { // else the next one finds what this one left
            stage_until(s, all_judged(s, last, round + 1));
            recount(s->engine->store);
        }
        stage_free(s);
    }
    s = stage_new(QUICK);
    s->workers[WORKER_INSPECT].answer = evidence;
    stage_until(s, all_judged(s, last, ROUNDS));
    stage_turns(s, 20);
    for (unsigned n = 1; n <= ROUNDS * A_ROUND; n++)
        guests += stage_case(s, uuid_of(n)).id != 0;
    assert_int_equal(store_case_each(s->engine->store, NULL, false, 0, count_case, &cases, &err), 0);
    assert_int_equal(cases, guests); // one each
    recount(s->engine->store);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_truth_afterwards, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
