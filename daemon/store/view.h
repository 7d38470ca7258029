// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What an overview is made of, for overview.c (which reads it) and lines.c (which keeps lines of it).
//
//     "SELECT {columns}, d.record FROM " VIEW_FROM " WHERE " VIEW_LISTED
#pragma once

#include "daemon/store/db.h"
#include "daemon/store/overview.h"

extern const struct table overview_table;

// The case that is shown: the open one, else the last.
#define VIEW_CASE "iif(g.open_case, g.open_case, g.last_case)"
#define VIEW_FROM                                     \
    "guest g LEFT JOIN binding b ON b.guest = g.uuid" \
    " LEFT JOIN description d ON d.guest = g.uuid"    \
    " LEFT JOIN casefile c ON c.id = " VIEW_CASE " AND c.guest = g.uuid"
#define VIEW_LISTED "(g.present OR g.open_case)"

// The i-th column's value into its field.
void view_value(struct overview *o, size_t i, sqlite3_value *value);
// The first two columns of the row as a place.
void view_place(struct run *r, struct overview_place *ret);
