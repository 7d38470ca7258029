// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The keys with which tickets for virtrust's service are opened, in memory only: every AES key of the keytab that
// belongs to the service principal itself or to the delegated account, whose keys the domain uses for it; all of them
// under the service principal's name.
//
//     struct ticket_keys keys = {0};
//     rc = ticket_keys_load(path, "svc@CORP.TEST", "virtrust/host1.corp.test@CORP.TEST", &keys, &failure);
#pragma once

#include "daemon/directory/failure.h"

#include <krb5/krb5.h>

struct ticket_keys {
    krb5_context context;
    krb5_keytab memory;
    char name[64]; // as libraries take it: "MEMORY:…"
};

// 0 or -EACCES (code `keytab`: unreadable, or it has none), -EIO (`internal`).
int ticket_keys_load(const char *keytab, const char *principal, const char *target, struct ticket_keys *ret,
                     struct failure *f);
void ticket_keys_done(struct ticket_keys *k); // all zero is fine
