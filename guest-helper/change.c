// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/change.h"

#include "common/hex.h"
#include "common/os/fault.h"
#include "guest-helper/steps.h"

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

int change_wipe(struct state *st, enum verb verb, const char *token, struct err *err)
{
    int key = verb == VERB_ROTATE ? 0 : state_wipe(st, token, "key", err);
    int pending = verb == VERB_STORE ? 0 : state_wipe(st, token, "pending", err);

    return key < 0 ? key : pending;
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

// Is the run over?
static bool over(const struct run *r)
{
    return r->result || r->fatal;
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
            rc = change_wipe(r->q->st, r->q->verb, r->q->token, &r->text);
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
        record_add_hex(a, "live_sha256", r->live, DIGEST);
        if (r->kvno != 0)
            record_add_u64(a, "kvno", r->kvno);
    }
    return a;
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

    run_begin(&r);
    recall(&r);
    if (!over(&r))
        write_journal(&r, "started");
    if (!over(&r))
        mark(&r, "started");
    for (const enum step *s = request->steps; *s != STEP_END && !over(&r); s++) {
        step_perform(&r, *s);
        mark(&r, step_name(*s)); // done, and not yet written down
        if (!over(&r))
            write_journal(&r, step_name(*s));
    }
    return finish(&r, ret, err);
}
