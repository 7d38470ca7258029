// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two calls of recio.h that the helper needs, on Windows' pipes. They have no time-out of their own: a pipe cannot
// be waited for; the limit on the whole process (guest-helper/process.h) ends a read that never comes back.
#include "common/os/recio.h"

#include "common/secret.h"

#include <errno.h>
#include <io.h>
#include <string.h>

enum { PIECE = 4096 };

int recio_write(int fd, const struct record *r, int timeout_ms, struct err *err)
{
    char *text = NULL;
    size_t len = 0, at = 0;
    int rc = record_encode(r, &text, &len);

    (void)timeout_ms;
    if (rc < 0)
        return err_set(err, rc, "cannot encode the message: %s", strerror(-rc));
    while (rc == 0 && at < len) {
        int n = write(fd, text + at, (unsigned)(len - at < PIECE ? len - at : PIECE));

        if (n <= 0)
            rc = err_set(err, -EPIPE, "cannot write the message: %s", strerror(errno));
        else
            at += (size_t)n;
    }
    secret_wipe(text, len);
    free(text);
    return rc;
}

// Room for more is made without realloc, which would leave a copy of what may be a secret.
static char *grow(char *buf, size_t used, size_t size)
{
    char *more = malloc(size);

    if (more && buf)
        memcpy(more, buf, used);
    secret_wipe(buf, used);
    free(buf);
    return more;
}

int recio_read(int fd, int timeout_ms, struct record **ret, struct err *err)
{
    size_t used = 0, size = 0, taken = 0;
    char *buf = NULL;
    int rc = RECORD_MORE;

    (void)timeout_ms;
    while (rc == RECORD_MORE) {
        int n;

        if (used == size) {
            size = size ? 2 * size : 2 * PIECE;
            buf = size <= 2 * RECORD_TOTAL_MAX ? grow(buf, used, size) : NULL;
            if (!buf)
                return err_set(err, -ENOMEM, "out of memory for a message");
        }
        n = read(fd, buf + used, (unsigned)(size - used < PIECE ? size - used : PIECE));
        if (n <= 0) {
            rc = used == 0 ? RECIO_END : err_set(err, -EBADMSG, "the message ends in the middle");
            break;
        }
        used += (size_t)n;
        rc = record_decode(buf, used, &taken, ret, err);
    }
    secret_wipe(buf, used);
    free(buf);
    return rc;
}
