// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/store/fact.h"

#include "daemon/store/db.h"
#include "daemon/store/row.h"

static const struct column columns[] = {
    COLUMN(struct fact, guest),
    COLUMN(struct fact, guid),
    COLUMN(struct fact, dn),
    COLUMN_OF_WORDS("role", struct fact, role, COLUMN_WORD, role_words),
};
static const struct table fact_table = TABLE("fact", struct fact, columns);

int store_fact_get(struct store *s, const char *guest, struct fact *ret, struct err *err)
{
    static const struct query get = {&fact_table, "SELECT {columns} FROM fact WHERE guest = ?1"};

    return row_by_text(s, &get, guest, ret, err);
}

int store_fact_put(struct store *s, const struct fact *f, struct err *err)
{
    static const struct query put = {
        &fact_table,
        "INSERT INTO fact ({columns}) VALUES ({values}) ON CONFLICT (guest) DO UPDATE SET {excluded}"};

    return row_put(s, &put, f, err);
}
