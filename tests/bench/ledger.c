// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-ledger fill DB GUESTS CASES   a ledger of so many guests, each with its binding, a pair, its description and
//                                     its share of closed cases with their history, by the store's own interface
// bench-ledger walk DB                reads every guest of it, as `virtrust list` does, without a daemon
// bench-ledger span DB AFTER UNTIL    of the cases after that one until that one, as JSON: how many, how many were
//                                     judged behind, and the time from the first one's signal to the last one's verdict
#include "daemon/store/store.h"
#include "tests/bench/series.h"

#include <stdio.h>
#include <string.h>

enum { A_TRANSACTION = 2000 };

static const int64_t second_us = 1000000, began_us = INT64_C(1700000000) * 1000000;

static void uuid_of(unsigned long guest, char ret[static UUID_TEXT])
{
    snprintf(ret, UUID_TEXT, "00000000-0000-4000-9000-%012lu", guest);
}

static int put_description(struct store *s, const char *uuid, unsigned long guest, struct err *err)
{
    _cleanup_record_ struct record *r = record_new("signal");

    record_add(r, "guest", uuid);
    record_add(r, "state", "off");
    record_add(r, "state_reason", "shutdown");
    record_add_bool(r, "persistent", true);
    record_add(r, "snapshot", "clean");
    record_add(r, "disk.0.target", "vda");
    record_add(r, "disk.0.type", "file");
    record_addf(r, "disk.0.path", "/var/lib/libvirt/images/vdi%06lu.qcow2", guest);
    record_add(r, "disk.0.format", "qcow2");
    return store_description_put(s, uuid, r, err);
}

static int put_account(struct store *s, const char *uuid, unsigned long guest, struct err *err)
{
    struct binding b = {.domain = "corp.example.com", .how = "policy", .since_us = began_us};
    struct pair p = {.kvno = 2, .first_us = began_us, .last_us = began_us, .proven = true};
    int rc;

    snprintf(b.guest, sizeof b.guest, "%s", uuid);
    snprintf(b.guid, sizeof b.guid, "00000000-0000-4000-a000-%012lu", guest);
    snprintf(b.sid, sizeof b.sid, "S-1-5-21-1-2-3-%lu", 1000 + guest);
    snprintf(b.name, sizeof b.name, "VDI%06lu$", guest);
    memcpy(p.guest, b.guest, sizeof p.guest);
    memcpy(p.guid, b.guid, sizeof p.guid);
    memcpy(p.fingerprint, &guest, sizeof guest);
    p.set_at = p.pwd_last_set = 133203110020139115u + guest;
    rc = store_binding_put(s, &b, err);
    return rc < 0 ? rc : store_pair_add(s, &p, err);
}

static int put_case(struct store *s, struct guest *g, unsigned long number, struct err *err)
{
    struct casefile c = {.kind = ROLLBACK_REVERT_OFFLINE,
                         .witnessed = true,
                         .state = CASE_CLOSED,
                         .outcome = OUTCOME_NO_ACTION,
                         .verdict = number % 5 ? VERDICT_IN_STEP : VERDICT_BEHIND,
                         .cause = "directory-moved",
                         .text = "the directory's password is newer than the one that this disk holds",
                         .would = "would have repaired it by a reset of its account",
                         .next = "set mode: repair, or `virtrust repair` it"};
    int rc;

    snprintf(c.guest, sizeof c.guest, "%s", g->uuid);
    snprintf(c.name, sizeof c.name, "%s", g->name);
    c.rolled_us = c.opened_us = began_us + (int64_t)number * second_us;
    c.changed_us = c.closed_us = c.opened_us + 2 * second_us;
    rc = store_case_add(s, &c, err);
    if (rc >= 0)
        rc = store_step_add(s, c.id, c.opened_us, "noticed", "an offline revert was seen", NULL, err);
    if (rc >= 0)
        rc = store_step_add(s, c.id, c.closed_us, "closed", c.text, NULL, err);
    g->last_case = c.id;
    g->verdict = c.verdict;
    g->looked_us = c.closed_us;
    snprintf(g->cause, sizeof g->cause, "%s", c.cause);
    return rc;
}

