// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/spawn/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int make_parents(char *path, struct err *err)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return err_set(err, -errno, "%s: cannot make this directory: %s", path, strerror(errno));
        *p = '/';
    }
    return 0;
}

static int make(const char *wanted, mode_t mode, struct err *err)
{
    _cleanup_free_ char *path = strdup(wanted);
    struct stat st;
    int rc = path ? make_parents(path, err) : -ENOMEM;

    if (rc < 0)
        return rc;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot make this directory: %s", path, strerror(errno));
    if (stat(path, &st) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, -ENOTDIR, "%s: is no directory; move it away", path);
    if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
        return err_set(err, -EPERM, "%s: everybody may write there; make its mode %04o", path,
                       (unsigned)mode);
    return 0;
}

int dirs_make(const struct config *config, struct err *err)
{
    int rc = make(config->runtime_dir, 0711, err);

    if (rc == 0)
        rc = make(config->state_dir, 0700, err);
    return rc == 0 ? make(config->spool_dir, 0700, err) : rc;
}

int dirs_lock(const struct config *config, struct err *err)
{
    char path[PATH_MAX];
    _cleanup_close_ int fd = -1;

    if (snprintf(path, sizeof path, "%s/spawn.lock", config->runtime_dir) >= (int)sizeof path)
        return err_set(err, -ENAMETOOLONG, "%s: the path is too long", config->runtime_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, -EBUSY, "%s: another virtrust-spawn serves this directory; end that one first",
                       path);
    return take_fd(fd);
}

int dirs_listen(const struct config *config, const char *name, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = -1;
    mode_t before;
    int rc;

    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", config->runtime_dir, name) >=
        (int)sizeof address.sun_path)
        return err_set(err, -ENAMETOOLONG,
                       "%s/%s: a socket's path must be shorter than %zu bytes; choose a shorter "
                       "paths.runtime",
                       config->runtime_dir, name, sizeof address.sun_path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set(err, -errno, "cannot make a socket: %s", strerror(errno));
    unlink(address.sun_path);
    before = umask(0177);
    rc = bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 128) < 0 ? -errno : 0;
    umask(before);
    if (rc < 0)
        return err_set(err, rc, "%s: cannot listen: %s", address.sun_path, strerror(-rc));
    return take_fd(fd);
}
