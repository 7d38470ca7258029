// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/world.h"

#include "guest-helper/linux/dc.h"
#include "guest-helper/linux/ktmake.h"
#include "guest-helper/password.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void run_begin(struct run *r)
{
    const struct keytab_entry *machine = &r->m->kt.machine.entry;
    char found[DC_NAME];
    const char *dc = r->q->dc;

    r->w = calloc(1, sizeof *r->w);
    if (!r->w) {
        r->fatal = err_set(&r->text, -ENOMEM, "out of memory");
    } else if (dc && !dc_reachable(dc)) {
        err_set(&r->text, 0, "%.200s does not accept a connection to port 88", dc);
        run_end(r, "failed", "no-dc");
    } else if (!dc && dc_find(machine->realm, found, &r->text) < 0) {
        run_end(r, "failed", "no-dc");
    } else if (krb_new(machine->realm, dc ? dc : found, machine->principal, &r->w->k, &r->text) < 0) {
        run_end(r, "failed", "kerberos");
    } else {
        snprintf(r->w->dc, sizeof r->w->dc, "%s", dc ? dc : found);
    }
}

struct world *run_end_world(struct world *w)
{
    if (!w)
        return NULL;
    krb_free(w->k);
    krb_free(w->admin);
    secret_wipe(w, sizeof *w);
    free(w);
    return NULL;
}

bool run_own_secret_works(struct run *r)
{
    return krb_try_keytab(r->w->k, r->m->kt.path, NULL) == KRB_OK;
}

static void step_open(struct run *r)
{
    if (r->q->verb == VERB_REPAIR) {
        if (!r->taken)
            password_open(r, &r->credential);
        return;
    }
    password_open(r, &r->password);
    if (!r->result && !r->fatal)
        password_check(r);
}

// Whose right it is. The account itself is named by the keytab, and the credential is good for that one alone.
static void step_find(struct run *r)
{
    const char *realm = r->m->kt.machine.entry.realm;
    _cleanup_secret_ struct secret password = {0};
    char domain[PASSWORD_NAME], user[PASSWORD_NAME];
    enum krb_answer a;

    if (r->taken || !password_part(r, domain, user, &password))
        return;
    secret_wipe(&r->credential, sizeof r->credential);
    if (strchr(domain, '.') && strcasecmp(domain, realm) != 0) {
        err_set(&r->text, 0, "the credential is of %.100s, and this guest of %.100s", domain, realm);
        run_end(r, "refused", "bad-credential");
        return;
    }
    if (krb_new(realm, r->w->dc, user, &r->w->admin, &r->text) < 0) {
        run_end(r, "refused", "bad-credential");
        return;
    }
    a = krb_as_changer(r->w->admin, &password, &r->text);
    if (a == KRB_PREAUTH_FAILED || a == KRB_ACCOUNT_MISSING || a == KRB_ACCOUNT_DISABLED)
        run_end(r, "refused", "credential-refused");
    else if (a != KRB_OK)
        run_end(r, "failed", krb_answer_code(a));
}

static void step_settle(struct run *r)
{
    enum krb_answer a;

    password_recall(r, member_account(r->m), r->m->kt.machine.entry.realm);
    if (r->result || r->fatal)
        return;
    a = krb_try_password(r->w->k, &r->password, &r->text);
    r->taken = a == KRB_OK;
    if (a != KRB_OK && a != KRB_PREAUTH_FAILED)
        run_end(r, "failed", krb_answer_code(a));
}

static void step_change(struct run *r)
{
    enum krb_change c;

    if (r->taken)
        return;
    if (r->q->verb == VERB_REPAIR) {
        if (krb_set_password(r->w->admin, member_account(r->m), &r->password, &r->text) == KRB_CHANGE_REFUSED)
            run_end(r, "refused", "reset-refused");
        return;
    }
    c = krb_change_password(r->w->k, r->m->kt.path, &r->password, &r->text);
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
        rc = krb_keys(r->w->k, &r->password, enctypes, n, r->w->keys, &r->w->n_keys, &r->text);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < r->w->n_keys; i++)
        if (!best || keytab_strength(r->w->keys[i].enctype) > keytab_strength(best->enctype))
            best = &r->w->keys[i];
    r->storing_known = seal_sha256(best->bytes, best->len, r->storing) == 0;
    return r->storing_known ? 0 : err_set(&r->text, -EIO, "the crypto library cannot compute SHA-256");
}

static void step_accept(struct run *r)
{
    enum krb_answer a = krb_try_password(r->w->k, &r->password, &r->text);

    if (a == KRB_PREAUTH_FAILED && r->q->verb == VERB_STORE)
        run_end(r, "refused", "wrong-secret");
    else if (a != KRB_OK)
        run_end(r, "failed", a == KRB_PREAUTH_FAILED ? "not-taken" : krb_answer_code(a));
    if (r->result)
        return;
    r->taken = true;
    // The DC's own word on the key version counts; the host's is what is left when the DC will not tell.
    if (krb_kvno(r->w->k, &r->password, &r->kvno, &r->text) < 0) {
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
    rc = ktmake(r->m->kt.data, r->m->kt.len, machine, r->w->keys, r->w->n_keys, r->kvno, (uint32_t)time(NULL),
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
    enum krb_answer a = krb_try_keytab(r->w->k, r->m->kt.path, &r->text);

    if (a != KRB_OK)
        run_end(r, "failed", a == KRB_PREAUTH_FAILED ? "not-shown" : krb_answer_code(a));
    memcpy(r->live, r->storing, DIGEST);
}

void step_perform(struct run *r, enum step step)
{
    switch (step) {
    case STEP_OPEN:
        step_open(r);
        break;
    case STEP_MINT:
        password_mint(r, member_account(r->m), r->m->kt.machine.entry.realm);
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
    case STEP_FIND:
        step_find(r);
        break;
    case STEP_END:
        break;
    }
}
