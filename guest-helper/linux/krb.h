// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kerberos against one named DC: the library is given a configuration of its own, which names this DC as the realm's
// only KDC and password server, so that what is asked and what is changed is asked of and changed on the same DC. The
// guest's krb5.conf has no part in it.
//
// A struct krb owns its library context; krb_free(NULL) is fine. Blocking; the DC is known to listen (dc.h), and the
// helper as a whole has a time limit.
//
//     _cleanup_krb_ struct krb *k = NULL;
//     rc = krb_new("LAB.TEST", "dc1.lab.test", "HOST1$", &k, &err);
//     if (krb_try_keytab(k, "/etc/krb5.keytab", &err) == KRB_OK) …
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "common/secret.h"

#include <stddef.h>
#include <stdint.h>

// What the DC said to a login. Only KRB_PREAUTH_FAILED is something that a new password mends.
enum krb_answer {
    KRB_OK,
    KRB_PREAUTH_FAILED,
    KRB_NO_DC,
    KRB_CLOCK_SKEW,
    KRB_ACCOUNT_MISSING,
    KRB_ACCOUNT_DISABLED,
    KRB_NO_KEY, // the keytab has no key of a type that the DC takes
    KRB_OTHER,
};
const char *krb_answer_code(enum krb_answer a); // "preauth-failed"

struct krb;

// realm and account are what the keytab says; dc is a host name. 0, -EINVAL (a name with bytes that no such name has),
// -ENOMEM, -EIO.
int krb_new(const char *realm, const char *dc, const char *account, struct krb **ret, struct err *err);
struct krb *krb_free(struct krb *k);
DEFINE_CLEANUP(struct krb *, krb_free);
#define _cleanup_krb_ _cleanup_(krb_freep)

// Logs in; err holds the library's sentence unless KRB_OK.
enum krb_answer krb_try_keytab(struct krb *k, const char *path, struct err *err);
enum krb_answer krb_try_password(struct krb *k, const struct secret *password, struct err *err);

// The key version that the DC uses for this account now, out of a ticket for the account itself. 0 or -EIO.
int krb_kvno(struct krb *k, const struct secret *password, uint32_t *ret, struct err *err);

// Logs in by the keytab and gets a ticket for a service of the same realm ("virtrust/host1.corp.test@CORP.TEST"), which
// then lies in this process' memory, where $KRB5CCNAME and $KRB5_CONFIG lead other libraries to; krb_drop_ticket
// forgets it. err holds a sentence unless KRB_OK; KRB_ACCOUNT_MISSING can mean the service, too.
enum krb_answer krb_service_ticket(struct krb *k, const char *keytab, const char *target, struct err *err);
void krb_drop_ticket(struct krb *k);

enum { KRB_KEY_MAX = 32 };
struct krb_key {
    uint16_t enctype;
    size_t len;
    unsigned char bytes[KRB_KEY_MAX];
};

// The keys that a password gives, one for each known enctype of the list (others are passed over); the salt is the
// one that the DC tells, else AD's rule for computers. 0, -EIO; *ret_n <= n. The caller wipes the keys.
int krb_keys(struct krb *k, const struct secret *password, const uint16_t *enctypes, size_t n,
             struct krb_key *ret, size_t *ret_n, struct err *err);

enum krb_change {
    KRB_CHANGED,        // the DC says so
    KRB_CHANGE_REFUSED, // the DC says no: nothing was changed
    KRB_CHANGE_UNKNOWN, // no clear answer: it may have been changed
};
// Changes the account's own password over kpasswd, logging in by the keytab.
enum krb_change krb_change_password(struct krb *k, const char *keytab, const struct secret *password,
                                    struct err *err);

// For a struct krb of somebody else, who may reset this account (strategy `credential`): logs in to the password
// service once, and then sets another account's password with that.
enum krb_answer krb_as_changer(struct krb *k, const struct secret *password, struct err *err);
enum krb_change krb_set_password(struct krb *k, const char *account, const struct secret *password,
                                 struct err *err);
