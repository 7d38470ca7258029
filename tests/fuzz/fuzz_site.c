// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any datagram as a DC's answer to "in which site am I": a site's name that can stand in a DNS name, or none. It comes
// unsigned over UDP: anybody may send it.
#include "common/hostname.h"
#include "daemon/directory/site.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int rc, const char *site)
{
    if (rc == 0 ? strlen(site) >= SITE_TEXT || !hostname_valid(site)
                : (rc != -ENOENT && rc != -EBADMSG) || strcmp(site, "untouched") != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *own = malloc(size ? size : 1);
    char site[SITE_TEXT] = "untouched", whole[SITE_TEXT] = "untouched";

    if (!own)
        return 0;
    memcpy(own, data, size);
    check(site_parse(own, size, site), site);
    memcpy(own, data, size);
    check(site_read(own, size, whole), whole);
    free(own);
    return 0;
}
