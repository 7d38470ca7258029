// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/krb_own.h"

#include <ctype.h>
#include <errno.h>
#include <profile.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

static const char *const codes[] = {
    [KRB_OK] = "ok",
    [KRB_PREAUTH_FAILED] = "preauth-failed",
    [KRB_NO_DC] = "no-dc",
    [KRB_CLOCK_SKEW] = "clock-skew",
    [KRB_ACCOUNT_MISSING] = "account-missing",
    [KRB_ACCOUNT_DISABLED] = "account-disabled",
    [KRB_NO_KEY] = "no-key",
    [KRB_OTHER] = "other",
};

const char *krb_answer_code(enum krb_answer a)
{
    return codes[a];
}

enum krb_answer krb_classify(krb5_error_code code)
{
    static const struct {
        krb5_error_code code;
        enum krb_answer answer;
    } table[] = {
        {0, KRB_OK},
        {KRB5KDC_ERR_PREAUTH_FAILED, KRB_PREAUTH_FAILED},
        {KRB5_PREAUTH_FAILED, KRB_PREAUTH_FAILED},
        {KRB5KRB_AP_ERR_BAD_INTEGRITY, KRB_PREAUTH_FAILED},
        {KRB5_KDC_UNREACH, KRB_NO_DC},
        {KRB5_REALM_UNKNOWN, KRB_NO_DC},
        {KRB5_REALM_CANT_RESOLVE, KRB_NO_DC},
        {KRB5KRB_AP_ERR_SKEW, KRB_CLOCK_SKEW},
        {KRB5_KDCREP_SKEW, KRB_CLOCK_SKEW},
        {KRB5KRB_AP_ERR_TKT_NYV, KRB_CLOCK_SKEW},
        {KRB5KDC_ERR_NEVER_VALID, KRB_CLOCK_SKEW},
        {KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, KRB_ACCOUNT_MISSING},
        {KRB5KDC_ERR_CLIENT_REVOKED, KRB_ACCOUNT_DISABLED},
        {KRB5KDC_ERR_ETYPE_NOSUPP, KRB_NO_KEY},
        {KRB5_KT_NOTFOUND, KRB_NO_KEY},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].code == code)
            return table[i].answer;
    return KRB_OTHER;
}

void krb_tell(struct krb *k, krb5_error_code code, const char *about, struct err *err)
{
    const char *text = krb5_get_error_message(k ? k->ctx : NULL, code);

    err_set(err, -EIO, "%s: %s", about, text);
    krb5_free_error_message(k ? k->ctx : NULL, text);
}

static bool plain_name(const char *text)
{
    if (!*text || strlen(text) > 255)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr(".-_$", *text))
            return false;
    return true;
}

// The private configuration lies in memory only: a probe writes no file. TCP, since a DC's answers are often too long
// for UDP. RC4 is not asked for, but a keytab that holds nothing better must still be able to log in.
static int make_config(const char *realm, const char *dc, profile_t *ret, int *ret_fd)
{
    _cleanup_close_ int fd = memfd_create("krb5.conf", MFD_CLOEXEC);
    char path[64];
    const_profile_filespec_t files[] = {path, NULL};

    if (fd < 0 ||
        dprintf(fd,
                "[libdefaults]\n default_realm = %s\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
                " dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n"
                " allow_rc4 = true\n[realms]\n %s = {\n  kdc = %s:88\n  admin_server = %s\n"
                "  kpasswd_server = %s:464\n }\n",
                realm, realm, dc, dc, dc) < 0)
        return -EIO;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (profile_init(files, ret) != 0)
        return -EIO;
    *ret_fd = take_fd(fd);
    return 0;
}

static struct krb *krb_alloc(void)
{
    struct krb *k = calloc(1, sizeof *k);

    if (k)
        k->config = -1;
    return k;
}

