// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/vet.h"

#include "common/os/credential.h"
#include "daemon/directory/account.h"
#include "daemon/directory/dn.h"
#include "daemon/directory/power.h"
#include "daemon/directory/reset_rules.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { USER_TEXT = 257 };

enum { ANSWERED = 1 }; // a step's own condition: the outcome stands

static const char delegate[] =
    "delegate Reset Password on this one computer object to an account of its own, and "
    "nothing else: virtrust-directory(8)";

struct vet {
    const struct config_domain *domain;
    const struct request *q;
    char dc[HOST_TEXT], user[USER_TEXT];
    struct secret password;
    struct account account;
    struct secdesc_token token;
    unsigned seen;
    // the outcome
    const char *result, *rule, *next;
    struct err text;
};

static void vet_done(struct vet *v)
{
    secret_wipe(v, sizeof *v);
}

static int outcome(struct vet *v, const char *result, const char *rule, const char *next, const char *format,
                   ...) __attribute__((format(printf, 5, 6)));

static int outcome(struct vet *v, const char *result, const char *rule, const char *next, const char *format,
                   ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&v->text, 0, format, args);
    va_end(args);
    one_line(v->text.text);
    v->result = result;
    v->rule = rule;
    v->next = next;
    return ANSWERED;
}

// "DOMAIN\user", a new line, the password; the domain is this one.
static int part(struct vet *v)
{
    const struct secret *c = &v->q->secret;
    const char *text = (const char *)c->data, *slash, *end;
    char domain[USER_TEXT];
    struct err err = {0};

    if (credential_check(c, &err) < 0)
        return outcome(v, "refused", "bad-credential", NULL, "%s", err.text);
    end = memchr(text, '\n', c->len);
    slash = memchr(text, '\\', (size_t)(end - text));
    snprintf(domain, sizeof domain, "%.*s", (int)(slash - text), text);
    snprintf(v->user, sizeof v->user, "%.*s", (int)(end - slash - 1), slash + 1);
    if (strcasecmp(domain, v->domain->name) != 0 &&
        (!v->domain->netbios || strcasecmp(domain, v->domain->netbios) != 0))
        return outcome(v, "refused", "credential-domain", "write the domain of the guest's account",
                       "the credential is of %.100s, and the account of %s", domain, v->domain->name);
    return secret_set(&v->password, end + 1, c->len - (size_t)(end + 1 - text));
}

// May virtrust reset this account at all? The same rules as for a reset of its own, without its limits.
static int check_account(struct vet *v)
{
    const struct account *a = &v->account;
    struct reset_facts facts = {
        .found = a->matches == 1,
        .sid_matches = a->matches == 1 && strcmp(a->sid, v->q->sid) == 0,
        .plain_computer = a->plain_computer,
        .uac_known = a->uac_known,
        .uac = a->uac,
        .group_known = a->group_known,
        .group = a->group,
        .delegates = a->delegates,
        .kvno_known = a->kvno_known,
        .kvno = a->kvno,
        .kvno_named = a->kvno,
        .secret_len = SECRET_CHARS_MIN,
        .secret_printable = true,
        .limit = 1,
    };
    enum reset_rule rule;

    facts.base_known = v->domain->base && dn_below(a->dn, v->domain->base, &facts.below_base) == 0;
    rule = reset_rules(&facts);
    if (rule == RULE_OK)
        return 0;
    return outcome(v, "refused", reset_rule_name(rule), "look at the guest's binding: virtrust bindings",
                   "%s", reset_rule_text(rule));
}

// Looked up by the delegated account: the DC is then fixed, and the credential not yet used.
static int find_account(struct vet *v, struct failure *f)
{
    _cleanup_(session_freep) struct session *s = NULL;
    int rc = session_open(v->domain, v->q->dc, &s, f);

    if (rc == 0)
        rc = account_by_guid(s, v->q->guid, &v->account, f);
    if (rc < 0)
        return rc;
    snprintf(v->dc, sizeof v->dc, "%s", s->dc);
    return check_account(v);
}

// ---- who the credential is -----------------------------------------------------------------------------------------

static void values_freep(struct berval ***values)
{
    if (*values)
        ldap_value_free_len(*values);
}

static int add_sids(struct vet *v, struct session *s, LDAPMessage *e, const char *attribute)
{
    _cleanup_(values_freep) struct berval **values = ldap_get_values_len(s->ldap, e, attribute);

    for (size_t i = 0; values && values[i]; i++) {
        char sid[SID_TEXT];
        const char *mighty;

        if (sid_text(values[i]->bv_val, values[i]->bv_len, sid) < 0 ||
            secdesc_token_add(&v->token, values[i]->bv_val, values[i]->bv_len) < 0)
            return outcome(v, "refused", "credential-unclear", delegate,
                           "%s: the groups of %s cannot be read, or are too many", s->dc, v->user);
        mighty = power_group(sid);
        if (mighty)
            return outcome(v, "refused", "credential-too-powerful", delegate, "%s belongs to %s", v->user,
                           mighty);
    }
    return values && values[0] ? 0
                               : outcome(v, "refused", "credential-unclear", delegate,
                                         "%s does not show who %s is (%s)", s->dc, v->user, attribute);
}

