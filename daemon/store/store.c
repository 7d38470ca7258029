// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/store.h"

#include "daemon/store/counts.h"
#include "daemon/store/db.h"
#include "daemon/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { BUSY_MS = 1000 }; // a virtrustd that is just ending gets this long

// The file exists with mode 0600 before SQLite opens it; the files beside it take its mode over. An existing one is
// never opened here: closing it would drop the locks of another connection of this process.
static int ready_file(const char *path, struct err *err)
{
    struct stat st;
    _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        return 0;
    if (errno == ENOENT || errno == ENOTDIR)
        return err_set(err, -errno,
                       "%s: its directory does not exist; create it for the user that virtrustd runs as",
                       path);
    if (errno == ENOSPC || errno == EDQUOT)
        return err_set(err, -ENOSPC,
                       "%s: cannot create it: no space left on its file system; free some space there", path);
    if (errno != EEXIST)
        return err_set(err, -errno,
                       "%s: cannot create it: %s; its directory must belong to the user that virtrustd "
                       "runs as",
                       path, strerror(errno));
    if (lstat(path, &st) < 0)
        return err_set(err, -errno, "%s: cannot look at it: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "%s: not a plain file; move it away", path);
    if (access(path, R_OK | W_OK) < 0)
        return err_set(err, -errno,
                       "%s: cannot open it: %s; it must belong to the user that virtrustd runs as", path,
                       strerror(errno));
    if (st.st_mode & 07177 && chmod(path, 0600) < 0)
        return err_set(err, -errno, "%s: others may read it and its mode cannot be set to 0600: %s", path,
                       strerror(errno));
    return 0;
}

// The last connection's close removes the WAL: where one lies, the last virtrustd was killed or the machine went down.
static bool closed_cleanly(const char *path)
{
    _cleanup_free_ char *wal = NULL;
    struct stat st;

    if (asprintf(&wal, "%s-wal", path) < 0) {
        wal = NULL;
        return false;
    }
    return stat(wal, &st) < 0 || st.st_size == 0;
}

static int quick_check(struct store *s, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
    const char *said;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW) {
        rc = db_fail(s, rc, "check it", err);
    } else {
        said = (const char *)sqlite3_column_text(stmt, 0);
        rc = 0;
        if (!said || strcmp(said, "ok") != 0)
            rc = err_set(
                err, -EUCLEAN,
                "%s: the database is damaged (%.200s); stop virtrustd and restore a copy, or move the file "
                "aside to begin anew (bindings must then be made again)",
                s->path, said ? said : "?");
    }
    sqlite3_finalize(stmt);
    return rc;
}

static int connect_db(struct store *s, struct err *err)
{
    int rc = sqlite3_open_v2(s->path, &s->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

    if (rc != SQLITE_OK)
        return db_fail(s, rc, "open it", err);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    // Exclusive from the first access on: one virtrustd, and no shared-memory file.
    return db_exec(s,
                   "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;"
                   "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;",
                   "open it", err);
}

static int use_db(struct store *s, bool clean, struct err *err)
{
    int64_t ignored;
    int rc = schema_check(s, err);

    if (rc == 0)
        rc = db_number(s, "PRAGMA journal_size_limit = 8388608", &ignored, err);
    if (rc == 0)
        rc = db_exec(s, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE; COMMIT;", "open it", err);
    if (rc == 0 && !clean) {
        rc = quick_check(s, err);
        s->secret_left = true; // it may have been killed between a wipe and the WAL's emptying
        db_forget_secrets(s);
    }
    if (rc == 0)
        rc = schema_upgrade(s, err);
    if (rc == 0)
        rc = counts_open(s, err);
    return rc;
}

int store_open(const char *path, struct store **ret, struct err *err)
{
    _cleanup_(store_closep) struct store *s = NULL;
    bool clean = closed_cleanly(path);
    int rc = ready_file(path, err);

    if (rc < 0)
        return rc;
    s = calloc(1, sizeof *s);
    if (!s || !(s->path = strdup(path)))
        return err_set(err, -ENOMEM, "%s: out of memory", path);
    rc = connect_db(s, err);
    if (rc == 0)
        rc = use_db(s, clean, err);
    if (rc == 0)
        *ret = take(s);
    return rc;
}

struct store *store_close(struct store *s)
{
    if (!s)
        return NULL;
    store_rollback(s);
    for (size_t i = 0; i < s->cached; i++)
        sqlite3_finalize(s->cache[i].stmt);
    sqlite3_close(s->db);
    free(s->path);
    free(s);
    return NULL;
}
