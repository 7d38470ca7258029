// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/schema.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

enum { APPLICATION_ID = 0x76747273 }; // "vtrs" in the file's header

// A guest's rows hang together by its UUID and not by foreign keys: a binding may be made before the guest is seen,
// and what is known of a guest outlives it.
static const char schema_1[] =
    "CREATE TABLE guest ("
    " uuid TEXT PRIMARY KEY, name TEXT NOT NULL, present INTEGER NOT NULL, running INTEGER NOT NULL,"
    " agent_connected INTEGER NOT NULL, seen_us INTEGER NOT NULL, ran_us INTEGER NOT NULL,"
    " burst_seen TEXT NOT NULL, burst_first_us INTEGER NOT NULL, burst_last_us INTEGER NOT NULL,"
    " burst_was_running INTEGER NOT NULL, burst_was_managedsaved INTEGER NOT NULL,"
    " burst_persistent INTEGER NOT NULL, burst_disk_replaced INTEGER NOT NULL,"
    " burst_disk_changed INTEGER NOT NULL, burst_snapshot_back INTEGER NOT NULL,"
    " burst_first_sight INTEGER NOT NULL, open_case INTEGER NOT NULL, last_case INTEGER NOT NULL,"
    " verdict TEXT NOT NULL, cause TEXT NOT NULL, looked_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX guest_by_name ON guest(name, uuid);"
    "CREATE TABLE description (guest TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;"

    "CREATE TABLE binding ("
    " guest TEXT PRIMARY KEY, domain TEXT NOT NULL, guid TEXT NOT NULL, sid TEXT NOT NULL, name TEXT NOT "
    "NULL,"
    " how TEXT NOT NULL, since_us INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX binding_by_account ON binding(guid);"

    "CREATE TABLE pair ("
    " guest TEXT NOT NULL, guid TEXT NOT NULL, fingerprint BLOB NOT NULL, set_at INTEGER NOT NULL,"
    " pwd_last_set INTEGER NOT NULL, kvno INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT "
    "NULL,"
    " proven INTEGER NOT NULL,"
    " UNIQUE (guest, guid, fingerprint, pwd_last_set, kvno)) STRICT;"
    "CREATE INDEX pair_newest ON pair(guest, guid, last_us);"

    "CREATE TABLE casefile ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, guest TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
    " witnessed INTEGER NOT NULL, approved INTEGER NOT NULL, dry_run INTEGER NOT NULL, state TEXT NOT NULL, "
    "outcome TEXT NOT NULL,"
    " verdict TEXT NOT NULL, cause TEXT NOT NULL, text TEXT NOT NULL, would TEXT NOT NULL, next TEXT NOT "
    "NULL,"
    " fingerprint BLOB, rolled_us INTEGER NOT NULL, opened_us INTEGER NOT NULL, changed_us INTEGER NOT NULL,"
    " closed_us INTEGER NOT NULL, wake_us INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " tries INTEGER NOT NULL) STRICT;"
    "CREATE INDEX casefile_by_guest ON casefile(guest);"
    "CREATE INDEX casefile_open ON casefile(id) WHERE state <> 'closed';"
    "CREATE INDEX casefile_closed ON casefile(closed_us) WHERE state = 'closed';"
    "CREATE TABLE evidence ("
    " case_id INTEGER NOT NULL REFERENCES casefile(id) ON DELETE CASCADE, source TEXT NOT NULL,"
    " record TEXT NOT NULL, PRIMARY KEY (case_id, source)) STRICT;"
    "CREATE TABLE step ("
    " id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES casefile(id) ON DELETE CASCADE,"
    " at_us INTEGER NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL, details TEXT) STRICT;"
    "CREATE INDEX step_by_case ON step(case_id);"

    "CREATE TABLE job ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " case_id INTEGER NOT NULL REFERENCES casefile(id) ON DELETE CASCADE, guest TEXT NOT NULL,"
    " guid TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL, text TEXT NOT NULL, next TEXT NOT NULL,"
    " cause TEXT NOT NULL, token TEXT NOT NULL, dc TEXT NOT NULL, live BLOB, public_key BLOB,"
    " inherited INTEGER NOT NULL, reset_answered INTEGER NOT NULL, stored INTEGER NOT NULL, heard INTEGER "
    "NOT NULL,"
    " kvno_before INTEGER NOT NULL, kvno_reset INTEGER NOT NULL, kvno_after INTEGER NOT NULL,"
    " pwd_last_set_reset INTEGER NOT NULL, created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL,"
    " deadline_us INTEGER NOT NULL, next_us INTEGER NOT NULL, epoch INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, rereads INTEGER NOT NULL) STRICT;"
    "CREATE INDEX job_by_case ON job(case_id);"
    "CREATE UNIQUE INDEX job_open ON job(case_id) WHERE state <> 'ended';"

    "CREATE TABLE journal ("
    " guid TEXT PRIMARY KEY, state TEXT NOT NULL, blob BLOB NOT NULL, at_us INTEGER NOT NULL) STRICT;";

// What an ended job makes of its case's verdict is decided once, and outlives a restart.
static const char schema_2[] = "ALTER TABLE job ADD COLUMN verdict TEXT NOT NULL DEFAULT 'unknown';";

// A guest whose policy forbids to rotate is not asked to after a restart either.
static const char schema_3[] = "ALTER TABLE job ADD COLUMN no_rotation INTEGER NOT NULL DEFAULT 0;";

// Where a secret was set: another DC may not know of it yet.
static const char schema_4[] = "ALTER TABLE journal ADD COLUMN dc TEXT NOT NULL DEFAULT '';";

