// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which domain controllers gave no answer lately. Each request is a process of its own, so this is a small file a
// domain in the state directory (silent.<domain>): one that does not answer is left alone for a minute by all of them,
// then asked again by one. It is an accelerator and nothing else: what is lost or damaged there is forgotten, and where
// all are silent, all are asked.
//
//     silence_use(config->state_dir);
//     list.resting = silence_order(domain->name, &list);    // those come last
//     silence_learn(domain->name, "dc2.corp.test", false);
#pragma once

#include "daemon/directory/dcs.h"

enum { SILENCE_MAX = SRV_MAX, SILENCE_REST_S = 60, SILENCE_KEPT_S = 86400, SILENCE_TEXT = 128 };

struct silent {
    char host[HOST_TEXT];
    int64_t since_us, asked_us; // the first time without an answer, and the last
};

struct silence {
    size_t n;
    struct silent items[SILENCE_MAX]; // the one longest unasked makes room
};

// ---- pure ----

// Lines "HOST SINCE ASKED"; others, and what is older than a day, are passed over.
void silence_parse(const char *text, int64_t now_us, struct silence *ret);
char *silence_format(const struct silence *s); // the caller frees; NULL when out of memory

// Returns whether anything changed.
bool silence_note(struct silence *s, const char *host, bool answered, int64_t now_us);
const struct silent *silence_find(const struct silence *s, const char *host);
// Is it to be left alone? Where its minute is over, no, and it begins anew for whoever comes next: *ret_changed.
bool silence_rests(struct silence *s, const char *host, int64_t now_us, bool *ret_changed);
// "has not answered since 15:04:05 UTC, and was asked 20 s ago"
void silence_text(const struct silent *s, int64_t now_us, char ret[static SILENCE_TEXT]);

// ---- the file; without silence_use, and where it cannot be written, nothing is known ----

void silence_use(const char *state_dir); // borrowed
// Returns how many rest: 0 also where all would.
size_t silence_order(const char *domain, struct dc_list *list);
void silence_learn(const char *domain, const char *host, bool answered);
void silence_load(const char *domain, struct silence *ret);
