// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The steps that need nothing of the system but its crypto library: opening what the host has sealed, minting a
// password, reading one back. They set how the run ends, as every step does (steps.h).
//
//     password_open(&run, &run.password);
//     password_mint(&run, "WEB1$", "CORP.TEST");
#pragma once

#include "guest-helper/steps.h"

// Opens the request's blob with the token's one-use key.
void password_open(struct run *r, struct secret *ret);
// A credential is "DOMAIN\user", a new line, the password: parted into names and a secret of its own. False, and the
// run over, when it is none.
enum { PASSWORD_NAME = 256 };
bool password_part(struct run *r, char ret_domain[static PASSWORD_NAME], char ret_user[static PASSWORD_NAME],
                   struct secret *ret_password);
// Is it a password that every way can carry? Else the run is over.
void password_check(struct run *r);
// A new password, journalled as `pending` together with whose it is.
void password_mint(struct run *r, const char *account, const char *realm);
// The journalled one; the run is over when it is another account's.
void password_recall(struct run *r, const char *account, const char *realm);
