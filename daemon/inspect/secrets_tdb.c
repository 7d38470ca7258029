// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/secrets_tdb.h"

#include "daemon/inspect/tdb_read.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    KEY_MAX = 192,
    SID_FIXED = 68, // a SID as Samba stores it: room for all 15 sub-authorities
};

struct walk {
    const struct blob *tdb;
    struct secrets_member *member;
};

// A value of SECRETS/WHAT/NAME up to room bytes: its length, or 0.
static size_t fetch(const struct blob *tdb, const char *what, const char *name, void *ret, size_t room)
{
    char key[KEY_MAX];
    struct tdb_bytes data;
    int n = snprintf(key, sizeof key, "SECRETS/%s/%s", what, name);

    if (n < 0 || (size_t)n >= sizeof key || tdb_find(tdb->data, tdb->len, key, (size_t)n, &data) != 0 ||
        data.len > room)
        return 0;
    memcpy(ret, data.at, data.len);
    return data.len;
}

static void fetch_sid(const struct blob *tdb, const char *name, char ret[static SID_TEXT])
{
    unsigned char bytes[SID_FIXED];
    size_t len = fetch(tdb, "SID", name, bytes, sizeof bytes);

    ret[0] = '\0';
    if (len < 8 || bytes[1] > 15 || len < 8 + 4 * (size_t)bytes[1])
        return;
    if (sid_text(bytes, 8 + 4 * (size_t)bytes[1], ret) < 0)
        ret[0] = '\0';
}

static void upper(char *text)
{
    for (; *text; text++)
        *text = (char)toupper((unsigned char)*text);
}

// The domain's name behind the prefix. False for any other key.
static bool domain_of(struct tdb_bytes key, char ret[static SECRETS_NAME_MAX])
{
    static const char prefix[] = "SECRETS/MACHINE_PASSWORD/";
    size_t skip = sizeof prefix - 1, len = key.len;

    while (len > 0 && key.at[len - 1] == '\0')
        len--;
    if (len <= skip || len - skip >= SECRETS_NAME_MAX || memcmp(key.at, prefix, skip) != 0)
        return false;
    memcpy(ret, key.at + skip, len - skip);
    ret[len - skip] = '\0';
    for (const char *c = ret; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-_.!@#$%^&'(){}~", *c))
            return false;
    }
    return true;
}

static int visit(struct tdb_bytes key, struct tdb_bytes data, void *arg)
{
    struct walk *w = arg;
    char name[SECRETS_NAME_MAX];
    unsigned char when[4];
    uint32_t changed = 0;

    (void)data;
    if (!domain_of(key, name))
        return 0;
    if (fetch(w->tdb, "MACHINE_LAST_CHANGE_TIME", name, when, sizeof when) == sizeof when)
        changed = (uint32_t)when[0] | (uint32_t)when[1] << 8 | (uint32_t)when[2] << 16 |
                  (uint32_t)when[3] << 24;
    if (w->member->domains++ > 0 && changed <= w->member->last_change)
        return 0;
    w->member->last_change = changed;
    memcpy(w->member->netbios, name, sizeof name);
    return 0;
}

int secrets_tdb_read(const struct blob *bytes, const char *computer, struct secrets_member *ret,
                     struct err *err)
{
    struct secrets_member m = {0};
    struct walk w = {.tdb = bytes, .member = &m};
    char name[SECRETS_NAME_MAX];
    int rc = tdb_each(bytes->data, bytes->len, visit, &w, err);

    if (rc < 0)
        return rc;
    snprintf(name, sizeof name, "%s", computer);
    upper(name);
    if (name[0])
        fetch_sid(bytes, name, m.machine_sid);
    if (m.domains > 0)
        fetch_sid(bytes, m.netbios, m.domain_sid);
    *ret = m;
    return m.domains > 0 ? 0 : SECRETS_NO_MEMBER;
}
