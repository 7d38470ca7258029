// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/newest.h"

#include <stdio.h>
#include <string.h>

enum { LIST_TEXT = 32 * 260, NONE = -1 };

static const char *get(const struct record *r, const char *prefix, const char *key)
{
    char name[RECORD_KEY_MAX];

    snprintf(name, sizeof name, "%s%s", prefix, key);
    return record_get(r, name);
}

static bool answered(const struct dc_answer *v)
{
    return record_is(v->answer, "account") || record_is(v->answer, "accounts");
}

static bool found(const struct dc_answer *v, const char *prefix)
{
    const char *text = answered(v) ? get(v->answer, prefix, "found") : NULL;

    return text && strcmp(text, "1") == 0;
}

static bool number(const struct dc_answer *v, const char *prefix, const char *key, int64_t *ret)
{
    char name[RECORD_KEY_MAX];

    snprintf(name, sizeof name, "%s%s", prefix, key);
    return record_get_i64(v->answer, name, ret) == 0;
}

// AD's sentinels 0 and -1 say that no password was set, or that it is to be changed: older than any date.
static int64_t set_at(const struct dc_answer *v, const char *prefix)
{
    int64_t value;

    return number(v, prefix, "pwd_last_set", &value) && value > 0 ? value : 0;
}

static bool is_newer(const struct dc_answer *a, const struct dc_answer *b, const char *prefix)
{
    int64_t one = 0, other = 0;

    if (set_at(a, prefix) != set_at(b, prefix))
        return set_at(a, prefix) > set_at(b, prefix);
    number(a, prefix, "kvno", &one);
    number(b, prefix, "kvno", &other);
    return one > other;
}

// An account that one DC has is there, however many do not have it (yet); of none that has it, the first that answered.
static int newest(const struct dc_answer *views, size_t n, const char *prefix)
{
    int best = NONE;

    for (size_t i = 0; i < n; i++) {
        if (!answered(&views[i]))
            continue;
        if (best == NONE || (found(&views[i], prefix) &&
                             (!found(&views[best], prefix) || is_newer(&views[i], &views[best], prefix))))
            best = (int)i;
    }
    return best;
}

// ---- parts of the answer ----

static void add(struct record *r, const char *prefix, const char *key, const char *value)
{
    char name[RECORD_KEY_MAX];

    snprintf(name, sizeof name, "%s%s", prefix, key);
    record_add(r, name, value);
}

// The DC at which a password was changed calls itself by an id of its own there.
static const char *host_of(const struct dc_answer *views, size_t n, const char *invocation)
{
    for (size_t i = 0; i < n; i++)
        if (answered(&views[i]) &&
            strcmp(record_get_or(views[i].answer, "dc_invocation", ""), invocation) == 0)
            return views[i].dc;
    return invocation;
}

static void add_now(struct record *r, const char *prefix, const struct dc_answer *v)
{
    char text[32];
    int64_t now;

    if (!number(v, "", "dc_now_us", &now))
        return;
    snprintf(text, sizeof text, "%lld", (long long)(now + v->age_us));
    add(r, prefix, "dc_now_us", text);
}

static void copy(struct record *r, const char *prefix, const struct dc_answer *v,
                 const struct dc_answer *views, size_t n)
{
    for (size_t i = 2; i < record_count(v->answer); i++) { // behind type and v
        const char *key, *value;
        size_t len;

        record_at(v->answer, i, &key, &value, &len);
        if (strcmp(key, "password_changed_at") == 0)
            add(r, prefix, key, host_of(views, n, value));
        else if (strcmp(key, "dc_now_us") != 0)
            add(r, prefix, key, value);
    }
    add_now(r, prefix, v);
}

static void append(char list[static LIST_TEXT], const char *dc)
{
    size_t used = strlen(list);

    if (used + strlen(dc) + 2 < LIST_TEXT)
        snprintf(list + used, LIST_TEXT - used, "%s%s", used ? " " : "", dc);
}

