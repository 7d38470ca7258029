// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The request `vet`: is this credential good for this one account, and for nothing else? It is to be lent to a guest,
// whose administrator can keep it; so whatever else it opens would be his. Asked before each loan:
//
//   - the account is one that virtrust may reset at all (reset_rules.h);
//   - the credential logs in, as a user of this domain who is in no mighty group;
//   - it may reset that account's password;
//   - it may reset, write or govern no other object below the base, and nothing by way of the domain's head or of any
//     OU, neither those themselves nor what lies below them; nor may it copy the domain's secrets (replication);
//   - nor any of the objects, wherever they lie, through which the domain is ruled: domain controllers, what
//     AdminSDHolder protects (mighty groups and their members) and itself, group policies.
//
// What cannot be seen counts as too much. Nothing is written.
//
//     rc = vet_answer(domain, &request, &record, &failure);
#pragma once

#include "common/secdesc.h"
#include "daemon/config/config.h"
#include "daemon/directory/failure.h"
#include "daemon/directory/request.h"
#include "daemon/directory/session.h"

// *ret: `vetted` with result good, refused (rule, text, next) or unknown. 0 or negative errno (nobody could be asked).
int vet_answer(const struct config_domain *domain, const struct request *q, struct record **ret,
               struct failure *f);

// ---- vetlook.c: many objects, one after another ----
struct vet_look {
    const struct secdesc_token *token;
    const char *target; // the account's DN: it and what lies below it do not count
    bool below;         // what may be done below each of the objects counts, too
    // the outcome
    unsigned seen;
    char first[DN_TEXT]; // the first object over which there is power; "" none
    const char *power;   // and which: "reset", "write", "govern", "copy the secrets of"
    bool hidden;         // an object did not show who may do what
};
// All that the filter finds: 0, or negative errno (not all could be looked at).
int vet_look(struct session *s, const char *base, const char *filter, struct vet_look *look,
             struct failure *f);
// One object's own: 0, -ENOENT (not there, or it does not show who may do what), other negative errno.
int vet_power(struct session *s, const char *dn, const struct secdesc_token *token, struct secdesc_power *ret,
              struct failure *f);
