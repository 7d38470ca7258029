// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/attest.h"

#include "guest-helper/windows/tickets.h"

#include <windows.h>

#define SECURITY_WIN32
#include <security.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SIGNATURE_ROOM = 1024 };

struct sspi {
    CredHandle credentials;
    CtxtHandle context;
    bool has_credentials, has_context;
};

static void sspi_done(struct sspi *s)
{
    if (s->has_context)
        DeleteSecurityContext(&s->context);
    if (s->has_credentials)
        FreeCredentialsHandle(&s->credentials);
}

// What an administrator has to mend is refused; what may pass by itself failed.
static const struct {
    SECURITY_STATUS status;
    const char *result, *reason, *text;
} meanings[] = {
    {SEC_E_LOGON_DENIED, "refused", "channel-broken",
     "the domain controller does not take this computer's password"},
    {SEC_E_NO_CREDENTIALS, "refused", "channel-broken", "this computer's account gets no ticket"},
    {SEC_E_TARGET_UNKNOWN, "failed", "account-missing", "the domain knows no such service principal"},
    {SEC_E_WRONG_PRINCIPAL, "failed", "account-missing",
     "the domain has the service principal more than once"},
    {SEC_E_NO_AUTHENTICATING_AUTHORITY, "failed", "no-dc", "no domain controller can be reached"},
    {SEC_E_TIME_SKEW, "failed", "clock-skew", "this computer's clock is off by more than Kerberos allows"},
    {SEC_E_SECPKG_NOT_FOUND, "failed", "no-kerberos", "this system has no Kerberos package"},
};

static void explain(SECURITY_STATUS status, const char *what, struct attest_end *end)
{
    end->result = "failed";
    end->reason = "kerberos";
    err_set(&end->text, 0, "%s (0x%08lx)", what, (unsigned long)status);
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (meanings[i].status == status) {
            end->result = meanings[i].result;
            end->reason = meanings[i].reason;
            err_set(&end->text, 0, "%s: %s (0x%08lx)", what, meanings[i].text, (unsigned long)status);
        }
}

static bool keep(const void *data, size_t len, size_t max, unsigned char **ret, size_t *ret_len)
{
    *ret = len > 0 && len <= max ? malloc(len) : NULL;
    if (!*ret)
        return false;
    memcpy(*ret, data, len);
    *ret_len = len;
    return true;
}

// The process runs as LocalSystem: what it says to the network, it says as the computer's account.
static SECURITY_STATUS open_context(struct sspi *s, char *target, SecBuffer *token)
{
    static char package[] = "Kerberos";
    SecBufferDesc out = {SECBUFFER_VERSION, 1, token};
    ULONG given = 0;
    SECURITY_STATUS rc = AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL,
                                                   NULL, &s->credentials, NULL);

    if (rc != SEC_E_OK)
        return rc;
    s->has_credentials = true;
    rc = InitializeSecurityContextA(&s->credentials, NULL, target, ISC_REQ_INTEGRITY, 0, SECURITY_NATIVE_DREP,
                                    NULL, 0, &s->context, &out, &given, NULL);
    s->has_context = rc == SEC_E_OK || rc == SEC_I_CONTINUE_NEEDED;
    if (rc == SEC_E_OK && !(given & ISC_RET_INTEGRITY))
        return SEC_E_QOP_NOT_SUPPORTED;
    return rc;
}

static SECURITY_STATUS sign(struct sspi *s, char *statement, size_t len, struct attestation *ret)
{
    unsigned char signature[SIGNATURE_ROOM];
    SecPkgContext_Sizes sizes = {0};
    SecBuffer parts[2] = {{(ULONG)len, SECBUFFER_DATA, statement}, {0, SECBUFFER_TOKEN, signature}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, parts};
    SECURITY_STATUS rc = QueryContextAttributesA(&s->context, SECPKG_ATTR_SIZES, &sizes);

    if (rc != SEC_E_OK || sizes.cbMaxSignature > sizeof signature)
        return rc != SEC_E_OK ? rc : SEC_E_BUFFER_TOO_SMALL;
    parts[1].cbBuffer = sizes.cbMaxSignature;
    rc = MakeSignature(&s->context, 0, &message, 0);
    if (rc == SEC_E_OK && !keep(signature, parts[1].cbBuffer, ATTESTATION_MIC_MAX, &ret->mic, &ret->mic_len))
        return SEC_E_INSUFFICIENT_MEMORY;
    return rc;
}

// Which DC gives the ticket is Windows' own choice.
void attest_make(const struct member *m, const struct attest_request *q, struct attestation *ret,
                 struct attest_end *end)
{
    char target[ATTESTATION_TARGET], statement[STATEMENT_TEXT];
    size_t len = attestation_statement(q->claim, statement);
    _cleanup_(sspi_done) struct sspi s = {0};
    _cleanup_attestation_ struct attestation made = {0};
    _cleanup_free_ unsigned char *room = malloc(ATTESTATION_GSS_MAX);
    SecBuffer token = {room ? ATTESTATION_GSS_MAX : 0, SECBUFFER_TOKEN, room};
    SECURITY_STATUS rc;
    bool kept;

    (void)m;
    if (q->fresh)
        tickets_purge();
    snprintf(target, sizeof target, "%s", q->claim->target);
    rc = open_context(&s, target, &token);
    kept = rc == SEC_E_OK &&
           keep(token.pvBuffer, token.cbBuffer, ATTESTATION_GSS_MAX, &made.gss, &made.gss_len);
    if (rc == SEC_E_OK && kept)
        rc = sign(&s, statement, len, &made);
    if (rc != SEC_E_OK || !kept) {
        explain(rc,
                made.gss_len ? "the statement could not be signed"
                             : "no Kerberos context for virtrust's service",
                end);
        return;
    }
    *ret = made;
    made = (struct attestation){0};
    end->result = "done";
}
