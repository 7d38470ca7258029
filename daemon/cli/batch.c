// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust approve --all`: the cases that wait are told first; what is approved then are those and no others.
#include "daemon/cli/say.h"
#include "daemon/cli/table.h"
#include "daemon/cli/talk.h"
#include "daemon/cli/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct batch {
    const struct cli *c;
    struct table table;
    json_t *cases;
    unsigned count, failed;
    int64_t newest;
};

static void told(const struct record *r, void *arg)
{
    static const char *const headers[] = {"CASE",    "GUEST", "DOMAIN", "POLICY",
                                          "VERDICT", "SINCE", "TEXT",   NULL};
    struct batch *b = arg;
    char since[TEXT_TIME];
    int64_t id = 0;

    if (!record_is(r, "waiting") && !record_is(r, "approved"))
        return;
    record_get_i64(r, "id", &id);
    b->count++;
    b->failed += record_get(r, "error") != NULL;
    b->newest = id > b->newest ? id : b->newest;
    if (b->c->json)
        json_array_append_new(b->cases, json_of_record(r));
    else
        table_row(&b->table, headers,
                  (const char *[]){record_get(r, "id"), record_get(r, "name"), record_get(r, "domain"),
                                   record_get(r, "policy"), record_get(r, "verdict"),
                                   time_cell(r, "opened_us", since),
                                   record_get_or(r, "error", record_get(r, "text"))});
}

static int ask(struct batch *b, bool dry_run, int64_t newest)
{
    _cleanup_record_ struct record *r = record_new("approve-all");
    int rc;

    record_add(r, "domain", b->c->domain);
    record_add(r, "policy", b->c->policy);
    record_add_bool(r, "dry_run", dry_run);
    if (newest)
        record_add_i64(r, "newest", newest);
    rc = talk(b->c, r, told, b);
    table_print(&b->table);
    return rc;
}

// The number, typed again: a key that is hit by habit approves nothing.
static int confirm(const struct batch *b)
{
    char line[64] = "", want[16];

    if (b->c->yes)
        return 0;
    if (!isatty(STDIN_FILENO))
        return cli_error(b->c, EXIT_USAGE, "usage", "look with --dry-run, then say --yes",
                         "%u cases would be approved, and there is no terminal to ask at; nothing was done",
                         b->count);
    fprintf(stderr, "To approve all %u of them, type their number: ", b->count);
    snprintf(want, sizeof want, "%u\n", b->count);
    if (fgets(line, sizeof line, stdin) && strcmp(line, want) == 0)
        return 0;
    return cli_error(b->c, EXIT_REFUSED, "not-confirmed", "", "that is not their number; nothing was done");
}

static int print_all(struct batch *b, int rc, bool done)
{
    json_t *all;

    if (!b->c->json)
        return rc;
    all = json_pack("{s:i, s:i, s:b, s:O, s:i}", "schema", CLI_SCHEMA, "count", (int)b->count, "approved",
                    done, "cases", b->cases, "exit", rc);
    return json_print(all) != 0 ? EXIT_NO_WORK : rc;
}

static int approve_all(struct batch *b)
{
    unsigned waiting;
    int rc;

    // With --yes and --json the one answer is what was approved.
    rc = ask(b, true, 0);
    if (rc != EXIT_ANSWERED)
        return rc;
    if (!b->count && !b->c->json)
        puts("no case waits for approval");
    if (!b->count || b->c->dry_run)
        return print_all(b, EXIT_ANSWERED, false);
    rc = confirm(b);
    if (rc != 0)
        return rc;
    waiting = b->count;
    b->count = 0;
    json_array_clear(b->cases);
    rc = ask(b, false, b->newest);
    if (rc != EXIT_ANSWERED)
        return rc;
    if (!b->c->json)
        printf("approved %u of %u; each is looked at again, and limits apply\n", b->count - b->failed,
               waiting);
    return print_all(b, b->failed ? EXIT_NO_WORK : EXIT_ANSWERED, true);
}

int cmd_approve(const struct cli *c, const char *command)
{
    struct batch b = {.c = c};
    int rc;

    if (!c->all && c->args_count == 1 && !c->domain && !c->policy && !c->dry_run && !c->yes)
        return cmd_ask(c, command);
    if (!c->all || c->args_count)
        return cli_fail(
            EXIT_USAGE, "nothing was done",
            "usage: virtrust approve CASE, or approve --all [--domain D] [--policy P] [--dry-run] [--yes]");
    b.cases = json_array();
    rc = approve_all(&b);
    json_decref(b.cases);
    return rc;
}
