// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_io.h"

#include "common/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

// As many requests as may be in flight, and then the next as many.
static int request(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    size_t each = len <= DISK_IO_SPAN ? DISK_IO_SPAN : DISK_IO_REQUEST;
    unsigned char *to = ret;

    while (len > 0) {
        struct disk_ask asks[DISK_IO_FLIGHT];
        size_t n = 0;
        int rc;

        for (; n < DISK_IO_FLIGHT && len > 0; n++) {
            size_t piece = len < each ? len : each;

            asks[n] = (struct disk_ask){offset, to, piece};
            io->bytes += piece;
            to += piece;
            offset += piece;
            len -= piece;
        }
        io->requests += n;
        rc = io->ops->read(io, asks, n, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

// The line that holds what begins here; if none does, the one that was not used longest.
static size_t find_line(const struct disk_io *io, uint64_t start)
{
    size_t oldest = 0;

    for (size_t i = 0; i < DISK_IO_LINES; i++) {
        if (io->lines[i].at == start + 1)
            return i;
        if (io->lines[i].used < io->lines[oldest].used)
            oldest = i;
    }
    return oldest;
}

// The line that holds this offset, which lies within the disk; its length in *ret_len.
static int line_of(struct disk_io *io, uint64_t offset, const unsigned char **ret, size_t *ret_len,
                   struct err *err)
{
    uint64_t start = offset - offset % DISK_IO_LINE, left = io->size - start;
    size_t n = find_line(io, start), len = left < DISK_IO_LINE ? (size_t)left : DISK_IO_LINE;
    struct disk_line *line = &io->lines[n];

    if (line->at != start + 1) {
        int rc;

        line->at = 0;
        rc = request(io, start, io->kept[n], len, err);
        if (rc < 0)
            return rc;
        line->at = start + 1;
    }
    line->used = ++io->uses;
    *ret = io->kept[n];
    *ret_len = len;
    return 0;
}

int disk_io_read(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    if (offset > io->size || len > io->size - offset)
        return err_set(err, -ERANGE, "%zu bytes at %" PRIu64 " are wanted of a disk of %" PRIu64, len, offset,
                       io->size);
    if (len > DISK_IO_LINE)
        return request(io, offset, ret, len, err);
    while (len > 0) {
        const unsigned char *line;
        size_t line_len, skip = (size_t)(offset % DISK_IO_LINE), piece;
        int rc = line_of(io, offset, &line, &line_len, err);

        if (rc < 0)
            return rc;
        piece = len < line_len - skip ? len : line_len - skip;
        memcpy(to, line + skip, piece);
        to += piece;
        offset += piece;
        len -= piece;
    }
    return 0;
}

// By whole lines, within the disk, at most DISK_IO_SPAN; no bytes if there is nothing to fetch.
static void widen(const struct disk_io *io, const struct disk_span *span, struct disk_ask *ret)
{
    uint64_t from = span->offset - span->offset % DISK_IO_LINE, to = span->offset + span->len;

    *ret = (struct disk_ask){.offset = from};
    if (span->offset >= io->size || span->len == 0 || span->len > DISK_IO_SPAN)
        return;
    to += (DISK_IO_LINE - to % DISK_IO_LINE) % DISK_IO_LINE;
    if (to > io->size)
        to = io->size;
    // Both ends may have grown by a line.
    if (to - from > DISK_IO_SPAN)
        to = from + DISK_IO_SPAN;
    for (; from < to; from += DISK_IO_LINE) {
        if (io->lines[find_line(io, from)].at != from + 1)
            ret->len = (size_t)(to - ret->offset);
    }
}

static void keep_lines(struct disk_io *io, const struct disk_ask *ask)
{
    for (size_t done = 0; done < ask->len; done += DISK_IO_LINE) {
        size_t n = find_line(io, ask->offset + done), left = ask->len - done;

        memcpy(io->kept[n], (unsigned char *)ask->to + done, left < DISK_IO_LINE ? left : DISK_IO_LINE);
        io->lines[n] = (struct disk_line){.at = ask->offset + done + 1, .used = ++io->uses};
    }
}

void disk_io_ahead(struct disk_io *io, const struct disk_span *spans, size_t count)
{
    _cleanup_free_ unsigned char *room = NULL;
    struct disk_ask asks[DISK_IO_FLIGHT];
    struct err err = {0};
    size_t n = 0, sum = 0;

    for (size_t i = 0; i < count && n < DISK_IO_FLIGHT; i++) {
        widen(io, &spans[i], &asks[n]);
        sum += asks[n].len;
        n += asks[n].len > 0;
    }
    room = sum > 0 ? malloc(sum) : NULL;
    if (!room)
        return;
    for (size_t i = 0, at = 0; i < n; at += asks[i++].len)
        asks[i].to = room + at;
    io->requests += n;
    io->bytes += sum;
    if (io->ops->read(io, asks, n, &err) == 0) {
        for (size_t i = 0; i < n; i++)
            keep_lines(io, &asks[i]);
    }
    secret_wipe(room, sum);
}

int disk_io_init(struct disk_io *io, const struct disk_io_ops *ops, int fd, uint64_t size, struct err *err)
{
    *io = (struct disk_io){.ops = ops, .fd = fd, .size = size};
    io->kept = malloc(sizeof *io->kept * DISK_IO_LINES);
    return io->kept ? 0 : err_set(err, -ENOMEM, "out of memory");
}

struct disk_io *disk_io_free(struct disk_io *io)
{
    if (io) {
        if (io->ops && io->ops->free)
            io->ops->free(io);
        if (io->kept)
            secret_wipe(io->kept, sizeof *io->kept * DISK_IO_LINES);
        free(io->kept);
        free(io);
    }
    return NULL;
}

static int file_ask(const struct disk_io *io, const struct disk_ask *ask, struct err *err)
{
    unsigned char *to = ask->to;

    for (size_t done = 0; done < ask->len;) {
        ssize_t n = pread(io->fd, to + done, ask->len - done, (off_t)(ask->offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "the image cannot be read: %s",
                           n < 0 ? strerror(errno) : "it has become shorter");
        done += (size_t)n;
    }
    return 0;
}

static int file_read(struct disk_io *io, const struct disk_ask *asks, size_t count, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = file_ask(io, &asks[i], err);
    return rc;
}

int disk_io_file(int fd, struct disk_io **ret, struct err *err)
{
    static const struct disk_io_ops ops = {.read = file_read};
    off_t end = lseek(fd, 0, SEEK_END);
    _cleanup_disk_io_ struct disk_io *io = calloc(1, sizeof *io);
    int rc;

    if (end < 0)
        return err_set(err, -errno, "the image cannot be measured: %s", strerror(errno));
    if (!io)
        return err_set(err, -ENOMEM, "out of memory");
    rc = disk_io_init(io, &ops, fd, (uint64_t)end, err);
    if (rc == 0)
        *ret = take(io);
    return rc;
}
