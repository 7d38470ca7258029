// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/reset.h"

#include "common/os/fault.h"
#include "daemon/directory/account.h"
#include "daemon/directory/dn.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/modify.h"
#include "daemon/directory/reset_rules.h"
#include "daemon/directory/watchdog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LOCK_MS = 30000 };

// A step's own condition: the outcome stands, nothing more to do.
enum { ANSWERED = 1 };

enum result { RESULT_DONE, RESULT_REFUSED, RESULT_UNKNOWN };

struct outcome {
    enum result result;
    enum reset_rule rule; // with RESULT_REFUSED
    char text[ERR_TEXT_MAX];
    bool kvno_known;
    uint32_t kvno;
    int confirmed; // with RESULT_DONE, by a login: 1, 0, or -1 when nobody asked
    char dc[HOST_TEXT];
};

struct reset {
    const struct config_domain *domain;
    const struct request *q;
    int dir, lock; // owned
    char digest[DIGEST_TEXT];
    bool unsettled; // `before` is this token's attempt, and its end is not known
    struct attempt before;
    struct session *session; // owned
    struct account account;
};

static void reset_done(struct reset *x)
{
    session_free(x->session);
    if (x->dir >= 0)
        close(x->dir);
    if (x->lock >= 0)
        close(x->lock);
}

static int settled(struct outcome *out, enum result result, const char *text)
{
    out->result = result;
    snprintf(out->text, sizeof out->text, "%s", text);
    one_line(out->text);
    return ANSWERED;
}

static int refused(struct outcome *out, enum reset_rule rule)
{
    out->rule = rule;
    return settled(out, RESULT_REFUSED, reset_rule_text(rule));
}

static struct record *outcome_record(const struct outcome *out)
{
    static const char *const results[] = {"done", "refused", "unknown"};
    struct record *r = record_new("reset");

    record_add(r, "result", results[out->result]);
    if (out->result == RESULT_REFUSED)
        record_add(r, "rule", reset_rule_name(out->rule));
    record_add(r, "text", out->text);
    if (out->kvno_known)
        record_add_u64(r, "kvno", out->kvno);
    if (out->result == RESULT_DONE && out->confirmed >= 0)
        record_add_bool(r, "confirmed", out->confirmed);
    record_add(r, "dc", out->dc[0] ? out->dc : NULL);
    return r;
}

// From here on silence would be a lie: if the time runs out, the answer is `unknown`.
static void promise_unknown(const char *dc)
{
    struct outcome out = {0};

    snprintf(out.dc, sizeof out.dc, "%s", dc);
    settled(&out, RESULT_UNKNOWN,
            "no answer came in time; log in with the new password to learn whether it took");
    watchdog_answer(outcome_record(&out));
}

// What became of this token before? ANSWERED when that settles it.
static int recall(struct reset *x, struct outcome *out, struct failure *f)
{
    _cleanup_(journal_freep) struct journal *j = NULL;
    const struct attempt *a;
    int rc = journal_open(x->dir, x->domain->name, &j, f);

    if (rc < 0)
        return rc;
    a = attempts_of_token(&j->attempts, x->digest);
    if (!a || a->state == ATTEMPT_REFUSED)
        return 0;
    if (strcmp(a->guid, x->q->guid) != 0)
        return refused(out, RULE_TOKEN_REUSED);
    x->before = *a;
    snprintf(out->dc, sizeof out->dc, "%s", a->dc);
    if (a->state != ATTEMPT_DONE) {
        x->unsettled = true;
        promise_unknown(a->dc);
        return 0;
    }
    out->kvno_known = a->kvno != 0;
    out->kvno = a->kvno;
    out->confirmed = -1;
    return settled(out, RESULT_DONE, "this reset was done before");
}

static int look_up(struct reset *x, struct failure *f)
{
    int rc = x->unsettled ? journal_let_arrive(x->dir, x->domain->name, x->q->guid, f) : 0;

    if (rc == 0)
        rc = session_open(x->domain, x->unsettled ? x->before.dc : x->q->dc, &x->session, f);
    if (rc == 0 && x->unsettled && strcasecmp(x->session->dc, x->before.dc) != 0)
        return failure_set(f, -EHOSTUNREACH, "dc-unreachable", "name it under `dcs` again",
                           "the DC that was asked before, %s, is no longer among the domain's", x->before.dc);
    return rc == 0 ? account_by_guid(x->session, x->q->guid, &x->account, f) : rc;
}

