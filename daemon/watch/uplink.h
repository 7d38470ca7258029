// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's end of virtrustd's watch.sock: sends what the queue holds, takes acknowledgements, hands requests on.
// virtrustd may be absent or go away at any time: the uplink tries again, less and less often up to every 5 s, says
// hello and sends everything that is not acknowledged again.
//
//     uplink_new(event, "/run/virtrust/watch.sock", queue, &calls, w, &uplink, &err);
//     queue_put(…); uplink_kick(uplink);
#pragma once

#include "daemon/watch/queue.h"

#include <systemd/sd-event.h>

struct uplink;

struct uplink_calls {
    // What the hello tells besides who we are.
    void (*hello)(struct record *r, void *user);
    // An acknowledged signal came from this spool file.
    void (*done)(const char *spool, void *user);
    // The queue has fewer entries than before, or the connection came up.
    void (*moved)(void *user);
    // Another record than an ack; borrowed.
    void (*request)(const struct record *r, void *user);
};

// 0, or a negative errno with a sentence. The queue is borrowed.
int uplink_new(sd_event *event, const char *path, struct queue *queue, const struct uplink_calls *calls,
               void *user, struct uplink **ret, struct err *err);
struct uplink *uplink_free(struct uplink *u);
DEFINE_CLEANUP(struct uplink *, uplink_free);

bool uplink_is_up(const struct uplink *u);
void uplink_kick(struct uplink *u); // the queue has something new
// An answer to a request; dropped when virtrustd has gone meanwhile.
void uplink_answer(struct uplink *u, const struct record *r);
