// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/ticket.h"

#include "daemon/directory/ticket_keys.h"

#include <errno.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <stdio.h>
#include <string.h>

struct accept {
    struct ticket_keys keys;
    gss_cred_id_t credentials;
    gss_ctx_id_t context;
    gss_name_t owner;
};

static void accept_done(struct accept *x)
{
    OM_uint32 minor;

    if (x->owner)
        gss_release_name(&minor, &x->owner);
    if (x->context)
        gss_delete_sec_context(&minor, &x->context, GSS_C_NO_BUFFER);
    if (x->credentials)
        gss_release_cred(&minor, &x->credentials);
    ticket_keys_done(&x->keys);
}

static void reason(OM_uint32 minor, char ret[static ERR_TEXT_MAX])
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 more = 0, ignored;

    if (gss_display_status(&ignored, minor, GSS_C_MECH_CODE, (gss_OID)gss_mech_krb5, &more, &text) !=
        GSS_S_COMPLETE)
        return;
    snprintf(ret, ERR_TEXT_MAX, "%.*s", (int)text.length, (const char *)text.value);
    one_line(ret);
    gss_release_buffer(&ignored, &text);
}

// The library tells the kind by its own error in the second code.
static enum ticket_state state_of(OM_uint32 major, OM_uint32 minor)
{
    switch ((krb5_error_code)minor) {
    case KRB5KRB_AP_ERR_SKEW:
        return TICKET_SKEW;
    case KRB5KRB_AP_ERR_TKT_EXPIRED:
    case KRB5KRB_AP_ERR_TKT_NYV:
        return TICKET_EXPIRED;
    case KRB5KRB_AP_ERR_NOT_US:
    case KRB5KRB_AP_WRONG_PRINC:
    case KRB5KRB_AP_ERR_BADKEYVER:
    case KRB5KRB_AP_ERR_NOKEY:
    case KRB5KRB_AP_ERR_BAD_INTEGRITY:
    case KRB5_KT_NOTFOUND:
    case KRB5_KT_KVNONOTFOUND:
    case KRB5_NOPERM_ETYPE:
        return TICKET_NOT_OURS;
    default:
        return GSS_ERROR(major) == GSS_S_CREDENTIALS_EXPIRED ? TICKET_EXPIRED : TICKET_DAMAGED;
    }
}

static int acquire(struct accept *x, struct failure *f)
{
    gss_key_value_element_desc elements[] = {{"keytab", x->keys.name}, {"rcache", "none:"}};
    gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc mechanisms = {1, (gss_OID)gss_mech_krb5};
    OM_uint32 minor, major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms,
                                                   GSS_C_ACCEPT, &store, &x->credentials, NULL, NULL);

    return major == GSS_S_COMPLETE
               ? 0
               : failure_set(f, -EIO, "internal", NULL, "GSS-API takes no keys (%u, %u)", major, minor);
}

static bool accept_token(struct accept *x, const struct attestation *a, struct ticket *t)
{
    gss_buffer_desc token = {a->gss_len, a->gss}, answer = GSS_C_EMPTY_BUFFER;
    OM_uint32 flags = 0, ignored, minor = 0;
    OM_uint32 major = gss_accept_sec_context(&minor, &x->context, x->credentials, &token,
                                             GSS_C_NO_CHANNEL_BINDINGS, &x->owner, NULL, &answer, &flags,
                                             NULL, NULL);

    gss_release_buffer(&ignored, &answer);
    if (major == GSS_S_COMPLETE && (flags & GSS_C_INTEG_FLAG) && !(flags & GSS_C_ANON_FLAG))
        return true;
    t->state = GSS_ERROR(major) ? state_of(major, minor) : TICKET_DAMAGED;
    reason(minor, t->text);
    return false;
}

static bool check_signature(struct accept *x, const struct attestation *a, const char *statement, size_t len,
                            struct ticket *t)
{
    gss_buffer_desc text = {len, (void *)statement}, mic = {a->mic_len, a->mic};
    OM_uint32 minor, major = gss_verify_mic(&minor, x->context, &text, &mic, NULL);

    if (major == GSS_S_COMPLETE)
        return true;
    t->state = TICKET_UNSIGNED;
    reason(minor, t->text);
    return false;
}

static bool read_owner(struct accept *x, struct ticket *t)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor;
    krb5_principal p = NULL;
    bool good;

    if (gss_display_name(&minor, x->owner, &text, NULL) != GSS_S_COMPLETE)
        return false;
    // The library's own way back from its text: names may hold escaped characters.
    good = text.length < 2048 &&
           krb5_parse_name_flags(x->keys.context, text.value, KRB5_PRINCIPAL_PARSE_REQUIRE_REALM, &p) == 0;
    gss_release_buffer(&minor, &text);
    if (good && p->length == 1 && p->data[0].length < sizeof t->name && p->realm.length < sizeof t->realm) {
        snprintf(t->name, sizeof t->name, "%.*s", (int)p->data[0].length, p->data[0].data);
        t->computer_name = t->name[0] && t->name[strlen(t->name) - 1] == '$' &&
                           strlen(t->name) == p->data[0].length;
    }
    if (good && p->realm.length < sizeof t->realm)
        snprintf(t->realm, sizeof t->realm, "%.*s", (int)p->realm.length, p->realm.data);
    krb5_free_principal(x->keys.context, p);
    return good;
}

// `authenticated`: the library has checked the PAC's signature with our key.
static void read_pac(struct accept *x, struct ticket *t)
{
    gss_buffer_desc name = {sizeof "urn:mspac:logon-info" - 1, "urn:mspac:logon-info"};
    gss_buffer_desc value = GSS_C_EMPTY_BUFFER, shown = GSS_C_EMPTY_BUFFER;
    int authenticated = 0, complete = 0, more = -1;
    OM_uint32 minor;

    if (gss_get_name_attribute(&minor, x->owner, &name, &authenticated, &complete, &value, &shown, &more) !=
        GSS_S_COMPLETE)
        return;
    t->pac_known = authenticated && pac_read(value.value, value.length, &t->pac) == 0;
    gss_release_buffer(&minor, &value);
    gss_release_buffer(&minor, &shown);
}

static void read_time(struct accept *x, struct ticket *t)
{
    krb5_timestamp at = 0;
    OM_uint32 minor;

    if (gsskrb5_extract_authtime_from_sec_context(&minor, x->context, &at) == GSS_S_COMPLETE)
        t->authtime_us = (int64_t)(uint32_t)at * 1000000;
}

int ticket_open(const char *keytab, const char *principal, const char *target, const struct attestation *a,
                const char *statement, size_t len, struct ticket *ret, struct failure *f)
{
    _cleanup_(accept_done) struct accept x = {0};
    struct ticket t = {.state = TICKET_GOOD};
    int rc = ticket_keys_load(keytab, principal, target, &x.keys, f);

    if (rc == 0)
        rc = acquire(&x, f);
    if (rc < 0)
        return rc;
    if (accept_token(&x, a, &t) && check_signature(&x, a, statement, len, &t)) {
        if (!read_owner(&x, &t))
            t.state = TICKET_DAMAGED;
        read_pac(&x, &t);
        read_time(&x, &t);
    }
    *ret = t;
    return 0;
}
