// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/krb_own.h"

#include <stdio.h>

static krb5_error_code fill_cache(struct krb *k, krb5_creds *tgt, const char *target)
{
    krb5_creds want = {.client = k->account}, *got = NULL;
    krb5_error_code code = krb5_cc_new_unique(k->ctx, "MEMORY", NULL, &k->cache);

    if (code == 0)
        code = krb5_cc_initialize(k->ctx, k->cache, k->account);
    if (code == 0)
        code = krb5_cc_store_cred(k->ctx, k->cache, tgt);
    if (code == 0)
        code = krb5_parse_name_flags(k->ctx, target, KRB5_PRINCIPAL_PARSE_REQUIRE_REALM, &want.server);
    if (code == 0)
        code = krb5_get_credentials(k->ctx, 0, k->cache, &want, &got); // and puts it into the cache
    if (got)
        krb5_free_creds(k->ctx, got);
    krb5_free_principal(k->ctx, want.server);
    return code;
}

// GSSAPI finds cache and configuration by the environment; a guest's own krb5.conf has no part in it here either.
static int publish(struct krb *k)
{
    char *name = NULL, config[64];
    int rc;

    if (krb5_cc_get_full_name(k->ctx, k->cache, &name) != 0)
        return -1;
    snprintf(config, sizeof config, "/proc/self/fd/%d", k->config);
    rc = setenv("KRB5CCNAME", name, 1) < 0 || setenv("KRB5_CONFIG", config, 1) < 0 ? -1 : 0;
    krb5_free_string(k->ctx, name);
    return rc;
}

enum krb_answer krb_service_ticket(struct krb *k, const char *keytab, const char *target, struct err *err)
{
    krb5_creds tgt = {0};
    krb5_error_code code = krb_login_keytab(k, keytab, &tgt);

    if (code != 0)
        return krb_answer_of(k, code, k->name, err);
    code = fill_cache(k, &tgt, target);
    krb5_free_cred_contents(k->ctx, &tgt);
    if (code == 0 && publish(k) < 0)
        code = KRB5_CC_BADNAME;
    return krb_answer_of(k, code, target, err);
}

void krb_drop_ticket(struct krb *k)
{
    if (k && k->cache)
        krb5_cc_destroy(k->ctx, k->cache);
    if (k)
        k->cache = NULL;
}
