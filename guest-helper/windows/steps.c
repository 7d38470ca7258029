// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/steps.h"

#include "common/filetime.h"
#include "guest-helper/password.h"
#include "guest-helper/windows/directory.h"
#include "guest-helper/windows/member.h"
#include "guest-helper/windows/netlogon.h"
#include "guest-helper/windows/ports.h"
#include "guest-helper/windows/tickets.h"
#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>
#include <string.h>

enum {
    UAC_DISABLED = 0x2,
    UAC_WORKSTATION = 0x1000,
    UAC_SERVER_TRUST = 0x2000, // a DC's account
    CLOCK_S = 300,
};

struct world {
    char dc[NETLOGON_NAME];
    bool named;                       // by the request
    struct directory *admin;          // logged in with the credential
    struct directory_account account; // found by it
};

static bool over(const struct run *r)
{
    return r->result || r->fatal;
}

static void find_dc(struct run *r)
{
    struct dc dc = {0};

    if (r->q->dc && strlen(r->q->dc) < NETLOGON_NAME) {
        strcpy(r->w->dc, r->q->dc);
        r->w->named = true;
    } else if (netlogon_find_dc(r->m->domain.dns, &dc, &r->text) == 0) {
        strcpy(r->w->dc, dc.name);
    } else {
        run_end(r, "failed", "no-dc");
    }
}

