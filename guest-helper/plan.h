// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a verb does, decided before anything is touched: from what the request wants and what the guest's own records
// say, either an answer at once or the list of steps. Pure; the same tables for every system. The rules, in order:
// a finished verb is answered from its record; a retired token is refused; a guest that holds something else than the
// request expects is refused, unless it holds what this very verb was storing when it was interrupted.
//
// Nothing is owned: texts and lists are constant.
//
//     struct plan p = plan_make(VERB_STORE, &facts);
//     for (const enum step *s = p.steps; s && *s != STEP_END; s++) …
#pragma once

#include <stdbool.h>

enum verb {
    VERB_PROBE,
    VERB_STORE_CHECK,
    VERB_STORE,
    VERB_ROTATE,
    VERB_REPAIR, // set a new password with a credential that came sealed (DESIGN, strategy `credential`)
};

// Each is one journalled step; a process may end between any two of them and is resumed by the same token.
enum step {
    STEP_END,
    STEP_OPEN,   // open what is sealed: the secret, or the credential
    STEP_FIND,   // log in with the credential and find the account
    STEP_MINT,   // make a new password and journal it
    STEP_SETTLE, // read the journalled password and ask the DC whether it took it
    STEP_ACCEPT, // the DC must take the secret; what kvno and salt are its keys?
    STEP_CHANGE, // let the password be changed (nothing when STEP_SETTLE found it taken)
    STEP_WRITE,  // the local store: keytab, LSA secret
    STEP_TELL,   // what else keeps a copy: Samba's secrets, cached tickets
    STEP_SHOW,   // log in with what is now stored: the channel itself
};

struct plan_facts {
    bool finished;       // this token and verb have a recorded result
    bool token_known;    // its probe was here
    bool token_retired;  // a newer token's probe came after it
    bool has_key;        // the token's one-use key is there
    bool joined;         // the guest holds a machine secret of a domain
    bool not_readable;   // there is one, or there may be, and the helper cannot read it
    bool expect_given;   // the request names a well-formed fingerprint
    bool expect_is_live; // and the guest holds just that
    bool was_storing;    // the guest holds what this verb's journal says it was about to store
    bool pending;        // a journalled password waits for this verb
    bool store_writable; // the local store can be replaced
    bool begun;          // this verb's journal is there: it was interrupted, or it failed
    bool sid_given;      // the request says whose password (repair)
    // The system's. A Windows member's password lies with the LSA, and Netlogon is who rotates it.
    bool lsa;
    bool domain_controller; // or it cannot be told that it is none
    bool isolated;          // the machine's identity may lie in a place that nobody here can write
    bool sid_differs;       // the request's SID is not the one that the guest has for itself
};

enum plan_kind {
    PLAN_RECORDED, // answer with the recorded result
    PLAN_REFUSE,   // answer `refused` with reason and text; nothing changes
    PLAN_READY,    // store-check: everything stands ready
    PLAN_DO,       // perform the steps
};

struct plan {
    enum plan_kind kind;
    const char *reason, *text; // of a refusal
    const enum step *steps;    // of PLAN_DO, closed by STEP_END
};

struct plan plan_make(enum verb verb, const struct plan_facts *facts);
// May this guest show which account it holds? PLAN_READY or PLAN_REFUSE. A domain controller's account is nobody's to
// be bound, and who is no member has none; where it cannot be read, that is said, and not that there is none.
struct plan plan_attest(const struct plan_facts *facts);
// The same plan; when it is refused because the secret cannot be read, its text is `why` (borrowed; "": as it was).
struct plan plan_explain(struct plan p, const char *why);

const char *verb_name(enum verb verb); // "store-check"
// 0 or -EINVAL.
int verb_parse(const char *name, enum verb *ret);
const char *step_name(enum step step); // "write"