static void add_differing(struct record *r, const char *prefix, const struct dc_answer *views, size_t n,
                          int best)
{
    char behind[LIST_TEXT] = "", missing[LIST_TEXT] = "";

    if (!found(&views[best], prefix))
        return;
    for (size_t i = 0; i < n; i++) {
        if (!answered(&views[i]))
            continue;
        if (!found(&views[i], prefix))
            append(missing, views[i].dc);
        else if (is_newer(&views[best], &views[i], prefix))
            append(behind, views[i].dc);
    }
    add(r, prefix, "behind", behind[0] ? behind : NULL);
    add(r, prefix, "missing", missing[0] ? missing : NULL);
}

static void add_silent(struct record *r, const char *prefix, const struct dc_answer *v)
{
    add(r, prefix, "dc", v->dc);
    if (answered(v))
        return;
    add(r, prefix, "code", record_get_or(v->answer, "code", "internal"));
    add(r, prefix, "text", record_get_or(v->answer, "text", "it was not asked"));
}

// ---- the answers ----

struct record *newest_account(const struct dc_answer *views, size_t n)
{
    int best = newest(views, n, "");
    struct record *r = best == NONE ? NULL : record_new("account");

    if (!r)
        return NULL;
    copy(r, "", &views[best], views, n);
    add_differing(r, "", views, n, best);
    record_add_u64(r, "dcs", n);
    for (size_t i = 0; i < n; i++) {
        char prefix[32];

        snprintf(prefix, sizeof prefix, "dcs.%zu.", i);
        if (answered(&views[i]))
            copy(r, prefix, &views[i], views, n);
        else
            add_silent(r, prefix, &views[i]);
    }
    return r;
}

static void add_question(struct record *r, size_t at, const struct dc_answer *views, size_t n)
{
    char prefix[32];
    size_t len;
    int best;

    len = (size_t)snprintf(prefix, sizeof prefix, "%zu.", at);
    best = newest(views, n, prefix);
    for (size_t i = 2; i < record_count(views[best].answer); i++) {
        const char *key, *value;
        size_t ignored;

        record_at(views[best].answer, i, &key, &value, &ignored);
        if (strncmp(key, prefix, len) == 0)
            record_add(r, key, value);
    }
    add(r, prefix, "dc", views[best].dc);
    add_now(r, prefix, &views[best]);
    add_differing(r, prefix, views, n, best);
}

struct record *newest_accounts(const struct dc_answer *views, size_t n, size_t questions)
{
    struct record *r = newest(views, n, "") == NONE ? NULL : record_new("accounts");
    uint64_t searches = 0;

    if (!r)
        return NULL;
    for (size_t i = 0; i < questions; i++)
        add_question(r, i, views, n);
    record_add_u64(r, "dcs", n);
    for (size_t i = 0; i < n; i++) {
        char prefix[32];
        uint64_t own;

        snprintf(prefix, sizeof prefix, "dcs.%zu.", i);
        add_silent(r, prefix, &views[i]);
        if (record_get_u64(views[i].answer, "searches", &own) == 0 && own > searches)
            searches = own;
    }
    record_add_u64(r, "searches", searches);
    return r;
}

struct record *newest_error(const struct dc_answer *views, size_t n)
{
    const struct record *first = NULL;
    struct record *r = record_new("error");
    char text[600];

    for (size_t i = 0; i < n && !first; i++)
        if (strcmp(record_get_or(views[i].answer, "code", ""), "dc-unreachable") != 0)
            first = views[i].answer;
    if (!first)
        first = views[0].answer;
    record_add(r, "code", record_get_or(first, "code", "internal"));
    snprintf(text, sizeof text, "none of %zu domain controllers serves; one of them: %.500s", n,
             record_get_or(first, "text", "-"));
    record_add(r, "text", n > 1 ? text : record_get_or(first, "text", "-"));
    record_add(r, "next", record_get(first, "next"));
    return r;
}
