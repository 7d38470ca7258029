// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/qcow2_head.h"

#include <errno.h>
#include <string.h>

static uint64_t be(const unsigned char *p, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | p[i];
    return value;
}

bool qcow2_magic(const void *data, size_t len)
{
    return len >= 4 && memcmp(data, "QFI\xfb", 4) == 0;
}

int qcow2_head_read(const void *data, size_t len, struct qcow2_head *ret, struct err *err)
{
    const unsigned char *bytes = data;
    struct qcow2_head head = {0};

    if (len < 72 || !qcow2_magic(data, len))
        return err_set(err, -EBADMSG, "is no qcow2 image");
    head.version = (uint32_t)be(bytes + 4, 4);
    head.backing_offset = be(bytes + 8, 8);
    head.backing_len = (uint32_t)be(bytes + 16, 4);
    head.crypt_method = (uint32_t)be(bytes + 32, 4);
    if (head.version != 2 && head.version != 3)
        return err_set(err, -EBADMSG, "is a qcow2 image of version %u; 2 and 3 are understood", head.version);
    if (head.version == 3 && len < 80)
        return err_set(err, -EBADMSG, "is a qcow2 image that ends within its head");
    if (head.version == 3)
        head.external_data = be(bytes + 72, 8) & 4;
    if (head.backing_offset != 0 && (head.backing_len == 0 || head.backing_len > QCOW2_NAME_MAX))
        return err_set(err, -EBADMSG, "names a backing file with a name of %u bytes", head.backing_len);
    *ret = head;
    return 0;
}
