// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's end of the hook: the datagram socket and the spool directory (hooks/README.md). Each message goes to
// the callback once, spooled ones at start and when a file appears. A spool file stays until hookin_done says that
// its message is safe elsewhere; one that cannot be read is renamed to .bad and told in the log.
//
//     hookin_new(event, "/run/virtrust", "/var/spool/virtrust/hook", &calls, w, &hookin, &err);
#pragma once

#include "common/record.h"

#include <systemd/sd-event.h>

struct hookin;

struct hookin_calls {
    // A message, given away. `spool` is the file's name, NULL for a datagram. False: no room now, the file is
    // offered again by hookin_read_spool.
    bool (*message)(struct record *r, const char *spool, void *user);
    // Is this file's message under way already?
    bool (*holds)(const char *spool, void *user);
};

// Makes the directories where they are missing. 0, or a negative errno with a sentence when the socket cannot be had;
// a spool that cannot be had is only told in the log.
int hookin_new(sd_event *event, const char *runtime_dir, const char *spool_dir,
               const struct hookin_calls *calls, void *user, struct hookin **ret, struct err *err);
struct hookin *hookin_free(struct hookin *h); // removes the socket
DEFINE_CLEANUP(struct hookin *, hookin_free);

void hookin_read_spool(struct hookin *h);
void hookin_done(struct hookin *h, const char *spool); // removes the file
