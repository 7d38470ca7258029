// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/connect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int unasked_set(struct unasked *why, const char *code, const char *next, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&why->err, -1, format, args);
    va_end(args);
    why->code = code;
    why->next = next;
    return -1;
}

int connect_control(const struct cli *c, struct recio **ret, struct unasked *why)
{
    _cleanup_free_ char *path = NULL;
    struct err err = {0};
    int fd;

    if (asprintf(&path, "%s/control.sock", c->config->runtime_dir) < 0)
        return unasked_set(why, "internal", "", "out of memory");
    fd = recio_connect(path, &err);
    if (fd == -EACCES || fd == -EPERM)
        return unasked_set(why, "permission", "be root, or a member of the group virtrust",
                           "%.400s: you may not speak with virtrustd", path);
    if (fd == -ENOENT || fd == -ECONNREFUSED)
        return unasked_set(why, "no-daemon", "systemctl start virtrustd (or virtrust-spawn)",
                           "%.400s: virtrustd is not running", path);
    if (fd < 0)
        return unasked_set(why, "no-daemon", "", "%s", err.text);
    *ret = recio_new(fd);
    return *ret ? 0 : unasked_set(why, "internal", "", "out of memory");
}
