// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// libvirt's event interface on an sd_event loop. Once a process, before the first connection is opened. libvirt's
// free callbacks run from the loop, never inside a remove (libvirt holds its locks there): so close the connection
// while the loop still runs, then call vloop_drain.
//
//     rc = vloop_register(event);
//     …  virConnectClose(connection); vloop_drain();
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

int vloop_register(sd_event *event); // 0 or a negative errno; takes a reference
void vloop_drain(void);              // runs what is left of libvirt's in the loop, and lets the loop go

// While `on`, what libvirt wants to watch is refused to it; the first such descriptor, a connection's socket, is kept.
void vloop_withhold(bool on);
int vloop_withheld(void); // a duplicate of it, from here on the caller's; -1: there was none
