// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The circuit breakers as they lie in the store: asked and moved within the caller's transaction (daemon/core/breaker.h
// decides). One that was never needed has no row, and is closed.
//
//     rc = breakers_ask(e, "domain", "corp.test", case_id, lives, now, &hold, err);    // hold.rule "": go
#pragma once

#include "daemon/core/breaker.h"
#include "daemon/core/jobstep.h"
#include "daemon/engine/engine.h"
#include "daemon/store/attempt.h"

// "domain corp.test"
int breakers_get(struct engine *e, const char *scope, const char *name, struct breaker *ret, struct err *err);
struct breaker_rules breakers_rules(const struct config *c);
// Failures within the window; the pool is counted where failures make it matter, or when all is wanted.
int breakers_count(struct engine *e, const char *scope, const char *name, const struct breaker *b,
                   int64_t now, bool all, struct breaker_counts *ret, struct err *err);

int breakers_ask(struct engine *e, const char *scope, const char *name, int64_t case_id,
                 bool (*lives)(void *engine, int64_t case_id), int64_t now, struct job_hold *ret,
                 struct err *err);
void breakers_peek(struct engine *e, const char *scope, const char *name, int64_t now, struct job_hold *ret);
int breakers_took(struct engine *e, const char *scope, const char *name, const struct attempt *a,
                  const char *text, struct err *err);
// The administrator closes one (a transaction of its own).
int breakers_reset(struct engine *e, const char *scope, const char *name, struct err *err);

// Minutes of quiet hours that are left now, 0: none.
int breakers_quiet(const struct config_choice *choice, int64_t now);
const char *breakers_clock_text(int64_t at_us); // "18:00", the host's time; static
