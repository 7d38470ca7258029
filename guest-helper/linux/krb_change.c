// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Kerberos' password service (RFC 3244): the account's own change, and somebody else's reset of it.
#include "guest-helper/linux/krb_own.h"

#include <errno.h>
#include <string.h>

static const char service[] = "kadmin/changepw";

static void tell_change(struct krb *k, int result, const krb5_data *code_text, const krb5_data *text,
                        struct err *err)
{
    char *message = NULL;

    if (text->length > 0 && krb5_chpw_message(k->ctx, text, &message) != 0)
        message = NULL;
    err_set(err, -EACCES, "the DC refused the change (%d): %.*s%s%.200s", result, (int)code_text->length,
            code_text->length > 0 ? code_text->data : "", message ? ": " : "", message ? message : "");
    krb5_free_string(k->ctx, message);
}

// What the service said; code: the library's, for the exchange itself.
static enum krb_change end(struct krb *k, krb5_error_code code, int result, krb5_data *code_text,
                           krb5_data *text, struct err *err)
{
    if (code != 0)
        krb_tell(k, code, "the password service gave no clear answer", err);
    else if (result != KRB5_KPASSWD_SUCCESS)
        tell_change(k, result, code_text, text, err);
    krb5_free_data_contents(k->ctx, code_text);
    krb5_free_data_contents(k->ctx, text);
    if (code != 0)
        return KRB_CHANGE_UNKNOWN;
    return result == KRB5_KPASSWD_SUCCESS ? KRB_CHANGED : KRB_CHANGE_REFUSED;
}

enum krb_change krb_change_password(struct krb *k, const char *keytab, const struct secret *password,
                                    struct err *err)
{
    krb5_data code_text = {0}, text = {0};
    krb5_creds creds = {0};
    int result = -1;
    krb5_error_code code = krb_log_in(k, NULL, keytab, service, &creds);

    if (code != 0) {
        krb_tell(k, code, "no ticket for the password service", err);
        return KRB_CHANGE_REFUSED;
    }
    code = krb5_change_password(k->ctx, &creds, (const char *)password->data, &result, &code_text, &text);
    krb5_free_cred_contents(k->ctx, &creds);
    return end(k, code, result, &code_text, &text, err);
}

enum krb_answer krb_as_changer(struct krb *k, const struct secret *password, struct err *err)
{
    krb5_creds creds = {0};
    krb5_error_code code = krb_log_in(k, password, NULL, service, &creds);

    if (code != 0) {
        krb_tell(k, code, k->name, err);
        return krb_classify(code);
    }
    k->changer = creds;
    k->has_changer = true;
    return KRB_OK;
}

enum krb_change krb_set_password(struct krb *k, const char *account, const struct secret *password,
                                 struct err *err)
{
    krb5_data code_text = {0}, text = {0};
    krb5_principal target = NULL;
    int result = -1;
    krb5_error_code code = k->has_changer ? krb5_build_principal(k->ctx, &target, (unsigned)strlen(k->realm),
                                                                 k->realm, account, (char *)NULL)
                                          : KRB5_CC_NOTFOUND;

    if (code != 0) {
        krb_tell(k, code, "nobody has logged in to the password service", err);
        return KRB_CHANGE_REFUSED;
    }
    code = krb5_set_password(k->ctx, &k->changer, (char *)password->data, target, &result, &code_text, &text);
    krb5_free_principal(k->ctx, target);
    return end(k, code, result, &code_text, &text, err);
}
