// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The directory as the guest sees it: one connection to one DC by LDAP. Whatever is written, and every login, goes
// signed and sealed (Negotiate); where that cannot be had, there is no login.
//
//     _cleanup_directory_ struct directory *d = NULL;
//     rc = directory_open("dc1.corp.test", &d, &err);
//     rc = directory_login(d, "CORP", "WEB1$", &password, &err);
#pragma once

#include "common/err.h"
#include "common/secret.h"
#include "common/sid.h"

#include <stdint.h>

enum { DIRECTORY_NAME = 512 };

struct directory;

// 0 or -EHOSTUNREACH with a sentence.
int directory_open(const char *dc, struct directory **ret, struct err *err);
struct directory *directory_free(struct directory *d);
DEFINE_CLEANUP(struct directory *, directory_free);
#define _cleanup_directory_ _cleanup_(directory_freep)

// The DC's clock, to the second, without a login: 0 or -EIO.
int directory_time(struct directory *d, int64_t *ret_us);

// Without a login: the name of its NTDS settings with its GUID ("<GUID=…>;CN=…"), and its highest committed USN (0
// where it does not say). 0 or -EIO.
int directory_root(struct directory *d, char ret_service[static DIRECTORY_NAME], uint64_t *ret_usn);

// 0, -EACCES (these are not accepted), -ENOTSUP (no signing and sealing here), -EIO; all with a sentence.
int directory_login(struct directory *d, const char *domain, const char *user, const struct secret *password,
                    struct err *err);

struct directory_account {
    char dn[DIRECTORY_NAME], name[DIRECTORY_NAME]; // sAMAccountName
    uint32_t uac;                                  // userAccountControl
    uint32_t kvno;                                 // 0: unknown
};
// By SID (S-1-5-21-…), after a login. 0, -ENOENT (none, or not to be seen), -EIO.
int directory_find(struct directory *d, const char *sid, struct directory_account *ret, struct err *err);
// Replaces unicodePwd: the right *Reset Password*. 0, -EPERM (the DC says no), -EIO (it may have happened).
int directory_reset(struct directory *d, const char *dn, const struct secret *password, struct err *err);
