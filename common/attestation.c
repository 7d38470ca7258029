// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/attestation.h"

#include "common/hex.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void attestation_done(struct attestation *a)
{
    free(a->gss);
    free(a->mic);
    *a = (struct attestation){0};
}

static int bad(struct err *err, const char *key, const char *what)
{
    return err_set(err, -EINVAL, "the %s %s", key, what);
}

static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; form[i]; i++)
        if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    return true;
}

// service/host@REALM: what names a host and a realm, and nothing that a library would take for its own syntax.
static bool is_target(const char *text)
{
    const char *slash = strchr(text, '/'), *at = strchr(text, '@');

    if (strlen(text) >= ATTESTATION_TARGET || !slash || !at || slash == text || at < slash + 2 || !at[1])
        return false;
    if (strchr(slash + 1, '/') || strchr(at + 1, '@'))
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_/@") ==
           strlen(text);
}

int attestation_claim_read(const struct record *r, struct attestation_claim *ret, struct err *err)
{
    const char *guest = record_get_or(r, "guest", ""), *nonce = record_get_or(r, "nonce", "");
    const char *target = record_get_or(r, "target", "");

    if (!is_uuid(guest))
        return bad(err, "guest", "is no UUID in lower-case hexadecimal digits");
    if (strlen(nonce) != NONCE_TEXT - 1 || strspn(nonce, "0123456789abcdef") != NONCE_TEXT - 1)
        return bad(err, "nonce", "is not 64 lower-case hexadecimal digits");
    if (!is_target(target))
        return bad(err, "target",
                   "is no service principal with its realm (virtrust/host.corp.test@CORP.TEST)");
    memcpy(ret->guest, guest, strlen(guest) + 1);
    memcpy(ret->nonce, nonce, strlen(nonce) + 1);
    memcpy(ret->target, target, strlen(target) + 1);
    return 0;
}

static int read_bytes(const struct record *r, const char *key, size_t max, unsigned char **ret,
                      size_t *ret_len, struct err *err)
{
    const char *text = record_get(r, key);
    size_t len = text ? strlen(text) / 2 : 0;
    unsigned char *bytes;

    if (len == 0 || len > max)
        return bad(err, key,
                   !text ? "is missing"
                   : len ? "is longer than any that Kerberos makes"
                         : "is empty");
    bytes = malloc(len);
    if (!bytes)
        return err_set(err, -ENOMEM, "out of memory");
    if (record_get_hex(r, key, bytes, len) < 0) {
        free(bytes);
        return bad(err, key, "is not written in hexadecimal digits");
    }
    *ret = bytes;
    *ret_len = len;
    return 0;
}

int attestation_read(const struct record *r, struct attestation *ret, struct err *err)
{
    _cleanup_attestation_ struct attestation a = {0};
    int rc = read_bytes(r, "gss", ATTESTATION_GSS_MAX, &a.gss, &a.gss_len, err);

    if (rc == 0)
        rc = read_bytes(r, "mic", ATTESTATION_MIC_MAX, &a.mic, &a.mic_len, err);
    if (rc < 0)
        return rc;
    *ret = a;
    a = (struct attestation){0};
    return 0;
}

void attestation_add(struct record *r, const struct attestation *a)
{
    record_add_hex(r, "gss", a->gss, a->gss_len);
    record_add_hex(r, "mic", a->mic, a->mic_len);
}

size_t attestation_statement(const struct attestation_claim *c, char ret[static STATEMENT_TEXT])
{
    int n = snprintf(ret, STATEMENT_TEXT, "virtrust attestation 1\nguest=%s\nnonce=%s\ntarget=%s\n", c->guest,
                     c->nonce, c->target);

    return (size_t)n;
}
