// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Who else uses the delegated account? Who takes one of the hosts that share a keytab takes them all, so each host
// wants an account of its own. Two traces are left in the directory: each host registers a service principal
// virtrust/HOST on its account, and the mark that it writes before a reset (mark.h) names it, and the other host that
// wrote there last. A copy of the keytab with which nobody has repaired anything leaves no trace. Pure.
//
//     sharing_mark(old, "host1.corp.test", "2026-11-21T16:00:00Z", "(1-2)", text);
//     if (sharing_other(text, "host1.corp.test", host, when)) …
#pragma once

#include "common/hostname.h"

#include <stdbool.h>

enum { MARK_TEXT = 900, WHEN_TEXT = 32 };

// `old`: what stands there, NULL or anybody's text. host "" where it has no name.
void sharing_mark(const char *old, const char *host, const char *when, const char *unique,
                  char ret[static MARK_TEXT]);
// The other host that a mark names, and when it wrote. False: none.
bool sharing_other(const char *mark, const char *own, char ret_host[static HOSTNAME_TEXT],
                   char ret_when[static WHEN_TEXT]);
// virtrust/HOST[:PORT][/NAME] of another host than `own`: its host. False: nothing of that kind.
bool sharing_service(const char *service, const char *own, char ret_host[static HOSTNAME_TEXT]);
