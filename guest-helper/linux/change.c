// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/change.h"

#include "common/hex.h"
#include "common/os/fault.h"
#include "guest-helper/linux/dc.h"
#include "guest-helper/linux/steps.h"

#include <errno.h>
#include <string.h>

struct record *change_answer(enum verb verb, const char *token, const char *result, const char *reason,
                             const char *text)
{
    struct record *a = record_new("result");

    record_add(a, "verb", verb_name(verb));
    record_add(a, "token", token);
    record_add(a, "result", result);
    record_add(a, "reason", reason);
    record_add(a, "text", text && *text ? text : NULL);
    return a;
}

int change_recorded(struct state *st, enum verb verb, const char *token, struct record **ret, struct err *err)
{
    _cleanup_record_ struct record *j = NULL, *a = NULL;
    int rc = state_read(st, token, verb_name(verb), &j, err);

    if (rc < 0)
        return rc;
    if (!record_get(j, "result"))
        return -ENOENT;
    a = change_answer(verb, token, record_get(j, "result"), record_get(j, "reason"), record_get(j, "text"));
    record_add(a, "live_sha256", record_get(j, "live_sha256"));
    record_add(a, "kvno", record_get(j, "kvno"));
    *ret = take(a);
    return 0;
}

static struct record *journal(const struct run *r, const char *step)
{
    struct record *j = record_new("journal");

    record_add(j, "verb", verb_name(r->q->verb));
    record_add(j, "step", step);
    record_add(j, "expect", r->q->expect);
    if (r->storing_known)
        record_add_hex(j, "storing", r->storing, DIGEST);
    return j;
}

// What an interrupted run was about to store, so that this one's journal goes on telling it.
static void recall(struct run *r)
{
    _cleanup_record_ struct record *j = NULL;
    int rc = state_read(r->q->st, r->q->token, verb_name(r->q->verb), &j, &r->text);

    if (rc == 0)
        r->storing_known = record_get_hex(j, "storing", r->storing, DIGEST) == 0;
    else if (rc != -ENOENT)
        r->fatal = rc;
}

static void write_journal(struct run *r, const char *step)
{
    _cleanup_record_ struct record *j = journal(r, step);
    int rc = state_write(r->q->st, r->q->token, verb_name(r->q->verb), j, &r->text);

    if (rc < 0)
        r->fatal = rc;
}

static void mark(const struct run *r, const char *step)
{
    char name[64];

    snprintf(name, sizeof name, "helper.%s.%s", verb_name(r->q->verb), step);
    fault_point(name);
}

// The result stands in the journal before what the verb needed is wiped: a run that is killed in between is finished.
static void record_result(struct run *r, struct record *answer)
{
    static const char *const keys[] = {"result", "reason", "text", "live_sha256", "kvno"};
    _cleanup_record_ struct record *j = journal(r, "finished"), *last = NULL;
    int rc = 0;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        record_add(j, keys[i], record_get(answer, keys[i]));
    if (strcmp(r->result, "done") == 0) {
        rc = state_write(r->q->st, r->q->token, verb_name(r->q->verb), j, &r->text);
        mark(r, "recorded");
        if (rc == 0)
            rc = state_wipe(r->q->st, r->q->token, r->q->verb == VERB_STORE ? "key" : "pending", &r->text);
        mark(r, "wiped");
    }
    last = record_new("last");
    record_add(last, "token", r->q->token);
    record_add(last, "verb", verb_name(r->q->verb));
    record_add(last, "result", r->result);
    if (rc == 0)
        rc = state_write(r->q->st, NULL, "last", last, &r->text);
    if (rc < 0)
        r->fatal = rc;
}

static struct record *answer_of(struct run *r)
{
    bool done = strcmp(r->result, "done") == 0;
    struct record *a = change_answer(r->q->verb, r->q->token, r->result, r->reason,
                                     done ? NULL : r->text.text);

