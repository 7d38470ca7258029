// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One line a guest, for lists of all of them: what belongs to a guest is gathered by one query, a page at a time in
// order of name, so that a hundred thousand guests are begun to be told at once and nothing else waits for the last.
//
//     struct overview_place place = {0};
//     do rc = store_overview(s, &place, NULL, 500, tell, arg, &more, &err); while (rc == 0 && more);
#pragma once

#include "daemon/store/store.h"

struct overview {
    char uuid[UUID_TEXT], name[NAME_TEXT];
    bool present, running, agent_connected;
    int64_t seen_us, looked_us, open_case, last_case;
    char verdict[SHORT_TEXT], cause[SHORT_TEXT];
    bool bound;
    char computer[SHORT_TEXT], domain[NAME_TEXT];
    bool has_case; // the open one, else the last
    char case_state[SHORT_TEXT], outcome[SHORT_TEXT], text[LONG_TEXT];
    const char *description; // as it is stored, NULL: none; valid within the call
};

struct overview_place { // behind the last guest that was told; {0}: the beginning
    char name[NAME_TEXT], uuid[UUID_TEXT];
};

// Calls f for the next `max` guests that are present or have an open case, and whose name matches the pattern
// (* ? [a-z]; NULL or "": all); f != 0 ends the page behind that guest. *ret_more: there may be further ones.
int store_overview(struct store *s, struct overview_place *place, const char *only, size_t max,
                   int (*f)(const struct overview *o, void *arg), void *arg, bool *ret_more, struct err *err);

// Calls f with each guest that is present and matches among the next `max`, whatever their names: a page is as much
// work where few match. f != 0 ends it behind that guest, and is returned. *ret_more: there may be further ones.
int store_present(struct store *s, struct overview_place *place, const char *only, size_t max,
                  int (*f)(const char *uuid, void *arg), void *arg, bool *ret_more, struct err *err);

// How many guests are present and match.
int store_overview_count(struct store *s, const char *only, unsigned *ret, struct err *err);

// A value of a stored description without taking all of it apart: false where it has none. Pure.
bool overview_get(const char *description, const char *key, char *ret, size_t size);
