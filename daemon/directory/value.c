// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/value.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

char *filter_value(const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    char *text = malloc(len * 3 + 1), *at = text;

    for (size_t i = 0; text && i < len; i++) {
        unsigned char c = bytes[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '\\';
        *at++ = digits[c >> 4];
        *at++ = digits[c & 15];
    }
    if (text)
        *at = '\0';
    return text;
}

// Exactly `n` digits as a number; -1 otherwise.
static int digits_at(const char *text, size_t n)
{
    int value = 0;

    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

int generalized_time(const char *text, int64_t *ret_us)
{
    struct tm t = {0};
    size_t len = strlen(text);

    if (len < 15 || digits_at(text, 4) < 1601 || digits_at(text + 4, 5) < 0 || digits_at(text + 9, 5) < 0)
        return -EINVAL;
    if (strcmp(text + 14, "Z") != 0 && !(text[14] == '.' && text[len - 1] == 'Z'))
        return -EINVAL;
    t.tm_year = digits_at(text, 4) - 1900;
    t.tm_mon = digits_at(text + 4, 2) - 1;
    t.tm_mday = digits_at(text + 6, 2);
    t.tm_hour = digits_at(text + 8, 2);
    t.tm_min = digits_at(text + 10, 2);
    t.tm_sec = digits_at(text + 12, 2);
    if (t.tm_mon < 0 || t.tm_mon > 11 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59 ||
        t.tm_sec > 60)
        return -EINVAL;
    *ret_us = (int64_t)timegm(&t) * 1000000;
    return 0;
}

static void values_freep(struct berval ***values)
{
    if (*values)
        ldap_value_free_len(*values);
}
#define _cleanup_values_ _cleanup_(values_freep)

int attribute_bytes(LDAP *ldap, LDAPMessage *entry, const char *name, void *ret, size_t room)
{
    _cleanup_values_ struct berval **values = entry ? ldap_get_values_len(ldap, entry, name) : NULL;

    if (!values || !values[0] || values[0]->bv_len > room)
        return -ENOENT;
    memcpy(ret, values[0]->bv_val, values[0]->bv_len);
    return (int)values[0]->bv_len;
}

int attribute_text(LDAP *ldap, LDAPMessage *entry, const char *name, char *ret, size_t room)
{
    int len = attribute_bytes(ldap, entry, name, ret, room - 1);

    if (len < 0)
        return len;
    ret[len] = '\0';
    return 0;
}

int attribute_number(LDAP *ldap, LDAPMessage *entry, const char *name, int64_t *ret)
{
    char text[32], *end;
    long long value;

    if (attribute_text(ldap, entry, name, text, sizeof text) < 0)
        return -ENOENT;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end)
        return -EINVAL;
    *ret = value;
    return 0;
}

bool attribute_has(LDAP *ldap, LDAPMessage *entry, const char *name, const char *value)
{
    _cleanup_values_ struct berval **values = entry ? ldap_get_values_len(ldap, entry, name) : NULL;

    if (!values || !value)
        return values && values[0];
    for (size_t i = 0; values[i]; i++)
        if (values[i]->bv_len == strlen(value) &&
            strncasecmp(values[i]->bv_val, value, values[i]->bv_len) == 0)
            return true;
    return false;
}
