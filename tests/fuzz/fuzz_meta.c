// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a DC's replPropertyMetaData, and as a PAC's logon information: refused, or read within their bounds.
#include "daemon/directory/meta.h"
#include "daemon/directory/pac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_meta(const uint8_t *data, size_t size, uint32_t attribute)
{
    struct meta m = {.version = 0xa5a5a5a5};
    int rc = meta_find(data, size, attribute, &m);

    if (rc != 0 && rc != -ENOENT && rc != -EBADMSG)
        abort();
    if (rc != 0 && m.version != 0xa5a5a5a5)
        abort(); // what failed has written nothing
    if (rc == 0 && (m.changed_us < 0 || memmem(data, size, m.by, sizeof m.by) == NULL))
        abort();
}

static void read_pac(const uint8_t *data, size_t size)
{
    struct pac p = {0};
    int rc = pac_read(data, size, &p);

    if (rc == 0 ? p.rid == 0 || size < 128 : rc != -EBADMSG || p.rid != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *own = malloc(size ? size : 1); // at its very end, so that one byte more is noticed

    if (!own)
        return 0;
    memcpy(own, data, size);
    read_meta(own, size, META_UNICODE_PWD);
    read_meta(own, size, META_PWD_LAST_SET);
    read_pac(own, size);
    free(own);
    return 0;
}
