// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Proof of possession, the directory's side: `challenge` gives out a nonce for one guest, `attest` looks at what the
// guest made of it (common/attestation.h) and names the account whose password it holds, as the KDC's ticket and the
// directory say, or the rule that fails (proof_rules.h). It never takes an account's name from who asks.
//
//     rc = attest_answer(domain, "/var/lib/virtrust", &request, &record, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/request.h"

int challenge_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                     struct record **ret, struct failure *f);
int attest_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                  struct record **ret, struct failure *f);

// virtrust's own service principal with its realm: the configured one, else virtrust/<this host's DNS name>. 0, or
// -EINVAL (code `config`).
int attest_target(const struct config_domain *domain, char ret[static ATTESTATION_TARGET], struct failure *f);