// Everyone, Authenticated Users, and what a log-on over the network is: in every token, also where the DC leaves them
// out of its list.
static int add_everybody(struct vet *v)
{
    static const char *const sids[] = {"S-1-1-0", "S-1-5-11", "S-1-5-2", "S-1-5-15"};

    for (size_t i = 0; i < ARRAY_SIZE(sids); i++)
        if (secdesc_token_add_text(&v->token, sids[i]) < 0)
            return -E2BIG;
    return 0;
}

static int find_token(struct vet *v, struct session *s, struct failure *f)
{
    static const char *const groups[] = {"tokenGroups", NULL}, *const own[] = {"objectSid", NULL};
    _cleanup_message_ LDAPMessage *root = NULL, *user = NULL;
    _cleanup_free_ char *name = filter_value(v->user, strlen(v->user));
    char filter[4 * USER_TEXT];
    int rc = session_search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", groups, 1, &root, f);

    if (rc < 0)
        return rc;
    snprintf(filter, sizeof filter, "(&(objectCategory=person)(sAMAccountName=%s))", name ? name : "");
    rc = session_search(s, s->domain_dn, LDAP_SCOPE_SUBTREE, filter, own, 2, &user, f);
    if (rc < 0)
        return rc;
    if (ldap_count_entries(s->ldap, user) != 1)
        return outcome(v, "refused", "credential-unclear", delegate,
                       "%s: %s is no user of %s, or is not to be seen", s->dc, v->user, v->domain->name);
    rc = add_everybody(v);
    if (rc == 0)
        rc = add_sids(v, s, ldap_first_entry(s->ldap, root), "tokenGroups");
    return rc == 0 ? add_sids(v, s, ldap_first_entry(s->ldap, user), "objectSid") : rc;
}

// ---- what it may do ------------------------------------------------------------------------------------------------

static int check_right(struct vet *v, struct session *s, struct failure *f)
{
    struct secdesc_power power;
    int rc = vet_power(s, v->account.dn, &v->token, &power, f);

    if (rc == -ENOENT || rc == -EBADMSG)
        return outcome(v, "refused", "credential-unclear",
                       "let Authenticated Users read the computer's permissions",
                       "%s does not show who may reset %s", s->dc, v->account.name);
    if (rc < 0)
        return rc;
    return power.resets ? 0
                        : outcome(v, "refused", "credential-without-right", delegate,
                                  "%s has no right to reset the password of %s", v->user, v->account.name);
}

static int look(struct vet *v, struct session *s, const char *base, const char *filter, bool below,
                struct failure *f)
{
    struct vet_look l = {.token = &v->token, .target = below ? NULL : v->account.dn, .below = below};
    int rc = vet_look(s, base, filter, &l, f);

    v->seen += l.seen;
    if (l.power)
        return outcome(v, "refused", "credential-too-powerful", delegate, "%s may %s %.200s%s, too", v->user,
                       l.power, l.first, below ? " or what lies below it" : "");
    if (l.hidden)
        return outcome(v, "refused", "credential-unclear", "let Authenticated Users read its permissions",
                       "%s does not show who may change %.200s", s->dc, l.first);
    return rc;
}

static int check_rest(struct vet *v, struct session *s, struct failure *f)
{
    // Delegations of many objects are made at the domain's head, at OUs and at the two containers beside them.
    static const char heads[] =
        "(|(objectClass=domainDNS)(objectClass=organizationalUnit)(cn=Users)(cn=Computers))";
    // Their access lists are their own: nothing that is seen at an OU tells of them. 516 and 521 are the domain
    // controllers; adminCount is what AdminSDHolder's list was written to.
    static const char rulers[] = "(|(&(objectCategory=computer)(|(primaryGroupID=516)(primaryGroupID=521)))"
                                 "(adminCount=1)(cn=AdminSDHolder)(objectClass=groupPolicyContainer))";
    int rc = look(v, s, s->domain_dn, heads, true, f);

    if (rc == 0)
        rc = look(v, s, s->domain_dn, rulers, false, f);
    return rc == 0 ? look(v, s, v->domain->base, "(objectClass=*)", false, f) : rc;
}

static int check_credential(struct vet *v, struct failure *f)
{
    _cleanup_(session_freep) struct session *s = NULL;
    int rc = session_open_as(v->domain, v->dc, v->user, &v->password, &s, f);

    if (rc == -EACCES)
        return outcome(v, "refused", "credential-refused", f->next, "%s", f->err.text);
    if (rc == 0)
        rc = find_token(v, s, f);
    if (rc == 0)
        rc = check_right(v, s, f);
    if (rc == 0)
        rc = check_rest(v, s, f);
    return rc;
}

int vet_answer(const struct config_domain *domain, const struct request *q, struct record **ret,
               struct failure *f)
{
    _cleanup_(vet_done) struct vet v = {.domain = domain, .q = q};
    struct record *r;
    int rc = part(&v);

    if (rc == 0)
        rc = find_account(&v, f);
    if (rc == 0)
        rc = check_credential(&v, f);
    if (rc < 0)
        return rc;
    if (rc == 0)
        outcome(&v, "good", NULL, NULL, "%s may reset %s and nothing else of %u objects that were looked at",
                v.user, v.account.name, v.seen);
    r = record_new("vetted");
    record_add(r, "result", v.result);
    record_add(r, "rule", v.rule);
    record_add(r, "text", v.text.text);
    record_add(r, "next", v.next);
    record_add(r, "dc", v.dc[0] ? v.dc : NULL);
    *ret = r;
    return r ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}
