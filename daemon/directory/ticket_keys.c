// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/ticket_keys.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NEXT_KEYTAB \
    "export the delegated account's keytab anew, owned by virtrust-directory's user, mode 0600"

struct load {
    struct ticket_keys *keys;
    krb5_principal account, service;
    krb5_keytab file;
    unsigned taken;
};

static void load_done(struct load *l)
{
    if (!l->keys->context)
        return;
    if (l->file)
        krb5_kt_close(l->keys->context, l->file);
    krb5_free_principal(l->keys->context, l->account);
    krb5_free_principal(l->keys->context, l->service);
}

static bool is_aes(krb5_enctype type)
{
    return type == ENCTYPE_AES256_CTS_HMAC_SHA1_96 || type == ENCTYPE_AES128_CTS_HMAC_SHA1_96 ||
           type == ENCTYPE_AES256_CTS_HMAC_SHA384_192 || type == ENCTYPE_AES128_CTS_HMAC_SHA256_128;
}

static krb5_error_code take_entry(struct load *l, const krb5_keytab_entry *e)
{
    krb5_keytab_entry own = *e;
    bool ours = krb5_principal_compare(l->keys->context, e->principal, l->account) ||
                krb5_principal_compare(l->keys->context, e->principal, l->service);
    krb5_error_code code;

    if (!ours || !is_aes(e->key.enctype))
        return 0;
    own.principal = l->service;
    code = krb5_kt_add_entry(l->keys->context, l->keys->memory, &own); // copies
    if (code == 0)
        l->taken++;
    return code;
}

static krb5_error_code take_all(struct load *l)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry e;
    krb5_error_code code = krb5_kt_start_seq_get(l->keys->context, l->file, &cursor), end;

    if (code)
        return code;
    while ((code = krb5_kt_next_entry(l->keys->context, l->file, &e, &cursor)) == 0) {
        code = take_entry(l, &e);
        krb5_free_keytab_entry_contents(l->keys->context, &e);
        if (code)
            break;
    }
    end = krb5_kt_end_seq_get(l->keys->context, l->file, &cursor);
    return code == KRB5_KT_END ? end : code;
}

static krb5_error_code open_all(struct load *l, const char *keytab, const char *principal, const char *target)
{
    struct ticket_keys *k = l->keys;
    _cleanup_free_ char *name = NULL;
    krb5_error_code code = krb5_init_context(&k->context);

    if (!code)
        code = krb5_parse_name(k->context, principal, &l->account);
    if (!code)
        code = krb5_parse_name(k->context, target, &l->service);
    if (!code && asprintf(&name, "FILE:%s", keytab) < 0) {
        name = NULL;
        code = ENOMEM;
    }
    if (!code)
        code = krb5_kt_resolve(k->context, name, &l->file);
    snprintf(k->name, sizeof k->name, "MEMORY:virtrust-%ld", (long)getpid());
    return code ? code : krb5_kt_resolve(k->context, k->name, &k->memory);
}

int ticket_keys_load(const char *keytab, const char *principal, const char *target, struct ticket_keys *ret,
                     struct failure *f)
{
    _cleanup_(load_done) struct load l = {.keys = ret};
    krb5_error_code code = open_all(&l, keytab, principal, target);
    const char *text;

    if (code)
        return failure_set(f, -EIO, "internal", NULL, "Kerberos cannot prepare the keys (error %d)",
                           (int)code);
    code = take_all(&l);
    if (code) {
        text = krb5_get_error_message(ret->context, code);
        failure_set(f, 0, "keytab", NEXT_KEYTAB, "the keytab %s cannot be read: %s", keytab, text);
        krb5_free_error_message(ret->context, text);
        return -EACCES;
    }
    return l.taken ? 0
                   : failure_set(f, -EACCES, "keytab", NEXT_KEYTAB,
                                 "the keytab %s has no AES key of %s or %s", keytab, principal, target);
}

void ticket_keys_done(struct ticket_keys *k)
{
    if (!k->context)
        return;
    if (k->memory)
        krb5_kt_close(k->context, k->memory);
    krb5_free_context(k->context);
    *k = (struct ticket_keys){0};
}
