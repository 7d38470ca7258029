// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Cells: the pieces of which a hive is made. For the regf files only.
//
//     rc = cell_open(h, at, "a key", &cell, &err);        // cell.len bytes of content at cell.at
//     rc = cell_read(h, &cell, 0, head, sizeof head, &err);
#pragma once

#include "daemon/inspect/regf.h"

struct cell {
    uint32_t at, len; // the content, without the size before it
};

// A cell in use. `what` is for the sentence.
int cell_open(const struct regf *h, uint32_t at, const char *what, struct cell *ret, struct err *err);
// -EBADMSG when the cell ends before.
int cell_read(const struct regf *h, const struct cell *c, uint32_t offset, void *ret, size_t len,
              struct err *err);

// A name that stands `head` bytes into the content of the cell at `at`; its length was checked. Allocated.
int cell_name(const struct regf *h, uint32_t at, uint32_t head, size_t len, unsigned char **ret,
              struct err *err);
int cell_name_text(const struct regf *h, uint32_t at, uint32_t head, size_t len, bool latin1, char **ret,
                   struct err *err); // as UTF-8

// The subkeys of a key with what their list tells of their names beforehand.
struct regf_list {
    struct regf_item {
        uint32_t at, hint;
    } * items;
    size_t count;
    bool hashed;   // the hints are hashes of names ("lh")
    bool lettered; // the hints are the first four letters ("lf"); neither: they say nothing
};
void regf_list_done(struct regf_list *l);
#define _cleanup_regf_list_ _cleanup_(regf_list_done)
// 0 or a negative errno with a sentence; *ret has to be {0}.
int regf_list_read(const struct regf *h, const struct regf_key *key, struct regf_list *ret, struct err *err);
// Can an item be the one with this name, by its hint?
bool regf_list_may_be(const struct regf_list *l, const struct regf_item *item, const struct regf_name *name);

static inline uint32_t le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t le16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}
