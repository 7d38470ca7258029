// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The nouns that core decides about and store keeps. Plain values without pointers: copying is `=`; nothing owns
// anything. Text fields are NUL-terminated and cut where they would not fit. Times: microseconds since 1970 UTC,
// 0 = none. Nothing here holds a secret in clear.
#pragma once

#include "daemon/core/words.h"

#include <stdbool.h>
#include <stdint.h>

enum { UUID_TEXT = 37, NAME_TEXT = 256, SHORT_TEXT = 64, LONG_TEXT = 512, HASH = 32, TOKEN_TEXT = 33 };

// guest ↔ account, made by the administrator, a policy rule, or proof of possession; never by the guest's word.
struct binding {
    char guest[UUID_TEXT];
    char domain[NAME_TEXT]; // DNS name
    char guid[UUID_TEXT];   // objectGUID
    char sid[192];          // objectSid
    char name[SHORT_TEXT];  // sAMAccountName with '$', as seen when it was bound
    char how[SHORT_TEXT];   // "administrator", "policy"
    int64_t since_us;
};

// The ledger: what was seen together. `proven`: at a moment at which the DC or the guest's own channel showed it true.
struct pair {
    char guest[UUID_TEXT];
    char guid[UUID_TEXT];            // the account
    unsigned char fingerprint[HASH]; // HMAC with the host's key
    uint64_t set_at;                 // FILETIME on the guest's side, 0 unknown
    uint64_t pwd_last_set;           // FILETIME in AD, 0 unknown
    int64_t kvno;                    // in AD, -1 unknown
    int64_t first_us, last_us;       // when first and last seen
    bool proven;
};

// Signals gathered since the guest was last quiet (daemon/core/signal.h).
struct burst {
    uint64_t seen;             // a bit a signal kind
    int64_t first_us, last_us; // last_us 0: no burst
    bool was_running, was_managedsaved, persistent;
    bool disk_replaced, disk_changed, snapshot_back, first_sight;
    bool xml_rewritten; // perhaps by a revert
};

// What is remembered of a guest. Its last description is kept beside it as an encoded record.
struct guest {
    char uuid[UUID_TEXT];
    char name[NAME_TEXT];
    bool present; // still known to libvirt
    bool running; // running or paused
    bool agent_connected;
    bool away;       // left for another host by migration, and did not come back by one: it may run there
    int64_t seen_us; // last signal
    int64_t ran_us;  // last time it was seen running
    struct burst burst;
    int64_t open_case; // 0: none
    int64_t last_case;
    enum verdict verdict; // of the last case
    char cause[SHORT_TEXT];
    int64_t looked_us;
};

// The file on one rollback of one guest.
struct casefile {
    int64_t id;
    char guest[UUID_TEXT];
    char name[NAME_TEXT]; // the guest's name when the case was opened
    enum rollback_kind kind;
    bool witnessed; // a rollback was seen, not only suspected
    bool approved;  // an administrator asked for or approved the repair
    bool dry_run;   // only to say what would be done
    enum case_state state;
    enum outcome outcome;
    enum verdict verdict;
    char cause[SHORT_TEXT]; // stable id
    char text[LONG_TEXT];   // one sentence: what is so
    char would[LONG_TEXT];  // what virtrust would do, or which rule holds it back
    char next[LONG_TEXT];   // what the administrator can do; "" nothing
    unsigned char fingerprint[HASH];
    bool has_fingerprint;
    int64_t rolled_us; // when the rollback was first heard of; moved by a later one while it is looked at
    int64_t opened_us, changed_us, closed_us;
    int64_t wake_us; // when to try again; 0 none
    uint32_t epoch;  // raised by every step: a late answer of an older epoch is dropped
    uint32_t tries;  // of the present state's effect
};

// A domain controller as the guest or the host reads it without a log-on (daemon/core/samedc.h).
struct dc_sight {
    char instance[UUID_TEXT]; // objectGUID of its NTDS settings, lower case; "" unknown
    uint64_t usn;             // highestCommittedUSN; 0 unknown
};

// One queued attempt to repair.
struct job {
    int64_t id, case_id;
    char guest[UUID_TEXT];
    char guid[UUID_TEXT]; // the bound account
    enum job_state state;
    enum outcome outcome;
    enum verdict verdict; // when it ended: what it makes of the case's; VERDICT_UNKNOWN: nothing new
    char text[LONG_TEXT]; // the last answer that mattered, or why it ended
    char next[LONG_TEXT];
    char cause[SHORT_TEXT];
    char token[TOKEN_TEXT];
    char dc[NAME_TEXT]; // the DC that the guest uses; the one that was reset while a secret is unsettled
    unsigned char live[HASH]; // SHA-256 that the helper last reported: what compare-and-set expects
    bool has_live;
    unsigned char public_key[65];
    bool has_public_key;
    bool inherited;      // the sealed secret was there before this job
    bool reset_answered; // this job's reset was answered `done`
    bool stored;         // the probe found the journalled secret in the guest already: its rotation is owed
    bool no_rotation;    // policy forbids the guest to rotate: the journalled secret stays the account's
    bool lends; // strategy `credential`: nothing is reset from here, a credential is lent to the helper
    bool lent;  // that may have been used: what the guest holds may be its own doing
    bool heard; // the guest's agent answered at least once
    struct dc_sight seen; // the last reading of the guest's DC, whoever's it was: the next must follow on it
    bool marked;          // the host has changed something there since, which the guest must see
    bool same_directory;  // that both see the same directory was shown after the last probe
    int64_t kvno_before, kvno_reset, kvno_after; // -1 unknown
    uint64_t pwd_last_set_reset;
    int64_t created_us, changed_us, deadline_us, next_us; // deadline 0: not running; next 0: no wake
    uint32_t epoch, tries, rereads;
};

// What the journal of sealed secrets says about an account: minted before the reset, wiped after the attested rotation.
enum journal_state { JOURNAL_NONE, JOURNAL_MINTED, JOURNAL_CONFIRMED };
