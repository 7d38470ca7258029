// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A store in a directory of its own, removed after the test; rows with a value in every field; and the names that a
// walk has seen.
//
//     OK(store_guest_each(f->store, see_guest, &seen, &f->err));    // see_guest calls seen_note(arg, g->name)
#pragma once

#include "daemon/store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

// The call gives 0; else the test fails with the store's sentence.
#define OK(call)                                  \
    do {                                          \
        int rc_ = (call);                         \
        if (rc_ != 0)                             \
            fail_msg("%d: %s", rc_, f->err.text); \
    } while (0)

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

struct fixture {
    char dir[64];
    char path[128];
    char wal[136];
    struct store *store;
    struct err err;
};

int fixture_setup(void **state); // store opened
int fixture_teardown(
    void **state); // closed, directory removed; fails where a query of the test reads a whole table
void fixture_reopen(struct fixture *f);
void fixture_close(struct fixture *f);

// The n-th of each: different n, different values in every field.
void sample_guest(unsigned n, struct guest *ret);
void sample_binding(unsigned n, struct binding *ret);
void sample_pair(unsigned n, struct pair *ret);
void sample_case(unsigned n, struct casefile *ret);
void sample_job(unsigned n, int64_t case_id, struct job *ret);
const char *sample_uuid(unsigned n); // of four slots, the oldest is written over

struct seen {
    struct store *store;
    char names[512];
    unsigned stop_after; // 0: never
    unsigned count;
};

// Notes the name behind a blank; 7 when the walk is to end here, else 0.
int seen_note(struct seen *seen, const char *name);

// Does the file hold these bytes? An absent file does not.
bool file_holds(const char *path, const void *bytes, size_t len);
// Runs SQL on the (closed) file with a connection that knows nothing of the store.
void raw_sql(const char *path, const char *sql);
