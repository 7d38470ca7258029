// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust scorecard`: what `observe` foretold, and what became of it.
#include "daemon/cli/say.h"
#include "daemon/cli/table.h"
#include "daemon/cli/talk.h"
#include "daemon/cli/text.h"
#include "daemon/config/value.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const uint64_t DEFAULT_MS = UINT64_C(30) * 86400 * 1000, MOST_MS = UINT64_C(3650) * 86400 * 1000;

struct card {
    const struct cli *c;
    struct table table;
    json_t *predictions, *score;
    struct record *sum; // owned
};

static void prediction_row(struct card *card, const struct record *r)
{
    static const char *const headers[] = {"CASE", "GUEST",   "FORETOLD", "WHAT BECAME OF IT",
                                          "WHEN", "BY CASE", "BECAUSE",  NULL};
    char at[TEXT_TIME], settled[TEXT_TIME];

    table_row(&card->table, headers,
              (const char *[]){record_get(r, "case"), record_get(r, "name"), time_cell(r, "at_us", at),
                               record_get(r, "class"), time_cell(r, "settled_us", settled),
                               record_get(r, "settled_case"), record_get(r, "text")});
}

static void told(const struct record *r, void *arg)
{
    struct card *card = arg;

    if (record_is(r, "prediction") && card->c->json)
        json_array_append_new(card->predictions, json_of_record(r));
    else if (record_is(r, "prediction"))
        prediction_row(card, r);
    if (!record_is(r, "score") || card->sum)
        return;
    card->score = json_of_record(r);
    card->sum = record_new("score");
    for (size_t i = 2; i < record_count(r); i++) { // behind type and v
        const char *key, *value;
        size_t len;

        record_at(r, i, &key, &value, &len);
        record_add_bytes(card->sum, key, value, len);
    }
}

static void print_sum(const struct record *r)
{
    static const struct {
        const char *key, *text;
    } lines[] = {
        {"predicted", "would have been repaired"},
        {"by_hand",
         "were put right without virtrust later: the directory or the guest has another password since"},
        {"by_rollback", "were put right by another rollback"},
        {"by_virtrust", "were repaired by virtrust later"},
        {"still", "were still broken when they were looked at again"},
        {"open", "were not looked at again; `virtrust sweep` does"},
        {"wrong", "were wrong: in step later, although neither side had changed"},
    };
    char since[TEXT_TIME];

    printf("\nsince %s, %s guests in %s looks:\n", time_cell(r, "since_us", since),
           record_get_or(r, "guests", "?"), record_get_or(r, "looks", "?"));
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        printf("  %6s  %s\n", record_get_or(r, lines[i].key, "?"), lines[i].text);
}

static int tell(struct card *card, int rc)
{
    json_t *all;

    if (card->c->json) {
        all = json_pack("{s:i, s:O, s:O, s:i}", "schema", CLI_SCHEMA, "predictions", card->predictions,
                        "score", card->score, "exit", rc);
        return json_print(all) != 0 ? EXIT_NO_WORK : rc;
    }
    table_print(&card->table);
    print_sum(card->sum);
    if (rc == EXIT_BAD_NEWS)
        cli_fail(rc, "`virtrust case` shows what was known at the time", "some predictions were wrong");
    return rc;
}

int cmd_scorecard(const struct cli *c, const char *command)
{
    _cleanup_record_ struct record *request = record_new("scorecard");
    struct card card = {.c = c};
    struct timespec now;
    uint64_t ms = DEFAULT_MS;
    int rc;

    (void)command;
    if (c->since && (value_duration(c->since, &ms) < 0 || ms > MOST_MS))
        return cli_fail(EXIT_USAGE, "write 12h, 7d or 30d, at most 3650d", "--since %s does not fit",
                        c->since);
    clock_gettime(CLOCK_REALTIME, &now);
    record_add_i64(request, "since_us", (int64_t)now.tv_sec * 1000000 - (int64_t)ms * 1000);
    card.predictions = json_array();
    rc = talk(c, request, told, &card);
    if ((rc == EXIT_ANSWERED || rc == EXIT_BAD_NEWS) && card.sum)
        rc = tell(&card, rc);
    json_decref(card.predictions);
    json_decref(card.score);
    record_free(card.sum);
    return rc;
}