int krb_new(const char *realm, const char *dc, const char *account, struct krb **ret, struct err *err)
{
    _cleanup_krb_ struct krb *k = krb_alloc();
    profile_t config = NULL;
    krb5_error_code code;

    if (!k)
        return err_set(err, -ENOMEM, "out of memory");
    if (!plain_name(realm) || !plain_name(dc) || !plain_name(account))
        return err_set(err, -EINVAL, "%.64s, %.64s, %.64s: no proper names of realm, DC and account", realm,
                       dc, account);
    if (make_config(realm, dc, &config, &k->config) < 0)
        return err_set(err, -EIO, "cannot make a Kerberos configuration: is /proc mounted?");
    code = krb5_init_context_profile(config, 0, &k->ctx);
    profile_abandon(config);
    k->realm = strdup(realm);
    k->name = strdup(account);
    if (code == 0 && k->realm && k->name)
        code = krb5_build_principal(k->ctx, &k->account, (unsigned)strlen(realm), realm, account,
                                    (char *)NULL);
    if (code != 0 || !k->account) {
        krb_tell(k, code, "Kerberos does not start", err);
        return -EIO;
    }
    *ret = take(k);
    return 0;
}

struct krb *krb_free(struct krb *k)
{
    if (!k)
        return NULL;
    if (k->ctx) {
        krb5_free_cred_contents(k->ctx, &k->changer);
        krb5_free_principal(k->ctx, k->account);
        krb5_free_context(k->ctx);
    }
    if (k->config >= 0)
        close(k->config);
    free(k->realm);
    free(k->name);
    free(k);
    return NULL;
}

krb5_error_code krb_log_in(struct krb *k, const struct secret *password, const char *keytab,
                           const char *service, krb5_creds *ret)
{
    krb5_init_creds_context icc = NULL;
    krb5_get_init_creds_opt *opt = NULL;
    krb5_keytab kt = NULL;
    char name[4096];
    krb5_error_code code = krb5_get_init_creds_opt_alloc(k->ctx, &opt);

    if (code == 0)
        code = krb5_init_creds_init(k->ctx, k->account, NULL, NULL, 0, opt, &icc);
    if (code == 0 && service)
        code = krb5_init_creds_set_service(k->ctx, icc, service);
    if (code == 0 && password) {
        code = krb5_init_creds_set_password(k->ctx, icc, (const char *)password->data);
    } else if (code == 0) {
        snprintf(name, sizeof name, "FILE:%s", keytab);
        code = krb5_kt_resolve(k->ctx, name, &kt);
        if (code == 0)
            code = krb5_init_creds_set_keytab(k->ctx, icc, kt);
    }
    if (code == 0)
        code = krb5_init_creds_get(k->ctx, icc);
    if (code == 0)
        code = krb5_init_creds_get_creds(k->ctx, icc, ret);
    if (icc)
        krb5_init_creds_free(k->ctx, icc);
    if (kt)
        krb5_kt_close(k->ctx, kt);
    krb5_get_init_creds_opt_free(k->ctx, opt);
    return code;
}

static enum krb_answer try_login(struct krb *k, const struct secret *password, const char *keytab,
                                 struct err *err)
{
    krb5_creds creds = {0};
    krb5_error_code code = krb_log_in(k, password, keytab, NULL, &creds);

    if (code == 0)
        krb5_free_cred_contents(k->ctx, &creds);
    else
        krb_tell(k, code, k->name, err);
    return krb_classify(code);
}

enum krb_answer krb_try_keytab(struct krb *k, const char *path, struct err *err)
{
    return try_login(k, NULL, path, err);
}

enum krb_answer krb_try_password(struct krb *k, const struct secret *password, struct err *err)
{
    return try_login(k, password, NULL, err);
}

// A ticket for the account itself is encrypted with its newest key and says which.
static krb5_error_code own_ticket(struct krb *k, krb5_creds *tgt, uint32_t *ret)
{
    krb5_creds want = {.client = k->account, .server = k->account}, *got = NULL;
    krb5_ticket *ticket = NULL;
    krb5_ccache cc = NULL;
    krb5_error_code code = krb5_cc_new_unique(k->ctx, "MEMORY", NULL, &cc);

    if (code == 0)
        code = krb5_cc_initialize(k->ctx, cc, k->account);
    if (code == 0)
        code = krb5_cc_store_cred(k->ctx, cc, tgt);
    if (code == 0)
        code = krb5_get_credentials(k->ctx, 0, cc, &want, &got);
    if (code == 0)
        code = krb5_decode_ticket(&got->ticket, &ticket);
    if (code == 0)
        *ret = ticket->enc_part.kvno;
    if (ticket)
        krb5_free_ticket(k->ctx, ticket);
    if (got)
        krb5_free_creds(k->ctx, got);
    if (cc)
        krb5_cc_destroy(k->ctx, cc);
    return code;
}

