// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/krb.h"

#include "common/hex.h"
#include "daemon/directory/net.h"

#include <ctype.h>
#include <errno.h>
#include <krb5/krb5.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TICKET_S = 600 };

struct krb {
    krb5_context context;
    krb5_ccache cache;
    char dc[HOST_TEXT], realm[HOST_TEXT], keytab[PATH_MAX];
};

#define NEXT_KEYTAB \
    "export the delegated account's keytab anew, owned by virtrust-directory's user, mode 0600"
#define NEXT_CLOCK "set this host's clock by the domain's: Kerberos allows five minutes"

// The sentence of a Kerberos error, copied; krb5 owns its own.
static void reason(const struct krb *krb, krb5_error_code code, char ret[static ERR_TEXT_MAX])
{
    const char *text = krb5_get_error_message(krb->context, code);

    snprintf(ret, ERR_TEXT_MAX, "%s", text);
    krb5_free_error_message(krb->context, text);
}

// Where the keytab lies. It is read there, and copied nowhere.
int krb_keytab_path(const struct config_domain *domain, char ret[static PATH_MAX], struct failure *f)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");

    if (domain->credential && dir && *dir == '/' &&
        snprintf(ret, PATH_MAX, "%s/%s", dir, domain->credential) < PATH_MAX && access(ret, F_OK) == 0)
        return 0;
    if (domain->keytab && snprintf(ret, PATH_MAX, "%s", domain->keytab) < PATH_MAX)
        return 0;
    return failure_set(f, -ENOENT, "keytab",
                       "add LoadCredential= for it to virtrust-directory@.service, see virtrust-directory(8)",
                       "domain %s: systemd handed no credential %s over", domain->name, domain->credential);
}

int krb_realm_of(const struct config_domain *domain, char ret[static HOST_TEXT], struct failure *f)
{
    const char *at = domain->principal ? strrchr(domain->principal, '@') : NULL;

    snprintf(ret, HOST_TEXT, "%s", at ? at + 1 : domain->name);
    for (char *c = ret; !at && *c; c++)
        *c = (char)toupper((unsigned char)*c);
    if (!hostname_valid(ret) || !hostname_valid(domain->name))
        return failure_set(f, -EINVAL, "config", "write the principal as NAME@REALM",
                           "domain %s: its name or the realm of its principal is no DNS name", domain->name);
    return 0;
}

// Every name in here has passed hostname_valid. The file stays open for the process' life: the library caches
// parsed files by their path, and a later DC must not get an earlier one's path.
static int pin(const struct krb *krb, const char *domain, struct failure *f)
{
    int fd = memfd_create("virtrust-krb5.conf", MFD_CLOEXEC);
    char path[64];

    if (fd < 0 || dprintf(fd,
                          "[libdefaults]\n"
                          " default_realm = %1$s\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
                          " dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n"
                          " permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 "
                          "aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128\n"
                          "[realms]\n %1$s = {\n  kdc = %2$s:%4$d\n  kpasswd_server = %2$s:%5$d\n }\n"
                          "[domain_realm]\n %2$s = %1$s\n .%3$s = %1$s\n %3$s = %1$s\n",
                          krb->realm, krb->dc, domain, PORT_KERBEROS, PORT_KPASSWD) < 0)
        return failure_set(f, -errno, "internal", NULL, "cannot write a krb5.conf into memory: %s",
                           strerror(errno));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return setenv("KRB5_CONFIG", path, 1) < 0 ? -ENOMEM : 0;
}

static int explain(const struct krb *krb, const struct config_domain *domain, bool bad_keytab,
                   krb5_error_code code, struct failure *f)
{
    char text[ERR_TEXT_MAX];

    reason(krb, code, text);
    if (code == KRB5_KDC_UNREACH || code == KRB5_REALM_CANT_RESOLVE)
        return failure_set(f, -EHOSTUNREACH, "dc-unreachable", "see whether the DC is up and port 88 open",
                           "%s:%d: %s", krb->dc, PORT_KERBEROS, text);
    if (bad_keytab)
        return failure_set(f, -EACCES, "keytab", NEXT_KEYTAB, "the keytab %s has no usable key of %s: %s",
                           krb->keytab, domain->principal, text);
    if (code == KRB5KRB_AP_ERR_SKEW || code == KRB5_KDCREP_SKEW)
        return failure_set(f, -ETIME, "clock", NEXT_CLOCK, "%s:%d: %s", krb->dc, PORT_KERBEROS, text);
    return failure_set(
        f, -EACCES, "credential",
        "see that the account exists, is enabled, may use AES, and that the keytab is its newest",
        "%s:%d gives %s no ticket: %s", krb->dc, PORT_KERBEROS, domain->principal, text);
}

