// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-ask RUNTIME TYPE [KEY=VALUE...]: one request to virtrustd's control socket; takes the whole answer and throws
// it away. What virtrust does without what it does for people: telling the daemon's part from the command line's.
#include "common/os/recio.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int ask(const char *path, const struct record *request, struct err *err)
{
    static char piece[1 << 16], last[16];
    int fd = recio_connect(path, err), rc;
    ssize_t n;

    if (fd < 0)
        return fd;
    rc = recio_write(fd, request, -1, err);
    while (rc >= 0 && (n = read(fd, piece, sizeof piece)) > 0) {
        size_t tail = (size_t)n < sizeof last ? (size_t)n : sizeof last;

        memcpy(last, piece + n - tail, tail);
    }
    close(fd);
    // An answer that was cut off does not end in its empty line.
    return rc < 0 || memmem(last, sizeof last, "\n\n", 2) ? rc : err_set(err, -1, "the answer was cut off");
}

int main(int argc, char **argv)
{
    _cleanup_record_ struct record *request = argc > 2 ? record_new(argv[2]) : NULL;
    _cleanup_free_ char *path = NULL;
    struct err err = {0};

    if (!request || asprintf(&path, "%s/control.sock", argv[1]) < 0) {
        fputs("usage: bench-ask RUNTIME TYPE [KEY=VALUE...]\n", stderr);
        return EXIT_USAGE;
    }
    for (int i = 3; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (!value)
            return EXIT_USAGE;
        *value = '\0';
        record_add(request, argv[i], value + 1);
    }
    if (ask(path, request, &err) < 0) {
        fprintf(stderr, "bench-ask: %s\n", err.text);
        return EXIT_NO_WORK;
    }
    return EXIT_ANSWERED;
}