// Kerberos takes no clock that is off by five minutes. Said before anything is changed: afterwards the change could
// not be shown.
static void check_clock(struct run *r)
{
    _cleanup_directory_ struct directory *d = NULL;
    int64_t dc_us = 0, off;
    FILETIME t;

    if (directory_open(r->w->dc, &d, &r->text) < 0) {
        run_end(r, "failed", "no-dc");
        return;
    }
    if (directory_time(d, &dc_us) < 0)
        return;
    GetSystemTimeAsFileTime(&t);
    off = (filetime_to_us((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) - dc_us) / 1000000;
    if (off < CLOCK_S && off > -CLOCK_S)
        return;
    err_set(&r->text, 0, "this guest's clock is off by %lld s from that of %.200s: set it first",
            (long long)off, r->w->dc);
    run_end(r, "failed", "clock-skew");
}

void run_begin(struct run *r)
{
    r->w = calloc(1, sizeof *r->w);
    if (!r->w) {
        r->fatal = err_set(&r->text, -ENOMEM, "out of memory");
        return;
    }
    find_dc(r);
    if (!over(r) && !(ports_open(r->w->dc) & PORT_LDAP)) {
        err_set(&r->text, 0, "%.200s does not accept a connection to port 389", r->w->dc);
        run_end(r, "failed", "no-dc");
    }
    if (!over(r))
        check_clock(r);
}

struct world *run_end_world(struct world *w)
{
    if (w)
        directory_free(w->admin);
    free(w);
    return NULL;
}

bool run_own_secret_works(struct run *r)
{
    return netlogon_verify(r->m->domain.netbios).state == CHANNEL_HEALTHY;
}

// ---- the credential -----------------------------------------------------------------------------------------------

static void login_failed(struct run *r, int rc)
{
    if (rc == -EACCES)
        run_end(r, "refused", "credential-refused");
    else
        run_end(r, "failed", rc == -ENOTSUP ? "no-sealing" : "login-failed");
}

static void login(struct run *r)
{
    _cleanup_secret_ struct secret password = {0};
    char domain[PASSWORD_NAME], user[PASSWORD_NAME];
    int rc;

    if (!password_part(r, domain, user, &password))
        return;
    rc = directory_open(r->w->dc, &r->w->admin, &r->text);
    if (rc < 0)
        run_end(r, "failed", "no-dc");
    else if ((rc = directory_login(r->w->admin, domain, user, &password, &r->text)) < 0)
        login_failed(r, rc);
    secret_wipe(&r->credential, sizeof r->credential);
}

// The host's binding says whose password it is; that account must look like this guest's own.
static void check_account(struct run *r)
{
    const struct directory_account *a = &r->w->account;

    if (!wide_same(a->name, r->m->account)) {
        err_set(&r->text, 0, "the account with this SID is %.100s, but this guest is %.100s", a->name,
                r->m->account);
        run_end(r, "refused", "identity-mismatch");
    } else if ((a->uac & UAC_SERVER_TRUST) || !(a->uac & UAC_WORKSTATION)) {
        err_set(&r->text, 0, "%.100s is not a member computer's account", a->name);
        run_end(r, "refused", "domain-controller");
    } else if (a->uac & UAC_DISABLED) {
        err_set(&r->text, 0, "%.100s is disabled in the directory", a->name);
        run_end(r, "refused", "account-disabled");
    }
}

static void step_find(struct run *r)
{
    int rc;

    if (r->taken)
        return;
    login(r);
    if (over(r))
        return;
    rc = directory_find(r->w->admin, r->q->sid, &r->w->account, &r->text);
    if (rc < 0)
        run_end(r, rc == -ENOENT ? "refused" : "failed", rc == -ENOENT ? "no-account" : "search-failed");
    else
        check_account(r);
}

// ---- steps --------------------------------------------------------------------------------------------------------

static void step_open(struct run *r)
{
    if (r->q->verb == VERB_REPAIR) {
        if (!r->taken)
            password_open(r, &r->credential);
        return;
    }
    password_open(r, &r->password);
    if (!over(r))
        password_check(r);
}

// Does the DC take the password? Asked by a login with it, over a connection of its own.
static int try_password(struct run *r)
{
    _cleanup_directory_ struct directory *d = NULL;
    int rc = directory_open(r->w->dc, &d, &r->text);

    if (rc == 0)
        rc = directory_login(d, r->m->domain.netbios, r->m->account, &r->password, &r->text);
    if (rc == 0 && *r->m->account_sid && directory_find(d, r->m->account_sid, &r->w->account, NULL) == 0)
        r->kvno = r->w->account.kvno;
    return rc;
}

static void try_failed(struct run *r, int rc)
{
    run_end(r, "failed", rc == -EHOSTUNREACH ? "no-dc" : rc == -ENOTSUP ? "no-sealing" : "login-failed");
}

static void step_settle(struct run *r)
{
    int rc;

    password_recall(r, r->m->account, r->m->domain.dns);
    if (over(r))
        return;
    rc = try_password(r);
    r->taken = rc == 0;
    if (rc < 0 && rc != -EACCES)
        try_failed(r, rc);
}

static void change_by_netlogon(struct run *r)
{
    struct channel c;

    if (r->m->rotation_forbidden) {
        err_set(&r->text, 0, "this guest's policy forbids the change (Netlogon, DisablePasswordChange)");
        run_end(r, "refused", "rotation-forbidden");
        return;
    }
    c = netlogon_change_password(r->m->domain.netbios);
    if (c.state == CHANNEL_HEALTHY)
        return;
    netlogon_text(&c, r->text.text, sizeof r->text.text);
    run_end(r, "failed", c.state == CHANNEL_BROKEN ? "change-refused" : c.code);
}

static void step_change(struct run *r)
{
    if (r->q->verb == VERB_ROTATE)
        change_by_netlogon(r);
    else if (!r->taken && directory_reset(r->w->admin, r->w->account.dn, &r->password, &r->text) == -EPERM)
        run_end(r, "refused", "reset-refused");
    // Whether an unclear change took is what STEP_ACCEPT asks the DC.
}

static void step_accept(struct run *r)
{
    int rc = try_password(r);

    if (rc == -EACCES && r->q->verb == VERB_STORE)
        run_end(r, "refused", "wrong-secret");
    else if (rc == -EACCES)
        run_end(r, "failed", "not-taken");
    else if (rc < 0)
        try_failed(r, rc);
    if (over(r))
        return;
    r->taken = true;
    r->storing_known = lsa_value_digest(&r->password, r->storing) == 0;
    if (!r->storing_known)
        r->fatal = err_set(&r->text, -EIO, "the crypto library cannot compute SHA-256");
}

static void step_write(struct run *r)
{
    int rc;

    // A run that was interrupted right here has written it already; again would push the true old value out.
    if (member_holds(r->m, r->storing))
        return;
    rc = lsa_secret_set(&r->password, r->m->secret.value, &r->text);
    if (rc < 0)
        run_end(r, rc == -EAGAIN ? "refused" : "failed",
                rc == -EAGAIN   ? "changed"
                : rc == -EACCES ? "access-denied"
                                : "lsa");
}

// Tickets of the old password would be refused by others for hours; that they stay is no failure of the repair.
static void step_tell(struct run *r)
{
    (void)r;
    tickets_purge();
}

static void step_show(struct run *r)
{
    struct lsa_secret now;
    struct channel c;

    netlogon_rediscover(r->m->domain.netbios, r->w->named ? r->w->dc : NULL);
    c = netlogon_verify(r->m->domain.netbios);
    if (c.state != CHANNEL_HEALTHY) {
        netlogon_text(&c, r->text.text, sizeof r->text.text);
        run_end(r, "failed", c.state == CHANNEL_BROKEN ? "not-shown" : c.code);
    } else if (lsa_secret_look(&now, &r->text) < 0) {
        run_end(r, "failed", "lsa");
    } else {
        memcpy(r->live, now.object, DIGEST);
    }
}

void step_perform(struct run *r, enum step step)
{
    switch (step) {
    case STEP_OPEN:
        step_open(r);
        break;
    case STEP_FIND:
        step_find(r);
        break;
    case STEP_MINT:
        password_mint(r, r->m->account, r->m->domain.dns);
        break;
    case STEP_SETTLE:
        step_settle(r);
        break;
    case STEP_ACCEPT:
        step_accept(r);
        break;
    case STEP_CHANGE:
        step_change(r);
        break;
    case STEP_WRITE:
        step_write(r);
        break;
    case STEP_TELL:
        step_tell(r);
        break;
    case STEP_SHOW:
        step_show(r);
        break;
    case STEP_END:
        break;
    }
}
