// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/samedc.h"

#include "common/sid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct dc_sight dc_sight_of(const struct record *r)
{
    struct dc_sight s = {0};
    const char *instance = record_get(r, "dc_instance");
    unsigned char guid[16];

    if (instance && strlen(instance) == GUID_TEXT - 1 && guid_parse(instance, guid) == 0)
        guid_text(guid, s.instance);
    if (record_get_u64(r, "dc_usn", &s.usn) < 0)
        s.usn = 0;
    return s;
}

static bool is_known(const struct dc_sight *s)
{
    return s->instance[0] && s->usn;
}

enum same_dc same_dc(const struct dc_sight *before, const struct dc_sight *after, char *ret_text, size_t size)
{
    if (!is_known(before) || !is_known(after)) {
        snprintf(ret_text, size,
                 "which domain controller %s cannot be told (its instance or its USN is not "
                 "shown)",
                 is_known(before) ? "was seen now" : "was seen before");
        return SAME_DC_UNTOLD;
    }
    if (strcmp(before->instance, after->instance) != 0) {
        snprintf(ret_text, size, "guest and host see two domain controllers under one name: %s and %s",
                 before->instance, after->instance);
        return SAME_DC_OTHER;
    }
    if (after->usn < before->usn) {
        snprintf(ret_text, size,
                 "guest and host see two copies of one domain controller: it had come to USN %" PRIu64
                 ", and shows %" PRIu64 " now",
                 before->usn, after->usn);
        return SAME_DC_OTHER;
    }
    return SAME_DC_FITS;
}
