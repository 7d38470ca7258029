// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// MIT keytab files (version 0x0502) read from memory, and the one entry that matters: the machine's own key,
// the newest key version of HOST$@REALM and of those the strongest enctype. Pure; hostile bytes are the
// normal case.
//
// Nothing is allocated. An entry's key is borrowed from the file's bytes: who owns those wipes them
// (secret_wipe). A key's hash is the caller's business (seal_sha256 of key, key_len is the `secret_sha256` of
// the messages).
//
//     struct keytab_machine m;
//     rc = keytab_machine(bytes, len, NULL, &m, &err);   // 0: m.entry.principal, .kvno, .timestamp, .key …
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KEYTAB_FILE_MAX = 1024 * 1024, // bytes of a file
    KEYTAB_ENTRIES_MAX = 4096,     // entries of a file, holes included
    KEYTAB_COMPONENTS_MAX = 8,     // parts of a principal
    KEYTAB_NAME_MAX = 384,         // bytes of a principal as text, and of a realm, NUL included
    KEYTAB_KEY_MAX = 256,          // bytes of a key
};

// The enctypes that Active Directory uses (RFC 3961 and successors); others keep their number.
enum {
    KEYTAB_RC4_HMAC = 23,
    KEYTAB_AES128_SHA1 = 17,
    KEYTAB_AES256_SHA1 = 18,
    KEYTAB_AES128_SHA2 = 19,
    KEYTAB_AES256_SHA2 = 20,
};

struct keytab_entry {
    // Without realm; parts joined by '/', special bytes escaped as krb5 does it.
    char principal[KEYTAB_NAME_MAX];
    char realm[KEYTAB_NAME_MAX];
    uint32_t kvno;
    uint32_t timestamp; // seconds since 1970, as the writer's clock had it; 0 where the writer set none
    uint16_t enctype;
    const unsigned char *key; // borrowed from the file's bytes
    size_t key_len;
};

struct keytab_reader {
    const unsigned char *data;
    size_t len, at;
    unsigned count; // entries and holes passed so far
};

enum { KEYTAB_END = 1 };        // keytab_next: no further entry
enum { KEYTAB_NO_MACHINE = 2 }; // keytab_machine: a sound keytab without an entry HOST$@REALM

// 0, or -EBADMSG with a sentence: no keytab, another version, too large. Borrows data.
int keytab_open(struct keytab_reader *r, const void *data, size_t len, struct err *err);
// 0, KEYTAB_END, or -EBADMSG with a sentence (a length that leads out of the file, a cap).
int keytab_next(struct keytab_reader *r, struct keytab_entry *ret, struct err *err);

// Is it a machine's own principal: one part, at least two characters, the last a '$'?
bool keytab_is_machine(const struct keytab_entry *e);
// Stronger enctypes give larger numbers: 20, 18, 19, 17, then the others, RC4 and the DES ones last.
int keytab_strength(uint16_t enctype);

struct keytab_machine {
    struct keytab_entry entry; // newest kvno, strongest enctype of it
    unsigned entries;          // entries of the whole file
    unsigned others;           // entries of other machine principals or realms: a second join's leavings
    // Of any entry of this machine; later than entry's: the key versions are out of order.
    uint32_t newest_timestamp;
};

// principal NULL: whichever machine principal has the newest timestamp; else only this one ("HOST$", case
// does not matter). 0, KEYTAB_NO_MACHINE, -EBADMSG with a sentence. *ret untouched unless 0.
int keytab_machine(const void *data, size_t len, const char *principal, struct keytab_machine *ret,
                   struct err *err);
