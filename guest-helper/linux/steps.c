// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/steps.h"

#include "common/hex.h"
#include "guest-helper/linux/ktmake.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { PASSWORD_CHARS = 120 };

void run_end(struct run *r, const char *result, const char *reason)
{
    r->result = result;
    r->reason = reason;
}

void run_done(struct run *r)
{
    krb_free(r->k);
    secret_wipe(r, sizeof *r);
}

// A password that krb5, Samba and a line of text can carry.
static bool usable(const struct secret *s)
{
    if (s->len < 14 || s->len > 512)
        return false;
    for (size_t i = 0; i < s->len; i++)
        if (s->data[i] < 0x21 || s->data[i] > 0x7e)
            return false;
    return true;
}

static void step_open(struct run *r)
{
    _cleanup_record_ struct record *key = NULL;
    _cleanup_secret_ struct secret private_key = {0};
    unsigned char blob[SEAL_BLOB_MAX];
    const char *sealed = r->q->sealed;
    const void *bytes = NULL;
    size_t len = 0;
    int rc = state_read(r->q->st, r->q->token, "key", &key, &r->text);

    if (rc < 0) {
        r->fatal = rc;
        return;
    }
    if (!sealed || strlen(sealed) / 2 > sizeof blob || strlen(sealed) % 2 ||
        hex_decode(sealed, blob, strlen(sealed) / 2) < 0) {
        err_set(&r->text, 0, "the request carries no sealed secret");
        run_end(r, "refused", "no-secret");
        return;
    }
    if (record_get_bytes(key, "private", &bytes, &len) < 0 || secret_set(&private_key, bytes, len) < 0 ||
        seal_open(&private_key, r->q->token, blob, strlen(sealed) / 2, &r->password, &r->text) < 0) {
        run_end(r, "refused", "not-for-me");
        return;
    }
    if (!usable(&r->password)) {
        err_set(&r->text, 0, "the secret is no password: 14 to 512 printable characters are right");
        run_end(r, "refused", "bad-secret");
    }
}

static void step_mint(struct run *r)
{
    unsigned char random[PASSWORD_CHARS];
    _cleanup_record_ struct record *p = NULL;
    int rc = seal_random(random, sizeof random, &r->text);

    if (rc == 0)
        rc = secret_make_password(&r->password, PASSWORD_CHARS, random, sizeof random);
    if (rc == 0) {
        p = record_new("pending");
        record_add(p, "account", member_account(r->m));
        record_add(p, "realm", r->m->kt.machine.entry.realm);
        record_add_bytes(p, "password", r->password.data, r->password.len);
        rc = state_write(r->q->st, r->q->token, "pending", p, &r->text);
    }
    if (rc < 0)
        r->fatal = rc;
}

// The journalled password, when it is this account's: 0 or -ENOENT, -errno.
static int read_pending(struct run *r)
{
    _cleanup_record_ struct record *p = NULL;
    const void *bytes = NULL;
    size_t len = 0;
    int rc = state_read(r->q->st, r->q->token, "pending", &p, &r->text);

    if (rc < 0)
        return rc;
    if (strcmp(record_get_or(p, "account", ""), member_account(r->m)) != 0 ||
        strcmp(record_get_or(p, "realm", ""), r->m->kt.machine.entry.realm) != 0 ||
        record_get_bytes(p, "password", &bytes, &len) < 0 || secret_set(&r->password, bytes, len) < 0)
        return -ENOENT;
    return 0;
}

static void step_settle(struct run *r)
{
    enum krb_answer a;
    int rc = read_pending(r);

    if (rc == -ENOENT) {
        err_set(&r->text, 0, "the journalled password is another account's");
        run_end(r, "failed", "journal");
        return;
    }
    if (rc < 0) {
        r->fatal = rc;
        return;
    }
    a = krb_try_password(r->k, &r->password, &r->text);
    r->taken = a == KRB_OK;
    if (a != KRB_OK && a != KRB_PREAUTH_FAILED)
        run_end(r, "failed", krb_answer_code(a));
}

