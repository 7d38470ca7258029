// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust, the command line: what its commands share. Answers go to stdout, sentences about failures to stderr; the
// exit code is DESIGN's. Each command gets its own words in `args` (options taken out) and returns the exit code.
#pragma once

#include "common/record.h"
#include "daemon/config/config.h"

#include <jansson.h>

enum { CLI_SCHEMA = 1, CLI_ARGS_MAX = 4 };

struct cli {
    struct config *config;    // of `doctor`: the defaults when the file is broken, and then
    const char *config_error; // what is wrong with it
    const char *file;         // of the configuration; NULL: the usual one
    bool json, dry_run, log_on, all, yes, by_proof, delegation;
    const char *domain, *disk, *format, *snapshot, *engine, *key_file, *hives,
        *only; // options, NULL when not given
    const char *policy, *since;
    const char *strategy, *credential_file; // of `repair`
    int64_t timeout_s;                      // -1: not given; at most 30 days
    const char *args[CLI_ARGS_MAX];
    size_t args_count;
};

int cmd_ask(const struct cli *c, const char *command); // whatever virtrustd answers
int cmd_doctor(const struct cli *c, const char *command);
int cmd_inspect(const struct cli *c, const char *command);
int cmd_approve(const struct cli *c, const char *command);
int cmd_scorecard(const struct cli *c, const char *command);
int cmd_policy(const struct cli *c, const char *command);
int cmd_hook(const struct cli *c, const char *command);

// One sentence on stderr, "virtrust: WHAT; NEXT", and the code back. `next` may be NULL or "".
// Whatever stands on stdout already comes before it.
int cli_fail(int exit_code, const char *next, const char *format, ...) __attribute__((format(printf, 3, 4)));
// The same, and with --json the whole answer on stdout is {schema, error, exit}. `code` is a stable id.
int cli_error(const struct cli *c, int exit_code, const char *code, const char *next, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

// ---- records as JSON (json.c): keys with dots nest, `x.0.y` makes arrays, times are RFC 3339 ----
json_t *json_of_record(const struct record *r);
json_t *json_text(const char *value, size_t len); // what is not UTF-8 is shown as '?'
// What a key's value is, where it looks like it; else it is text.
enum json_kind { JSON_KIND_TEXT, JSON_KIND_NUMBER, JSON_KIND_ANSWER, JSON_KIND_TIME };
enum json_kind json_kind(const char *type, const char *key);
// Into the whole answer: records of one type become an array of that name; nouns of which there is one stay objects.
void json_collect(json_t *all, const struct record *r);
json_t *json_error(int exit_code, const char *code, const char *text, const char *next); // what `error` is
int json_print(json_t *take); // frees it; 0, or EXIT_NO_WORK when stdout is gone
// One value a line, as it comes: for answers that have no end in sight.
int json_print_line(json_t *take);
// An object whose first member is a long list: its values as they come, then the other members (of `take`).
struct json_list {
    bool begun;
    struct json_lines *lines; // json_line.h; owned
};
void json_list_add(struct json_list *l, const char *name, const struct record *r);
int json_list_end(struct json_list *l, json_t *take);
