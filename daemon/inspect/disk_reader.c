// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_reader.h"

#include <errno.h>
#include <inttypes.h>

static int read_up_to(struct disk_reader *r, const char *path, size_t max, bool whole, struct blob *ret,
                      struct err *err)
{
    _cleanup_source_ struct source *s = NULL;
    _cleanup_blob_ struct blob b = {0};
    int rc = r->ops->open(r, path, &s, err);

    if (rc != 0)
        return rc;
    // Whatever size the file claims to have: no more than max is ever asked for.
    if (whole && s->size > max)
        return err_set(err, -EFBIG, "it has %" PRIu64 " bytes, more than %zu", s->size, max);
    b.len = s->size < max ? (size_t)s->size : max;
    b.data = calloc(1, b.len + 1);
    if (!b.data) {
        b.len = 0;
        return err_set(err, -ENOMEM, "out of memory");
    }
    rc = source_read(s, 0, b.data, b.len, err);
    if (rc < 0)
        return rc;
    *ret = b;
    b = (struct blob){0};
    return 0;
}

int disk_read_file(struct disk_reader *r, const char *path, size_t max, struct blob *ret, struct err *err)
{
    return read_up_to(r, path, max, true, ret, err);
}

int disk_read_head(struct disk_reader *r, const char *path, size_t max, struct blob *ret, struct err *err)
{
    return read_up_to(r, path, max, false, ret, err);
}

int disk_open(struct disk_reader *r, const char *path, size_t max, struct source **ret, struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc;

    if (!r->ahead)
        return r->ops->open(r, path, ret, err);
    rc = disk_read_file(r, path, max, &b, err);
    if (rc != 0)
        return rc;
    return source_of_blob(&b, ret) < 0 ? err_set(err, -ENOMEM, "out of memory") : 0;
}