static void step_change(struct run *r)
{
    enum krb_change c;

    if (r->taken)
        return;
    c = krb_change_password(r->k, r->m->kt.path, &r->password, &r->text);
    if (c == KRB_CHANGE_REFUSED)
        run_end(r, "failed", "change-refused");
    // Whether an unclear change took is what STEP_ACCEPT asks the DC.
}

// Which keys the password gives, and the fingerprint that they will have.
static int make_keys(struct run *r)
{
    uint16_t enctypes[ENCTYPES_MAX];
    const struct krb_key *best = NULL;
    size_t n = 0;
    int rc = ktmake_enctypes(r->m->kt.data, r->m->kt.len, &r->m->kt.machine.entry, enctypes, ENCTYPES_MAX, &n,
                             &r->text);

    if (rc == 0)
        rc = krb_keys(r->k, &r->password, enctypes, n, r->keys, &r->n_keys, &r->text);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < r->n_keys; i++)
        if (!best || keytab_strength(r->keys[i].enctype) > keytab_strength(best->enctype))
            best = &r->keys[i];
    r->storing_known = seal_sha256(best->bytes, best->len, r->storing) == 0;
    return r->storing_known ? 0 : err_set(&r->text, -EIO, "the crypto library cannot compute SHA-256");
}

static void step_accept(struct run *r)
{
    enum krb_answer a = krb_try_password(r->k, &r->password, &r->text);

    if (a == KRB_PREAUTH_FAILED && r->q->verb == VERB_STORE)
        run_end(r, "refused", "wrong-secret");
    else if (a != KRB_OK)
        run_end(r, "failed", a == KRB_PREAUTH_FAILED ? "not-taken" : krb_answer_code(a));
    if (r->result)
        return;
    r->taken = true;
    // The DC's own word on the key version counts; the host's is what is left when the DC will not tell.
    if (krb_kvno(r->k, &r->password, &r->kvno, &r->text) < 0) {
        r->kvno = (uint32_t)r->q->kvno;
        if (r->kvno == 0) {
            run_end(r, "failed", "no-kvno");
            return;
        }
    }
    if (make_keys(r) < 0)
        run_end(r, "failed", "no-keys");
}

static void step_write(struct run *r)
{
    const struct keytab_entry *machine = &r->m->kt.machine.entry;
    unsigned char *bytes = NULL;
    size_t len = 0;
    int rc;

    // A run that was interrupted right here has written it already; again would drop the keys before.
    if (memcmp(r->m->kt.sha256, r->storing, DIGEST) == 0 && machine->kvno == r->kvno)
        return;
    rc = ktmake(r->m->kt.data, r->m->kt.len, machine, r->keys, r->n_keys, r->kvno, (uint32_t)time(NULL),
                &bytes, &len, &r->text);
    if (rc == 0)
        rc = ktfile_replace(&r->m->kt, bytes, len, &r->text);
    secret_wipe(bytes, len);
    free(bytes);
    if (rc < 0)
        run_end(r, "failed", "keytab");
}

static void step_tell(struct run *r)
{
    if (r->m->has_winbind && winbind_store(&r->m->winbind, &r->password, &r->text) < 0)
        run_end(r, "failed", "samba");
}

static void step_show(struct run *r)
{
    enum krb_answer a = krb_try_keytab(r->k, r->m->kt.path, &r->text);

    if (a != KRB_OK)
        run_end(r, "failed", a == KRB_PREAUTH_FAILED ? "not-shown" : krb_answer_code(a));
}

void step_perform(struct run *r, enum step step)
{
    switch (step) {
    case STEP_OPEN:
        step_open(r);
        break;
    case STEP_MINT:
        step_mint(r);
        break;
    case STEP_SETTLE:
        step_settle(r);
        break;
    case STEP_CHANGE:
        step_change(r);
        break;
    case STEP_ACCEPT:
        step_accept(r);
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
