// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What was learnt last of a guest that policies ask for: where its account lies in the directory, and the role that
// its disk tells. A row goes with its guest.
//
//     struct fact fact;
//     if (store_fact_get(s, uuid, &fact, &err) == 0 && strcmp(fact.guid, binding.guid) == 0) ... fact.dn
#pragma once

#include "daemon/store/store.h"

enum { FACT_DN = 1100 };

struct fact {
    char guest[UUID_TEXT];
    char guid[UUID_TEXT]; // of the account whose DN it is
    char dn[FACT_DN];     // "" unknown
    enum role role;
};

int store_fact_get(struct store *s, const char *guest, struct fact *ret, struct err *err); // STORE_NONE
int store_fact_put(struct store *s, const struct fact *f, struct err *err);
