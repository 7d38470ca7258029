// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A store in a directory of its own, removed after the test; and rows with a value in every field.
#pragma once

#include "daemon/store/store.h"

struct fixture {
    char dir[64];
    char path[128];
    char wal[136];
    struct store *store;
    struct err err;
};

int fixture_setup(void **state);    // store opened
int fixture_teardown(void **state); // closed, directory removed
void fixture_reopen(struct fixture *f);
void fixture_close(struct fixture *f);

// The n-th of each: different n, different values in every field.
void sample_guest(unsigned n, struct guest *ret);
void sample_binding(unsigned n, struct binding *ret);
void sample_pair(unsigned n, struct pair *ret);
void sample_case(unsigned n, struct casefile *ret);
void sample_job(unsigned n, int64_t case_id, struct job *ret);
const char *sample_uuid(unsigned n); // of four slots, the oldest is written over

// Does the file hold these bytes? An absent file does not.
bool file_holds(const char *path, const void *bytes, size_t len);
// Runs SQL on the (closed) file with a connection that knows nothing of the store.
void raw_sql(const char *path, const char *sql);
