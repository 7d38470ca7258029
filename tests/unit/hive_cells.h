// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hives made cell by cell, for tests of what no real hive at hand has: one bin, cells one behind the other. Running
// out of room fails the test.
//
//     begin(&m);
//     k = named(&m, ROOT, "Policy");
//     children(&m, ROOT, list(&m, "lh", &k, 1), 1);
//     end(&m, &blob);
#pragma once

#include "tests/unit/inspect_common.h"

#include <stdbool.h>

enum { BASE = 4096, BIN = 256 * 1024, NONE = -1, ROOT = 32, PIECE = 16344 };

// A hive while it is made.
struct made {
    unsigned char *data; // BASE + BIN bytes
    uint32_t next;
};

void put16(unsigned char *p, uint32_t v);
void put32(unsigned char *p, uint32_t v);
unsigned char *at(const struct made *m, uint32_t cell); // the cell's content

void begin(struct made *m); // with a root key
uint32_t key(struct made *m, uint32_t parent, const void *name, size_t len, bool latin1);
uint32_t named(struct made *m, uint32_t parent, const char *name);
// A list of keys of this kind ("li", "lf", "lh"), or of lists ("ri").
uint32_t list(struct made *m, const char *kind, const uint32_t *keys, size_t count);
void children(struct made *m, uint32_t parent, uint32_t list_cell, size_t count);
// One value; data longer than a piece is cut into pieces.
uint32_t value(struct made *m, const char *name, const unsigned char *data, size_t len);
void values(struct made *m, uint32_t k, uint32_t one);
// The rest of the bin becomes one free cell. Gives the bytes away.
void end(struct made *m, struct blob *ret);