// Writes down how the attempt ended. That this fails does not change how it ended; the same token again then
// finds it unsettled and asks the DC.
static void write_down(struct reset *x, enum attempt_state state, uint32_t kvno, struct outcome *out)
{
    _cleanup_(journal_freep) struct journal *j = NULL;
    struct failure f = {0};
    struct attempt *a;
    int rc = journal_open(x->dir, x->domain->name, &j, &f);

    a = rc == 0 ? attempts_of_token(&j->attempts, x->digest) : NULL;
    if (a) {
        a->state = state;
        a->kvno = kvno;
        rc = journal_store(j, &f);
    }
    if (rc < 0) {
        size_t used = strlen(out->text);

        snprintf(out->text + used, sizeof out->text - used, " (not written down: %s)", f.err.text);
    }
}

static int done(struct reset *x, bool confirmed, const char *text, struct outcome *out)
{
    out->confirmed = confirmed;
    out->kvno_known = x->account.matches == 1 && x->account.kvno_known;
    out->kvno = out->kvno_known ? x->account.kvno : 0;
    settled(out, RESULT_DONE, text);
    write_down(x, ATTEMPT_DONE, out->kvno, out);
    return ANSWERED;
}

// An earlier attempt with this token may have taken: the DC knows. 0 when it surely has not.
static int settle(struct reset *x, struct outcome *out)
{
    const struct account *a = &x->account;
    struct err err = {0};
    enum login login;

    if (a->matches != 1 || strcmp(a->sid, x->q->sid) != 0)
        return settled(out, RESULT_UNKNOWN, "the account of an unfinished reset is no longer to be found");
    login = krb_login(x->session->krb, a->name, &x->q->secret, &err);
    if (login == LOGIN_ACCEPTED)
        return done(x, true, "an unfinished reset had taken: the new password logs in", out);
    if (login == LOGIN_UNKNOWN)
        return settled(out, RESULT_UNKNOWN, err.text);
    if (!a->kvno_known || a->kvno != x->q->kvno)
        return settled(
            out, RESULT_UNKNOWN,
            "an unfinished reset may have taken, but the password has been changed since: look again");
    x->unsettled = false;
    return 0;
}

static bool printable(const struct secret *s)
{
    for (size_t i = 0; i < s->len; i++)
        if (s->data[i] < 0x20 || s->data[i] > 0x7e)
            return false;
    return true;
}

static void collect(const struct reset *x, const struct attempts *attempts, struct reset_facts *ret)
{
    const struct account *a = &x->account;
    struct reset_facts facts = {
        .found = a->matches == 1,
        .sid_matches = a->matches == 1 && strcmp(a->sid, x->q->sid) == 0,
        .plain_computer = a->plain_computer,
        .uac_known = a->uac_known,
        .uac = a->uac,
        .group_known = a->group_known,
        .group = a->group,
        .delegates = a->delegates,
        .kvno_known = a->kvno_known,
        .kvno = a->kvno,
        .kvno_named = x->q->kvno,
        .secret_len = x->q->secret.len,
        .secret_printable = printable(&x->q->secret),
        .attempts = attempts_in_hour(attempts, now_us()),
        .limit = x->domain->resets_per_hour,
    };

    facts.base_known = x->domain->base && dn_below(a->dn, x->domain->base, &facts.below_base) == 0;
    *ret = facts;
}

// Checks every rule and writes the attempt down, under one lock, so that two requests cannot share the hour's
// last place. ANSWERED when a rule refuses.
static int begin(struct reset *x, struct outcome *out, struct failure *f)
{
    struct attempt attempt = {.at_us = now_us(), .state = ATTEMPT_STARTED, .kvno = x->q->kvno};
    _cleanup_(journal_freep) struct journal *j = NULL;
    struct reset_facts facts;
    enum reset_rule rule;
    int rc = journal_open(x->dir, x->domain->name, &j, f);

    if (rc < 0)
        return rc;
    collect(x, &j->attempts, &facts);
    rule = reset_rules(&facts);
    if (rule != RULE_OK)
        return refused(out, rule);
    memcpy(attempt.token, x->digest, sizeof attempt.token);
    memcpy(attempt.guid, x->q->guid, sizeof attempt.guid);
    memcpy(attempt.dc, x->session->dc, sizeof attempt.dc);
    if (attempts_add(&j->attempts, &attempt) < 0)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    return journal_store(j, f);
}