// A hint at a revert that may have another cause, which the case then says.
static const char schema_5[] = "ALTER TABLE guest ADD COLUMN burst_xml_rewritten INTEGER NOT NULL DEFAULT 0;";

// What is the host's own: a value by which its key is known again.
static const char schema_6[] =
    "CREATE TABLE host (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;";

// What policies ask for; how repairs went, and what that holds back; what was foretold.
static const char schema_facts[] =
    "CREATE TABLE fact (guest TEXT PRIMARY KEY, guid TEXT NOT NULL, dn TEXT NOT NULL, role TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER fact_goes AFTER DELETE ON guest BEGIN DELETE FROM fact WHERE guest = OLD.uuid; END;"
    "CREATE TABLE attempt ("
    " case_id INTEGER PRIMARY KEY, guest TEXT NOT NULL, name TEXT NOT NULL, domain TEXT NOT NULL,"
    " policy TEXT NOT NULL, dc TEXT NOT NULL, begun_us INTEGER NOT NULL, ended_us INTEGER NOT NULL,"
    " result TEXT NOT NULL, at_us INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE INDEX attempt_begun ON attempt(begun_us);"
    "CREATE INDEX attempt_at ON attempt(at_us);"
    "CREATE TABLE breaker ("
    " name TEXT PRIMARY KEY, state TEXT NOT NULL, since_us INTEGER NOT NULL, reopen_us INTEGER NOT NULL,"
    " pause_us INTEGER NOT NULL, cleared_us INTEGER NOT NULL, trips INTEGER NOT NULL,"
    " probe INTEGER NOT NULL, text TEXT NOT NULL) STRICT, WITHOUT ROWID;";

// Each guest's line of `list` (lines.h), in the order of lists. Empty at first: the check after a start fills it.
static const char schema_lines[] =
    "CREATE TABLE line (name TEXT NOT NULL, uuid TEXT NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (name, uuid)) STRICT, WITHOUT ROWID;";

// The strategy `credential`: what is lent for one repair, sealed, and how far a job has come with it.
static const char schema_loan[] =
    "CREATE TABLE loan ("
    " case_id INTEGER PRIMARY KEY REFERENCES casefile(id) ON DELETE CASCADE, blob BLOB NOT NULL) STRICT;"
    "ALTER TABLE job ADD COLUMN lends INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN lent INTEGER NOT NULL DEFAULT 0;";

// What a look on every start leaves of guests with which all is well.
static const char schema_quiet[] =
    "CREATE INDEX casefile_quiet ON casefile(closed_us) WHERE state = 'closed' AND outcome = 'no-action'"
    " AND witnessed = 0 AND verdict IN ('in-step', 'not-a-member', 'domain-controller') AND closed_us > 0;";

// Which DC the guest was seen with, and how far its changes had come: the next reading must follow on that.
static const char schema_sight[] = "ALTER TABLE job ADD COLUMN dc_instance TEXT NOT NULL DEFAULT '';"
                                   "ALTER TABLE job ADD COLUMN dc_usn INTEGER NOT NULL DEFAULT 0;"
                                   "ALTER TABLE job ADD COLUMN dc_marked INTEGER NOT NULL DEFAULT 0;"
                                   "ALTER TABLE job ADD COLUMN same_directory INTEGER NOT NULL DEFAULT 0;";

// A guest that migrated to another host may run there.
static const char schema_away[] = "ALTER TABLE guest ADD COLUMN away INTEGER NOT NULL DEFAULT 0;";

static const char *const steps[] = {
    schema_1,     schema_2,     schema_3,    schema_4,     schema_5,     schema_6,
    schema_facts, schema_lines, schema_loan, schema_quiet, schema_sight, schema_away,
};
static_assert(ARRAY_SIZE(steps) == STORE_SCHEMA, "a step a schema");

int schema_check(struct store *s, struct err *err)
{
    int64_t version, application, objects;
    int rc = db_number(s, "PRAGMA user_version", &version, err);

    if (rc == 0)
        rc = db_number(s, "PRAGMA application_id", &application, err);
    if (rc == 0)
        rc = db_number(s, "SELECT count(*) FROM sqlite_schema", &objects, err);
    if (rc < 0)
        return rc;
    if (application != APPLICATION_ID && (version != 0 || objects != 0))
        return err_set(err, -EUCLEAN,
                       "%s: this is some other program's database; move it away, or name another "
                       "state directory",
                       s->path);
    if (version > STORE_SCHEMA)
        return err_set(err, -EPROTO,
                       "%s: made by a newer virtrust (schema %" PRId64 ", this one knows %d); install "
                       "that version again",
                       s->path, version, STORE_SCHEMA);
    return 0;
}

static int take_step(struct store *s, int64_t from, struct err *err)
{
    char version[96];
    int rc = store_begin(s, err);

    if (rc < 0)
        return rc;
    snprintf(version, sizeof version, "PRAGMA user_version = %" PRId64 "; PRAGMA application_id = %d;",
             from + 1, APPLICATION_ID);
    rc = db_exec(s, steps[from], "make its tables", err);
    if (rc == 0)
        rc = db_exec(s, version, "make its tables", err);
    if (rc == 0)
        return store_commit(s, err);
    store_rollback(s);
    return rc;
}

int schema_upgrade(struct store *s, struct err *err)
{
    int64_t version;
    int rc = db_number(s, "PRAGMA user_version", &version, err);

    if (rc == 0 && version < 0)
        return err_set(err, -EUCLEAN,
                       "%s: there is no schema %" PRId64 "; the database was edited: restore a copy "
                       "of it",
                       s->path, version);
    for (; rc == 0 && version < STORE_SCHEMA; version++)
        rc = take_step(s, version, err);
    return rc;
}
