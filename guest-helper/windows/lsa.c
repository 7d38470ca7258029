// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/lsa.h"

#include "guest-helper/windows/registry.h"
#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>
#include <ntsecapi.h>
#include <string.h>

// Documented, and in the import library, but in no header of mingw's.
NTSTATUS NTAPI LsaOpenSecret(LSA_HANDLE policy, LSA_UNICODE_STRING *name, ACCESS_MASK access,
                             LSA_HANDLE *ret);
NTSTATUS NTAPI LsaQuerySecret(LSA_HANDLE secret, LSA_UNICODE_STRING **current, LARGE_INTEGER *current_set,
                              LSA_UNICODE_STRING **old, LARGE_INTEGER *old_set);
NTSTATUS NTAPI LsaSetSecret(LSA_HANDLE secret, LSA_UNICODE_STRING *current, LSA_UNICODE_STRING *old);

enum {
    SET_VALUE = 0x1,
    QUERY_VALUE = 0x2,
    OBJECT_MAX = 4096, // bytes of CurrVal; 332 is usual
};

static const wchar_t object_key[] = L"SECURITY\\Policy\\Secrets\\$MACHINE.ACC\\CurrVal";
static wchar_t secret_name[] = L"$MACHINE.ACC";

#define _cleanup_lsa_ _cleanup_(lsa_closep)
static void lsa_closep(const LSA_HANDLE *h)
{
    if (*h)
        LsaClose(*h);
}

static int failed(struct err *err, const char *call, NTSTATUS s)
{
    static const ULONG not_found = 0xC0000034, denied = 0xC0000022;
    int code = (ULONG)s == not_found ? -ENOENT : (ULONG)s == denied ? -EACCES : -EIO;

    return err_set(err, code, "%s: %s (0x%08lx, Windows error %lu)", call,
                   code == -ENOENT   ? "there is no machine secret here"
                   : code == -EACCES ? "access denied; the helper must run as LocalSystem"
                                     : "the LSA failed",
                   (unsigned long)s, (unsigned long)LsaNtStatusToWinError(s));
}

static int open_policy(ACCESS_MASK access, LSA_HANDLE *ret, struct err *err)
{
    LSA_OBJECT_ATTRIBUTES none = {.Length = sizeof none};
    NTSTATUS s = LsaOpenPolicy(NULL, &none, access, ret);

    return s == 0 ? 0 : failed(err, "LsaOpenPolicy", s);
}

static int open_secret(ACCESS_MASK access, LSA_HANDLE *ret, struct err *err)
{
    _cleanup_lsa_ LSA_HANDLE policy = NULL;
    LSA_UNICODE_STRING name = {sizeof secret_name - sizeof *secret_name, sizeof secret_name, secret_name};
    int rc = open_policy(POLICY_GET_PRIVATE_INFORMATION, &policy, err);
    NTSTATUS s;

    if (rc < 0)
        return rc;
    s = LsaOpenSecret(policy, &name, access, ret);
    return s == 0 ? 0 : failed(err, "LsaOpenSecret", s);
}

static void text_of(const LSA_UNICODE_STRING *s, char ret[static LSA_NAME])
{
    wide_to_utf8(s->Buffer, s->Buffer ? s->Length / sizeof(wchar_t) : 0, ret, LSA_NAME);
}

int lsa_domain_look(struct lsa_domain *ret, struct err *err)
{
    _cleanup_lsa_ LSA_HANDLE policy = NULL;
    POLICY_DNS_DOMAIN_INFO *info = NULL;
    int rc = open_policy(POLICY_VIEW_LOCAL_INFORMATION, &policy, err);
    NTSTATUS s;

    if (rc < 0)
        return rc;
    s = LsaQueryInformationPolicy(policy, PolicyDnsDomainInformation, (PVOID *)&info);
    if (s != 0)
        return failed(err, "LsaQueryInformationPolicy", s);
    text_of(&info->Name, ret->netbios);
    text_of(&info->DnsDomainName, ret->dns);
    if (info->Sid && IsValidSid(info->Sid))
        ret->member = sid_text(info->Sid, GetLengthSid(info->Sid), ret->sid) == 0;
    LsaFreeMemory(info);
    return 0;
}

