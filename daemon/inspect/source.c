// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int source_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err)
{
    if (offset > s->size || len > s->size - offset)
        return err_set(err, -ERANGE, "%zu bytes at %" PRIu64 " are wanted, but there are only %" PRIu64, len,
                       offset, s->size);
    if (len == 0)
        return 0;
    s->bytes_read += len;
    return s->ops->read(s, offset, ret, len, err);
}

struct source *source_free(struct source *s)
{
    if (s)
        s->ops->free(s);
    return NULL;
}

struct blob_source {
    struct source source;
    struct blob bytes;
};

static int blob_source_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err)
{
    (void)err;
    memcpy(ret, ((struct blob_source *)s)->bytes.data + offset, len);
    return 0;
}

static void blob_source_free(struct source *s)
{
    struct blob_source *b = (struct blob_source *)s;

    blob_done(&b->bytes);
    free(b);
}

static const struct source_ops blob_source_ops = {.read = blob_source_read, .free = blob_source_free};

int source_of_blob(struct blob *bytes, struct source **ret)
{
    struct blob_source *b = calloc(1, sizeof(*b));

    if (!b) {
        blob_done(bytes);
        return -ENOMEM;
    }
    *b = (struct blob_source){
        .source = {.ops = &blob_source_ops, .size = bytes->len},
        .bytes = *bytes,
    };
    *bytes = (struct blob){0};
    *ret = &b->source;
    return 0;
}

struct fd_source {
    struct source source;
    int fd;
};

static int fd_source_read(struct source *s, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    while (len > 0) {
        ssize_t n = pread(((struct fd_source *)s)->fd, to, len, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "it cannot be read: %s", strerror(errno));
        if (n == 0)
            return err_set(err, -ERANGE, "it became shorter while it was read");
        to += n;
        offset += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static void fd_source_free(struct source *s)
{
    close(((struct fd_source *)s)->fd);
    free(s);
}

static const struct source_ops fd_source_ops = {.read = fd_source_read, .free = fd_source_free};

int source_fd(const struct source *s)
{
    return s->ops == &fd_source_ops ? ((const struct fd_source *)s)->fd : -1;
}

int source_of_fd(int fd, uint64_t size, struct source **ret)
{
    struct fd_source *f = calloc(1, sizeof(*f));

    if (!f) {
        close(fd);
        return -ENOMEM;
    }
    *f = (struct fd_source){.source = {.ops = &fd_source_ops, .size = size}, .fd = fd};
    *ret = &f->source;
    return 0;
}
