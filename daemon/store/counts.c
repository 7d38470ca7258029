// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Counts for `status` that do not grow with the ledger: counted once when the store is opened, kept by triggers from
// then on. They lie in a temporary table: nothing is written for them, and a rollback takes its part back.
#include "daemon/store/counts.h"

#include "daemon/store/db.h"

#define BOUND(row) "(" row ".present AND EXISTS (SELECT 1 FROM binding b WHERE b.guest = " row ".uuid))"
#define PRESENT(guest) "EXISTS (SELECT 1 FROM guest g WHERE g.uuid = " guest " AND g.present)"
#define RUNS(row) "(" row ".present AND " row ".running)"
#define OPEN(row) "(" row ".state <> 'closed')"
#define WAITS(row) "(" row ".state = 'awaiting-approval')"
#define ACTIVE(row) "(" row ".state <> 'ended')"
// No account and no rule that names one: what the line says (daemon/control/list.c), for only that knows the rules.
#define SAYS(row, what) "(instr(" row ".text, char(10) || '" what "') > 0)"
#define UNNAMED(row) \
    "(" SAYS(row, "bound=0") " AND NOT " SAYS(row, "rule=") " AND NOT " SAYS(row, "state=gone") ")"

#define ON(name, event, set) \
    "CREATE TEMP TRIGGER tally_" name " AFTER " event " BEGIN UPDATE tally SET " set "; END"
#define GUEST(sign, row)                                                                                    \
    "guests = guests " sign " " row ".present, running = running " sign " " RUNS(row) ","                   \
                                                                                      "bound = bound " sign \
                                                                                      " " BOUND(row)
#define CASE(sign, row) \
    "open_cases = open_cases " sign " " OPEN(row) ", awaiting = awaiting " sign " " WAITS(row)

static const char *const triggers[] = {
    ON("guest_new", "INSERT ON main.guest", GUEST("+", "new")),
    ON("guest_gone", "DELETE ON main.guest", GUEST("-", "old")),
    ON("guest", "UPDATE ON main.guest WHEN old.present <> new.present OR old.running <> new.running",
       "guests = guests + new.present - old.present, running = running + " RUNS("new") " - " RUNS(
           "old") ", bound = bound + " BOUND("new") " - " BOUND("old")),
    ON("binding_new", "INSERT ON main.binding", "bound = bound + " PRESENT("new.guest")),
    ON("binding_gone", "DELETE ON main.binding", "bound = bound - " PRESENT("old.guest")),
    ON("case_new", "INSERT ON main.casefile", CASE("+", "new")),
    ON("case_gone", "DELETE ON main.casefile", CASE("-", "old")),
    ON("case", "UPDATE ON main.casefile WHEN old.state <> new.state",
       "open_cases = open_cases + " OPEN("new") " - " OPEN("old") ", awaiting = awaiting + " WAITS(
           "new") " - " WAITS("old")),
    ON("job_new", "INSERT ON main.job", "jobs = jobs + " ACTIVE("new")),
    ON("job_gone", "DELETE ON main.job", "jobs = jobs - " ACTIVE("old")),
    ON("job", "UPDATE ON main.job WHEN old.state <> new.state",
       "jobs = jobs + " ACTIVE("new") " - " ACTIVE("old")),
    ON("line_new", "INSERT ON main.line", "unnamed = unnamed + " UNNAMED("new")),
    ON("line_gone", "DELETE ON main.line", "unnamed = unnamed - " UNNAMED("old")),
    ON("line", "UPDATE ON main.line", "unnamed = unnamed + " UNNAMED("new") " - " UNNAMED("old")),
};

#define COUNT                                                                                           \
    "SELECT guests, running,"                                                                           \
    " (SELECT count(*) FROM guest g JOIN binding b ON b.guest = g.uuid WHERE g.present) AS bound,"      \
    " (SELECT count(*) FROM casefile WHERE state <> 'closed') AS open_cases,"                           \
    " (SELECT count(*) FROM casefile WHERE state <> 'closed' AND state = 'awaiting-approval')"          \
    " AS awaiting,"                                                                                     \
    " (SELECT count(*) FROM job WHERE state <> 'ended') AS jobs,"                                       \
    " (SELECT count(*) FROM line l WHERE " UNNAMED(                                                     \
        "l") ") AS unnamed"                                                                             \
             " FROM (SELECT count(*) AS guests, coalesce(sum(running), 0) AS running FROM guest WHERE " \
             "present)"

int counts_open(struct store *s, struct err *err)
{
    int rc = db_exec(s, "CREATE TEMP TABLE tally AS " COUNT, "count what lies in it", err);

    for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(triggers); i++)
        rc = db_exec(s, triggers[i], "make its triggers", err);
    return rc;
}

static int read_counts(struct store *s, const struct query *q, struct store_counts *ret, struct err *err)
{
    _cleanup_run_ struct run run = {0};
    int rc = run_start(s, q, &run, err);

    if (rc == 0)
        rc = run_step(&run, err);
    if (rc < 0)
        return rc;
    *ret = (struct store_counts){
        .guests = (unsigned)sqlite3_column_int64(run.stmt, 0),
        .running = (unsigned)sqlite3_column_int64(run.stmt, 1),
        .bound = (unsigned)sqlite3_column_int64(run.stmt, 2),
        .open_cases = (unsigned)sqlite3_column_int64(run.stmt, 3),
        .awaiting_approval = (unsigned)sqlite3_column_int64(run.stmt, 4),
        .open_jobs = (unsigned)sqlite3_column_int64(run.stmt, 5),
        .unnamed = (unsigned)sqlite3_column_int64(run.stmt, 6),
    };
    return 0;
}

int store_counts(struct store *s, struct store_counts *ret, struct err *err)
{
    static const struct query kept = {
        NULL, "SELECT guests, running, bound, open_cases, awaiting, jobs, unnamed FROM temp.tally"};

    return read_counts(s, &kept, ret, err);
}

int counts_anew(struct store *s, struct store_counts *ret, struct err *err)
{
    static const struct query anew = {NULL, COUNT};

    return read_counts(s, &anew, ret, err);
}
