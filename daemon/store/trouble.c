// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Can the store be written? Since when not, and why.
#include "common/cleanup.h"
#include "daemon/store/db.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

// What was asked for may be wrong, or memory short: that says nothing of the file.
static bool is_of_the_file(int rc)
{
    return rc != -EEXIST && rc != -EINVAL && rc != -ENOMEM && rc != -ECANCELED;
}

int db_write_failed(struct store *s, int rc, const struct err *why, struct err *err)
{
    struct timespec t;

    if (is_of_the_file(rc)) {
        clock_gettime(CLOCK_REALTIME, &t);
        if (!s->trouble.since_us)
            s->trouble.since_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
        snprintf(s->trouble.text, sizeof s->trouble.text, "%s", why->text);
    }
    return err_set(err, rc, "%s", why->text);
}

void db_written(struct store *s)
{
    s->trouble.since_us = 0;
}

const struct store_trouble *store_trouble(const struct store *s)
{
    return s->trouble.since_us ? &s->trouble : NULL;
}

int store_try(struct store *s, struct err *err)
{
    static const char *const steps[] = {
        "BEGIN IMMEDIATE",
        "INSERT INTO host (name, value) VALUES ('try', zeroblob(65536))"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        "COMMIT",
        "DELETE FROM host WHERE name = 'try'",
    };
    struct err why = {0};

    if (s->transaction != TRANSACTION_NONE)
        return err_set(err, -EALREADY, "%s: a transaction is open already", s->path);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int rc = db_exec(s, steps[i], "write to it", &why);

        if (rc == 0)
            continue;
        if (!sqlite3_get_autocommit(s->db))
            sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        return db_write_failed(s, rc, &why, err);
    }
    db_written(s);
    return 0;
}
