// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Pieces of an answer for people: a record's values behind their labels, made safe for the terminal.
//
//     say_label("guests"); say_also(r, "guests", "", " known");
#pragma once

#include "common/record.h"
#include "daemon/cli/text.h"

void say_label(const char *name); // "  label        "
void say(const char *text);
void say_coloured(const char *word);
// A line "  label        value", left out when the value is unknown.
void say_line(const struct record *r, const char *key, const char *name);
void say_time(const struct record *r, const char *key, const char *name);
// The value behind `before`, when it is there.
void say_also(const struct record *r, const char *key, const char *before, const char *behind);
const char *time_cell(const struct record *r, const char *key, char ret[static TEXT_TIME]);
