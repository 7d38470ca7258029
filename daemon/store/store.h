// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What virtrustd remembers: SQLite (STRICT tables, WAL, synchronous=FULL, foreign keys), one file
// `<state>/virtrust.db`, 0600, one writer. The engine does one transaction an input: store_begin, changes,
// store_commit; an error or store_rollback leaves everything as it was. Reading needs no transaction.
//
// Errors: negative errno with a sentence that names the file and the next step: -EPROTO for a database of a newer
// version ("made by a newer virtrust (schema 7, this one knows 3); install that version again"), -EUCLEAN for a
// damaged one, -ENOSPC for a full disk, -EBUSY when another virtrustd holds it, -EACCES. STORE_NONE: no such row.
// A change that fails inside a transaction undoes all of it at once; what follows is refused with -ECANCELED (the
// commit too) until store_commit or store_rollback closes it. Ret outputs are untouched unless 0 is returned.
//
// The function that an _each walk calls may read and change the store, but neither commit nor roll back.
//
//     _cleanup_(store_closep) struct store *store = NULL;
//     rc = store_open("/var/lib/virtrust/virtrust.db", &store, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "common/record.h"
#include "daemon/core/types.h"

enum { STORE_NONE = 1, STORE_SCHEMA = 12 };

struct store;

int store_open(const char *path, struct store **ret, struct err *err); // creates or upgrades
struct store *store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close);

int store_begin(struct store *s, struct err *err);
int store_commit(struct store *s, struct err *err);
void store_rollback(struct store *s); // fine without a transaction

// ---- can it be written? ----
struct store_trouble {
    int64_t since_us; // when the first write of those failed that have not succeeded since
    char text[ERR_TEXT_MAX];
};
const struct store_trouble *store_trouble(const struct store *s); // NULL: the last write succeeded
// Writes something of the size of what is written usually, and takes it back: 0 ends the trouble.
int store_try(struct store *s, struct err *err);

// ---- guests; the description (an encoded `signal` or `described` record's keys) lies beside ----
int store_guest_get(struct store *s, const char *uuid, struct guest *ret, struct err *err);
int store_guest_put(struct store *s, const struct guest *g, struct err *err);
int store_guest_find(struct store *s, const char *name_or_uuid, struct guest *ret,
                     struct err *err); // present ones first
int store_description_get(struct store *s, const char *uuid, struct record **ret,
                          struct err *err); // STORE_NONE
int store_description_put(struct store *s, const char *uuid, const struct record *r, struct err *err);
// Calls f for each, in order of name; f != 0 ends the walk and is returned.
int store_guest_each(struct store *s, int (*f)(const struct guest *g, void *arg), void *arg, struct err *err);
// All guests with present=1 and seen_us < before become present=0, running=0; f is called for each (scan-end).
int store_guest_absent(struct store *s, int64_t before_us, int (*f)(const struct guest *g, void *arg),
                       void *arg, struct err *err);
// Forgets guests that are not present, were seen last before then, and have neither a binding nor a case: with their
// description and their pairs. The longest gone first, at most `max`; *ret_count: how many went. A pair of an account
// that some guest is bound to stays, whoever held it.
int store_guest_prune(struct store *s, int64_t seen_before_us, unsigned max, unsigned *ret_count,
                      struct err *err);

// ---- bindings: one a guest ----
int store_binding_get(struct store *s, const char *guest, struct binding *ret, struct err *err);
int store_binding_put(struct store *s, const struct binding *b, struct err *err);
int store_binding_delete(struct store *s, const char *guest, struct err *err); // STORE_NONE
int store_binding_each(struct store *s, int (*f)(const struct binding *b, void *arg), void *arg,
                       struct err *err);
// At most max of them, of guests behind `after` ("" at first), in the order of UUIDs.
int store_binding_page(struct store *s, const char *after, size_t max,
                       int (*f)(const struct binding *b, void *arg), void *arg, struct err *err);
// Another guest with the same account that runs now, or ran at or after since_us (also one that is gone since: it may
// run elsewhere, and the account is its by now): its name into ret.
// STORE_NONE.
int store_twin(struct store *s, const char *guest, const char *guid, int64_t since_us, char ret[NAME_TEXT],
               struct err *err);

// ---- the ledger ----
// Same guest, account, fingerprint, pwd_last_set and kvno: last_us moves and proven is kept or raised; else a new row.
int store_pair_add(struct store *s, const struct pair *p, struct err *err);
// The pairs of (guest, account), newest last_us first, at most `max`: their number in *ret_count.
int store_pairs(struct store *s, const char *guest, const char *guid, struct pair *ret, size_t max,
                size_t *ret_count, struct err *err);

