// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What virtrust-directory remembers of its own resets: one line an attempted write, oldest first. It answers
// two questions: how many were attempted within the last hour, and what became of this token. Pure: the time
// is handed in, the file is journal.h's.
//
// A clock that goes backwards unlocks nothing: "now" is never earlier than the newest line, so the hour then
// lasts until the clock has caught up. Neither token nor secret stands in a line, only the token's digest.
//
//     if (attempts_in_hour(&a, now_us) < limit)
//         rc = attempts_add(&a, &(struct attempt){.at_us = now_us, ...});
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "common/sid.h"
#include "daemon/directory/request.h"

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT = 33 };

enum attempt_state {
    ATTEMPT_STARTED, // written down before the DC is asked; what became of it is not known
    ATTEMPT_DONE,
    ATTEMPT_REFUSED, // by the DC: nothing was written
    ATTEMPT_UNKNOWN,
};

struct attempt {
    int64_t at_us;
    char token[DIGEST_TEXT]; // digest (token.h)
    char guid[GUID_TEXT];
    char dc[HOST_TEXT]; // the DC that was asked: only there the question "did it take?" has an answer
    enum attempt_state state;
    uint32_t kvno; // before; after, once done and known
};

struct attempts {
    struct attempt *items;
    size_t n, room;
};

void attempts_done(struct attempts *a);
#define _cleanup_attempts_ _cleanup_(attempts_done)

// The text of the file, and back. attempts_parse: 0, -EBADMSG with a sentence (damage is never read as "no
// attempts yet"), -ENOMEM. attempts_format: *ret is the caller's to free; 0 or -ENOMEM.
int attempts_parse(const char *text, struct attempts *ret, struct err *err);
int attempts_format(const struct attempts *a, char **ret, size_t *ret_len);

unsigned attempts_in_hour(const struct attempts *a, int64_t now_us);
// The newest attempt of this token or account; borrowed, NULL when there is none.
struct attempt *attempts_of_token(const struct attempts *a, const char *digest);
const struct attempt *attempts_of_guid(const struct attempts *a, const char *guid);
// Appends (its at_us is raised to the newest line's when the clock went backwards) and drops what is older
// than thirty days: 0 or -ENOMEM.
int attempts_add(struct attempts *a, const struct attempt *attempt);
