// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/attest.h"

#include "daemon/directory/account.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/nonce.h"
#include "daemon/directory/ticket.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int challenge_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                     struct record **ret, struct failure *f)
{
    char target[ATTESTATION_TARGET], nonce[NONCE_TEXT];
    _cleanup_close_ int dir = -1;
    int rc = attest_target(domain, target, f);

    if (rc == 0)
        rc = state_open(state_dir, &dir, f);
    if (rc == 0)
        rc = nonce_make(dir, domain->name, q->claim.guest, nonce, f);
    if (rc < 0)
        return rc;
    *ret = record_new("challenge");
    record_add(*ret, "guest", q->claim.guest);
    record_add(*ret, "nonce", nonce);
    record_add(*ret, "target", target);
    record_add_u64(*ret, "seconds", NONCE_S);
    return *ret ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}

struct look {
    const struct config_domain *domain;
    const struct request *q;
    struct session *session;
    char target[ATTESTATION_TARGET], realm[HOST_TEXT];
    struct ticket ticket;
    struct account account;
};

static void look_done(struct look *l)
{
    session_free(l->session);
}

// The nonce goes before anything else is looked at: whatever comes of this attempt, there is no second one.
static bool take_nonce(const char *state_dir, struct look *l, struct proof_facts *facts, struct failure *f,
                       int *ret_rc)
{
    const struct attestation_claim *claim = &l->q->claim;
    enum nonce_state state;
    _cleanup_close_ int dir = -1;

    *ret_rc = state_open(state_dir, &dir, f);
    if (*ret_rc < 0)
        return false;
    facts->target_ours = strcmp(claim->target, l->target) == 0;
    state = nonce_take(dir, l->domain->name, claim->guest, claim->nonce);
    facts->nonce_known = state != NONCE_UNKNOWN;
    facts->nonce_this_guest = state != NONCE_OTHERS;
    facts->nonce_fresh = state != NONCE_LATE;
    return state == NONCE_GOOD && facts->target_ours;
}

// The KDC's word for which object the ticket's owner is, looked up in the directory.
static int find_owner(struct look *l, struct proof_facts *facts, struct failure *f)
{
    char sid[SID_TEXT];
    int rc;

    facts->realm_matches = strcmp(l->ticket.realm, l->realm) == 0;
    facts->computer_name = l->ticket.computer_name;
    facts->pac = l->ticket.pac_known;
    if (!facts->realm_matches || !facts->computer_name || !facts->pac)
        return 0;
    rc = account_domain_sid(l->session, l->ticket.pac.rid, sid, f);
    if (rc == 0)
        rc = account_by_sid(l->session, sid, &l->account, f);
    if (rc < 0)
        return rc;
    facts->found = l->account.matches == 1;
    facts->name_matches = facts->found && strcasecmp(l->account.name, l->ticket.name) == 0;
    facts->plain_computer = l->account.plain_computer;
    facts->uac_known = l->account.uac_known;
    facts->uac = l->account.uac;
    facts->group_known = l->account.group_known;
    facts->group = l->account.group;
    return 0;
}

// The PAC was written when the owner logged in, and names the password of that moment: no clock is compared but for the
// second that a ticket's own time is exact to. Where the directory does not show when the password was set, the moment
// that virtrustd knows of counts.
static bool got_since(const struct look *l)
{
    bool known = l->account.pwd_last_set_known && l->account.pwd_last_set > 0;
    uint64_t since = known ? (uint64_t)l->account.pwd_last_set : l->q->after;
    int64_t since_us = (int64_t)(since / 10) - (int64_t)11644473600 * 1000000;
    uint64_t held = l->ticket.pac.password_last_set;

    return since && (known ? held == since : held >= since) &&
           l->ticket.authtime_us >= since_us - since_us % 1000000;
}

static void compare(const struct look *l, struct proof_facts *facts)
{
    facts->expects = l->q->guid[0] || l->q->sid[0];
    facts->expected = facts->found && (!l->q->guid[0] || strcmp(l->q->guid, l->account.guid) == 0) &&
                      (!l->q->sid[0] || strcmp(l->q->sid, l->account.sid) == 0);
    facts->fresh = l->q->fresh;
    facts->newer = facts->found && got_since(l);
}

static int look(struct look *l, struct proof_facts *facts, struct failure *f)
{
    char statement[STATEMENT_TEXT], keytab[PATH_MAX];
    size_t len = attestation_statement(&l->q->claim, statement);
    int rc = session_open(l->domain, l->q->dc, &l->session, f);

    if (rc == 0)
        rc = krb_keytab_path(l->domain, keytab, f);
    if (rc == 0)
        rc = ticket_open(keytab, l->domain->principal, l->target, &l->q->attestation, statement, len,
                         &l->ticket, f);
    if (rc < 0)
        return rc;
    facts->ticket = l->ticket.state;
    if (l->ticket.state == TICKET_GOOD)
        rc = find_owner(l, facts, f);
    if (rc == 0)
        compare(l, facts);
    return rc;
}

static struct record *answer_of(const struct look *l, enum proof_rule rule, bool found)
{
    struct record *r = record_new("attested");

    record_add(r, "guest", l->q->claim.guest);
    record_add(r, "result", rule == PROOF_OK ? "proven" : "refused");
    record_add(r, "rule", proof_rule_name(rule));
    record_addf(r, "text", "%s%s%.300s", proof_rule_text(rule), l->ticket.text[0] ? ": " : "",
                l->ticket.text);
    if (found)
        account_add(r, &l->account, "");
    if (l->ticket.state == TICKET_GOOD && l->ticket.authtime_us)
        record_add_i64(r, "authtime_us", l->ticket.authtime_us);
    if (l->ticket.state == TICKET_GOOD && l->ticket.pac_known)
        record_add_u64(r, "ticket_pwd_last_set", l->ticket.pac.password_last_set);
    if (l->ticket.state == TICKET_GOOD && l->ticket.name[0])
        record_addf(r, "owner", "%s@%s", l->ticket.name, l->ticket.realm);
    if (l->session)
        account_add_dc(r, l->session);
    return r;
}

int attest_answer(const struct config_domain *domain, const char *state_dir, const struct request *q,
                  struct record **ret, struct failure *f)
{
    _cleanup_(look_done) struct look l = {.domain = domain, .q = q};
    struct proof_facts facts = {0};
    enum proof_rule rule;
    int rc = attest_target(domain, l.target, f);

    if (rc == 0)
        rc = krb_realm_of(domain, l.realm, f);
    if (rc == 0 && take_nonce(state_dir, &l, &facts, f, &rc))
        rc = look(&l, &facts, f);
    if (rc < 0)
        return rc;
    rule = proof_rules(&facts);
    *ret = answer_of(&l, rule, facts.found && facts.name_matches);
    return *ret ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}