// A value as the LSA gave it: hashed, wiped, freed.
static int digest_of(LSA_UNICODE_STRING *value, unsigned char ret[static DIGEST])
{
    int rc = value && value->Buffer ? seal_sha256(value->Buffer, value->Length, ret) : -ENOENT;

    if (value && value->Buffer)
        secret_wipe(value->Buffer, value->MaximumLength);
    return rc;
}

static int query(LSA_HANDLE secret, struct lsa_secret *ret, struct err *err)
{
    LSA_UNICODE_STRING *current = NULL;
    LARGE_INTEGER set_at = {.QuadPart = 0};
    NTSTATUS s = LsaQuerySecret(secret, &current, &set_at, NULL, NULL);
    int rc;

    if (s != 0)
        return failed(err, "LsaQuerySecret", s);
    rc = digest_of(current, ret->value);
    ret->set_at = (uint64_t)set_at.QuadPart;
    if (current)
        LsaFreeMemory(current);
    return rc < 0 ? err_set(err, rc, "the machine secret is empty") : 0;
}

static int digest_object(unsigned char ret[static DIGEST], struct err *err)
{
    unsigned char object[OBJECT_MAX];
    size_t len = 0;
    int rc = registry_bytes(object_key, NULL, object, sizeof object, &len);

    if (rc < 0)
        return err_set(err, rc,
                       "HKLM\\SECURITY: the sealed machine secret cannot be read (%d); the helper must "
                       "run as LocalSystem",
                       rc);
    return seal_sha256(object, len, ret) < 0 ? err_set(err, -EIO, "the crypto library cannot compute SHA-256")
                                             : 0;
}

int lsa_secret_look(struct lsa_secret *ret, struct err *err)
{
    _cleanup_lsa_ LSA_HANDLE secret = NULL;
    int rc = open_secret(QUERY_VALUE, &secret, err);

    if (rc == 0)
        rc = query(secret, ret, err);
    return rc < 0 ? rc : digest_object(ret->object, err);
}

bool lsa_secret_writable(void)
{
    _cleanup_lsa_ LSA_HANDLE secret = NULL;

    return open_secret(SET_VALUE | QUERY_VALUE, &secret, NULL) == 0;
}

int lsa_value_digest(const struct secret *password, unsigned char ret[static DIGEST])
{
    _cleanup_wide_secret_ struct wide_secret wide = {0};

    wide_secret_of(password, &wide);
    return seal_sha256(wide.text, wide.len * sizeof wide.text[0], ret);
}

int lsa_secret_set(const struct secret *password, const unsigned char expect[static DIGEST], struct err *err)
{
    _cleanup_wide_secret_ struct wide_secret wide = {0};
    _cleanup_lsa_ LSA_HANDLE secret = NULL;
    LSA_UNICODE_STRING *current = NULL, value;
    unsigned char digest[DIGEST];
    NTSTATUS s;
    int rc = open_secret(SET_VALUE | QUERY_VALUE, &secret, err);

    if (rc < 0)
        return rc;
    s = LsaQuerySecret(secret, &current, NULL, NULL, NULL);
    if (s != 0)
        return failed(err, "LsaQuerySecret", s);
    wide_secret_of(password, &wide);
    value.Buffer = wide.text;
    value.Length = (USHORT)(wide.len * sizeof wide.text[0]);
    value.MaximumLength = value.Length;
    if (!current || !current->Buffer || seal_sha256(current->Buffer, current->Length, digest) < 0 ||
        memcmp(digest, expect, DIGEST) != 0) {
        rc = err_set(err, -EAGAIN, "the machine secret was changed by somebody else meanwhile");
    } else {
        s = LsaSetSecret(secret, &value, current);
        rc = s == 0 ? 0 : failed(err, "LsaSetSecret", s);
    }
    if (current && current->Buffer)
        secret_wipe(current->Buffer, current->MaximumLength);
    if (current)
        LsaFreeMemory(current);
    return rc;
}
