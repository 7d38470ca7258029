// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one message format of every seam, on the host and in the guest (DESIGN, "Wire format"): lines of key=value,
// closed by an empty line; the first key is `type`, the second `v` (always "1"). In values every byte outside
// printable ASCII (0x20..0x7e) and '%' stands as %XX. Keys are [a-z0-9._-]. A key stands once.
//
// Everything that is read here may come from a guest: the caps below are checked before anything is allocated.
// A record owns its strings; record_free(NULL) is fine. All functions are pure but for malloc.
//
//     struct record *r = record_new("probe");   // v=1 is added by itself
//     record_add(r, "guest", uuid);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_KEY_MAX = 64,            // bytes of a key, without NUL
    RECORD_KEYS_MAX = 1024,         // keys of a record, type and v included
    RECORD_LINE_MAX = 768 * 1024,   // bytes of an encoded line, without newline
    RECORD_TOTAL_MAX = 1024 * 1024, // bytes of an encoded record, its empty line included
};

enum { RECORD_MORE = 1 }; // record_decode: the buffer holds no whole record yet

struct record;

// A new record of this type, or NULL when out of memory.
struct record *record_new(const char *type);
struct record *record_free(struct record *r); // returns NULL; values are wiped, for some are secrets
DEFINE_CLEANUP(struct record *, record_free);
#define _cleanup_record_ _cleanup_(record_freep)

// Adding never fails on the spot: a bad key, a cap or no memory marks the record, and record_encode says so.
// A NULL value adds nothing (unknown is absent).
void record_add(struct record *r, const char *key, const char *value);
void record_add_bytes(struct record *r, const char *key, const void *data, size_t len);
void record_add_u64(struct record *r, const char *key, uint64_t value);
void record_add_i64(struct record *r, const char *key, int64_t value);
void record_add_bool(struct record *r, const char *key, bool value); // "1" or "0"
void record_add_hex(struct record *r, const char *key, const void *data, size_t len);
void record_addf(struct record *r, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// Adds the key or replaces its value.
void record_set(struct record *r, const char *key, const char *value);

const char *record_type(const struct record *r);
// The value as text: NULL when absent or when it holds a NUL byte. Borrowed from the record.
const char *record_get(const struct record *r, const char *key);
// The same with a fallback.
const char *record_get_or(const struct record *r, const char *key, const char *fallback);
// The value as bytes: 0, or -ENOENT.
int record_get_bytes(const struct record *r, const char *key, const void **ret, size_t *ret_len);
// 0, -ENOENT when absent, -EINVAL when it is no number (decimal, no sign for u64) or out of range.
int record_get_u64(const struct record *r, const char *key, uint64_t *ret);
int record_get_i64(const struct record *r, const char *key, int64_t *ret);
// -1 absent or neither "0" nor "1"; else 0 or 1.
int record_get_bool(const struct record *r, const char *key);
// 0, -ENOENT, -EINVAL when it is not exactly len bytes of hex.
int record_get_hex(const struct record *r, const char *key, void *ret, size_t len);
// Is this the type? (NULL-safe)
bool record_is(const struct record *r, const char *type);

size_t record_count(const struct record *r);
// The i-th pair, in order; both borrowed. value may hold NUL bytes; it is NUL-terminated besides.
void record_at(const struct record *r, size_t i, const char **ret_key, const char **ret_value,
               size_t *ret_len);

// Encodes with the closing empty line. The caller frees *ret (wipe it first where it held a secret).
// 0, -EINVAL (a bad key or a key twice), -E2BIG (a cap), -ENOMEM.
int record_encode(const struct record *r, char **ret, size_t *ret_len);

// May a record end in what came to buf behind its first `seen` bytes? While it may not, decoding is in vain, and a
// sender that gives byte after byte would have it done for each.
bool record_may_end(const char *buf, size_t len, size_t seen);

// Decodes the first record of buf: 0 with *ret_used bytes taken, RECORD_MORE when its end is not there yet (and no
// cap is passed), -EBADMSG with a sentence when it can never become one, -ENOMEM.
int record_decode(const char *buf, size_t len, size_t *ret_used, struct record **ret, struct err *err);
