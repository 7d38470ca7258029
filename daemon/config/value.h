// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The values that an option can have, as text: each reader returns 0, or -EINVAL when the text is not of its kind.
// Pure. Durations are counted in milliseconds.
//
//     uint64_t ms;
//     if (value_duration("90s", &ms) == 0) ...   // 90000
#pragma once

#include <stdbool.h>
#include <stdint.h>

int value_bool(const char *text, bool *ret);            // true, false
int value_count(const char *text, uint64_t *ret);       // 12
int value_duration(const char *text, uint64_t *ret_ms); // 500ms 90s 30m 2h 7d
enum { DURATION_TEXT = 32 };
void value_duration_text(uint64_t ms, char ret[static DURATION_TEXT]); // the largest unit that is exact: 3m

// 0 or -EINVAL: the text's form.
int value_path(const char *text); // absolute, no "..", shorter than PATH_MAX
// C:\Program Files\…: on a drive, without what a name or a command line cannot hold.
int value_windows_path(const char *text);
int value_pattern(const char *text);     // as core/glob.h matches it, its brackets closed
int value_text(const char *text);        // not empty, no control characters
int value_host(const char *text);        // a host or DNS domain name
int value_netbios(const char *text);     // 1 to 15 characters
int value_dn(const char *text);          // a distinguished name below some DC=
int value_principal(const char *text);   // user@REALM
int value_engine(const char *text);      // auto, direct, guestfs
int value_credential(const char *text);  // a plain word: letters, digits, - _ ., the first no dot
int value_service(const char *text);     // service/host
int value_policy_name(const char *text); // letters, digits, - _ .
int value_ou(const char *text);          // as value_dn, or a pattern
int value_bind(const char *text);        // by-proof
int value_role(const char *text);        // a word of enum role, but not unknown
int value_strategy(const char *text);    // a word of enum config_strategy
int value_quiet(const char *text);       // quiet hours whose zone this host knows
int value_metadata(const char *text);    // KEY=PATTERN, the key perhaps with {NAMESPACE} before it
// Where its '=' stands.
const char *value_metadata_split(const char *text);
int value_rule(const char *text); // a binding rule: text with {name} {name:N} {title} {title:N}
