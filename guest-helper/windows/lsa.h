// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The machine's secret, $MACHINE.ACC, as the LSA keeps it, and what the LSA says about the domain. What is read of
// the secret is its digests and its date; the clear text stays in here and is wiped.
//
// The value's digest (SHA-256 of the password as UTF-16) tells "the same password"; the object's (SHA-256 of the
// sealed CurrVal as the registry holds it) is the live fingerprint, the same that a look at the disk finds.
//
//     struct lsa_secret now;
//     rc = lsa_secret_look(&now, &err);
//     rc = lsa_secret_set(&password, now.value, &err);
#pragma once

#include "common/os/seal.h"
#include "common/sid.h"

#include <stdbool.h>
#include <stdint.h>

enum { LSA_NAME = 256 };

struct lsa_domain {
    bool member; // of a domain; else a workgroup
    char netbios[LSA_NAME], dns[LSA_NAME], sid[SID_TEXT];
};
// 0, or -EACCES, -EIO with a sentence.
int lsa_domain_look(struct lsa_domain *ret, struct err *err);

struct lsa_secret {
    uint64_t set_at; // FILETIME
    unsigned char value[DIGEST], object[DIGEST];
};
// 0, -ENOENT (there is none), -EACCES, -EIO with a sentence.
int lsa_secret_look(struct lsa_secret *ret, struct err *err);
// May it be set? Changes nothing.
bool lsa_secret_writable(void);
// Sets the secret, its old value becoming what was current. expect: what must be current, by its digest; when it
// is not, -EAGAIN and nothing is changed. Other failures as above.
int lsa_secret_set(const struct secret *password, const unsigned char expect[static DIGEST], struct err *err);
// The digest that a password will have.
int lsa_value_digest(const struct secret *password, unsigned char ret[static DIGEST]);
