// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a domain's XML says of a guest, as the keys of a description (PROTOCOL.md). The text is libvirt's, but parts
// of it come from others (metadata, titles, a hook's message): no network, no DTD, no entities, caps on size,
// number of disks and depth of the chain. Pure: text to record.
//
//     struct guestxml_id id;
//     rc = guestxml_describe(xml, strlen(xml), &id, record, &err);
#pragma once

#include "common/record.h"

enum {
    GUESTXML_MAX = 2 * 1024 * 1024, // bytes of a document
    GUESTXML_DISKS_MAX = 64,        // what is beyond is not told
    GUESTXML_CHAIN_MAX = 32,        // backing files of one disk
    GUESTXML_VALUE_MAX = 4096,      // bytes of a value; what is longer is left out
    GUESTXML_KEYS_MAX = 900,        // keys of the record, so that the others find room
};

struct guestxml_id {
    char uuid[37];  // "" when there is none
    char name[512]; // likewise
};

// Adds title, genid, agent, transient_disks and disk.*; ret_id is filled in. 0, -EBADMSG (no such XML), -E2BIG, or
// -ENOMEM, with a sentence; then nothing was added.
int guestxml_describe(const char *xml, size_t len, struct guestxml_id *ret_id, struct record *r,
                      struct err *err);

// A snapshot's XML: its name and creationTime. 0, -EBADMSG.
int guestxml_snapshot(const char *xml, size_t len, struct record *r, struct err *err);