// The DC said done: a login shows it, and the account its new key version.
static int confirm(struct reset *x, struct outcome *out)
{
    struct failure ignored = {0};
    struct account after;
    struct err err = {0};
    enum login login = krb_login(x->session->krb, x->account.name, &x->q->secret, &err);

    if (login == LOGIN_REFUSED) {
        settled(out, RESULT_UNKNOWN, "the DC reported the reset as done and then refused the new password");
        write_down(x, ATTEMPT_UNKNOWN, x->q->kvno, out);
        return ANSWERED;
    }
    if (account_by_guid(x->session, x->q->guid, &after, &ignored) == 0)
        x->account = after;
    else
        x->account.kvno_known = false;
    return done(x, login == LOGIN_ACCEPTED, login == LOGIN_ACCEPTED ? "the new password logs in" : err.text,
                out);
}

static int carry_out(struct reset *x, struct outcome *out, struct failure *f)
{
    struct err err = {0};
    enum written written;

    promise_unknown(x->session->dc);
    fault_point("directory.reset.started");
    written = modify_password(x->session, x->q->guid, &x->q->secret, &err);
    fault_point("directory.reset.sent");
    switch (written) {
    case WRITTEN_DONE:
        return confirm(x, out);
    case WRITTEN_NOT_SENT:
        write_down(x, ATTEMPT_REFUSED, x->q->kvno, out);
        return failure_set(f, -EIO, "internal", NULL, "%s", err.text);
    case WRITTEN_DENIED:
    case WRITTEN_REFUSED:
        refused(out, written == WRITTEN_DENIED ? RULE_ACCESS_DENIED : RULE_DC_REFUSED);
        err_prefix(&err, 0, "%s", reset_rule_text(out->rule));
        settled(out, RESULT_REFUSED, err.text);
        write_down(x, ATTEMPT_REFUSED, x->q->kvno, out);
        return ANSWERED;
    case WRITTEN_UNKNOWN:
        settled(out, RESULT_UNKNOWN, err.text);
        write_down(x, ATTEMPT_UNKNOWN, x->q->kvno, out);
        return ANSWERED;
    }
    return failure_set(f, -EINVAL, "internal", NULL, "a reset ended in no known way");
}

static int run(struct reset *x, const char *state_dir, struct outcome *out, struct failure *f)
{
    int rc = state_open(state_dir, &x->dir, f);

    if (rc == 0 && token_digest(x->q->token, x->digest) < 0)
        rc = failure_set(f, -EIO, "internal", NULL, "Kerberos cannot compute a digest");
    if (rc == 0)
        rc = account_lock(x->dir, x->q->guid, LOCK_MS, &x->lock, f);
    if (rc == 0)
        rc = recall(x, out, f);
    if (rc == 0)
        rc = look_up(x, f);
    if (rc == 0 && x->unsettled)
        rc = settle(x, out);
    if (rc == 0) {
        snprintf(out->dc, sizeof out->dc, "%s", x->session->dc);
        rc = begin(x, out, f);
    }
    if (rc == 0)
        rc = carry_out(x, out, f);
    if (rc < 0 && x->unsettled) // no failure can say that nothing was written
        rc = settled(out, RESULT_UNKNOWN, f->err.text);
    return rc;
}

int reset_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                 struct record **ret, struct failure *f)
{
    _cleanup_(reset_done) struct reset x = {.domain = domain, .q = q, .dir = -1, .lock = -1};
    struct outcome out = {0};
    struct record *r;
    int rc = run(&x, state_dir, &out, f);

    if (rc < 0)
        return rc;
    r = outcome_record(&out);
    if (!r)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    fault_point("directory.reset.recorded");
    *ret = r;
    return 0;
}
