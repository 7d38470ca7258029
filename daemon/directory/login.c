// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/account.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/reset.h"
#include "daemon/directory/reset_rules.h"

#include <errno.h>
#include <string.h>

enum { LOCK_MS = 30000 };

// A wrong password counts against an account: only the binding's own computer is ever tried.
static int check_whose(const struct account *a, const struct request *q, struct failure *f)
{
    enum reset_rule rule = RULE_OK;

    if (a->matches != 1)
        rule = RULE_NOT_FOUND;
    else if (strcmp(a->sid, q->sid) != 0)
        rule = RULE_SID_MISMATCH;
    else if (!a->plain_computer)
        rule = RULE_NOT_COMPUTER;
    else if (!a->uac_known || (a->uac & (UAC_SERVER | UAC_RODC)))
        rule = RULE_DOMAIN_CONTROLLER;
    if (rule == RULE_OK)
        return 0;
    return failure_set(f, -EPERM, reset_rule_name(rule), "look at the guest's binding: virtrust bindings",
                       "%s", reset_rule_text(rule));
}

static struct record *login_record(const struct session *s, enum login login, const char *text)
{
    static const char *const results[] = {"accepted", "refused", "unknown"};
    struct record *r = record_new("login");

    record_add(r, "result", results[login]);
    record_add(r, "text", text);
    record_add(r, "dc", s->dc);
    if (s->now_us)
        record_add_i64(r, "dc_now_us", s->now_us);
    return r;
}

static int ask(const struct config_domain *domain, const struct request *q, struct record **ret,
               struct failure *f)
{
    _cleanup_(session_freep) struct session *s = NULL;
    struct account account;
    struct err err = {0};
    enum login login;
    int rc = session_open(domain, q->dc, &s, f);

    if (rc == 0)
        rc = account_by_guid(s, q->guid, &account, f);
    if (rc == 0)
        rc = check_whose(&account, q, f);
    if (rc < 0)
        return rc;
    login = krb_login(s->krb, account.name, &q->secret, &err);
    *ret = login_record(s, login, login == LOGIN_ACCEPTED ? "the password logs in" : err.text);
    return *ret ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}

int login_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                 struct record **ret, struct failure *f)
{
    _cleanup_close_ int dir = -1, lock = -1;
    int rc = state_open(state_dir, &dir, f);

    if (rc == 0)
        rc = account_lock(dir, q->guid, LOCK_MS, &lock, f);
    if (rc == 0)
        rc = journal_let_arrive(dir, domain->name, q->guid, f);
    return rc == 0 ? ask(domain, q, ret, f) : rc;
}
