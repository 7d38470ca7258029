// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/table.h"

#include "daemon/cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLOURS_MAX = 16 }; // bytes of a colour and of the way back

// Room for that many bytes more: where they go, or NULL.
static char *make_room(struct table *t, size_t len)
{
    size_t room = 2 * (t->len + len) + 4096;
    char *grown;

    if (t->room - t->len >= len)
        return t->text + t->len;
    grown = realloc(t->text, room);
    if (!grown)
        return NULL;
    t->text = grown;
    t->room = room;
    return t->text + t->len;
}

static size_t plain_len(const char *text)
{
    size_t n = 0;

    while (text[n] >= 0x20 && text[n] < 0x7f)
        n++;
    return n;
}

static bool keep(struct table *t, const char *text, struct table_cell *ret)
{
    char safe[TEXT_SAFE];
    size_t len = plain_len(text), width = len;
    char *at;

    if (text[len] || len >= sizeof safe) { // hardly any
        text = text_safe(text, safe, sizeof safe);
        len = strlen(text);
        width = text_width(text);
    }
    at = make_room(t, len + 1);
    if (!at)
        return false;
    memcpy(at, text, len);
    at[len] = '\0';
    *ret = (struct table_cell){.at = t->len, .len = len, .width = width};
    t->len += len + 1;
    return true;
}

static char *put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

// A line of the table behind the cells' text; the caller has made room for it.
static void put_line(struct table *t, const char *const *texts, const struct table_cell *cells)
{
    char *out = t->text + t->len;

    for (size_t i = 0; i < t->columns; i++) {
        const char *text = texts ? texts[i] : t->text + cells[i].at, *colour = text_colour(text);
        size_t len = texts ? strlen(text) : cells[i].len, width = texts ? len : cells[i].width;

        out = put(out, colour, strlen(colour));
        out = put(out, text, len);
        if (colour[0])
            out = put(out, text_plain(), strlen(text_plain()));
        if (i + 1 < t->columns) {
            memset(out, ' ', t->widths[i] - width + 2);
            out += t->widths[i] - width + 2;
        }
    }
    *out++ = '\n';
    t->len = (size_t)(out - t->text);
}

static size_t line_most(const struct table *t)
{
    size_t n = 1;

    // A character may take four bytes.
    for (size_t i = 0; i < t->columns; i++)
        n += t->widths[i] * 4 + 2 + COLOURS_MAX;
    return n;
}

static void widen(struct table *t)
{
    for (size_t i = 0; i < t->columns; i++) {
        size_t header = strlen(t->headers[i]);

        t->widths[i] = header > t->widths[i] ? header : t->widths[i];
        for (size_t row = 0; row < t->rows; row++)
            if (t->cells[row][i].width > t->widths[i])
                t->widths[i] = t->cells[row][i].width;
    }
}

static void print_line(struct table *t, const char *const *texts, const struct table_cell *cells)
{
    size_t from = t->len;

    if (!make_room(t, line_most(t)))
        return;
    put_line(t, texts, cells);
    fwrite_unlocked(t->text + from, 1, t->len - from, stdout);
    t->len = from;
}

static void print_batch(struct table *t)
{
    widen(t);
    if (!t->begun)
        print_line(t, t->headers, NULL);
    t->begun = true;
    for (size_t row = 0; row < t->rows; row++)
        print_line(t, NULL, t->cells[row]);
    t->rows = t->len = 0;
}

void table_row(struct table *t, const char *const *headers, const char *const *cells)
{
    if (t->headers && t->headers != headers)
        table_print(t);
    t->headers = headers;
    for (t->columns = 0; headers[t->columns] && t->columns < TABLE_COLUMNS;)
        t->columns++;
    for (size_t i = 0; i < t->columns; i++)
        if (!keep(t, cells[i] && cells[i][0] ? cells[i] : "-", &t->cells[t->rows][i]))
            return;
    if (++t->rows == TABLE_BATCH)
        print_batch(t);
}

void table_print(struct table *t)
{
    if (t->rows)
        print_batch(t);
    free(t->text);
    *t = (struct table){0};
}
