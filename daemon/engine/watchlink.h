// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The watcher's end of the line: `<runtime>/watch.sock`. A signal is acknowledged when it is committed, and not before:
// the watcher keeps it until then.
//
//     rc = watchlink_open(engine, &engine->watch, &err);
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct watchlink;

int watchlink_open(struct engine *e, struct watchlink **ret, struct err *err);
struct watchlink *watchlink_close(struct watchlink *w);

enum watch_state { WATCH_ABSENT, WATCH_LOST, WATCH_CONNECTED }; // LOST: the watcher is there, libvirt is not
// Nobody asks libvirt's daemon by the clock whether it still answers: so whoever wants to know this makes the watcher
// ask, and an answer that is owed for two seconds is none. One that froze just now is known at the next question.
enum watch_state watchlink_state(struct watchlink *w);
const char *watch_state_text(enum watch_state s);
// Asks the watcher for a scan; false when there is none.
bool watchlink_scan(struct watchlink *w);
