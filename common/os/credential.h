// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A credential to be lent to a guest's helper (strategy `credential`): who may reset that one computer account, and the
// password. Its text is "DOMAIN\user", a new line, the password; DOMAIN is the domain's NetBIOS or DNS name.
//
//     _cleanup_secret_ struct secret s = {0};
//     rc = credential_read_file("/root/web1.credential", &s, &err);
#pragma once

#include "common/err.h"
#include "common/secret.h"

// 0, or -EINVAL with what is wrong with its form.
int credential_check(const struct secret *credential, struct err *err);
// A credential out of its own file: regular, nobody's but its owner's (no bit of group or others), who is root or this
// process' user. What ends the last line is left out. 0, -ENOENT, -EPERM, -EINVAL … with a sentence.
int credential_read_file(const char *path, struct secret *ret, struct err *err);
// Out of the directory of files, one for each account, named as the account is ("WEB1$").
int credential_read_dir(const char *dir, const char *account, struct secret *ret, struct err *err);
