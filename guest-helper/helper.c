// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/helper.h"

#include "common/hex.h"
#include "common/os/fault.h"
#include "guest-helper/change.h"
#include "guest-helper/dcinstance.h"
#include "guest-helper/probe.h"
#include "guest-helper/settle.h"

#include <errno.h>
#include <string.h>

struct helper {
    const char *root;
    enum verb verb;
    const struct record *request;
    const char *token;
    struct state *st;
    struct member *m;
};

static void helper_done(struct helper *h)
{
    member_free(h->m);
    state_free(h->st);
}
#define _cleanup_helper_ _cleanup_(helper_done)

// ---- probe ---------------------------------------------------------------------------------------------------------

static int current_token(struct state *st, char ret[static TOKEN_LEN + 1], struct err *err)
{
    _cleanup_record_ struct record *current = NULL;
    int rc = state_read(st, NULL, "current", &current, err);

    *ret = '\0';
    if (rc == -ENOENT)
        return 0;
    if (rc == 0 && token_valid(record_get(current, "token")))
        strcpy(ret, record_get(current, "token"));
    return rc;
}

// The token's public key, made on first asking: 0 with it, -ENOENT when the token's secret is stored already.
static int public_key(struct helper *h, unsigned char ret[static SEAL_PUBLIC], struct err *err)
{
    _cleanup_record_ struct record *key = NULL, *done = NULL;
    _cleanup_secret_ struct secret private_key = {0};
    int rc;

    if (change_recorded(h->st, VERB_STORE, h->token, &done, NULL) == 0 ||
        change_recorded(h->st, VERB_REPAIR, h->token, &done, NULL) == 0)
        return -ENOENT;
    rc = state_read(h->st, h->token, "key", &key, err);
    if (rc == 0)
        return record_get_hex(key, "public", ret, SEAL_PUBLIC);
    if (rc != -ENOENT)
        return rc;
    rc = seal_keygen(&private_key, ret, err);
    if (rc < 0)
        return rc;
    key = record_new("key");
    record_add_hex(key, "public", ret, SEAL_PUBLIC);
    record_add_bytes(key, "private", private_key.data, private_key.len);
    return state_write(h->st, h->token, "key", key, err);
}

// Older tokens need their keys no more; whatever still comes in their name is refused.
static int drop_key(struct state *st, const char *token, void *data)
{
    if (strcmp(token, data) != 0)
        state_wipe(st, token, "key", NULL);
    return 0;
}

static int make_current(struct helper *h, const char *before, struct err *err)
{
    _cleanup_record_ struct record *current = record_new("current");
    int rc;

    if (strcmp(before, h->token) == 0)
        return 0;
    record_add(current, "token", h->token);
    rc = state_write(h->st, NULL, "current", current, err);
    fault_point("helper.probe.current");
    if (rc == 0)
        state_each(h->st, "key", drop_key, (void *)h->token);
    return rc;
}

static int add_key(struct helper *h, struct record *answer, struct err *err)
{
    unsigned char key[SEAL_PUBLIC];
    char current[TOKEN_LEN + 1];
    int rc = current_token(h->st, current, err);

    if (rc < 0)
        return rc;
    // An orphan of an older job that lands late must not retire the newer one.
    if (state_token_known(h->st, h->token) && *current && strcmp(current, h->token) != 0) {
        record_add_bool(answer, "superseded", true);
        return 0;
    }
    rc = state_token_new(h->st, h->token, err);
    if (rc == 0)
        rc = public_key(h, key, err);
    fault_point("helper.probe.key");
    if (rc == 0)
        record_add_hex(answer, "public_key", key, SEAL_PUBLIC);
    if (rc == 0 || rc == -ENOENT)
        rc = make_current(h, current, err);
    return rc;
}

