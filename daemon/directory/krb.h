// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kerberos against one named DC: a ticket for the delegated account out of its keytab, and the question
// whether a password is an account's current one.
//
// All of it is pinned to that DC by a krb5.conf of our own, which lies in a memfd and is named by
// $KRB5_CONFIG, so that SASL's GSSAPI uses it too; the system's krb5.conf is not read. The ticket lies in a
// MEMORY cache, named by $KRB5CCNAME; nothing of it reaches a disk. Only AES is spoken: an older cipher would
// seal nothing worth the name.
//
//     _cleanup_(krb_freep) struct krb *krb = NULL;
//     rc = krb_open(domain, "dc1.corp.test", &krb, &failure);
//     enum login result = krb_login(krb, "VM1$", &secret, &err);
#pragma once

#include "common/secret.h"
#include "daemon/config/config.h"
#include "daemon/directory/failure.h"
#include "daemon/directory/request.h"

#include <limits.h>

struct krb;

// Sets $KRB5_CONFIG and $KRB5CCNAME of this process. 0, -EHOSTUNREACH (this DC's KDC does not serve; another
// may) or another negative errno (codes `keytab`, `credential`, `clock`, `internal`: asking another DC would
// not help).
int krb_open(const struct config_domain *domain, const char *dc, struct krb **ret, struct failure *f);
// The same for somebody else, by password: -EACCES with code `credential` when the KDC does not take it.
int krb_open_as(const struct config_domain *domain, const char *dc, const char *user,
                const struct secret *password, struct krb **ret, struct failure *f);
struct krb *krb_free(struct krb *krb);
DEFINE_CLEANUP(struct krb *, krb_free);

enum login {
    LOGIN_ACCEPTED,
    LOGIN_REFUSED, // the KDC says that this is not the password
    LOGIN_UNKNOWN, // anything else: silent, account disabled or locked, no common cipher, ...
};

// One request to the KDC with the password of `name`; never a second one: it would count as a bad logon.
// `err` gets a sentence unless accepted.
enum login krb_login(struct krb *krb, const char *name, const struct secret *secret, struct err *err);

// Where the domain's keytab lies, and the realm of its principal: 0, or negative errno (codes `keytab`, `config`).
int krb_keytab_path(const struct config_domain *domain, char ret[static PATH_MAX], struct failure *f);
int krb_realm_of(const struct config_domain *domain, char ret[static HOST_TEXT], struct failure *f);

// The token as it is written down: 32 hex digits that do not give it away. 0 or -EIO.
int token_digest(const char *token, char ret[static 33]);