// Puts a ticket into a cache of its own, and forgets it here.
static krb5_error_code keep_ticket(struct krb *krb, krb5_principal client, krb5_creds *creds)
{
    krb5_error_code code = krb5_cc_new_unique(krb->context, "MEMORY", NULL, &krb->cache);

    if (!code)
        code = krb5_cc_initialize(krb->context, krb->cache, client);
    if (!code)
        code = krb5_cc_store_cred(krb->context, krb->cache, creds);
    krb5_free_cred_contents(krb->context, creds);
    return code;
}

static krb5_error_code get_ticket(struct krb *krb, krb5_principal client, krb5_keytab keytab,
                                  krb5_get_init_creds_opt *options)
{
    krb5_creds creds = {0};
    krb5_error_code code = krb5_get_init_creds_keytab(krb->context, &creds, client, keytab, 0, NULL, options);

    return code ? code : keep_ticket(krb, client, &creds);
}

// Looked at before anybody is asked, so that a bad keytab is told as that and not as a refused logon.
static krb5_error_code has_key(struct krb *krb, krb5_principal client, krb5_keytab keytab, bool *ret_bad)
{
    krb5_keytab_entry entry;
    krb5_error_code code = krb5_kt_get_entry(krb->context, keytab, client, 0, 0, &entry);

    *ret_bad = code != 0;
    if (!code)
        krb5_free_keytab_entry_contents(krb->context, &entry);
    return code;
}

static krb5_error_code authenticate(struct krb *krb, const struct config_domain *domain, bool *ret_bad_keytab)
{
    krb5_get_init_creds_opt *options = NULL;
    _cleanup_free_ char *name = NULL;
    krb5_principal client = NULL;
    krb5_keytab keytab = NULL;
    krb5_error_code code;

    if (asprintf(&name, "FILE:%s", krb->keytab) < 0) {
        name = NULL;
        return ENOMEM;
    }
    code = krb5_parse_name(krb->context, domain->principal, &client);
    if (!code)
        code = krb5_kt_resolve(krb->context, name, &keytab);
    if (!code)
        code = has_key(krb, client, keytab, ret_bad_keytab);
    if (!code)
        code = krb5_get_init_creds_opt_alloc(krb->context, &options);
    if (!code) {
        krb5_get_init_creds_opt_set_tkt_life(options, TICKET_S);
        krb5_get_init_creds_opt_set_forwardable(options, 0);
        code = get_ticket(krb, client, keytab, options);
    }
    if (options)
        krb5_get_init_creds_opt_free(krb->context, options);
    if (keytab)
        krb5_kt_close(krb->context, keytab);
    krb5_free_principal(krb->context, client);
    return code;
}

// GSSAPI finds the ticket by the environment.
static int publish(struct krb *krb, struct failure *f)
{
    char *name = NULL;
    int rc;

    if (krb5_cc_get_full_name(krb->context, krb->cache, &name) != 0)
        return failure_set(f, -EIO, "internal", NULL, "the credential cache has no name");
    rc = setenv("KRB5CCNAME", name, 1);
    krb5_free_string(krb->context, name);
    return rc < 0 ? -ENOMEM : 0;
}

static int start(const struct config_domain *domain, const char *dc, struct krb **ret, struct failure *f)
{
    _cleanup_(krb_freep) struct krb *krb = calloc(1, sizeof *krb);
    krb5_error_code code;
    int rc;

    if (!krb)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    snprintf(krb->dc, sizeof krb->dc, "%s", dc);
    rc = krb_realm_of(domain, krb->realm, f);
    if (rc == 0)
        rc = pin(krb, domain->name, f);
    if (rc < 0)
        return rc;
    code = krb5_init_context(&krb->context);
    if (code)
        return failure_set(f, -EIO, "internal", NULL, "Kerberos does not start (error %d)", (int)code);
    *ret = take(krb);
    return 0;
}

int krb_open(const struct config_domain *domain, const char *dc, struct krb **ret, struct failure *f)
{
    _cleanup_(krb_freep) struct krb *krb = NULL;
    bool bad_keytab = false;
    krb5_error_code code;
    int rc;

    if (!domain->principal || (!domain->keytab && !domain->credential))
        return failure_set(
            f, -EINVAL, "config", "see the page virtrust-directory(8) for the delegated account",
            "domain %s has no `principal`, or neither `keytab` nor `credential`", domain->name);
    rc = start(domain, dc, &krb, f);
    if (rc == 0)
        rc = krb_keytab_path(domain, krb->keytab, f);
    if (rc < 0)
        return rc;
    code = authenticate(krb, domain, &bad_keytab);
    if (code)
        return explain(krb, domain, bad_keytab, code, f);
    rc = publish(krb, f);
    if (rc == 0)
        *ret = take(krb);
    return rc;
}