    if (done) {
        record_add_hex(a, "live_sha256", r->storing, DIGEST);
        record_add_u64(a, "kvno", r->kvno);
    }
    return a;
}

static void connect_dc(struct run *r)
{
    const struct keytab_entry *machine = &r->m->kt.machine.entry;
    char found[DC_NAME];
    const char *dc = r->q->dc;

    if (dc && !dc_reachable(dc)) {
        err_set(&r->text, 0, "%.200s does not accept a connection to port 88", dc);
        run_end(r, "failed", "no-dc");
    } else if (!dc && dc_find(machine->realm, found, &r->text) < 0) {
        run_end(r, "failed", "no-dc");
    } else if (krb_new(machine->realm, dc ? dc : found, machine->principal, &r->k, &r->text) < 0) {
        run_end(r, "failed", "kerberos");
    }
}

static int finish(struct run *r, struct record **ret, struct err *err)
{
    _cleanup_record_ struct record *a = NULL;

    if (!r->fatal && !r->result)
        run_end(r, "done", NULL);
    if (!r->fatal) {
        a = answer_of(r);
        record_result(r, a);
    }
    if (r->fatal) {
        if (err)
            *err = r->text;
        return r->fatal;
    }
    *ret = take(a);
    return 0;
}

int change_run(const struct change_request *request, struct member *m, struct record **ret, struct err *err)
{
    _cleanup_run_ struct run r = {.q = request, .m = m};

    connect_dc(&r);
    recall(&r);
    if (!r.result && !r.fatal)
        write_journal(&r, "started");
    if (!r.result && !r.fatal)
        mark(&r, "started");
    for (const enum step *s = request->steps; *s != STEP_END && !r.result && !r.fatal; s++) {
        step_perform(&r, *s);
        mark(&r, step_name(*s)); // done, and not yet written down
        if (!r.result && !r.fatal)
            write_journal(&r, step_name(*s));
    }
    return finish(&r, ret, err);
}

// STEP_CHANGE is left out: this verb is not asked for now, so nothing new may be changed in its name.
static const enum step settle_steps[] = {STEP_SETTLE, STEP_ACCEPT, STEP_WRITE,
                                         STEP_TELL,   STEP_SHOW,   STEP_END};

struct settling {
    const char *root;
    struct member *m;
    bool stored;
};

// The DC did not take this password, and the guest's own secret works: nobody will ever need it.
static bool never_taken(struct state *st, const char *token, struct member *m, const struct record *answer)
{
    const struct change_request q = {.st = st, .verb = VERB_ROTATE, .token = token};
    _cleanup_run_ struct run r = {.q = &q, .m = m};

    if (strcmp(record_get_or(answer, "reason", ""), "not-taken") != 0)
        return false;
    connect_dc(&r);
    return !r.result && krb_try_keytab(r.k, m->kt.path, NULL) == KRB_OK;
}

static int settle_one(struct state *st, const char *token, void *data)
{
    struct settling *s = data;
    const struct change_request q = {
        .root = s->root, .st = st, .verb = VERB_ROTATE, .token = token, .steps = settle_steps};
    _cleanup_record_ struct record *done = NULL, *answer = NULL;

    if (change_recorded(st, VERB_ROTATE, token, &done, NULL) == 0)
        return state_wipe(st, token, "pending", NULL) < 0; // it was killed just before it wiped
    if (change_run(&q, s->m, &answer, NULL) < 0)
        return 0;
    if (strcmp(record_get_or(answer, "result", ""), "done") == 0) {
        s->stored = true;
        return 1;
    }
    if (never_taken(st, token, s->m, answer))
        state_wipe(st, token, "pending", NULL);
    return 0;
}

bool change_settle(const char *root, struct state *st, struct member *m)
{
    struct settling s = {.root = root, .m = m};

    if (m->state == MEMBER_JOINED)
        state_each(st, "pending", settle_one, &s);
    return s.stored;
}
