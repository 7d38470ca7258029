// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-signal RUNTIME SCRATCH [--guests N] [--rounds N]
//
// Stands where virtrust-watch and virtrust-inspect stand for a real virtrustd whose sockets lie in RUNTIME, tells it of
// one revert a round and measures, in milliseconds from before the signal is written:
//
//   ack    until the signal's own commit is acknowledged
//   case   until the look at the guest is asked for: the effect of a case, performed after the case was committed
//   fsync  what one write of 4 KiB that is brought to the disk costs at that moment, to a file in SCRATCH (which is to
//          lie on the store's file system)
//
// The look is answered ("not joined"), so that the case closes. look.settle has to be 0. Prints as bench-turns does.
#include "common/os/recio.h"
#include "tests/bench/series.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { LIMIT_MS = 30 * 1000, REST_US = 4000, WRITE_BYTES = 4096 };

struct link {
    struct recio *watch;
    int listener, scratch;
    unsigned long guests;
    uint64_t seq;
};

enum { LANE_ACK, LANE_CASE, LANE_FSYNC, LANES };
static struct lane lanes[LANES] = {{.name = "ack"}, {.name = "case"}, {.name = "fsync"}};

static int64_t wall_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int listen_at(const char *dir, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, name) >=
        (int)sizeof address.sun_path)
        return -ENAMETOOLONG;
    (void)unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
        return -errno;
    return fd;
}

static struct record *signal_of(struct link *l, const char *kind, unsigned long guest)
{
    struct record *r = record_new("signal");

    record_add_u64(r, "seq", ++l->seq);
    record_add_i64(r, "at_us", wall_us());
    record_add(r, "source", "event");
    record_add(r, "kind", kind);
    record_addf(r, "guest", "00000000-0000-4000-8000-%012lu", guest);
    record_addf(r, "name", "bench%06lu", guest);
    record_add(r, "state", "off");
    record_add(r, "state_reason", "shutdown");
    record_add_bool(r, "persistent", true);
    record_add(r, "snapshot", "clean");
    record_add(r, "disk.0.target", "vda");
    record_add(r, "disk.0.type", "file");
    record_addf(r, "disk.0.path", "/var/lib/libvirt/images/bench%06lu.qcow2", guest);
    record_add(r, "disk.0.format", "qcow2");
    record_add(r, "disk.0.device", "disk");
    record_addf(r, "disk.0.inode", "65024:%lu", 100000 + guest);
    record_add(r, "disk.0.backing.0.path", "/var/lib/libvirt/images/base.qcow2");
    record_add(r, "disk.0.backing.0.format", "qcow2");
    return r;
}

static int await_ack(struct link *l, uint64_t seq, struct err *err)
{
    for (;;) {
        _cleanup_record_ struct record *r = NULL;
        uint64_t got = 0;
        int rc = recio_next(l->watch, LIMIT_MS, &r, err);

        if (rc != 0)
            return rc < 0 ? rc : -EPIPE;
        if (record_is(r, "ack") && record_get_u64(r, "seq", &got) == 0 && got == seq)
            return 0;
    }
}

static int tell(struct link *l, const char *kind, unsigned long guest, struct err *err)
{
    _cleanup_record_ struct record *r = signal_of(l, kind, guest);
    int rc = recio_write(recio_fd(l->watch), r, LIMIT_MS, err);

    return rc < 0 ? rc : await_ack(l, l->seq, err);
}

// All guests become known, so that a revert of one is no first sight. The scan is never said to be complete: whoever
// else the store knows stays.
static int introduce(struct link *l, struct err *err)
{
    _cleanup_record_ struct record *hello = record_new("hello");
    int rc;

    record_add(hello, "program", "virtrust-watch");
    record_add_bool(hello, "libvirt", true);
    rc = recio_write(recio_fd(l->watch), hello, LIMIT_MS, err);
    for (unsigned long i = 1; rc >= 0 && i <= l->guests; i++)
        rc = tell(l, "scan", i, err);
    return rc;
}

// The case is there: takes its request for a look and answers it.
static int answer_look(int fd, struct err *err)
{
    _cleanup_record_ struct record *request = NULL, *answer = record_new("evidence");
    int rc = recio_read(fd, LIMIT_MS, &request, err);

    record_add(answer, "os", "windows");
    record_add_bool(answer, "joined", false);
    record_add(answer, "role", "workgroup");
    record_add_bool(answer, "live", false);
    record_add(answer, "engine", "bench");
    if (rc == 0)
        rc = recio_write(fd, answer, LIMIT_MS, err);
    return rc < 0 ? rc : 0;
}