int krb_kvno(struct krb *k, const struct secret *password, uint32_t *ret, struct err *err)
{
    krb5_creds tgt = {0};
    krb5_error_code code = krb_log_in(k, password, NULL, NULL, &tgt);

    if (code == 0) {
        code = own_ticket(k, &tgt, ret);
        krb5_free_cred_contents(k->ctx, &tgt);
    }
    if (code == 0)
        return 0;
    krb_tell(k, code, "cannot learn the account's key version", err);
    return -EIO;
}

// AD's rule for computers: REALM, "host", the name without '$' in lower case, '.', the realm in lower case.
static int rule_salt(struct krb *k, krb5_data *ret)
{
    char salt[1024], *p;
    int len = snprintf(salt, sizeof salt, "%shost%s.%s", k->realm, k->name, k->realm);
    char *dollar;

    if (len < 0 || (size_t)len >= sizeof salt)
        return -EIO;
    for (p = salt + strlen(k->realm) + 4; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    dollar = strchr(salt + strlen(k->realm), '$');
    if (dollar)
        memmove(dollar, dollar + 1, strlen(dollar));
    ret->data = strdup(salt);
    ret->length = ret->data ? (unsigned)strlen(salt) : 0;
    return ret->data ? 0 : -ENOMEM;
}

static krb5_error_code one_key(struct krb *k, const struct secret *password, uint16_t enctype,
                               const krb5_data *salt, const krb5_data *params, struct krb_key *ret)
{
    krb5_data text = {.length = (unsigned)password->len, .data = (char *)password->data};
    krb5_keyblock block = {0};
    krb5_error_code code = krb5_c_string_to_key_with_params(k->ctx, enctype, &text, salt, params, &block);

    if (code == 0 && block.length > KRB_KEY_MAX)
        code = KRB5_BAD_KEYSIZE;
    if (code == 0) {
        ret->enctype = enctype;
        ret->len = block.length;
        memcpy(ret->bytes, block.contents, block.length);
    }
    krb5_free_keyblock_contents(k->ctx, &block);
    return code;
}

int krb_keys(struct krb *k, const struct secret *password, const uint16_t *enctypes, size_t n,
             struct krb_key *ret, size_t *ret_n, struct err *err)
{
    krb5_data salt = {0}, params = {0};
    krb5_enctype chosen = 0;
    krb5_error_code code = krb5_get_etype_info(k->ctx, k->account, NULL, &chosen, &salt, &params);
    size_t made = 0;

    if ((code != 0 || salt.length == 0) && rule_salt(k, &salt) < 0)
        return err_set(err, -EIO, "%s: neither the DC nor the rule gives a salt", k->name);
    code = 0;
    for (size_t i = 0; i < n && code == 0; i++) {
        const krb5_data *own = params.length > 0 && chosen == enctypes[i] ? &params : NULL;

        if (krb5_c_valid_enctype(enctypes[i]))
            code = one_key(k, password, enctypes[i], &salt, own, &ret[made++]);
    }
    krb5_free_data_contents(k->ctx, &salt);
    krb5_free_data_contents(k->ctx, &params);
    if (code != 0 || made == 0) {
        krb_tell(k, code, "cannot make keys of the password", err);
        secret_wipe(ret, n * sizeof *ret);
        return -EIO;
    }
    *ret_n = made;
    return 0;
}

// ---- for krb_ticket.c ----

krb5_error_code krb_login_keytab(struct krb *k, const char *keytab, krb5_creds *ret)
{
    return krb_log_in(k, NULL, keytab, NULL, ret);
}

enum krb_answer krb_answer_of(struct krb *k, krb5_error_code code, const char *about, struct err *err)
{
    if (code != 0)
        krb_tell(k, code, about, err);
    return krb_classify(code);
}
