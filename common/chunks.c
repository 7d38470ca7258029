// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/chunks.h"

#include "common/secret.h"

#include <errno.h>
#include <string.h>

enum { ROOM = 2 * RECORD_TOTAL_MAX };

void chunks_done(struct chunks *c)
{
    if (c->buf)
        secret_wipe(c->buf, c->used);
    free(c->buf);
    *c = (struct chunks){0};
}

static void drop(struct chunks *c, size_t n)
{
    memmove(c->buf, c->buf + n, c->used - n);
    secret_wipe(c->buf + c->used - n, n);
    c->used -= n;
}

// How many bytes up to and with the first empty line; 0: there is none yet.
static size_t first_end(const struct chunks *c)
{
    for (size_t i = 1; i < c->used; i++)
        if (c->buf[i] == '\n' && c->buf[i - 1] == '\n')
            return i + 1;
    return 0;
}

static void skip_newlines(struct chunks *c)
{
    size_t n = 0;

    while (n < c->used && c->buf[n] == '\n')
        n++;
    if (n > 0)
        drop(c, n);
}

int chunks_feed(struct chunks *c, const void *bytes, size_t len)
{
    const char *from = bytes;

    if (!c->buf)
        c->buf = malloc(ROOM);
    if (!c->buf)
        return -ENOMEM;
    while (len > 0) {
        size_t n = ROOM - c->used < len ? ROOM - c->used : len;

        memcpy(c->buf + c->used, from, n);
        c->used += n;
        from += n;
        len -= n;
        // Longer than any record and no end in sight: all but the last byte goes, and so does the rest of it.
        if (c->used == ROOM && first_end(c) == 0) {
            drop(c, c->used - 1);
            c->skipping = true;
        } else if (c->used == ROOM && len > 0) {
            drop(c, first_end(c));
        }
    }
    return 0;
}

int chunks_next(struct chunks *c, struct record **ret)
{
    for (;;) {
        size_t end, used = 0;
        int rc;

        if (!c->skipping)
            skip_newlines(c);
        end = first_end(c);
        if (end == 0)
            return RECORD_MORE;
        rc = c->skipping ? -EBADMSG : record_decode(c->buf, end, &used, ret, NULL);
        c->skipping = false;
        drop(c, end);
        if (rc == 0 || rc == -ENOMEM)
            return rc;
    }
}
