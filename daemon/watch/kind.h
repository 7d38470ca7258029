// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// libvirt's numbers as virtrust's words: which kind of signal an event is, and what a state is called. Pure tables;
// a number that they do not know (a newer libvirt) becomes the nearest kind that makes the daemon look at the guest
// anew, with the number in the detail: never nothing.
//
//     char detail[KIND_DETAIL];
//     kind = kind_of_lifecycle(VIR_DOMAIN_EVENT_DEFINED, VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT, detail);
#pragma once

#include "daemon/core/words.h"

enum { KIND_DETAIL = 64 };

// `ret_detail`: libvirt's own words, "defined/from-snapshot".
enum signal_kind kind_of_lifecycle(int event, int detail, char ret_detail[static KIND_DETAIL]);
enum signal_kind kind_of_agent(int state, int reason, char ret_detail[static KIND_DETAIL]);
// The hook's operation, NULL included; one that is not known says no more than "here is a guest's XML".
enum signal_kind kind_of_hook(const char *op);
const char *kind_of_close(int reason); // why a connection ended

// "running" "paused" "off" "crashed" "other"; being shut down is still running, suspended by itself is paused.
const char *kind_state_text(int state);
const char *kind_reason_text(int state, int reason); // "from-snapshot" …; "unknown" for what is not known
