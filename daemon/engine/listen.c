// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/listen.h"

#include "common/os/recio.h"
#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

// A flood, or an accept() that fails for want of a descriptor, must not keep the loop from everything else.
enum { ACCEPT_US = 1000000, ACCEPT_MOST = 200 };

struct listener {
    void (*on_connection)(int fd, void *arg);
    void *arg;
};

static int on_accept(sd_event_source *s, int fd, uint32_t events, void *arg)
{
    struct listener *l = arg;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)s;
    (void)events;
    if (peer >= 0)
        l->on_connection(peer, l->arg);
    return 0;
}

static void listener_free(void *arg)
{
    free(arg);
}

static int bind_at(int fd, const char *path, mode_t mode, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    mode_t before;
    int rc, other;

    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, -ENAMETOOLONG, "%s: a socket's path must be shorter than %zu bytes", path,
                       sizeof address.sun_path);
    strcpy(address.sun_path, path);
    other = recio_connect_now(path, NULL);
    if (other >= 0) {
        close(other);
        return err_set(err, -EADDRINUSE, "%s: another virtrustd answers there; stop it first", path);
    }
    if (other == -ECONNREFUSED)
        unlink(path);
    before = umask(0777 & ~mode);
    rc = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 16) < 0 ? -errno : 0;
    umask(before);
    return rc < 0 ? err_set(err, rc, "%s: cannot listen: %s", path, strerror(-rc)) : 0;
}

int listen_open(struct engine *e, const char *name, mode_t mode, void (*on_connection)(int fd, void *arg),
                void *arg, sd_event_source **ret, struct err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    _cleanup_free_ struct listener *l = calloc(1, sizeof *l);
    int rc;

    if (fd < 0 || !l || asprintf(&path, "%s/%s", e->config->runtime_dir, name) < 0)
        return -ENOMEM;
    rc = bind_at(fd, path, mode, err);
    if (rc < 0)
        return rc;
    *l = (struct listener){on_connection, arg};
    rc = sd_event_add_io(e->event, ret, fd, EPOLLIN, on_accept, l);
    if (rc < 0)
        return err_set(err, rc, "%s: %s", path, strerror(-rc));
    sd_event_source_set_ratelimit(*ret, ACCEPT_US, ACCEPT_MOST);
    sd_event_source_set_io_fd_own(*ret, true);
    sd_event_source_set_destroy_callback(*ret, listener_free);
    take(l);
    take_fd(fd);
    return 0;
}
