// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/store/fixture.h"

#include "daemon/store/db.h"

#include <fcntl.h>
#include <sqlite3.h>

void fixture_reopen(struct fixture *f)
{
    int rc;

    fixture_close(f);
    rc = store_open(f->path, &f->store, &f->err);
    if (rc < 0)
        fail_msg("%s", f->err.text);
}

void fixture_close(struct fixture *f)
{
    f->store = store_close(f->store);
}

int fixture_setup(void **state)
{
    static struct fixture one; // tests run one after the other
    struct fixture *f = &one;

    *f = (struct fixture){.dir = "/tmp/virtrust-store-XXXXXX"};
    if (!mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/virtrust.db", f->dir);
    snprintf(f->wal, sizeof f->wal, "%s/virtrust.db-wal", f->dir);
    *state = f;
    return store_open(f->path, &f->store, &f->err);
}

// Reads of everything, which have to go through everything; what has to be counted; what is done once a scan, which
// has named every guest, and once a day.
static bool may_scan(const char *sql)
{
    return strstr(sql, "count(*)") || !strstr(sql, "WHERE") || strncmp(sql, "PRAGMA", 6) == 0 ||
           strstr(sql, "present = 1 AND seen_us <") || strstr(sql, "present = 0 AND seen_us <") ||
           strncmp(sql, "DELETE FROM pair", 16) == 0;
}

static void check_plan(struct store *s, const char *sql)
{
    _cleanup_free_ char *explain = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_true(asprintf(&explain, "EXPLAIN QUERY PLAN %s", sql) > 0);
    assert_int_equal(sqlite3_prepare_v2(s->db, explain, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *step = (const char *)sqlite3_column_text(stmt, 3);

        // (A partial index that is gone through is as small as what is asked for.)
        if (strncmp(step, "SCAN", 4) == 0 && !strstr(step, "USING INDEX casefile_open") &&
            !strstr(step, "USING INDEX job_open") && !strstr(step, "CONSTANT ROW") && !may_scan(sql))
            fail_msg("%s\nreads a whole table: %s", sql, step);
    }
    sqlite3_finalize(stmt);
}

// Every question that this test has asked finds its answer by an index: none becomes slow with the store's size.
static void check_plans(struct store *s)
{
    for (size_t i = 0; s && i < s->cached; i++)
        check_plan(s, sqlite3_sql(s->cache[i].stmt));
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    check_plans(f->store);
    fixture_close(f);
    unlink(f->path);
    unlink(f->wal);
    snprintf(f->wal, sizeof f->wal, "%s/virtrust.db-shm", f->dir);
    unlink(f->wal); // of a connection that was not the store's
    rmdir(f->dir);
    return 0;
}

const char *sample_uuid(unsigned n)
{
    static char texts[4][UUID_TEXT];
    static unsigned slot;
    char *text = texts[slot++ % 4];

    snprintf(text, UUID_TEXT, "%08x-0000-4000-8000-000000000000", n);
    return text;
}

void sample_guest(unsigned n, struct guest *ret)
{
    *ret = (struct guest){
        .present = true,
        .running = n % 2,
        .agent_connected = n % 3 == 1,
        .seen_us = 1000 + n,
        .ran_us = 900 + n,
        .burst = {.seen = 1ull << (n % SIGNAL_KINDS_COUNT) | 1ull << SIGNAL_SCAN,
                  .first_us = 10 + n,
                  .last_us = 20 + n,
                  .was_running = n & 1,
                  .was_managedsaved = n & 2,
                  .persistent = n & 4,
                  .disk_replaced = n & 8,
                  .disk_changed = n & 16,
                  .snapshot_back = n & 32,
                  .first_sight = n & 64,
                  .xml_rewritten = n & 128},
        .open_case = n + 7,
        .last_case = n + 8,
        .verdict = (enum verdict)(n % VERDICTS_COUNT),
        .looked_us = 30 + n,
    };
    snprintf(ret->uuid, sizeof ret->uuid, "%s", sample_uuid(n));
    snprintf(ret->name, sizeof ret->name, "guest-%u", n);
    snprintf(ret->cause, sizeof ret->cause, "cause-%u", n);
}

void sample_binding(unsigned n, struct binding *ret)
{
    *ret = (struct binding){.since_us = 40 + n};
    snprintf(ret->guest, sizeof ret->guest, "%s", sample_uuid(n));
    snprintf(ret->domain, sizeof ret->domain, "corp%u.example", n);
    snprintf(ret->guid, sizeof ret->guid, "aaaaaaaa-0000-4000-8000-%012x", n);
    snprintf(ret->sid, sizeof ret->sid, "S-1-5-21-1-2-3-%u", 1000 + n);
    snprintf(ret->name, sizeof ret->name, "PC%u$", n);
    snprintf(ret->how, sizeof ret->how, n % 2 ? "administrator" : "policy");
}

void sample_pair(unsigned n, struct pair *ret)
{
    *ret = (struct pair){.set_at = 50 + n,
                         .pwd_last_set = 60 + n,
                         .kvno = n,
                         .first_us = 70 + n,
                         .last_us = 80 + n,
                         .proven = n % 2};
    snprintf(ret->guest, sizeof ret->guest, "%s", sample_uuid(1));
    snprintf(ret->guid, sizeof ret->guid, "%s", sample_uuid(2));
    memset(ret->fingerprint, (int)n, HASH);
}

void sample_case(unsigned n, struct casefile *ret)
{
    *ret = (struct casefile){
        .kind = (enum rollback_kind)(n % ROLLBACK_KINDS_COUNT),
        .witnessed = n % 2,
        .approved = n % 3 == 1,
        .dry_run = n % 3 == 1,
        .state = (enum case_state)(n % CASE_CLOSED), // an open one
        .outcome = (enum outcome)(n % OUTCOMES_COUNT),
        .verdict = (enum verdict)(n % VERDICTS_COUNT),
        .has_fingerprint = true,
        .rolled_us = 90 + n,
        .opened_us = 100 + n,
        .changed_us = 110 + n,
        .closed_us = 120 + n,
        .wake_us = 130 + n,
        .epoch = 140 + n,
        .tries = 150 + n,
    };
    snprintf(ret->guest, sizeof ret->guest, "%s", sample_uuid(1));
    snprintf(ret->name, sizeof ret->name, "guest-%u", n);
    snprintf(ret->cause, sizeof ret->cause, "cause-%u", n);
    snprintf(ret->text, sizeof ret->text, "what is so, %u", n);
    snprintf(ret->would, sizeof ret->would, "what would be done, %u", n);
    snprintf(ret->next, sizeof ret->next, "what can be done, %u", n);
    memset(ret->fingerprint, (int)n, HASH);
}

void sample_job(unsigned n, int64_t case_id, struct job *ret)
{
    *ret = (struct job){
        .case_id = case_id,
        .state = (enum job_state)(n % JOB_ENDED), // an open one
        .outcome = (enum outcome)(n % OUTCOMES_COUNT),
        .verdict = (enum verdict)(n % VERDICTS_COUNT),
        .has_live = true,
        .has_public_key = true,
        .inherited = n & 1,
        .reset_answered = n & 2,
        .stored = n & 1,
        .no_rotation = n & 2,
        .heard = n & 4,
        .kvno_before = n,
        .kvno_reset = n + 1,
        .kvno_after = n + 2,
        .pwd_last_set_reset = 160 + n,
        .created_us = 170 + n,
        .changed_us = 180 + n,
        .deadline_us = 190 + n,
        .next_us = 200 + n,
        .epoch = 210 + n,
        .tries = 220 + n,
        .rereads = 230 + n,
    };
    snprintf(ret->guest, sizeof ret->guest, "%s", sample_uuid(n));
    snprintf(ret->guid, sizeof ret->guid, "%s", sample_uuid(n + 1));
    snprintf(ret->text, sizeof ret->text, "text %u", n);
    snprintf(ret->next, sizeof ret->next, "next %u", n);
    snprintf(ret->cause, sizeof ret->cause, "cause-%u", n);
    snprintf(ret->token, sizeof ret->token, "%032x", n);
    snprintf(ret->dc, sizeof ret->dc, "dc%u.corp.example", n);
    memset(ret->live, (int)n, sizeof ret->live);
    memset(ret->public_key, (int)n + 1, sizeof ret->public_key);
}

int seen_note(struct seen *seen, const char *name)
{
    size_t len = strlen(seen->names);

    snprintf(seen->names + len, sizeof seen->names - len, "%s%s", len ? " " : "", name);
    return ++seen->count == seen->stop_after ? 7 : 0;
}

bool file_holds(const char *path, const void *bytes, size_t len)
{
    static char text[8 * 1024 * 1024];
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, text, sizeof text);

    assert_true(size >= 0 && (size_t)size < sizeof text);
    return memmem(text, (size_t)size, bytes, len) != NULL;
}

void raw_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *said = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK)
        fail_msg("%s: %s", sql, said);
    sqlite3_close(db);
}
