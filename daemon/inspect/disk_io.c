// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_io.h"

#include "common/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int request(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    while (len > 0) {
        size_t piece = len < DISK_IO_REQUEST ? len : DISK_IO_REQUEST;
        int rc = io->ops->read(io, offset, to, piece, err);

        if (rc < 0)
            return rc;
        io->requests++;
        io->bytes += piece;
        to += piece;
        offset += piece;
        len -= piece;
    }
    return 0;
}

// The line that holds this offset, which lies within the disk; its length in *ret_len.
static int line_of(struct disk_io *io, uint64_t offset, const unsigned char **ret, size_t *ret_len,
                   struct err *err)
{
    uint64_t start = offset - offset % DISK_IO_LINE, left = io->size - start;
    size_t n = (size_t)(start / DISK_IO_LINE % DISK_IO_LINES);
    size_t len = left < DISK_IO_LINE ? (size_t)left : DISK_IO_LINE;

    if (io->line_at[n] != start + 1) {
        int rc;

        io->line_at[n] = 0;
        rc = request(io, start, io->lines[n], len, err);
        if (rc < 0)
            return rc;
        io->line_at[n] = start + 1;
    }
    *ret = io->lines[n];
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

int disk_io_init(struct disk_io *io, const struct disk_io_ops *ops, int fd, uint64_t size, struct err *err)
{
    *io = (struct disk_io){.ops = ops, .fd = fd, .size = size};
    io->lines = malloc(sizeof *io->lines * DISK_IO_LINES);
    return io->lines ? 0 : err_set(err, -ENOMEM, "out of memory");
}

struct disk_io *disk_io_free(struct disk_io *io)
{
    if (io) {
        if (io->ops && io->ops->free)
            io->ops->free(io);
        if (io->lines)
            secret_wipe(io->lines, sizeof *io->lines * DISK_IO_LINES);
        free(io->lines);
        free(io);
    }
    return NULL;
}

static int file_read(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    while (len > 0) {
        ssize_t n = pread(io->fd, to, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "the image cannot be read: %s",
                           n < 0 ? strerror(errno) : "it has become shorter");
        to += n;
        offset += (size_t)n;
        len -= (size_t)n;
    }
    return 0;
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
