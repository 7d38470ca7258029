// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { AWAY_MS = 1000, WRITE_MS = 10000 };

static const char path[] = "/dev/virtio-ports/org.virtrust.guest.0";

struct port {
    int fd;
};

int port_open(struct port **ret, struct err *err)
{
    struct port *p = calloc(1, sizeof *p);

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    p->fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0) {
        int code = -errno;

        free(p);
        return err_set(err, code, "%s: %s; has the guest's definition a channel of this name?", path,
                       strerror(-code));
    }
    *ret = p;
    return 0;
}

struct port *port_free(struct port *p)
{
    if (p)
        close(p->fd);
    free(p);
    return NULL;
}

// Without a host at the other end the port is always "ready", with nothing to read.
int port_read(struct port *p, void *buf, size_t size)
{
    struct pollfd wait = {.fd = p->fd, .events = POLLIN};
    ssize_t n;

    if (poll(&wait, 1, -1) < 0)
        return errno == EINTR ? -ECANCELED : -errno;
    n = read(p->fd, buf, size);
    if (n > 0)
        return (int)n;
    if (n < 0 && errno != EAGAIN)
        return -errno;
    if (poll(NULL, 0, AWAY_MS) < 0)
        return -ECANCELED;
    return 0;
}

int port_write(struct port *p, const void *data, size_t len)
{
    const char *from = data;

    while (len > 0) {
        struct pollfd wait = {.fd = p->fd, .events = POLLOUT};
        ssize_t n = write(p->fd, from, len);

        if (n > 0) {
            from += n;
            len -= (size_t)n;
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return -errno;
        } else if (poll(&wait, 1, WRITE_MS) != 1 || (wait.revents & POLLHUP)) {
            return -EPIPE;
        }
    }
    return 0;
}
