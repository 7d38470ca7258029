// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/table.h"

#include "daemon/cli/text.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <string.h>

static int make_room(struct table *t)
{
    size_t room = t->room ? t->room * 2 : 64;
    char **grown;

    if (t->rows < t->room)
        return 0;
    grown = reallocarray(t->cells, room * t->columns, sizeof *grown);
    if (!grown)
        return -1;
    t->cells = grown;
    t->room = room;
    return 0;
}

static const char *cell(const struct table *t, size_t row, size_t column)
{
    const char *text = t->cells[row * t->columns + column];

    return text ? text : "(out of memory)";
}

static size_t width_of(const struct table *t, size_t column)
{
    size_t width = strlen(t->headers[column]);

    for (size_t row = 0; row < t->rows; row++) {
        size_t own = text_width(cell(t, row, column));

        if (own > width)
            width = own;
    }
    return width;
}

static void print_cell(const char *text, size_t width, int last)
{
    static const char blanks[] = "                                ";
    const char *colour = text_colour(text);
    size_t left = last ? 0 : width - text_width(text) + 2;

    fputs_unlocked(colour, stdout);
    fputs_unlocked(text, stdout);
    if (colour[0])
        fputs_unlocked(text_plain(), stdout);
    for (size_t n; left; left -= n) {
        n = left < sizeof blanks - 1 ? left : sizeof blanks - 1;
        fwrite_unlocked(blanks, 1, n, stdout);
    }
    if (last)
        putchar_unlocked('\n');
}

static void print_batch(struct table *t)
{
    for (size_t i = 0; i < t->columns; i++) {
        size_t own = width_of(t, i);

        t->widths[i] = own > t->widths[i] ? own : t->widths[i];
    }
    for (size_t i = 0; !t->begun && i < t->columns; i++)
        print_cell(t->headers[i], t->widths[i], i + 1 == t->columns);
    t->begun = true;
    for (size_t row = 0; row < t->rows; row++)
        for (size_t i = 0; i < t->columns; i++)
            print_cell(cell(t, row, i), t->widths[i], i + 1 == t->columns);
    for (size_t i = 0; i < t->rows * t->columns; i++)
        free(t->cells[i]);
    t->rows = 0;
}

void table_row(struct table *t, const char *const *headers, const char *const *cells)
{
    if (t->headers && t->headers != headers)
        table_print(t);
    t->headers = headers;
    for (t->columns = 0; headers[t->columns] && t->columns < TABLE_COLUMNS;)
        t->columns++;
    if (make_room(t) < 0)
        return;
    for (size_t i = 0; i < t->columns; i++) {
        char safe[TEXT_SAFE];

        text_safe(cells[i] && cells[i][0] ? cells[i] : "-", safe, sizeof safe);
        t->cells[t->rows * t->columns + i] = strdup(safe);
    }
    if (++t->rows == TABLE_BATCH)
        print_batch(t);
}

void table_print(struct table *t)
{
    if (t->rows)
        print_batch(t);
    free(t->cells);
    *t = (struct table){0};
}