struct krb *krb_free(struct krb *krb)
{
    if (!krb)
        return NULL;
    if (krb->cache)
        krb5_cc_destroy(krb->context, krb->cache);
    if (krb->context)
        krb5_free_context(krb->context);
    free(krb);
    return NULL;
}

// No primary KDC is configured, so the library has nobody to repeat a refused password to. keep: the ticket is used.
static krb5_error_code ask_kdc(struct krb *krb, const char *name, const char *password, bool keep)
{
    krb5_get_init_creds_opt *options = NULL;
    krb5_principal client = NULL;
    krb5_creds creds = {0};
    krb5_error_code code;

    code = krb5_build_principal(krb->context, &client, (unsigned)strlen(krb->realm), krb->realm, name,
                                (char *)NULL);
    if (!code)
        code = krb5_get_init_creds_opt_alloc(krb->context, &options);
    if (!code) {
        krb5_get_init_creds_opt_set_tkt_life(options, TICKET_S);
        krb5_get_init_creds_opt_set_forwardable(options, 0);
        krb5_get_init_creds_opt_set_change_password_prompt(options, 0);
        code = krb5_get_init_creds_password(krb->context, &creds, client, password, NULL, NULL, 0, NULL,
                                            options);
    }
    if (!code && keep)
        code = keep_ticket(krb, client, &creds);
    else if (!code)
        krb5_free_cred_contents(krb->context, &creds);
    if (options)
        krb5_get_init_creds_opt_free(krb->context, options);
    krb5_free_principal(krb->context, client);
    return code;
}

int krb_open_as(const struct config_domain *domain, const char *dc, const char *user,
                const struct secret *password, struct krb **ret, struct failure *f)
{
    _cleanup_(krb_freep) struct krb *krb = NULL;
    char text[ERR_TEXT_MAX];
    krb5_error_code code;
    int rc = start(domain, dc, &krb, f);

    if (rc < 0)
        return rc;
    code = ask_kdc(krb, user, (const char *)password->data, true);
    if (code) {
        reason(krb, code, text);
        if (code == KRB5_KDC_UNREACH || code == KRB5_REALM_CANT_RESOLVE)
            return failure_set(f, -EHOSTUNREACH, "dc-unreachable",
                               "see whether the DC is up and port 88 open", "%s:%d: %s", krb->dc,
                               PORT_KERBEROS, text);
        return failure_set(f, -EACCES, "credential",
                           "see that the account is enabled, and the password its own",
                           "%s:%d gives %s no ticket: %s", krb->dc, PORT_KERBEROS, user, text);
    }
    rc = publish(krb, f);
    if (rc == 0)
        *ret = take(krb);
    return rc;
}

enum login krb_login(struct krb *krb, const char *name, const struct secret *secret, struct err *err)
{
    krb5_error_code code;
    char text[ERR_TEXT_MAX];

    if (memchr(secret->data, '\0', secret->len)) {
        err_set(err, 0, "the password holds a NUL byte and no KDC can be asked about it");
        return LOGIN_UNKNOWN;
    }
    code = ask_kdc(krb, name, (const char *)secret->data, false);
    if (code == 0)
        return LOGIN_ACCEPTED;
    reason(krb, code, text);
    err_set(err, 0, "%s:%d says to %s: %s", krb->dc, PORT_KERBEROS, name, text);
    return code == KRB5KDC_ERR_PREAUTH_FAILED || code == KRB5KRB_AP_ERR_BAD_INTEGRITY ? LOGIN_REFUSED
                                                                                      : LOGIN_UNKNOWN;
}

// An HMAC under a fixed key is what krb5 offers for a hash, and spares this program another crypto library.
// The key needs not be secret: tokens are long and random, and the digest only keeps them out of the file.
int token_digest(const char *token, char ret[static 33])
{
    static unsigned char label[16] = "virtrust token 1";
    const krb5_keyblock key = {
        .enctype = ENCTYPE_AES128_CTS_HMAC_SHA256_128, .length = 16, .contents = label};
    krb5_data data = {0};
    krb5_checksum sum = {0};
    krb5_context context;
    int rc = -EIO;

    if (krb5_init_context(&context) != 0)
        return -EIO;
    data.length = (unsigned)strlen(token);
    data.data = (char *)token;
    if (krb5_c_make_checksum(context, CKSUMTYPE_HMAC_SHA256_128_AES128, &key, 0, &data, &sum) == 0) {
        rc = sum.length == 16 ? 0 : -EIO;
        if (rc == 0)
            hex_encode(sum.contents, 16, ret);
        krb5_free_checksum_contents(context, &sum);
    }
    krb5_free_context(context);
    return rc;
}