static int put_guest(struct store *s, unsigned long guest, unsigned long cases, struct err *err)
{
    struct guest g = {.present = true, .seen_us = began_us};
    int rc;

    uuid_of(guest, g.uuid);
    snprintf(g.name, sizeof g.name, "vdi%06lu", guest);
    rc = put_description(s, g.uuid, guest, err);
    if (rc >= 0)
        rc = put_account(s, g.uuid, guest, err);
    for (unsigned long i = 0; rc >= 0 && i < cases; i++)
        rc = put_case(s, &g, guest * cases + i, err);
    return rc < 0 ? rc : store_guest_put(s, &g, err);
}

static int fill(struct store *s, unsigned long guests, unsigned long cases, struct err *err)
{
    unsigned long a_guest = cases / guests, written = 0;
    int rc = store_begin(s, err);

    for (unsigned long i = 1; rc >= 0 && i <= guests; i++) {
        rc = put_guest(s, i, a_guest, err);
        written += a_guest + 1;
        if (rc >= 0 && written >= A_TRANSACTION) {
            written = 0;
            rc = store_commit(s, err);
            if (rc >= 0)
                rc = store_begin(s, err);
        }
    }
    return rc < 0 ? rc : store_commit(s, err);
}

static int count_one(const struct guest *g, void *arg)
{
    *(unsigned long *)arg += g->present;
    return 0;
}

static int walk(struct store *s, struct err *err)
{
    unsigned long n = 0;
    int rc = store_guest_each(s, count_one, &n, err);

    printf("%lu\n", n);
    return rc;
}

struct span {
    int64_t after, until, first_us, last_us;
    unsigned long cases, closed, behind;
    struct series ms; // of each: from its signal to its end
};

static int span_one(const struct casefile *c, void *arg)
{
    struct span *s = arg;

    if (c->id <= s->after || c->id > s->until)
        return 0;
    s->cases++;
    s->closed += c->state == CASE_CLOSED;
    s->behind += c->verdict == VERDICT_BEHIND;
    if (!s->first_us || c->rolled_us < s->first_us)
        s->first_us = c->rolled_us;
    if (c->closed_us > s->last_us)
        s->last_us = c->closed_us;
    series_add(&s->ms, (double)(c->closed_us - c->rolled_us) / 1000);
    return 0;
}

static int span(struct store *s, long after, long until, struct err *err)
{
    struct span all = {.after = after, .until = until};
    int rc = store_case_each(s, NULL, false, 0, span_one, &all, err);

    printf("{\"cases\":%lu,\"closed\":%lu,\"behind\":%lu,\"seconds\":%.3f,\"each\":{\"unit\":\"ms\",",
           all.cases, all.closed, all.behind, (double)(all.last_us - all.first_us) / 1e6);
    series_print(&all.ms, stdout);
    puts("}}");
    series_done(&all.ms);
    return rc;
}

static int run(struct store *s, char **argv, struct err *err)
{
    if (strcmp(argv[1], "fill") == 0)
        return fill(s, strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10), err);
    if (strcmp(argv[1], "span") == 0)
        return span(s, strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10), err);
    return walk(s, err);
}

int main(int argc, char **argv)
{
    _cleanup_(store_closep) struct store *s = NULL;
    bool known = (argc == 5 && strcmp(argv[1], "fill") == 0 && strtoul(argv[3], NULL, 10) > 0) ||
                 (argc == 5 && strcmp(argv[1], "span") == 0) || (argc == 3 && strcmp(argv[1], "walk") == 0);
    struct err err = {0};
    int rc;

    if (!known) {
        fputs("usage: bench-ledger fill DB GUESTS CASES | walk DB | span DB AFTER UNTIL\n", stderr);
        return EXIT_USAGE;
    }
    rc = store_open(argv[2], &s, &err);
    if (rc >= 0)
        rc = run(s, argv, &err);
    if (rc < 0) {
        fprintf(stderr, "bench-ledger: %s\n", err.text[0] ? err.text : strerror(-rc));
        return EXIT_NO_WORK;
    }
    return EXIT_ANSWERED;
}
