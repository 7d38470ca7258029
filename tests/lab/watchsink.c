// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where virtrustd's watch.sock is, for the laboratory's tests of the watcher: takes one connection at a time,
// acknowledges every signal, and writes a line for each record it gets: its type (of a signal: its kind), then all
// its keys.
//
//     watchsink SOCKET LOG [--no-ack] [--describe GUEST]
//
// SIGUSR1: ask for a scan; SIGUSR2: for a check; SIGTERM: end
#include "common/os/recio.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static volatile sig_atomic_t scan_wanted, check_wanted;

static void want(int number)
{
    *(number == SIGUSR1 ? &scan_wanted : &check_wanted) = 1;
}

static void log_record(FILE *log, const struct record *r)
{
    fprintf(log, "%s", record_get_or(r, record_is(r, "signal") ? "kind" : "type", "?"));
    for (size_t i = 0; i < record_count(r); i++) {
        const char *key, *value;

        record_at(r, i, &key, &value, NULL);
        fprintf(log, "\t%s=", key);
        for (; *value; value++)
            fputc(*value < ' ' && *value >= 0 ? '?' : *value, log);
    }
    fputc('\n', log);
    fflush(log);
}

static int send_request(int fd, const char *type, const char *guest)
{
    _cleanup_record_ struct record *r = record_new(type);

    record_add(r, "id", "1");
    record_add(r, "guest", guest);
    return recio_write(fd, r, 10000, NULL);
}

static int acknowledge(int fd, const struct record *signal_record)
{
    _cleanup_record_ struct record *r = record_new("ack");

    record_add(r, "seq", record_get_or(signal_record, "seq", "0"));
    return recio_write(fd, r, 10000, NULL);
}

static void serve(int fd, FILE *log, bool ack, const char *describe)
{
    _cleanup_(recio_freep) struct recio *s = recio_new(fd);
    struct err err = {0};
    int rc = 0;

    while (rc >= 0) {
        _cleanup_record_ struct record *r = NULL;

        if (scan_wanted) {
            scan_wanted = 0;
            rc = send_request(fd, "scan", NULL);
        }
        if (check_wanted) {
            check_wanted = 0;
            rc = rc < 0 ? rc : send_request(fd, "check", NULL);
        }
        rc = recio_next(s, 100, &r, &err);
        if (rc == -ETIMEDOUT) {
            rc = 0;
            continue;
        }
        if (rc != 0)
            break;
        log_record(log, r);
        if (record_is(r, "hello") && describe)
            rc = send_request(fd, "describe", describe);
        else if (record_is(r, "signal") && ack)
            rc = acknowledge(fd, r);
    }
    fprintf(log, "gone\n");
    fflush(log);
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sigaction action = {.sa_handler = want};
    const char *describe = NULL;
    bool ack = true;
    FILE *log;
    int fd;

    if (argc < 3 || strlen(argv[1]) >= sizeof address.sun_path)
        return EXIT_USAGE;
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--no-ack") == 0)
            ack = false;
        else if (strcmp(argv[i], "--describe") == 0 && i + 1 < argc)
            describe = argv[++i];
    }
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    strcpy(address.sun_path, argv[1]);
    (void)unlink(argv[1]);
    log = fopen(argv[2], "ae");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!log || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0) {
        perror(argv[1]);
        return EXIT_NO_WORK;
    }
    for (;;) {
        int peer = accept(fd, NULL, NULL);

        if (peer >= 0)
            serve(peer, log, ack, describe);
        else if (errno != EINTR)
            return EXIT_NO_WORK;
    }
}
