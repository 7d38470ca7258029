// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hostile and broken peers at virtrustd's sockets, workers that hang, clocks that jump.
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "daemon/engine/watchlink.h"
#include "tests/unit/core_common.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static int connect_to(const char *path)
{
    struct err err = {0};

    return recio_connect(path, &err);
}

// The text of a socket's answer, as far as it has come within some turns.
static void ask(struct stage *s, const char *text, char *ret, size_t size)
{
    int fd = connect_to("run/control.sock");
    size_t n = 0;

    assert_true(fd >= 0);
    (void)!write(fd, text, strlen(text));
    for (unsigned i = 0; i < 4000 && n < size - 1; i++) {
        ssize_t got;

        sd_event_run(s->engine->event, 5000);
        got = recv(fd, ret + n, size - 1 - n, MSG_DONTWAIT);
        if (got == 0)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    ret[n] = '\0';
    close(fd);
}

static const struct sockaddr_un control = {.sun_family = AF_UNIX, .sun_path = "run/control.sock"};

static int open_one(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    assert_true(fd >= 0);
    return fd;
}

static int connect_one(int fd)
{
    return connect(fd, (const struct sockaddr *)&control, sizeof control) < 0 ? -errno : 0;
}

// More connections than virtrustd wants: the rest is sent away, and descriptors stay for its own work.
static void a_flood_of_connections_leaves_room(void **state)
{
    struct stage *s = stage_new("");
    char text[4096];
    int fds[260];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = open_one();
        while (connect_one(fds[i]) == -EAGAIN) // its queue is full
            sd_event_run(s->engine->event, 5000);
    }
    stage_until(s, recv(fds[ARRAY_SIZE(fds) - 1], text, sizeof text, MSG_DONTWAIT) == 0); // sent away
    assert_int_equal(recv(fds[0], text, sizeof text, MSG_DONTWAIT), -1);                  // still served
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    stage_turns(s, 2000);
    ask(s, "type=status\nv=1\n\n", text, sizeof text);
    assert_non_null(strstr(text, "type=end\n"));
    stage_free(s);
}

// No descriptor is left: the loop does not turn in vain until there is one, and goes on then.
static void no_descriptor_left_does_not_spin(void **state)
{
    struct stage *s = stage_new("");
    struct rlimit old, few;
    int fd = open_one();
    unsigned turns = 0;
    char text[4096];

    (void)state;
    getrlimit(RLIMIT_NOFILE, &old);
    few = old;
    few.rlim_cur = 4;
    setrlimit(RLIMIT_NOFILE, &few);
    assert_int_equal(connect_one(fd), 0);
    for (int64_t end = now_us() + 300000; now_us() < end;)
        turns += sd_event_run(s->engine->event, 50000) > 0;
    setrlimit(RLIMIT_NOFILE, &old);
    assert_true(turns < 1000);
    ask(s, "type=status\nv=1\n\n", text, sizeof text);
    assert_non_null(strstr(text, "type=end\n"));
    close(fd);
    stage_free(s);
}

static const char *const garbage[] = {
    "\n",
    "\n\n\n",
    "type=status\n\n",
    "v=1\ntype=status\n\n",
    "type=status\nv=2\n\n",
    "\xff\xff\xff\xff\n\n",
    "type=\nv=1\n\n",
    "type=status\nv=1\ntype=list\n\n",
    "type=show\nv=1\nguest=%00%00\n\n",
    "type=show\nv=1\nguest=%1b[2J%0a\n\n",
    "type=case\nv=1\nid=-1\n\n",
    "type=case\nv=1\nid=18446744073709551615\n\n",
    "type=approve\nv=1\nid=9223372036854775807\n\n",
    "type=wait\nv=1\nid=1\ntimeout_s=99999999999999999999\n\n",
    "type=bind\nv=1\nguest=%25n%25n\n\n",
    "type=repair\nv=1\n\n",
    "type=nonsense%00\nv=1\n\n",
    "type=list\nv=1\n\ntype=list\nv=1\n\n",
};

static void garbage_is_answered_or_dropped(void **state)
{
    struct stage *s = stage_new("");
    char text[65536];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
        ask(s, garbage[i], text, sizeof text);
    ask(s, "type=status\nv=1\n\n", text, sizeof text);
    assert_non_null(strstr(text, "type=end\n"));
    stage_free(s);
}

