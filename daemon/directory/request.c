// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *type;
    enum request_kind kind;
} kinds[] = {
    {"account", REQUEST_ACCOUNT},     {"accounts", REQUEST_ACCOUNTS}, {"reset", REQUEST_RESET},
    {"login", REQUEST_LOGIN},         {"check", REQUEST_CHECK},       {"vet", REQUEST_VET},
    {"challenge", REQUEST_CHALLENGE}, {"attest", REQUEST_ATTEST},
};

#define NEXT_PROTOCOL "see the section about the directory in daemon/PROTOCOL.md"

static int bad(struct failure *f, const char *key, const char *what)
{
    return failure_set(f, -EINVAL, FAILURE_BAD_REQUEST, NEXT_PROTOCOL, "the request's %s %s", key, what);
}

static int parse_host(const struct record *r, const char *key, bool needed, char *ret, struct failure *f)
{
    const char *text = record_get(r, key);

    if (!text)
        return needed ? bad(f, key, "is missing") : 0;
    if (!hostname_valid(text))
        return bad(f, key, "is no DNS name");
    snprintf(ret, HOST_TEXT, "%s", text);
    return 0;
}

// AD's schema allows 256 characters; what filters treat specially is escaped where the filter is made.
static int parse_name(const char *text, char *ret, struct failure *f)
{
    size_t len = strlen(text);

    if (len > 0 && text[len - 1] == '$')
        len--;
    if (len == 0 || len > NAME_TEXT - 2)
        return bad(f, "name", "is no computer's sAMAccountName (1 to 255 characters before its dollar)");
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return bad(f, "name", "holds a control character");
    snprintf(ret, NAME_TEXT, "%.*s$", (int)len, text);
    return 0;
}

static int parse_whose(const struct record *r, struct request *q, struct failure *f)
{
    const char *guid = record_get(r, "guid"), *sid = record_get(r, "sid"), *name = record_get(r, "name");
    unsigned char bytes[SID_BYTES_MAX];
    size_t len;

    if (guid) {
        if (strlen(guid) != GUID_TEXT - 1 || guid_parse(guid, bytes) < 0)
            return bad(f, "guid", "is no objectGUID (8-4-4-4-12 hexadecimal digits)");
        guid_text(bytes, q->guid);
    }
    if (sid) {
        if (sid_parse(sid, bytes, &len) < 0 || sid_text(bytes, len, q->sid) < 0)
            return bad(f, "sid", "is no SID (S-1-5-21-…)");
    }
    return name ? parse_name(name, q->name, f) : 0;
}

static int parse_token(const struct record *r, struct request *q, struct failure *f)
{
    const char *token = record_get(r, "token");
    size_t len = token ? strlen(token) : 0;

    if (len < 8 || len >= TOKEN_TEXT || strspn(token, "0123456789abcdefABCDEF-") != len)
        return bad(f, "token", "is missing or not 8 to 64 hexadecimal digits");
    snprintf(q->token, sizeof q->token, "%s", token);
    return 0;
}

static int parse_secret(const struct record *r, const char *key, struct request *q, struct failure *f)
{
    const void *data;
    size_t len;

    if (record_get_bytes(r, key, &data, &len) < 0)
        return bad(f, key, "is missing");
    if (secret_set(&q->secret, data, len) < 0)
        return bad(f, key, "is longer than any password virtrust makes");
    return 0;
}

static int parse_reset(const struct record *r, struct request *q, struct failure *f)
{
    uint64_t kvno;

    if (record_get_u64(r, "kvno", &kvno) < 0 || kvno > UINT32_MAX)
        return bad(f, "kvno", "is missing or no number: name the key version that the reset starts from");
    q->kvno = (uint32_t)kvno;
    return parse_token(r, q, f);
}

static int one_name(const struct request *q, struct failure *f)
{
    return !!q->guid[0] + !!q->sid[0] + !!q->name[0] == 1
               ? 0
               : bad(f, "account", "is to be named by exactly one of guid, sid and name");
}

