// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/modify.h"

#include "common/cleanup.h"
#include "daemon/directory/net.h"

#include <stdio.h>
#include <sys/time.h>

enum { MODIFY_S = 20 };

// AD's form: the password in quotes, UTF-16LE. ASCII needs no more than a zero byte behind each character.
struct quoted {
    size_t len;
    char data[2 * (SECRET_MAX + 2)];
};

static void quoted_done(struct quoted *q)
{
    secret_wipe(q, sizeof *q);
}

static void quote(const struct secret *secret, struct quoted *q)
{
    for (size_t i = 0; i < secret->len + 2; i++) {
        q->data[q->len++] = i == 0 || i == secret->len + 1 ? '"' : (char)secret->data[i - 1];
        q->data[q->len++] = '\0';
    }
}

// LDAP updates are all or nothing, and these results say that the server looked at the request and did not do
// it. Whatever is not in the list (busy, unavailable, other, a time limit) leaves the question open.
enum written modify_meaning(int code)
{
    static const int refused[] = {
        LDAP_STRONG_AUTH_REQUIRED,   LDAP_REFERRAL,           LDAP_CONFIDENTIALITY_REQUIRED,
        LDAP_NO_SUCH_ATTRIBUTE,      LDAP_UNDEFINED_TYPE,     LDAP_CONSTRAINT_VIOLATION,
        LDAP_TYPE_OR_VALUE_EXISTS,   LDAP_INVALID_SYNTAX,     LDAP_NO_SUCH_OBJECT,
        LDAP_INVALID_DN_SYNTAX,      LDAP_INAPPROPRIATE_AUTH, LDAP_UNWILLING_TO_PERFORM,
        LDAP_OBJECT_CLASS_VIOLATION,
    };

    if (code == LDAP_SUCCESS)
        return WRITTEN_DONE;
    if (code == LDAP_INSUFFICIENT_ACCESS)
        return WRITTEN_DENIED;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (code == refused[i])
            return WRITTEN_REFUSED;
    return WRITTEN_UNKNOWN;
}

// Waits for the server's word: its result code, or the library's (negative).
static int wait_result(struct session *s, int id, char **ret_detail)
{
    struct timeval limit = {.tv_sec = MODIFY_S};
    LDAPMessage *message = NULL;
    int code = LDAP_TIMEOUT, n = ldap_result(s->ldap, id, LDAP_MSG_ALL, &limit, &message);

    if (n == 0)
        return LDAP_TIMEOUT;
    if (n < 0 || !message)
        return LDAP_SERVER_DOWN;
    if (ldap_parse_result(s->ldap, message, &code, NULL, ret_detail, NULL, NULL, 1) != LDAP_SUCCESS)
        return LDAP_DECODING_ERROR;
    return code;
}

// A request that the library could not even build was not sent; one that it failed to send may be on its way.
static bool never_sent(int code)
{
    return code == LDAP_ENCODING_ERROR || code == LDAP_NO_MEMORY || code == LDAP_PARAM_ERROR;
}

enum written modify_password(struct session *s, const char *guid, const struct secret *secret,
                             struct err *err)
{
    _cleanup_(quoted_done) struct quoted quoted = {0};
    struct berval value, *values[] = {&value, NULL};
    LDAPMod replace = {.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES, .mod_type = "unicodePwd"};
    LDAPMod *changes[] = {&replace, NULL};
    char *detail = NULL, dn[GUID_TEXT + 16];
    enum written written;
    int id = 0, code;

    quote(secret, &quoted);
    value = (struct berval){.bv_len = quoted.len, .bv_val = quoted.data};
    replace.mod_bvalues = values;
    snprintf(dn, sizeof dn, "<GUID=%s>", guid);
    code = ldap_modify_ext(s->ldap, dn, changes, NULL, NULL, &id);
    if (never_sent(code)) {
        err_set(err, 0, "%s:%d: the reset could not be sent: %s", s->dc, PORT_LDAP, ldap_err2string(code));
        return WRITTEN_NOT_SENT;
    }
    code = code == LDAP_SUCCESS ? wait_result(s, id, &detail) : LDAP_SERVER_DOWN;
    written = modify_meaning(code);
    if (written != WRITTEN_DONE)
        err_set(err, 0, "%s:%d: %s%s%.200s", s->dc, PORT_LDAP, ldap_err2string(code),
                detail && *detail ? ": " : "", detail ? detail : "");
    if (detail)
        ldap_memfree(detail);
    return written;
}
