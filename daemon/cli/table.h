// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A table whose columns are as wide as what stands in them: rows are collected and printed at the end, those of a long
// table some hundreds at a time, so that the first are seen at once. Cells are made safe for the terminal. The caller
// ends it with table_print, which empties it.
//
//     static const char *const headers[] = {"GUEST", "STATE", NULL};
//     table_row(&t, headers, (const char *[]){"vm1", "running"});
//     table_print(&t);
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS = 12, TABLE_BATCH = 200 };

struct table {
    const char *const *headers; // closed by NULL
    struct table_cell {
        size_t at, len, width; // in `text`, whose end it may be
    } cells[TABLE_BATCH][TABLE_COLUMNS];
    char *text; // of the cells that are kept, then of what is printed
    size_t len, room;
    size_t columns, rows;
    size_t widths[TABLE_COLUMNS]; // of what is printed already: columns only grow
    bool begun;                   // the headers are printed
};

// A row with other headers prints what there is and begins a new table. Without memory a row is lost.
void table_row(struct table *t, const char *const *headers, const char *const *cells);
void table_print(struct table *t);
