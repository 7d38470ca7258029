// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the tests of the looks share: the real hives where they are present, and seeded damage.
//
//     _cleanup_free_ char *hives = real_hives();
//     if (!hives) skip();
#pragma once

#include "daemon/inspect/windows.h"

// $VIRTRUST_HIVES, or shared/hives beside the tree; NULL where neither is there. The caller frees it.
char *real_hives(void);
// dir/name.xz, unpacked by xz: 0 or -1.
int read_xz(const char *dir, const char *name, struct blob *ret);
// Gives the bytes to the set.
void set_add(struct hive_set *set, enum hive_name name, struct blob *bytes);
void set_add_log(struct hive_set *set, enum hive_name name, unsigned log, struct blob *bytes);

uint32_t rng_next(uint32_t *state); // xorshift; *state must not be 0
// One to eight bytes changed.
void mutate(unsigned char *data, size_t len, uint32_t *rng);
// The right checksum, so that the damage behind it is reached.
void mend_base_block(unsigned char *data, size_t len);