static double since(int64_t began)
{
    return (double)(clock_ns() - began) / 1e6;
}

static int write_through(struct link *l, bool keep)
{
    static char piece[WRITE_BYTES];
    int64_t began;

    memset(piece, (int)l->seq, sizeof piece);
    began = clock_ns();
    if (write(l->scratch, piece, sizeof piece) != (ssize_t)sizeof piece || fdatasync(l->scratch) < 0)
        return -errno;
    if (keep)
        series_add(&lanes[LANE_FSYNC].ms, since(began));
    return 0;
}

static int one_round(struct link *l, unsigned long guest, bool keep, struct err *err)
{
    _cleanup_record_ struct record *r = signal_of(l, "defined-from-snapshot", guest);
    struct pollfd listener = {.fd = l->listener, .events = POLLIN};
    int64_t began = clock_ns();
    double acked, made;
    int rc = recio_write(recio_fd(l->watch), r, LIMIT_MS, err), fd;

    if (rc >= 0)
        rc = await_ack(l, l->seq, err);
    acked = since(began);
    if (rc < 0)
        return rc;
    if (poll(&listener, 1, LIMIT_MS) != 1)
        return err_set(err, -ETIMEDOUT, "no look was asked for");
    made = since(began);
    fd = accept4(l->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = answer_look(fd, err);
    close(fd);
    if (rc < 0)
        return rc;
    if (keep) {
        series_add(&lanes[LANE_ACK].ms, acked);
        series_add(&lanes[LANE_CASE].ms, made);
    }
    return 0;
}

static int measure(struct link *l, unsigned long rounds, struct err *err)
{
    struct timespec rest = {.tv_nsec = REST_US * 1000};
    unsigned long warm = rounds / 10 + 1;
    int rc = introduce(l, err);

    for (unsigned long i = 0; rc >= 0 && i < warm + rounds; i++) {
        rc = one_round(l, 1 + i * 7919 % l->guests, i >= warm, err);
        nanosleep(&rest, NULL); // the case closes meanwhile
        if (rc >= 0)
            rc = write_through(l, i >= warm);
    }
    return rc;
}

static int open_link(const char *runtime, const char *scratch, struct link *l, struct err *err)
{
    _cleanup_free_ char *watch = NULL, *file = NULL;
    int fd;

    if (asprintf(&watch, "%s/watch.sock", runtime) < 0 || asprintf(&file, "%s/fsync", scratch) < 0)
        return -ENOMEM;
    l->listener = listen_at(runtime, "inspect.sock");
    if (l->listener < 0)
        return err_set(err, l->listener, "%s/inspect.sock: %s", runtime, strerror(-l->listener));
    l->scratch = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (l->scratch < 0)
        return err_set(err, -errno, "%s: %s", file, strerror(errno));
    fd = recio_connect(watch, err);
    if (fd < 0)
        return fd;
    l->watch = recio_new(fd);
    return l->watch ? 0 : -ENOMEM;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"guests", required_argument, NULL, 'g'}, {"rounds", required_argument, NULL, 'r'}, {0}};
    struct link l = {.guests = 200};
    unsigned long rounds = 400;
    struct err err = {0};
    int rc;

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'g')
            l.guests = strtoul(optarg, NULL, 10);
        else if (c == 'r')
            rounds = strtoul(optarg, NULL, 10);
    }
    if (argc - optind != 2 || !l.guests || !rounds) {
        fputs("usage: bench-signal RUNTIME SCRATCH [--guests N] [--rounds N]\n", stderr);
        return EXIT_USAGE;
    }
    rc = open_link(argv[optind], argv[optind + 1], &l, &err);
    if (rc >= 0)
        rc = measure(&l, rounds, &err);
    if (rc < 0) {
        fprintf(stderr, "bench-signal: %s\n", err.text[0] ? err.text : strerror(-rc));
        return EXIT_NO_WORK;
    }
    lanes_print(lanes, LANES, stdout);
    for (size_t i = 0; i < LANES; i++)
        lane_done(&lanes[i]);
    recio_free(l.watch);
    return EXIT_ANSWERED;
}
