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
        secret_wipe(c->buf + c->from, c->used - c->from);
    free(c->buf);
    *c = (struct chunks){0};
}

static void drop(struct chunks *c, size_t n)
{
    secret_wipe(c->buf + c->from, n);
    c->from += n;
    if (c->from == c->used)
        c->from = c->used = c->looked = 0;
    if (c->looked < c->from)
        c->looked = c->from;
}

// To the buffer's beginning, so that more fits behind.
static void move_down(struct chunks *c)
{
    size_t len = c->used - c->from, gap = c->from;

    if (gap == 0)
        return;
    memmove(c->buf, c->buf + gap, len);
    c->work += len;
    secret_wipe(c->buf + len, gap);
    c->looked -= gap;
    c->from = 0;
    c->used = len;
}

// How many bytes up to and with the first empty line; 0: there is none yet. What was looked at in vain stays looked at.
static size_t first_end(struct chunks *c)
{
    size_t i = c->looked > c->from ? c->looked : c->from + 1;

    for (; i < c->used; i++) {
        c->work++;
        if (c->buf[i] == '\n' && c->buf[i - 1] == '\n') {
            c->looked = i;
            return i + 1 - c->from;
        }
    }
    c->looked = c->used;
    return 0;
}

static void skip_newlines(struct chunks *c)
{
    size_t n = c->from;

    while (n < c->used && c->buf[n] == '\n')
        n++;
    if (n > c->from)
        drop(c, n - c->from);
}

// The buffer is full. Longer than any record and no end in sight: all but the last byte goes, and so does the rest of
// it. Records that nobody has fetched: the oldest go.
static void make_room(struct chunks *c, bool more)
{
    size_t end = first_end(c);

    if (end == 0) {
        drop(c, c->used - c->from - 1);
        c->skipping = true;
    }
    for (; more && end > 0 && c->used - c->from > ROOM / 2; end = first_end(c)) {
        drop(c, end);
        c->skipping = false;
    }
    move_down(c);
}

int chunks_feed(struct chunks *c, const void *bytes, size_t len)
{
    const char *from = bytes;

    if (!c->buf)
        c->buf = malloc(ROOM);
    if (!c->buf)
        return -ENOMEM;
    while (len > 0) {
        size_t n;

        if (c->used == ROOM)
            move_down(c);
        n = ROOM - c->used < len ? ROOM - c->used : len;
        memcpy(c->buf + c->used, from, n);
        c->used += n;
        from += n;
        len -= n;
        if (c->used - c->from == ROOM)
            make_room(c, len > 0);
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
        rc = c->skipping ? -EBADMSG : record_decode(c->buf + c->from, end, &used, ret, NULL);
        c->skipping = false;
        drop(c, end);
        if (rc == 0 || rc == -ENOMEM)
            return rc;
    }
}
