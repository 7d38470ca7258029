// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/recio.h"

#include "common/secret.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { CHUNK = 64 * 1024 };

struct recio {
    int fd;
    char *buf;
    size_t at, len, room; // what has come and was not taken yet lies from `at` to `len`
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// Waits until fd is ready for `events`: 0, -ETIMEDOUT, -errno. `deadline` < 0 waits for ever.
static int wait_ready(int fd, short events, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = deadline < 0 ? -1 : deadline - now_ms();
        int rc;

        if (deadline >= 0 && left < 0)
            left = 0;
        rc = poll(&p, 1, (int)left);
        if (rc > 0)
            return 0;
        if (rc == 0)
            return -ETIMEDOUT;
        if (errno != EINTR)
            return -errno;
    }
}

static ssize_t send_some(int fd, const char *data, size_t len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno == ENOTSOCK)
        n = write(fd, data, len);
    return n < 0 ? -errno : n;
}

int recio_write(int fd, const struct record *r, int timeout_ms, struct err *err)
{
    int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    _cleanup_free_ char *buf = NULL;
    size_t len = 0;
    int rc = record_encode(r, &buf, &len);

    if (rc < 0)
        return err_set(err, rc, "cannot encode a message: %s", strerror(-rc));
    for (size_t done = 0; done < len;) {
        ssize_t n = send_some(fd, buf + done, len - done);

        if (n >= 0) {
            done += (size_t)n;
            continue;
        }
        rc = n == -EAGAIN ? wait_ready(fd, POLLOUT, deadline) : n == -EINTR ? 0 : (int)n;
        if (rc < 0) {
            secret_wipe(buf, len);
            return err_set(err, rc, "cannot send a message: %s", strerror(-rc));
        }
    }
    secret_wipe(buf, len);
    return 0;
}

struct recio *recio_new(int fd)
{
    struct recio *s = calloc(1, sizeof *s);

    if (s)
        s->fd = fd;
    return s;
}

struct recio *recio_free(struct recio *s)
{
    if (!s)
        return NULL;
    if (s->fd >= 0)
        close(s->fd);
    secret_wipe(s->buf, s->room);
    free(s->buf);
    free(s);
    return NULL;
}

int recio_fd(const struct recio *s)
{
    return s->fd;
}

// Grows without realloc: what was read may be secret and must not stay behind in freed memory.
static int make_room(struct recio *s, size_t more)
{
    size_t held = s->len - s->at, room = s->room ? s->room : CHUNK;
    char *grown;

    if (s->room - s->len >= more)
        return 0;
    if (s->room - held >= more) {
        memmove(s->buf, s->buf + s->at, held);
        secret_wipe(s->buf + held, s->len - held);
        s->at = 0;
        s->len = held;
        return 0;
    }
    while (room - held < more)
        room *= 2;
    grown = calloc(1, room);
    if (!grown)
        return -ENOMEM;
    if (held)
        memcpy(grown, s->buf + s->at, held);
    secret_wipe(s->buf, s->room);
    free(s->buf);
    s->buf = grown;
    s->room = room;
    s->at = 0;
    s->len = held;
    return 0;
}

// Reads at least one byte, at most `most`: 0, RECIO_END, -errno.
static int fill(struct recio *s, size_t most, int64_t deadline)
{
    ssize_t n;
    int rc = make_room(s, most);

    while (rc == 0) {
        rc = wait_ready(s->fd, POLLIN, deadline);
        if (rc < 0)
            return rc;
        n = read(s->fd, s->buf + s->len, most);
        if (n > 0) {
            s->len += (size_t)n;
            return 0;
        }
        if (n == 0)
            return RECIO_END;
        rc = errno == EINTR || errno == EAGAIN ? 0 : -errno;
    }
    return rc;
}

// Decoding after every byte would cost the square of the length: byte by byte, only an empty line or a cap counts.
static bool worth_decoding(const struct recio *s, size_t step)
{
    const char *end = s->buf + s->len;
    size_t held = s->len - s->at;

    if (step > 1)
        return held > 0;
    return (held >= 2 && end[-1] == '\n' && end[-2] == '\n') || held == 1 || held >= RECORD_TOTAL_MAX;
}

static void take_bytes(struct recio *s, size_t used)
{
    secret_wipe(s->buf + s->at, used);
    s->at += used;
    if (s->at == s->len)
        s->at = s->len = 0;
}

// More bytes for a record of which a part may be there: 0, else what the caller gets.
static int more(struct recio *s, size_t step, int64_t deadline, struct err *err)
{
    int rc = fill(s, step, deadline);

    if (rc == RECIO_END && s->len == s->at)
        return RECIO_END;
    if (rc == RECIO_END)
        return err_set(err, -EBADMSG, "a message was cut short");
    return rc < 0 ? err_set(err, rc, "cannot read a message: %s", strerror(-rc)) : 0;
}

static int next(struct recio *s, size_t step, int timeout_ms, struct record **ret, struct err *err)
{
    int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

    for (;;) {
        size_t used = 0;
        int rc = worth_decoding(s, step) ? record_decode(s->buf + s->at, s->len - s->at, &used, ret, err)
                                         : RECORD_MORE;

        if (rc == 0)
            take_bytes(s, used);
        if (rc != RECORD_MORE)
            return rc;
        rc = more(s, step, deadline, err);
        if (rc != 0)
            return rc;
    }
}

int recio_next_of(struct recio *s, struct record_list *l, int timeout_ms, const struct record **ret,
                  struct err *err)
{
    int64_t deadline =
        -1; // a clock for each of a hundred thousand records would be a good part of their price

    for (bool first = true;; first = false) {
        size_t used = 0;
        int rc = s->at < s->len ? record_list_next(l, s->buf + s->at, s->len - s->at, &used, ret, err)
                                : RECORD_MORE;

        s->at += used;
        if (rc != RECORD_MORE)
            return rc;
        if (first && timeout_ms >= 0)
            deadline = now_ms() + timeout_ms;
        rc = more(s, CHUNK, deadline, err);
        if (rc != 0)
            return rc;
    }
}

int recio_next(struct recio *s, int timeout_ms, struct record **ret, struct err *err)
{
    return next(s, CHUNK, timeout_ms, ret, err);
}

int recio_read(int fd, int timeout_ms, struct record **ret, struct err *err)
{
    _cleanup_(recio_freep) struct recio *s = recio_new(fd);
    int rc = s ? next(s, 1, timeout_ms, ret, err) : -ENOMEM;

    if (s)
        s->fd = -1; // the caller's
    return rc;
}

static int connect_to(const char *path, int flags, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = -1;

    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, -ENAMETOOLONG, "%s: a socket's path must be shorter than %zu bytes", path,
                       sizeof address.sun_path);
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int code = -errno;

        return err_set(err, code, "%s: %s", path,
                       code == -EAGAIN ? "too many connections wait there" : strerror(-code));
    }
    return take_fd(fd);
}

int recio_connect(const char *path, struct err *err)
{
    return connect_to(path, 0, err);
}

int recio_connect_now(const char *path, struct err *err)
{
    return connect_to(path, SOCK_NONBLOCK, err);
}
