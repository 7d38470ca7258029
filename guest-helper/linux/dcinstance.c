// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// By the bytes of one question (rootdse.h), so that a guest needs no LDAP library.
#include "guest-helper/dcinstance.h"

#include "common/cleanup.h"
#include "guest-helper/rootdse.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MS = 1500, ANSWER_MS = 5000, ADDRESSES_MAX = 4 };

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool ready(int fd, short what, int64_t until_ms)
{
    struct pollfd p = {.fd = fd, .events = what};
    int64_t left = until_ms - clock_ms();

    return left > 0 && poll(&p, 1, (int)left) == 1;
}

// -1, or a connection.
static int reach(const struct addrinfo *a)
{
    _cleanup_close_ int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t len = sizeof(int);
    int code = 0;

    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0 &&
        (errno != EINPROGRESS || !ready(fd, POLLOUT, clock_ms() + CONNECT_MS) ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 || code != 0))
        return -1;
    return take_fd(fd);
}

static int reach_any(const char *dc)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int fd = -1, n = 0;

    if (getaddrinfo(dc, "389", &hints, &list) != 0)
        return -1;
    for (const struct addrinfo *a = list; a && fd < 0 && n < ADDRESSES_MAX; a = a->ai_next, n++)
        fd = reach(a);
    freeaddrinfo(list);
    return fd;
}

static int ask(int fd, struct rootdse *ret)
{
    _cleanup_free_ unsigned char *answer = malloc(ROOTDSE_ANSWER_MAX);
    unsigned char request[ROOTDSE_REQUEST];
    size_t size = rootdse_request(request), len = 0;
    int64_t until_ms = clock_ms() + ANSWER_MS;
    ssize_t n;
    int rc;

    // So few bytes fit into the connection's buffer.
    if (!answer || send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        return -EIO;
    while (len < ROOTDSE_ANSWER_MAX && ready(fd, POLLIN, until_ms)) {
        n = recv(fd, answer + len, ROOTDSE_ANSWER_MAX - len, 0);
        if (n <= 0)
            return -EIO;
        len += (size_t)n;
        rc = rootdse_answer(answer, len, ret);
        if (rc != -EAGAIN)
            return rc;
    }
    return -ETIMEDOUT;
}

void dcinstance_add(struct record *a, const char *dc)
{
    _cleanup_close_ int fd = reach_any(dc);
    struct rootdse root = {0};

    if (fd < 0 || ask(fd, &root) < 0)
        return;
    record_add(a, "dc_instance", root.instance[0] ? root.instance : NULL);
    if (root.usn)
        record_add_u64(a, "dc_usn", root.usn);
}
