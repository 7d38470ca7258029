// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's read-only connection to libvirt: kept up over restarts and stalls of its daemon, with the events that
// tell of rollbacks. While nothing happens nothing is said over it. Opening a connection to a daemon that stands still
// blocks for ever and cannot be cancelled: so a child process (virtrust-watch --probe) tries first, and the watcher
// stays answerable.
//
//     virt_new(event, "qemu:///system", &calls, w, &virt, &err);
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "daemon/core/words.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

struct virt;

struct virt_calls {
    void (*up)(void *user);                    // connected, events are registered: scan now
    void (*down)(const char *why, void *user); // libvirt_close reason
    // An event; the domain is borrowed. Must not call libvirt (but virDomainRef): events come one upon another.
    void (*event)(virDomainPtr domain, enum signal_kind kind, const char *detail, void *user);
};

// SIGCHLD must be blocked, vloop registered. 0, or a negative errno with a sentence.
int virt_new(sd_event *event, const char *uri, const struct virt_calls *calls, void *user, struct virt **ret,
             struct err *err);
struct virt *virt_free(struct virt *v); // closes the connection
DEFINE_CLEANUP(struct virt *, virt_free);

// NULL while there is none; borrowed. What is asked over it stands between patience_begin and patience_end.
virConnectPtr virt_connection(const struct virt *v);
// Does libvirt's daemon answer? Asked when something else woke the watcher, never by the clock; of one that does not,
// the connection is lost, which is told by `down`.
bool virt_check(struct virt *v);
bool virt_is_local(const char *uri); // a socket of this host, no network between

// The child's part: 0, or 1 with libvirt's sentence on standard output.
int virt_probe(const char *uri);
// Sets libvirt's own error printing off: every failure is told once, by who knows what it means.
void virt_quiet(void);