// ---- cases ----
int store_case_add(struct store *s, struct casefile *c, struct err *err); // sets c->id
int store_case_put(struct store *s, const struct casefile *c, struct err *err);
int store_case_get(struct store *s, int64_t id, struct casefile *ret, struct err *err);
// The newest first; guest NULL: all; open_only: those not closed; at most max (0: no cap).
int store_case_each(struct store *s, const char *guest, bool open_only, size_t max,
                    int (*f)(const struct casefile *c, void *arg), void *arg, struct err *err);
// Those that are to be looked at, the oldest first.
int store_case_looking(struct store *s, bool witnessed, int (*f)(const struct casefile *c, void *arg),
                       void *arg, struct err *err);
// Evidence that the case gathered, by name ("disk", "directory", "probe"): an encoded record. put replaces.
int store_evidence_put(struct store *s, int64_t case_id, const char *source, const struct record *r,
                       struct err *err);
int store_evidence_get(struct store *s, int64_t case_id, const char *source, struct record **ret,
                       struct err *err);
// Its history: one line a step; details is a record of type `step` with more keys, or NULL.
int store_step_add(struct store *s, int64_t case_id, int64_t at_us, const char *state, const char *text,
                   const struct record *details, struct err *err);
int store_step_each(struct store *s, int64_t case_id,
                    int (*f)(int64_t at_us, const char *state, const char *text, const struct record *details,
                             void *arg),
                    void *arg, struct err *err);
// How many cases of this guest, opened at or after since_us, with a witnessed rollback, rest on this fingerprint
// (recurring)? The given case itself is counted.
int store_case_same_fingerprint(struct store *s, const char *guest, const unsigned char fingerprint[HASH],
                                int64_t since_us, unsigned *ret, struct err *err);
int store_case_prune(struct store *s, int64_t closed_before_us,
                     struct err *err); // with steps, evidence, jobs
// The same for cases that say nothing: no rollback was witnessed, the look found all as it should be, nothing was done.
// A guest's last one stays. At most `max`, the oldest first; *ret_count: how many went.
int store_case_prune_quiet(struct store *s, int64_t closed_before_us, unsigned max, unsigned *ret_count,
                           struct err *err);

// ---- jobs: at most one open a case ----
int store_job_add(struct store *s, struct job *j, struct err *err); // sets j->id
int store_job_put(struct store *s, const struct job *j, struct err *err);
int store_job_of_case(struct store *s, int64_t case_id, struct job *ret, struct err *err); // the newest
int store_job_each_open(struct store *s, int (*f)(const struct job *j, void *arg), void *arg,
                        struct err *err);

// ---- the journal of sealed secrets, by account; dc: the DC at which the secret is set, "" unknown ----
int store_journal_get(struct store *s, const char *guid, enum journal_state *ret_state,
                      char ret_dc[NAME_TEXT], void *ret_blob, size_t room, size_t *ret_len,
                      struct err *err); // STORE_NONE
int store_journal_put(struct store *s, const char *guid, enum journal_state state, const char *dc,
                      const void *blob, size_t len, int64_t at_us, struct err *err);
int store_journal_state(struct store *s, const char *guid, enum journal_state state, const char *dc,
                        struct err *err);
int store_journal_wipe(struct store *s, const char *guid,
                       struct err *err); // secure_delete is on; fine when absent

// ---- credentials lent for one repair, sealed, by case ----
int store_loan_get(struct store *s, int64_t case_id, void *ret_blob, size_t room, size_t *ret_len,
                   struct err *err); // STORE_NONE
int store_loan_put(struct store *s, int64_t case_id, const void *blob, size_t len, struct err *err);
int store_loan_wipe(struct store *s, int64_t case_id, struct err *err); // fine when absent

// ---- the host's key: what is stored hangs on it ----
// The value by which it is known again; STORE_NONE: none was kept yet.
int store_keycheck_get(struct store *s, unsigned char ret[static HASH], struct err *err);
int store_keycheck_put(struct store *s, const unsigned char value[static HASH], struct err *err);
// 0: there are pairs or sealed secrets, which mean nothing without it; STORE_NONE: there are not.
int store_needs_key(struct store *s, struct err *err);
// Forgets the value, the pairs and the sealed secrets: with another key they are of no use. All or nothing.
int store_forget_key(struct store *s, struct err *err);

// ---- counts for `status` ----
struct store_counts {
    unsigned guests, running, bound; // of those that are present
    unsigned open_cases, awaiting_approval, open_jobs;
    unsigned unnamed; // present, not bound, and no policy names an account for them (by their lines: lines.h)
};
int store_counts(struct store *s, struct store_counts *ret, struct err *err);
