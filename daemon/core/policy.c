// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/policy.h"

#include "daemon/core/glob.h"

#include <string.h>
#include <strings.h>

static const char not_described[] = "libvirt has not described the guest yet";
static const char not_bound[] = "the guest is not bound to an account yet";
static const char no_dn[] = "the directory has not told yet where its account lies";
static const char no_role[] = "no look at its disks has told it yet";

// A DN's characters from the end, without the blanks behind its commas.
struct backwards {
    const char *text;
    size_t left;
};

static char step_back(struct backwards *b)
{
    size_t blanks = b->left;

    while (blanks && b->text[blanks - 1] == ' ')
        blanks--;
    if (blanks && b->text[blanks - 1] == ',')
        b->left = blanks;
    return b->left ? b->text[--b->left] : '\0';
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool policy_dn_below(const char *dn, const char *above)
{
    struct backwards a = {dn, strlen(dn)}, b = {above, strlen(above)};
    size_t slashes = 0;

    while (b.left) {
        char want = step_back(&b);

        if (!a.left || fold(step_back(&a)) != fold(want))
            return false;
    }
    if (!a.left)
        return true;
    // The rest ends at a comma that parts two names, not at one within a name.
    if (step_back(&a) != ',')
        return false;
    while (a.left && a.text[a.left - 1] == '\\') {
        a.left--;
        slashes++;
    }
    return slashes % 2 == 0;
}

struct matching {
    enum tri all;
    void (*tell)(const struct policy_check *check, void *arg);
    void *arg;
};

static void take_check(struct matching *m, const struct policy_check *c)
{
    if (c->holds == TRI_NO || (c->holds == TRI_UNKNOWN && m->all == TRI_YES))
        m->all = c->holds;
    if (m->tell)
        m->tell(c, m->arg);
}

static enum tri as_tri(bool yes)
{
    return yes ? TRI_YES : TRI_NO;
}

static void check_text(struct matching *m, const char *condition, const char *pattern, const char *text)
{
    struct policy_check c = {.condition = condition, .wanted = pattern, .saw = text, .why = not_described};

    if (!pattern)
        return;
    c.holds = text ? as_tri(glob_match(pattern, text, false)) : TRI_UNKNOWN;
    take_check(m, &c);
}

// One of the values under this key has to match; what is told is that one, or else the last.
static void check_metadata(struct matching *m, const struct policy_value *wanted,
                           const struct policy_subject *s)
{
    struct policy_check c = {.condition = "metadata",
                             .wanted = wanted->value,
                             .key = wanted->key,
                             .holds = s->described ? TRI_NO : TRI_UNKNOWN,
                             .why = not_described};

    for (size_t i = 0; i < s->metadata_count && c.holds != TRI_YES; i++) {
        if (strcmp(s->metadata[i].key, wanted->key) != 0)
            continue;
        c.saw = s->metadata[i].value;
        c.holds = as_tri(glob_match(wanted->value, c.saw, false));
    }
    take_check(m, &c);
}

static void check_domain(struct matching *m, const char *wanted, const char *domain)
{
    struct policy_check c = {.condition = "domain", .wanted = wanted, .saw = domain, .why = not_bound};

    if (!wanted)
        return;
    c.holds = domain ? as_tri(strcasecmp(wanted, domain) == 0) : TRI_UNKNOWN;
    take_check(m, &c);
}

static void check_ou(struct matching *m, const char *wanted, const struct policy_subject *s)
{
    struct policy_check c = {
        .condition = "ou", .wanted = wanted, .saw = s->dn, .why = s->domain ? no_dn : not_bound};

    if (!wanted)
        return;
    if (!s->dn)
        c.holds = TRI_UNKNOWN;
    else
        c.holds = as_tri(glob_is(wanted) ? glob_match(wanted, s->dn, true) : policy_dn_below(s->dn, wanted));
    take_check(m, &c);
}

static void check_role(struct matching *m, int wanted, enum role role)
{
    struct policy_check c = {.condition = "role", .why = no_role};

    if (wanted < 0)
        return;
    c.wanted = role_text((enum role)wanted);
    c.saw = role == ROLE_UNKNOWN ? NULL : role_text(role);
    c.holds = role == ROLE_UNKNOWN ? TRI_UNKNOWN : as_tri((enum role)wanted == role);
    take_check(m, &c);
}

enum tri policy_match(const struct policy_match *m, const struct policy_subject *s,
                      void (*tell)(const struct policy_check *check, void *arg), void *arg)
{
    struct matching all = {.all = TRI_YES, .tell = tell, .arg = arg};

    check_text(&all, "name", m->name, s->name);
    check_text(&all, "title", m->title, s->title);
    for (size_t i = 0; i < m->metadata_count; i++)
        check_metadata(&all, &m->metadata[i], s);
    check_domain(&all, m->domain, s->domain);
    check_ou(&all, m->ou, s);
    check_role(&all, m->role, s->role);
    return all.all;
}
