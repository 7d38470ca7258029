// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The Linux side of a run (steps.h): Kerberos at one DC, and the keys that the new password gives.
//
//     run->w->k, run->m->kt
#pragma once

#include "guest-helper/linux/dc.h"
#include "guest-helper/linux/krb.h"
#include "guest-helper/linux/member.h"
#include "guest-helper/steps.h"

enum { ENCTYPES_MAX = 8 };

struct world {
    struct krb *k;
    struct krb *admin; // repair: who may reset this account
    char dc[DC_NAME];
    struct krb_key keys[ENCTYPES_MAX];
    size_t n_keys;
};
