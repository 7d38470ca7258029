// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/pac.h"

#include <errno.h>

// A common and a private header of the serialised type, a pointer's place; then six times, six strings' places and two
// counts of 16 bits lie before the numbers that are read here.
enum {
    HEADER = 8,
    STRUCT_AT = 20,
    AT_PASSWORD_SET = STRUCT_AT + 3 * 8,
    AT_RID = STRUCT_AT + 6 * 8 + 6 * 8 + 4,
    AT_GROUP = AT_RID + 4,
    LEAST = AT_GROUP + 4
};

static uint64_t number(const unsigned char *p, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

int pac_read(const unsigned char *bytes, size_t len, struct pac *ret)
{
    // Version 1, little-endian, a header of eight bytes; the pointer is not null.
    if (len < LEAST || len > PAC_BYTES_MAX || bytes[0] != 1 || bytes[1] != 0x10 ||
        number(bytes + 2, 2) != HEADER || number(bytes + HEADER, 4) > len - 2 * HEADER ||
        number(bytes + 2 * HEADER, 4) == 0)
        return -EBADMSG;
    if (number(bytes + AT_RID, 4) == 0)
        return -EBADMSG;
    ret->rid = (uint32_t)number(bytes + AT_RID, 4);
    ret->primary_group = (uint32_t)number(bytes + AT_GROUP, 4);
    ret->password_last_set = number(bytes + AT_PASSWORD_SET, 8);
    return 0;
}
