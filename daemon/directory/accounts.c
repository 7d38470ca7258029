// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/accounts.h"

#include "daemon/directory/account.h"
#include "daemon/directory/value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// More entries than questions do not come, but from a directory in which a name stands twice.
enum { SPARE = 16 };

struct answers {
    struct session *session;
    const struct whose *list;
    size_t count;
    struct account *accounts; // one a question
    bool strangers;           // entries came that answer none of them, or more than were asked for
    unsigned searches;
};

static bool add_term(FILE *f, const char *attribute, const void *value, size_t len)
{
    _cleanup_free_ char *escaped = filter_value(value, len);

    return escaped && fprintf(f, "(%s=%s)", attribute, escaped) > 0;
}

static bool add_whose(FILE *f, const struct whose *w)
{
    unsigned char bytes[SID_BYTES_MAX];
    size_t len = 0;

    if (w->guid[0] && guid_parse(w->guid, bytes) == 0)
        return add_term(f, "objectGUID", bytes, 16);
    if (w->sid[0] && sid_parse(w->sid, bytes, &len) == 0)
        return add_term(f, "objectSid", bytes, len);
    return add_term(f, "sAMAccountName", w->name, strlen(w->name));
}

char *accounts_filter(const struct whose *list, size_t count)
{
    char *text = NULL;
    size_t size, terms = 0;
    FILE *f = open_memstream(&text, &size);
    bool good = f;

    if (!f)
        return NULL;
    fputs("(&(objectCategory=computer)(|", f);
    for (size_t i = 0; good && i < count; i++)
        if (!list[i].wrong[0]) {
            good = add_whose(f, &list[i]);
            terms++;
        }
    fputs("))", f);
    if (fclose(f) == 0 && good && terms)
        return text;
    free(text);
    return NULL;
}

static bool is_of(const struct whose *w, const struct account *a)
{
    if (w->wrong[0])
        return false;
    if (w->guid[0])
        return strcmp(w->guid, a->guid) == 0;
    if (w->sid[0])
        return strcmp(w->sid, a->sid) == 0;
    return strcasecmp(w->name, a->name) == 0;
}

static void take_entry(struct answers *all, LDAPMessage *entry)
{
    struct account a;
    struct failure ignored = {0};
    bool asked_for = false;

    if (account_of_entry(all->session, entry, &a, &ignored) < 0) {
        all->strangers = true;
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (!is_of(&all->list[i], &a))
            continue;
        asked_for = true;
        a.matches = all->accounts[i].matches + 1;
        all->accounts[i] = a;
    }
    all->strangers |= !asked_for;
}

static int search_all(struct answers *all, struct failure *f)
{
    _cleanup_free_ char *filter = accounts_filter(all->list, all->count);
    _cleanup_message_ LDAPMessage *m = NULL;
    int most = (int)all->count + SPARE, rc;

    if (!filter)
        return 0; // none of them has a name that could be asked for
    rc = session_search(all->session, all->session->domain_dn, LDAP_SCOPE_SUBTREE, filter, account_attributes,
                        most, &m, f);
    all->searches++;
    if (rc < 0)
        return rc;
    for (LDAPMessage *e = ldap_first_entry(all->session->ldap, m); e;
         e = ldap_next_entry(all->session->ldap, e))
        take_entry(all, e);
    all->strangers |= ldap_count_entries(all->session->ldap, m) >= most;
    return 0;
}

static void add_failure(struct record *r, size_t at, const char *code, const char *text, const char *next)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "%zu.code", at);
    record_add(r, key, code);
    snprintf(key, sizeof key, "%zu.text", at);
    record_add(r, key, text);
    snprintf(key, sizeof key, "%zu.next", at);
    record_add(r, key, next);
}

static void add_answer(struct answers *all, size_t at, struct record *r)
{
    const struct whose *w = &all->list[at];
    struct account *a = &all->accounts[at];
    struct request alone = {.kind = REQUEST_ACCOUNT};
    struct failure f = {0};
    char prefix[32];
    int rc = 0;

    if (w->wrong[0]) {
        add_failure(r, at, "bad-request", w->wrong, "see the guest's computer name");
        return;
    }
    if (!a->matches && all->strangers) {
        memcpy(alone.guid, w->guid, sizeof alone.guid);
        memcpy(alone.sid, w->sid, sizeof alone.sid);
        memcpy(alone.name, w->name, sizeof alone.name);
        rc = account_by_request(all->session, &alone, a, &f);
        all->searches++;
    }
    snprintf(prefix, sizeof prefix, "%zu.", at);
    if (rc < 0)
        add_failure(r, at, f.code, f.err.text, f.next);
    else
        account_add(r, a, prefix);
}

int accounts_answer(struct session *s, const struct request *q, struct record **ret, struct failure *f)
{
    _cleanup_free_ struct account *accounts = calloc(q->count, sizeof *accounts);
    struct answers all = {.session = s, .list = q->list, .count = q->count, .accounts = accounts};
    struct record *r;
    int rc = accounts ? search_all(&all, f) : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");

    if (rc < 0)
        return rc;
    r = record_new("accounts");
    for (size_t i = 0; i < all.count; i++)
        add_answer(&all, i, r);
    record_add_u64(r, "searches", all.searches);
    account_add_dc(r, s);
    *ret = r;
    return r ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}
