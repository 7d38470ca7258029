// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct pair, guest),    COLUMN(struct pair, guid),         COLUMN(struct pair, fingerprint),
    COLUMN(struct pair, set_at),   COLUMN(struct pair, pwd_last_set), COLUMN(struct pair, kvno),
    COLUMN(struct pair, first_us), COLUMN(struct pair, last_us),      COLUMN(struct pair, proven),
};
static const struct table pair_table = TABLE("pair", struct pair, columns);

int store_pair_add(struct store *s, const struct pair *p, struct err *err)
{
    // The same secret has one set-time: what is known of it replaces unknown, never the other way.
    static const struct query add = {
        &pair_table, "INSERT INTO pair ({columns}) VALUES ({values})"
                     " ON CONFLICT (guest, guid, fingerprint, pwd_last_set, kvno) DO UPDATE SET"
                     " first_us = min(first_us, excluded.first_us), last_us = max(last_us, excluded.last_us),"
                     " proven = max(proven, excluded.proven),"
                     " set_at = CASE excluded.set_at WHEN 0 THEN set_at ELSE excluded.set_at END"};

    return row_put(s, &add, p, err);
}

int store_pairs(struct store *s, const char *guest, const char *guid, struct pair *ret, size_t max,
                size_t *ret_count, struct err *err)
{
    static const struct query newest = {&pair_table, "SELECT {columns} FROM pair WHERE guest = ?1 AND guid = "
                                                     "?2 ORDER BY last_us DESC, rowid DESC LIMIT ?3"};
    _cleanup_run_ struct run run = {0};
    size_t count = 0;
    int rc = run_start(s, &newest, &run, err);

    if (rc < 0)
        return rc;
    run_text(&run, 1, guest);
    run_text(&run, 2, guid);
    run_i64(&run, 3, (int64_t)max);
    while (count < max && (rc = run_row(&run, &ret[count], err)) == 0)
        count++;
    if (rc < 0)
        return rc;
    *ret_count = count;
    return 0;
}
