// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of causes, for cause.c: its rows (causerows.c), and their conditions (causewhen.c, causenow.c).
//
// In text and command stand: %g the guest, %a the account, %d the domain, %n the DC judged by, %c the subject (what
// `subject` fills in), %t the judged sentence, %p the probed one; in a command %G %C for a shell and %A %P %D %N for
// PowerShell: guest, subject; account, subject, DC, DN; %S the account for a shell, %I its GUID, %H its host SPN.
// A command of two lines: for Windows guests, for others.
#pragma once

#include "daemon/core/cause.h"

typedef bool (*cause_when)(const struct cause_facts *f);
typedef void (*cause_subject)(const struct cause_facts *f, char *ret, size_t size);

struct cause_row {
    const char *id;
    uint32_t explains; // verdicts, a bit each
    bool beside;       // also told beside another cause
    enum confidence confidence;
    enum health health;
    unsigned rests;
    cause_when holds;
    cause_subject subject; // NULL: none
    const char *text;
    enum place place;
    const char *command;
};

extern const struct cause_row cause_rows[];
extern const size_t cause_rows_count;

// ---- conditions on guest, account, ledger and history (causewhen.c) ----
bool when_always(const struct cause_facts *f);
bool when_rolled_without_genid(const struct cause_facts *f);
bool when_rolled_with_genid(const struct cause_facts *f);
bool when_join_pending(const struct cause_facts *f);
bool when_renamed(const struct cause_facts *f);
bool when_other_domain(const struct cause_facts *f);
bool when_unbound(const struct cause_facts *f);
bool when_recreated(const struct cause_facts *f);
bool when_clone(const struct cause_facts *f);
bool when_recurring(const struct cause_facts *f);
bool when_dc_restored(const struct cause_facts *f);
bool when_dc_unasked(const struct cause_facts *f);
bool when_double_name(const struct cause_facts *f);
bool when_reverted(const struct cause_facts *f);
bool when_restored(const struct cause_facts *f);
bool when_replaced(const struct cause_facts *f);
bool when_rolled(const struct cause_facts *f);
bool when_rolled_unseen(const struct cause_facts *f);
bool when_changed_while_off(const struct cause_facts *f);
bool when_changed_while_running(const struct cause_facts *f);
bool when_encrypted(const struct cause_facts *f);
bool when_unread(const struct cause_facts *f);
bool when_no_directory(const struct cause_facts *f);

// ---- conditions on the probe, clocks, DCs and settings (causenow.c) ----
bool when_probe_healthy(const struct cause_facts *f);
bool when_probe_broken(const struct cause_facts *f);
bool when_lagging_dc(const struct cause_facts *f);
bool when_guest_clock(const struct cause_facts *f);
bool when_host_clock(const struct cause_facts *f);
bool when_dc_clock(const struct cause_facts *f);
bool when_host_or_dc_clock(const struct cause_facts *f);
bool when_some_clock(const struct cause_facts *f);
bool when_resolver(const struct cause_facts *f);
bool when_dc_unreachable(const struct cause_facts *f);
bool when_netlogon_off(const struct cause_facts *f);
bool when_netlogon_stopped(const struct cause_facts *f);
bool when_users_off(const struct cause_facts *f);
bool when_realm_differs(const struct cause_facts *f);
bool when_isolated(const struct cause_facts *f);
bool when_spn_missing(const struct cause_facts *f);
bool when_spn_twice(const struct cause_facts *f);
bool when_outside_base(const struct cause_facts *f);
bool when_dcs_differ(const struct cause_facts *f);
bool when_rotation_due(const struct cause_facts *f);
bool when_rotation_off(const struct cause_facts *f);
bool when_laps(const struct cause_facts *f);
bool when_bitlocker(const struct cause_facts *f);
bool when_tpm(const struct cause_facts *f);
bool when_entra(const struct cause_facts *f);

// ---- subjects ----
void subject_clone(const struct cause_facts *f, char *ret, size_t size);
void subject_twin(const struct cause_facts *f, char *ret, size_t size);
void subject_double(const struct cause_facts *f, char *ret, size_t size);
void subject_count(const struct cause_facts *f, char *ret, size_t size);
void subject_rollback(const struct cause_facts *f, char *ret, size_t size); // its time
void subject_changed(const struct cause_facts *f, char *ret,
                     size_t size); // when the directory's password was set
void subject_unasked(const struct cause_facts *f, char *ret, size_t size);   // DCs
void subject_differing(const struct cause_facts *f, char *ret, size_t size); // DCs that show another state
void subject_probe_dc(const struct cause_facts *f, char *ret, size_t size);
void subject_clock(const struct cause_facts *f, char *ret, size_t size);    // how much the guest's is off
void subject_dc_clock(const struct cause_facts *f, char *ret, size_t size); // the DC whose clock is off
void subject_resolvers(const struct cause_facts *f, char *ret, size_t size);
void subject_users(const struct cause_facts *f, char *ret, size_t size); // the service that looks users up
void subject_realm(const struct cause_facts *f, char *ret, size_t size);
void subject_spn(const struct cause_facts *f, char *ret, size_t size);
void subject_spn_other(const struct cause_facts *f, char *ret, size_t size);
void subject_base(const struct cause_facts *f, char *ret, size_t size);
void subject_age(const struct cause_facts *f, char *ret, size_t size);
void subject_sam(const struct cause_facts *f, char *ret, size_t size); // what the guest calls itself

// The view that the evidence's directory side was taken from; NULL.
const struct dc_view *view_judged(const struct cause_facts *f);

// Do two DCs show the account in different states: there or not, its password, disabled or not, its place?
bool views_differ(const struct dc_view *a, const struct dc_view *b);
