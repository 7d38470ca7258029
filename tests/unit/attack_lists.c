// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who asks for a long answer and takes it slowly, never, or dies over it: holds little, and nobody up.
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include "common/os/recio.h"

#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>

enum { GUESTS = 4000, MUTE = 190, PLACES = 200, ANSWER = 4 * 1024 * 1024 };

#define QUIET "look:\n  settle: 0ms\n  on_first_sight: false\n  on_every_start: false\n"

static char answer[ANSWER];
static size_t answer_len;
static int mute[PLACES];

static void define_guests(struct stage *s)
{
    struct err err = {0};

    assert_int_equal(store_begin(s->engine->store, &err), 0);
    for (unsigned i = 1; i <= GUESTS; i++) {
        struct guest g = {.present = true, .seen_us = 1};
        struct binding b = {.domain = "corp.test", .guid = GUID_A, .sid = SID_A, .how = "administrator"};

        snprintf(g.uuid, sizeof g.uuid, "4c6c1b40-0000-0000-0000-%012u", i);
        snprintf(g.name, sizeof g.name, "a-guest-with-rather-a-long-name-so-that-its-line-is-long-%04u", i);
        snprintf(b.guest, sizeof b.guest, "%s", g.uuid);
        snprintf(b.name, sizeof b.name, "VDI-%04u$", i);
        assert_int_equal(store_guest_put(s->engine->store, &g, &err), 0);
        assert_int_equal(store_binding_put(s->engine->store, &b, &err), 0);
    }
    assert_int_equal(store_commit(s->engine->store, &err), 0);
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

// Reads at most so much of what has come; false at the end of the answer.
static bool goes_on(int fd, size_t most)
{
    ssize_t n;

    if (most > ANSWER - 1 - answer_len)
        most = ANSWER - 1 - answer_len;
    n = recv(fd, answer + answer_len, most, MSG_DONTWAIT);
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

static void whole(struct stage *s, const char *request, const char *what, size_t at_once)
{
    int fd = begin(request);
    bool more = true;

    while (more) {
        sd_event_run(s->engine->event, 1000);
        more = goes_on(fd, at_once);
    }
    close(fd);
    assert_int_equal(count(what), GUESTS);
    assert_int_equal(count("type=end\n"), 1);
}

static void hang(struct stage *s, unsigned from, unsigned until, const char *request)
{
    for (unsigned i = from; i < until; i++) {
        mute[i] = begin(request);
        stage_turns(s, 20);
    }
}

static void hang_up(struct stage *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(mute[i]);
    stage_turns(s, 2 * count);
}

static size_t held(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

static void check_mute(const char *request, const char *what)
{
    struct stage *s = stage_new(QUIET);
    size_t before;

    define_guests(s);
    whole(s, request, what, ANSWER);
    before = held();
    hang(s, 0, MUTE, request);
    // Eight megabytes, a page beyond them, and a small page for each.
    assert_true(held() - before < 16 * 1024 * 1024);
    whole(s, request, what, ANSWER);
    hang_up(s, MUTE);
    assert_true(held() < before + 1024 * 1024);
    stage_free(s);
}

static void those_who_take_nothing(void **state)
{
    (void)state;
    check_mute("type=list\nv=1\n\n", "type=guest\n");
}

static void those_who_take_no_bindings(void **state)
{
    (void)state;
    check_mute("type=bindings\nv=1\n\n", "type=binding\n");
}

static void one_who_takes_little(void **state)
{
    struct stage *s = stage_new(QUIET);

    (void)state;
    define_guests(s);
    whole(s, "type=list\nv=1\n\n", "type=guest\n", 3000);
    whole(s, "type=bindings\nv=1\n\n", "type=binding\n", 3000);
    stage_free(s);
}

// In the middle of its page, and before the end of it.
static void those_who_die(void **state)
{
    struct stage *s = stage_new(QUIET);
    size_t before;

    (void)state;
    define_guests(s);
    whole(s, "type=list\nv=1\n\n", "type=guest\n", ANSWER);
    before = held();
    for (unsigned i = 0; i < 100; i++) {
        int fd = begin(i % 2 ? "type=list\nv=1\n\n" : "type=bindings\nv=1\n\n");

        for (unsigned turns = 0; turns < i % 7; turns++) {
            sd_event_run(s->engine->event, 1000);
            goes_on(fd, 1000 * (i % 5));
        }
        close(fd);
    }
    stage_turns(s, 1000);
    assert_true(held() < before + 1024 * 1024);
    whole(s, "type=list\nv=1\n\n", "type=guest\n", ANSWER);
    stage_free(s);
}

// All places are taken by those who ask nothing or take nothing: the next one is heard all the same.
static void all_places_taken(void **state)
{
    struct stage *s = stage_new(QUIET);

    (void)state;
    define_guests(s);
    hang(s, 0, PLACES / 2, "type=list\nv=1\n\n");
    hang(s, PLACES / 2, PLACES, "type=list\nv=1\n"); // half a question
    sleep(3);                                        // who has just come is given time
    whole(s, "type=list\nv=1\n\n", "type=guest\n", ANSWER);
    hang_up(s, PLACES);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(those_who_take_nothing, stage_fresh),
        cmocka_unit_test_setup(those_who_take_no_bindings, stage_fresh),
        cmocka_unit_test_setup(one_who_takes_little, stage_fresh),
        cmocka_unit_test_setup(those_who_die, stage_fresh),
        cmocka_unit_test_setup(all_places_taken, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