// A launcher that is stopped accepts nobody: when its queue is full, virtrustd must not wait in connect().
static void a_full_queue_does_not_block(void **state)
{
    struct stage *s = stage_new("look:\n  settle: 100ms\n" STAGE_DOMAIN);
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "run/inspect.sock"};
    int full = open_one(), waiting[8];

    (void)state;
    s->workers[WORKER_INSPECT].listener = sd_event_source_disable_unref(s->workers[WORKER_INSPECT].listener);
    (void)unlink(address.sun_path);
    assert_int_equal(bind(full, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(full, 0), 0);
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
        waiting[i] = open_one();
        (void)connect(waiting[i], (struct sockaddr *)&address, sizeof address);
    }
    alarm(20); // instead of for ever
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    stage_until(s, stage_case(s, GUEST_A).wake_us);
    alarm(0);
    for (size_t i = 0; i < ARRAY_SIZE(waiting); i++)
        close(waiting[i]);
    close(full);
    stage_free(s);
}

// Decoding is begun once a record may have ended, not at every byte that a slow sender gives.
static void a_slow_sender_costs_little(void **state)
{
    static const char text[] = "type=a\nv=1\n\ntype=b\nv=1\n\n";
    unsigned tries = 0;

    (void)state;
    for (size_t len = 1; len < sizeof text; len++)
        tries += record_may_end(text, len, len - 1);
    assert_int_equal(tries, 2);
    assert_true(record_may_end(text, sizeof text - 1, 0));
    assert_true(record_may_end("\n", 1, 0)); // it never becomes one
    assert_false(record_may_end("", 0, 0));
}

static void tell(struct stage *s, int fd, const char *format, ...)
{
    static unsigned seq;
    char body[512], text[640];
    va_list args;

    va_start(args, format);
    vsnprintf(body, sizeof body, format, args);
    va_end(args);
    snprintf(text, sizeof text, "type=signal\nv=1\nseq=%u\n%s\n\n", ++seq, body);
    assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    stage_until(s, recv(fd, text, sizeof text, MSG_DONTWAIT) > 0); // acknowledged
}

// The clock is set back while a scan goes on: a guest that the scan has named is not taken for one that is gone.
static void a_clock_set_back_in_a_scan_loses_no_guest(void **state)
{
    struct stage *s = stage_new("");
    int fd = connect_to("run/watch.sock");
    long long now = now_us();
    struct guest g;
    struct err err = {0};

    (void)state;
    assert_true(fd >= 0);
    tell(s, fd, "kind=defined-added\nguest=" GUEST_A "\nname=vdi-a\nstate=running\nat_us=%lld",
         now - 7200000000);
    tell(s, fd, "kind=scan-begin\nat_us=%lld", now);
    tell(s, fd, "kind=scan\nguest=" GUEST_A "\nname=vdi-a\nstate=running\nat_us=%lld", now - 3600000000);
    tell(s, fd, "kind=scan-end\nat_us=%lld", now - 3600000000);
    assert_int_equal(store_guest_get(s->engine->store, GUEST_A, &g, &err), 0);
    assert_true(g.present && g.running);
    close(fd);
    stage_free(s);
}

// What is due is due after so much time, not when a clock that was set back says so again.
static void a_clock_set_back_delays_nothing(void **state)
{
    struct stage *s = stage_new("look:\n  settle: 100ms\n");

    (void)state;
    stage_signal(s, GUEST_A, "defined-from-snapshot", "state=off persistent=1");
    // As it stands after the clock went back by an hour.
    due_shift(&s->engine->due, 3600000000);
    engine_clock_moved(s->engine, -3600000000);
    stage_until(s, stage_case(s, GUEST_A).id);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_flood_of_connections_leaves_room, stage_fresh),
        cmocka_unit_test_setup(no_descriptor_left_does_not_spin, stage_fresh),
        cmocka_unit_test_setup(garbage_is_answered_or_dropped, stage_fresh),
        cmocka_unit_test_setup(a_full_queue_does_not_block, stage_fresh),
        cmocka_unit_test_setup(a_slow_sender_costs_little, stage_fresh),
        cmocka_unit_test_setup(a_clock_set_back_in_a_scan_loses_no_guest, stage_fresh),
        cmocka_unit_test_setup(a_clock_set_back_delays_nothing, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
