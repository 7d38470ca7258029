// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest's line of `list`, ready to be sent: made when something changes that it shows, so that a list of a hundred
// thousand guests unpacks nothing. It lies beside what it shows and is changed in the same transaction: triggers on
// guest, binding, description, facts and case call the line's maker, whatever statement changed them.
//
// What else a line is made of (configuration, this program) may have changed between two starts: after a start the
// lines are checked, page by page; until then a list makes them anew (overview.h).
//
//     rc = store_lines_by(s, make_line, engine, &err);                       // once
//     do rc = store_lines_check(s, &place, 500, &more, &err); while (rc == 0 && more);
//     do rc = store_lines(s, &place, NULL, 1000, tell, arg, &more, &err); while (rc == 0 && more);
#pragma once

#include "daemon/store/overview.h"

// The line of a guest: *ret is malloc'd, text without NUL bytes. 0 or a negative errno. It may show
// what the overview holds, what else those tables hold of the guest (it may read the store, and not change it), and
// what holds until the next start.
typedef int line_maker(const struct overview *o, void *arg, char **ret, size_t *ret_len);

// From now on every change makes the lines that show it. A second call is refused (-EALREADY).
int store_lines_by(struct store *s, line_maker *make, void *arg, struct err *err);

// Makes the next `max` guests' lines anew and writes those that differ, in a transaction of its own; *ret_more: there
// are further ones. When the last page is through, store_lines_ready() says so.
int store_lines_check(struct store *s, struct overview_place *place, size_t max, bool *ret_more,
                      struct err *err);
bool store_lines_ready(const struct store *s);

// As store_overview, but the lines as they lie there.
int store_lines(struct store *s, struct overview_place *place, const char *only, size_t max,
                int (*f)(const char *line, size_t len, void *arg), void *arg, bool *ret_more,
                struct err *err);

// Gives back the memory that a long walk took.
void store_rest(struct store *s);
