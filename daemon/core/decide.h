// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// May virtrust act by itself? One ordered table of rules over the verdict and the circumstances (DESIGN, "When
// virtrust may act by itself"). The first rule that holds decides; if none holds, it acts.
//
//     struct decision d = decide(&circumstances);    // d.action, d.rule, d.text, d.next
#pragma once

#include "daemon/core/types.h"

#include <stddef.h>

enum mode { MODE_CORE_OBSERVE, MODE_CORE_ASK, MODE_CORE_REPAIR }; // as config's, which core does not include

enum action {
    ACTION_NOTHING, // nothing to repair
    ACTION_REFUSE,  // a safety rule forbids it, whoever asks
    ACTION_RECORD,  // observe: only write down what would be done
    ACTION_ASK,     // wait for `virtrust approve`
    ACTION_REPAIR,  // start a job
};

struct circumstances {
    enum verdict verdict;
    char cause[SHORT_TEXT];
    enum mode mode;
    bool bound;
    bool by_policy;         // not bound, but a policy rule names the account: the directory's answer binds it
    bool unanswered;        // the directory could not be asked
    bool domain_configured; // the binding's domain has a credential here
    bool witnessed;         // a rollback was seen
    bool older_secret;      // a known older fingerprint, and the account changed while this guest ran
    bool approved;
    bool manual;    // an administrator asked for this repair
    bool has_agent; // the guest's XML has an agent channel
    bool transient_disks;
    unsigned same_fingerprint; // witnessed rollbacks to this very fingerprint, this one included
    char
        held[LONG_TEXT]; // limits, quiet hours or a circuit breaker would make a repair wait: why; "" nothing
    char twin[NAME_TEXT]; // another guest with this binding that ran since the account's last change; "" none
    bool idle;            // this one has not, and does not run now
    bool away;            // it left for another host by migration
    bool running;
    char name[NAME_TEXT];      // the guest's
    char computer[SHORT_TEXT]; // what a policy rule or the guest suggests as binding; "" none
};

struct decision {
    enum action action;
    enum verdict verdict;  // may sharpen the judged one: twin, recurring, changed-elsewhere
    char rule[SHORT_TEXT]; // "" when nothing holds it back
    char text[LONG_TEXT];  // what virtrust would do, or why not
    char next[LONG_TEXT];  // the administrator's next command, "" none
};

struct decision decide(const struct circumstances *c);

const char *action_text(enum action a); // "nothing" "refuse" "record" "ask" "repair"

// For tests and the manual: the rules' ids in order; NULL behind the last.
const char *decide_rule(size_t i);
