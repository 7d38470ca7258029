// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The bytes of the keytab that follows on an old one when the machine's password has changed. Pure.
//
// The account's principals are the machine's own (HOST$) and every one that has a key in common with it in the old
// keytab: host/…, RestrictedKrbHost/…, nfs/… . For each of them there is one new entry a key. Of their old entries
// those of the key version before stay, so that tickets that are still about can be read; older ones go, and so do
// those of the new version or beyond, which another directory or account must have left. Everybody else's entries
// stay byte for byte.
//
//     rc = keytab_machine(old, len, NULL, &m, &err);
//     rc = ktmake(old, len, &m.entry, keys, n, 5, time(NULL), &bytes, &bytes_len, &err);
#pragma once

#include "common/keytab.h"
#include "guest-helper/linux/krb.h"

// The distinct enctypes of the machine's newest entries, and AES 256 and 128 besides; *ret_n <= max.
int ktmake_enctypes(const void *old, size_t len, const struct keytab_entry *machine, uint16_t *ret,
                    size_t max, size_t *ret_n, struct err *err);

// *ret: malloc'd; the caller wipes and frees it. 0, -EBADMSG (the old keytab), -E2BIG, -ENOMEM.
int ktmake(const void *old, size_t len, const struct keytab_entry *machine, const struct krb_key *keys,
           size_t n, uint32_t kvno, uint32_t now, unsigned char **ret, size_t *ret_len, struct err *err);
