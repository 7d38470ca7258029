// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Guests as rows or as JSON, as they come: a list may have a hundred thousand of them.
//
//     struct list list = {.printer = &printer};        // or .json
//     rc = list_read(&list, s, timeout_ms, &r, &err);  // prints the guests; *r is what came behind them
//     list_done(&list);
#pragma once

#include "common/os/recio.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/print.h"

struct list {
    struct printer *printer; // borrowed; or
    struct json_list *json;
    struct record_list records;
    unsigned told;
};

// As recio_next: the first record that is no guest. The caller frees it.
int list_read(struct list *l, struct recio *s, int timeout_ms, struct record **ret, struct err *err);
void list_done(struct list *l);
