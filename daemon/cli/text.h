// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Words for a terminal. What a guest or its administrator chose (names, titles, hive strings, an agent's answers) may
// hold control sequences: everything that is printed goes through text_safe first. Pure but for text_colour and
// text_time, which ask for the terminal and the time zone.
//
//     char name[TEXT_SAFE];
//     printf("%s\n", text_safe(record_get(r, "name"), name, sizeof name));
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_SAFE = 2048, TEXT_TIME = 64 };

// Copies UTF-8; control characters (C0, DEL, C1), marks that turn the direction of writing, and bytes that are no
// UTF-8 become '?'. What does not fit is cut at a character and ends in "...". NULL is "". Returns ret.
const char *text_safe(const char *text, char *ret, size_t size);
// Columns on a terminal, taking every character of UTF-8 for one.
size_t text_width(const char *text);

// Local time: "2026-11-21 14:03:07 CET", or the time of day alone to the millisecond.
void text_time(int64_t us, char ret[static TEXT_TIME]);
void text_time_of_day(int64_t us, char ret[static TEXT_TIME]);
void text_day(int64_t us, char ret[static TEXT_TIME]);

// The colour for a word that is good or bad news ("" else, and when stdout is no terminal or NO_COLOR is set), and
// the way back.
const char *text_colour(const char *word);
const char *text_plain(void);
