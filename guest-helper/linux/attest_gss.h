// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The GSS-API's part of an attestation. The library is loaded only here: a guest that was joined by adcli, sssd or
// Samba has it, but a helper must run without it, too.
//
//     rc = attest_gss("virtrust/host1.corp.test@CORP.TEST", statement, len, &attestation, &err);
#pragma once

#include "common/attestation.h"

// With the ticket of the cache that $KRB5CCNAME names. 0, -ELIBACC (there is no such library), -EIO with a sentence.
int attest_gss(const char *target, const char *statement, size_t len, struct attestation *ret,
               struct err *err);
