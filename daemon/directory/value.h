// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Values into LDAP and out of it: what goes into a filter is escaped, what comes out of an entry is measured
// before it is copied.
//
//     _cleanup_free_ char *value = filter_value(name, strlen(name));
//     if (attribute_text(ldap, entry, "sAMAccountName", text, sizeof text) == 0) ...
#pragma once

#include <ldap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes as a filter's value (RFC 4515): every byte that is no letter or digit is escaped. The caller frees;
// NULL when out of memory. Pure.
char *filter_value(const void *data, size_t len);

// "20231121053000.0Z" in microseconds since 1970: 0, or -EINVAL. Pure.
int generalized_time(const char *text, int64_t *ret_us);

// One attribute of an entry (which may be NULL). Bytes: the length, or -ENOENT (absent, or longer than
// `room`). Text: 0 or -ENOENT. Number: 0, -ENOENT or -EINVAL.
int attribute_bytes(LDAP *ldap, LDAPMessage *entry, const char *name, void *ret, size_t room);
int attribute_text(LDAP *ldap, LDAPMessage *entry, const char *name, char *ret, size_t room);
int attribute_number(LDAP *ldap, LDAPMessage *entry, const char *name, int64_t *ret);
// Is this one of its values (without case; NULL: has it any)?
bool attribute_has(LDAP *ldap, LDAPMessage *entry, const char *name, const char *value);
