// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One request of virtrustd (PROTOCOL, "virtrustd → directory"), read out of its record and checked for form:
// names, GUIDs and SIDs are well-formed afterwards, so that what follows may put them (escaped) into a
// filter. Whether the request may be granted is not decided here (reset_rules.h).
//
// The struct holds its own copies, the secret among them: the record can be freed (and is thereby wiped) at
// once.
//
//     _cleanup_(request_done) struct request q = {0};
//     rc = request_parse(record, &q, &failure);
#pragma once

#include "common/attestation.h"
#include "common/hostname.h"
#include "common/secret.h"
#include "common/sid.h"
#include "daemon/directory/failure.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { HOST_TEXT = HOSTNAME_TEXT, TOKEN_TEXT = 65, NAME_TEXT = 257, ACCOUNTS_MAX = 64 };

enum request_kind {
    REQUEST_ACCOUNT,
    REQUEST_ACCOUNTS,
    REQUEST_RESET,
    REQUEST_LOGIN,
    REQUEST_CHECK,
    REQUEST_VET,
    REQUEST_CHALLENGE,
    REQUEST_ATTEST
};

// One of the accounts that are asked for together: named by one of the three, or `wrong` says what is wrong with it.
struct whose {
    char guid[GUID_TEXT], sid[SID_TEXT], name[NAME_TEXT], wrong[160];
};

struct request {
    enum request_kind kind;
    char domain[HOST_TEXT]; // DNS name
    char dc[HOST_TEXT];     // "" when none is wished for
    char guid[GUID_TEXT];   // lower case; "" when absent
    char sid[SID_TEXT];     // "" when absent
    char name[NAME_TEXT];   // sAMAccountName with its dollar; "" when absent
    bool mark;              // account, with a wish for one DC: changes something there, see mark.h
    uint32_t kvno;          // reset: the one before
    char token[TOKEN_TEXT]; // reset
    struct secret secret;   // reset, login; vet: the credential
    struct whose *list;     // accounts: owned
    size_t count;
    struct attestation_claim claim; // challenge (its guest), attest
    struct attestation attestation; // attest: owned
    bool fresh;                     // attest: the ticket must be newer than the account's password
    uint64_t after;                 // and where that is not shown, than this FILETIME; 0: none
};

static inline void request_done(struct request *q)
{
    free(q->list);
    attestation_done(&q->attestation);
    secret_wipe(q, sizeof *q);
}

// 0, or -EINVAL with code `bad-request` and a sentence that names the key.
int request_parse(const struct record *r, struct request *ret, struct failure *f);
