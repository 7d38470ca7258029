// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The records of an answer as text for people, as they come: a list of one noun becomes a table, one noun alone a
// block of lines. Only what is there is shown; what is unknown is left out.
//
//     struct printer p = {.command = "list"};
//     print_record(&p, r); ...; print_end(&p);
#pragma once

#include "common/record.h"
#include "daemon/cli/diagnose.h"
#include "daemon/cli/table.h"
#include "daemon/cli/text.h"

struct printer {
    const char *command;
    struct table table;
    struct diagnose *diagnose; // its columns, while they are collected
    char day[TEXT_TIME];       // of the last step that was printed
    char text[TEXT_SAFE];      // its text
    char dc[256];              // the DC that was named last
};

void print_record(struct printer *p, const struct record *r);
void print_guest_row(struct printer *p, const struct record *r); // of a list
void print_end(struct printer *p);         // prints the table that is still being collected
void print_status(const struct record *r); // print_status.c
