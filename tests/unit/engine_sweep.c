// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A sweep over virtrustd's own engine: every guest once, nothing repaired, nobody in the way, and an end whatever
// becomes of the one who asked.
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include "common/os/recio.h"

#include <sys/socket.h>

enum { GUESTS = 300, ANSWER = 1024 * 1024 };

#define QUIET \
    "mode: repair\nlook:\n  settle: 0ms\n  on_first_sight: false\n  on_every_start: false\n  at_once: 4\n"

static char answer[ANSWER];
static size_t answer_len;

static const char *uuid_of(unsigned n)
{
    static char text[UUID_TEXT];

    snprintf(text, sizeof text, "4c6c1b40-0000-0000-0000-%012u", n);
    return text;
}

// Every tenth guest is unreadable.
static struct record *evidence(struct stage *s, const struct record *request)
{
    unsigned n = (unsigned)strtoul(record_get(request, "guest") + 24, NULL, 10);

    (void)s;
    return n % 10 ? record_of("evidence", "joined=0 role=workgroup")
                  : record_of("error", "code=encrypted text=BitLocker");
}

static void define_guests(struct stage *s, unsigned guests)
{
    for (unsigned i = 1; i <= guests; i++) {
        _cleanup_record_ struct record *r = record_of("signal",
                                                      "kind=defined-updated state=off persistent=1");
        struct err err = {0};

        record_add(r, "guest", uuid_of(i));
        record_addf(r, "name", "vdi-%03u", i);
        record_add_i64(r, "at_us", now_us());
        assert_int_equal(engine_signal(s->engine, r, &err), 0);
    }
    stage_turns(s, 100);
}

static int begin(const char *request)
{
    struct err err = {0};
    int fd = recio_connect("run/control.sock", &err);

    assert_true(fd >= 0);
    assert_true(write(fd, request, strlen(request)) > 0);
    answer_len = 0;
    return fd;
}

// Reads what has come; false at the end of the answer.
static bool goes_on(int fd)
{
    ssize_t n = recv(fd, answer + answer_len, ANSWER - 1 - answer_len, MSG_DONTWAIT);

    answer_len += n > 0 ? (size_t)n : 0;
    answer[answer_len] = '\0';
    return n != 0;
}

static unsigned count(const char *what)
{
    unsigned n = 0;

    for (const char *at = answer; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

static unsigned open_cases(struct stage *s)
{
    struct store_counts n = {0};
    struct err err = {0};

    assert_int_equal(store_counts(s->engine->store, &n, &err), 0);
    return n.open_cases;
}

static void each_guest_once(void **state)
{
    struct stage *s = stage_new(QUIET);
    unsigned most = 0;
    int fd;

    (void)state;
    s->workers[WORKER_INSPECT].answer = evidence;
    define_guests(s, GUESTS);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 0);
    fd = begin("type=sweep\nv=1\n\n");
    for (unsigned turn = 0; goes_on(fd) && turn < 40000; turn++) {
        unsigned open = turn % 20 ? 0 : open_cases(s);

        most = open > most ? open : most;
        sd_event_run(s->engine->event, 5000);
    }
    close(fd);
    assert_int_equal(count("guests=300\n"), 1);
    assert_int_equal(count("type=looked\n"), GUESTS);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, GUESTS);
    assert_int_equal(count("unread=1\n"), GUESTS / 10);
    assert_non_null(strstr(answer, "exit=3\nlooked=300\nbehind=0\nunread=30\n"));
    assert_int_equal(open_cases(s), 0);
    assert_true(most <= 256); // never all of them at once
    stage_free(s);
}

static void only_those_that_match(void **state)
{
    struct stage *s = stage_new(QUIET);
    int fd;

    (void)state;
    s->workers[WORKER_INSPECT].answer = evidence;
    define_guests(s, 40);
    fd = begin("type=sweep\nv=1\nonly=vdi-00[1-7]\n\n");
    stage_until(s, !goes_on(fd));
    close(fd);
    assert_int_equal(count("type=looked\n"), 7);
    assert_non_null(strstr(answer, "exit=0\nlooked=7\nbehind=0\nunread=0\n"));
    fd = begin("type=sweep\nv=1\nonly=nobody\n\n");
    stage_until(s, !goes_on(fd));
    close(fd);
    assert_non_null(strstr(answer, "exit=0\nlooked=0\n"));
    stage_free(s);
}

// Whoever asked goes away: what was begun is finished, nothing further is begun.
static void the_asker_goes(void **state)
{
    struct stage *s = stage_new(QUIET);
    int fd;

    (void)state;
    define_guests(s, GUESTS);
    fd = begin("type=sweep\nv=1\n\n");
    stage_until(s, open_cases(s) > 0);
    close(fd);
    s->workers[WORKER_INSPECT].answer = evidence;
    while (s->open_count)
        stream_free(s->open[--s->open_count]); // those that were begun before anybody answered
    stage_until(s, open_cases(s) == 0);
    assert_true(s->workers[WORKER_INSPECT].asked <= 256 + 8);
    stage_free(s);
}

// A revert in the middle of a sweep is looked at before the guests that the sweep has still to look at.
static void a_revert_comes_first(void **state)
{
    struct stage *s = stage_new(QUIET);
    int fd;

    (void)state;
    define_guests(s, 100);
    fd = begin("type=sweep\nv=1\n\n");
    stage_until(s, s->open_count == 4);
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_until(s, stage_case(s, GUEST_A).id);
    s->workers[WORKER_INSPECT].answer = evidence;
    stream_free(s->open[--s->open_count]);
    stage_until(s, s->workers[WORKER_INSPECT].asked == 5);
    assert_string_equal(record_get(s->workers[WORKER_INSPECT].last, "guest"), GUEST_A);
    close(fd);
    stage_free(s);
}

// A list that is far longer than a socket takes comes whole, and its reader may be slow.
static void a_list_of_many_pages(void **state)
{
    struct stage *s = stage_new(QUIET);
    int fd;

    (void)state;
    define_guests(s, 1200);
    fd = begin("type=list\nv=1\n\n");
    stage_turns(s, 200); // nobody reads yet
    stage_until(s, !goes_on(fd));
    close(fd);
    assert_int_equal(count("type=guest\n"), 1200);
    assert_int_equal(count("type=end\n"), 1);
    assert_true(strstr(answer, "name=vdi-001\n") < strstr(answer, "name=vdi-999\n"));
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_guest_once, stage_fresh),
        cmocka_unit_test_setup(only_those_that_match, stage_fresh),
        cmocka_unit_test_setup(the_asker_goes, stage_fresh),
        cmocka_unit_test_setup(a_revert_comes_first, stage_fresh),
        cmocka_unit_test_setup(a_list_of_many_pages, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
