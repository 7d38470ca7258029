// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// In which of the domain's sites is this host? Any DC tells by the address that asks it: one datagram there, one back
// (the "LDAP ping", MS-ADTS 6.3.3).
//
//     char site[SITE_TEXT];
//     if (site_ask("dc1.corp.test", "corp.test", site) == 0) ...
#pragma once

#include <stddef.h>

enum { SITE_TEXT = 64 };

// 0, -ENOENT (the DC knows no site of this host), or another negative errno. Waits about a second at most.
int site_ask(const char *dc, const char *domain, char ret[static SITE_TEXT]);

// The datagram around it, which is decoded in place: likewise. Pure.
int site_read(unsigned char *data, size_t len, char ret[static SITE_TEXT]);

// The DC's answer (NETLOGON_SAM_LOGON_RESPONSE_EX): 0, -ENOENT, -EBADMSG. Pure.
int site_parse(const unsigned char *answer, size_t len, char ret[static SITE_TEXT]);
