// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The parts of job_step, one for each answer (jobparts.c: the guest's, jobaccount.c: the directory's, jobdirectory.c:
// whether both see the same directory, jobwait.c: the waiting); for jobstep.c.
// Each gets the job_out with `next` already a copy of the job, and the worker's answer (hostile as the guest behind
// it: every field is looked at before it is used).
#pragma once

#include "daemon/core/jobstep.h"
#include "daemon/core/samedc.h"

enum { JOB_SETTLE_TRIES = 5 }; // failures of one effect before a half-done repair is given up

// Enters a state: tries and wake are cleared, the effect is the state's own. note "" leaves no line.
void job_enter(struct job_out *out, enum job_state state, const char *note);
void job_end(struct job_out *out, enum outcome outcome, enum verdict verdict, const char *cause,
             const char *text, const char *next);
// The same effect again after a growing pause, back to waiting for the agent where the guest did not answer; when the
// deadline has passed the job ends: `silent` if the guest was never heard, else `failed` with this reason.
void job_retry(struct job_out *out, const struct job_world *w, int64_t now_us, const char *code,
               const char *text);

// The same for a guest that migrates, however long that takes.
void job_wait_migrated(struct job_out *out, const struct job_world *w, int64_t now_us);

// And for what one domain controller has to hear from another: for a day, which is no failure of anybody's. The second
// asks the guest anew then, for its helper has recorded its refusal under this token.
void job_wait_replicated(struct job_out *out, const struct job_world *w, int64_t now_us, const char *text);
void job_probe_replicated(struct job_out *out, int64_t now_us, const char *text);

// States in which a verb of ours may be half-done in the guest: they repeat it, and do not begin anew.
bool job_must_stay(enum job_state state);

// Back to an earlier state because what was learnt there holds no more. So often at most, over the whole job, that
// nothing can lead it in a circle: then it ends `failed`, and false is returned.
bool job_start_over(struct job_out *out, enum job_state state, const char *cause, const char *text);
// Deals with type=error and with answers of another type. True when the answer is not the awaited one.
bool job_refused_answer(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us,
                        const char *type);
// The DC that is asked from now on: the one that was reset, while what it was reset to is unsettled (another DC may not
// know of it yet); else the one that the guest, or a worker for it, has used.
void job_keep_dc(struct job_out *o, const struct record *a, const struct job_world *w);

// The account as the DC shows it. False (and the job moved on) when it is not there or not the bound one.
bool job_account_fits(struct job_out *o, const struct record *a, const struct job_world *w,
                      int64_t *ret_kvno);

// jobdirectory.c: do host and guest see the same directory? Each is given the answer with the next reading; false, and
// the job moved on, where it does not follow on the one before.
void job_note_probed(struct job_out *o, const struct record *a);
bool job_check_compares(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
bool job_reading_compares(struct job_out *o, const struct record *a);

// jobattest.c: the guest shows what no DC can; no_ticket asks again a few times, then it is a claim.
void job_begin_attesting(struct job_out *o, const char *note);
void job_no_ticket(struct job_out *o, const struct job_world *w, int64_t now_us, const char *code,
                   const char *why);
void job_after_attest(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);

// The guest's policy forbids to rotate what was stored in it: asks the guest itself whether its channel works now.
void job_ask_again(struct job_out *o);

// joblend.c: from reading on, with a credential instead of a reset of ours. need_credential ends the job where there is
// none.
void job_begin_lending(struct job_out *o, const char *note);
void job_need_credential(struct job_out *o, const struct job_world *w);
void job_after_lent_counting(struct job_out *o);
void job_after_vetting(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_lending(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);

void job_after_clock(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_probe(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_comparing(struct job_out *o, const struct record *a, const struct job_world *w,
                         int64_t now_us);
void job_after_check(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_reading(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_reset(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_login(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_counting(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_store(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_rotate(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
void job_after_proof(struct job_out *o, const struct record *a, const struct job_world *w, int64_t now_us);