static void add_last(struct helper *h, struct record *answer)
{
    static const char *const keys[][2] = {
        {"token", "last.token"}, {"verb", "last.verb"}, {"result", "last.result"}};
    _cleanup_record_ struct record *last = NULL;

    if (state_read(h->st, NULL, "last", &last, NULL) < 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        record_add(answer, keys[i][1], record_get(last, keys[i][0]));
}

static int look(struct helper *h, struct err *err)
{
    member_free(h->m);
    h->m = member_look(h->root);
    return h->m ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int probe(struct helper *h, struct record **ret, struct err *err)
{
    bool with_key = record_get_bool(h->request, "key") == 1;
    _cleanup_record_ struct record *a = NULL;
    int rc = state_open(h->root, with_key, &h->st, err);

    if (rc < 0)
        return rc;
    rc = look(h, err);
    if (rc == 0 && with_key && settle_pending(h->root, h->st, h->m))
        rc = look(h, err);
    if (rc < 0)
        return rc;
    a = probe_answer(h->m, true);
    add_last(h, a);
    rc = with_key ? add_key(h, a, err) : 0;
    if (rc < 0)
        return rc;
    *ret = take(a);
    return 0;
}

// ---- store-check, store, rotate ------------------------------------------------------------------------------------

static bool has(struct helper *h, const char *name)
{
    _cleanup_record_ struct record *r = NULL;

    return state_read(h->st, h->token, name, &r, NULL) == 0;
}

static bool was_storing(struct helper *h)
{
    _cleanup_record_ struct record *j = NULL;
    unsigned char storing[DIGEST];

    return state_read(h->st, h->token, verb_name(h->verb), &j, NULL) == 0 &&
           record_get_hex(j, "storing", storing, DIGEST) == 0 && member_holds(h->m, storing);
}

static int gather(struct helper *h, struct plan_facts *f, struct record **ret_recorded, struct err *err)
{
    char current[TOKEN_LEN + 1];
    unsigned char expect[DIGEST];
    const unsigned char *live = member_sha256(h->m);
    int rc = current_token(h->st, current, err);

    if (rc == 0 && h->verb != VERB_STORE_CHECK)
        rc = change_recorded(h->st, h->verb, h->token, ret_recorded, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    f->finished = *ret_recorded != NULL;
    f->token_known = state_token_known(h->st, h->token);
    f->token_retired = f->token_known && strcmp(current, h->token) != 0;
    f->has_key = has(h, "key");
    f->pending = has(h, "pending");
    f->begun = has(h, verb_name(h->verb));
    f->expect_given = record_get_hex(h->request, "expect", expect, DIGEST) == 0;
    f->expect_is_live = f->expect_given && live && memcmp(expect, live, DIGEST) == 0;
    f->was_storing = was_storing(h);
    f->sid_given = record_get(h->request, "sid") != NULL;
    member_facts(h->m, record_get(h->request, "sid"), f);
    return 0;
}

static struct record *check_answer(const struct plan *p, const char *dc)
{
    struct record *a = record_new("check");

    record_add_bool(a, "ready", p->kind == PLAN_READY);
    record_add(a, "reason", p->reason);
    record_add(a, "text", p->text);
    if (p->kind == PLAN_READY && dc)
        dcinstance_add(a, dc);
    return a;
}

static int change(struct helper *h, const struct plan *p, struct record **ret, struct err *err)
{
    struct change_request q = {
        .root = h->root,
        .st = h->st,
        .verb = h->verb,
        .token = h->token,
        .expect = record_get(h->request, "expect"),
        .dc = record_get(h->request, "dc"),
        .sealed = record_get(h->request, "sealed"),
        .sid = record_get(h->request, "sid"),
        .steps = p->steps,
    };

    if (record_get_u64(h->request, "kvno", &q.kvno) < 0 || q.kvno > UINT32_MAX)
        q.kvno = 0;
    return change_run(&q, h->m, ret, err);
}

// A run that was killed between its record and the wiping left what is no longer needed.
static int recorded_again(struct helper *h, struct record **recorded, struct record **ret, struct err *err)
{
    int rc = change_wipe(h->st, h->verb, h->token, err);

    if (rc == 0)
        *ret = take(*recorded);
    return rc;
}

static int act(struct helper *h, struct record **ret, struct err *err)
{
    _cleanup_record_ struct record *recorded = NULL;
    struct plan_facts facts = {0};
    struct plan p;
    // The lock comes first: what is then seen stays so.
    int rc = state_open(h->root, h->verb != VERB_STORE_CHECK, &h->st, err);

    if (rc < 0)
        return rc;
    rc = look(h, err);
    if (rc == 0)
        rc = gather(h, &facts, &recorded, err);
    if (rc < 0)
        return rc;
    p = plan_explain(plan_make(h->verb, &facts), member_why(h->m));
    if (h->verb == VERB_STORE_CHECK)
        *ret = check_answer(&p, record_get(h->request, "dc"));
    else if (p.kind == PLAN_RECORDED)
        rc = recorded_again(h, &recorded, ret, err);
    else if (p.kind == PLAN_REFUSE)
        *ret = change_answer(h->verb, h->token, "refused", p.reason, p.text);
    else
        rc = change(h, &p, ret, err);
    return rc;
}

int helper_run(const char *root, enum verb verb, const struct record *request, struct record **ret,
               struct err *err)
{
    _cleanup_helper_ struct helper h = {
        .root = root, .verb = verb, .request = request, .token = record_get(request, "token")};

    if (!token_valid(h.token))
        return err_set(err, -EINVAL, "the request's token must be %d lower-case hexadecimal digits",
                       TOKEN_LEN);
    return verb == VERB_PROBE ? probe(&h, ret, err) : act(&h, ret, err);
}