// `3.name=WS1$`: the fourth account. False when there is none. Names may be a guest's claim: a bad one is marked, and
// spoils nothing for the others.
static bool parse_one(const struct record *r, size_t at, struct whose *ret)
{
    static const char *const keys[] = {"guid", "sid", "name"};
    _cleanup_record_ struct record *own = record_new("account");
    _cleanup_(request_done) struct request q = {0};
    struct failure f = {0};
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char key[RECORD_KEY_MAX];
        const char *value;

        snprintf(key, sizeof key, "%zu.%s", at, keys[i]);
        value = record_get(r, key);
        record_add(own, keys[i], value);
        any |= value != NULL;
    }
    if (!any)
        return false;
    if (parse_whose(own, &q, &f) < 0 || one_name(&q, &f) < 0)
        snprintf(ret->wrong, sizeof ret->wrong, "%.159s", f.err.text);
    memcpy(ret->guid, q.guid, sizeof ret->guid);
    memcpy(ret->sid, q.sid, sizeof ret->sid);
    memcpy(ret->name, q.name, sizeof ret->name);
    return true;
}

static int parse_list(const struct record *r, struct request *q, struct failure *f)
{
    q->list = calloc(ACCOUNTS_MAX, sizeof *q->list);
    if (!q->list)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    while (q->count < ACCOUNTS_MAX && parse_one(r, q->count, &q->list[q->count]))
        q->count++;
    return q->count ? 0 : bad(f, "account", "is missing: 0.guid, 0.sid or 0.name begins the list");
}

static int parse_attest(const struct record *r, struct request *q, struct failure *f)
{
    struct err err = {0};
    int rc = attestation_claim_read(r, &q->claim, &err);

    if (rc == 0)
        rc = attestation_read(r, &q->attestation, &err);
    q->fresh = record_get_bool(r, "fresh") == 1;
    record_get_u64(r, "after", &q->after);
    return rc == 0 ? 0 : failure_set(f, rc, FAILURE_BAD_REQUEST, NEXT_PROTOCOL, "%s", err.text);
}

// A nonce and a target are what it asks for: any will do for the form.
static int parse_challenge(const struct record *r, struct request *q, struct failure *f)
{
    _cleanup_record_ struct record *own = record_new("attest");
    struct err err = {0};
    int rc;

    record_add(own, "guest", record_get(r, "guest"));
    record_addf(own, "nonce", "%064d", 0);
    record_add(own, "target", "virtrust/any@ANY");
    rc = attestation_claim_read(own, &q->claim, &err);
    return rc == 0 ? 0 : failure_set(f, rc, FAILURE_BAD_REQUEST, NEXT_PROTOCOL, "%s", err.text);
}

static int parse_keys(const struct record *r, struct request *q, struct failure *f)
{
    int rc;

    if (q->kind == REQUEST_ACCOUNTS)
        return parse_list(r, q, f);
    if (q->kind == REQUEST_CHALLENGE)
        return parse_challenge(r, q, f);
    rc = parse_whose(r, q, f);
    if (rc == 0 && q->kind == REQUEST_ATTEST)
        return parse_attest(r, q, f);
    if (rc < 0 || q->kind == REQUEST_CHECK)
        return rc;
    if (q->kind == REQUEST_ACCOUNT) {
        q->mark = record_get_bool(r, "mark") == 1;
        if (q->mark && !q->dc[0])
            return bad(f, "mark", "needs a dc, at which it is to be made");
        return one_name(q, f);
    }
    if (!q->guid[0] || !q->sid[0])
        return bad(f, "account", "is to be named by guid and sid, both");
    rc = parse_secret(r, q->kind == REQUEST_VET ? "credential" : "secret", q, f);
    if (rc == 0 && q->kind == REQUEST_LOGIN && q->secret.len == 0)
        return bad(f, "secret", "is empty");
    return rc == 0 && q->kind == REQUEST_RESET ? parse_reset(r, q, f) : rc;
}

int request_parse(const struct record *r, struct request *ret, struct failure *f)
{
    _cleanup_(request_done) struct request q = {0};
    const char *type = record_type(r);
    size_t i = 0;
    int rc;

    while (i < ARRAY_SIZE(kinds) && !(type && strcmp(type, kinds[i].type) == 0))
        i++;
    if (i == ARRAY_SIZE(kinds))
        return bad(f, "type", "is none of account, accounts, reset, login, check, vet, challenge, attest");
    q.kind = kinds[i].kind;
    rc = parse_host(r, "domain", true, q.domain, f);
    if (rc == 0)
        rc = parse_host(r, "dc", false, q.dc, f);
    if (rc == 0)
        rc = parse_keys(r, &q, f);
    if (rc == 0) {
        *ret = q;
        q.list = NULL;
        q.attestation = (struct attestation){0};
    }
    return rc;
}
