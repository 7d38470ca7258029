// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/net.h"

#include "common/cleanup.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static void addrinfo_freep(struct addrinfo **list)
{
    if (*list)
        freeaddrinfo(*list);
}

static int try_one(const struct addrinfo *a, int timeout_ms)
{
    _cleanup_close_ int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    socklen_t len = sizeof(int);
    int code = 0, n;

    if (fd < 0)
        return -errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    do
        n = poll(&p, 1, timeout_ms);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n == 0 ? -ETIMEDOUT : -errno;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
        return -errno;
    return -code;
}

int net_probe(const char *host, int port, int timeout_ms, struct err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    _cleanup_(addrinfo_freep) struct addrinfo *list = NULL;
    char service[8];
    int rc;

    snprintf(service, sizeof service, "%d", port);
    rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0)
        return err_set(err, -EHOSTUNREACH, "%s:%d: the name has no address (%s)", host, port,
                       gai_strerror(rc));
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        rc = try_one(a, timeout_ms);
        if (rc == 0)
            return 0;
    }
    return err_set(err, rc, "%s:%d does not answer: %s", host, port, strerror(-rc));
}
