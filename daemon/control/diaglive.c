// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `diagnose`: what the running guest says of itself outranks its disk, which may be older, unreadable or both.
#include "daemon/control/diagnose.h"

#include <string.h>

// A look's keys, by the names that a look at a disk has for them.
static const char *const names[][2] = {
    {"os", "os"},
    {"joined", "joined"},
    {"computer", "computer"},
    {"sam_account_name", "sam_account_name"},
    {"domain", "domain.dns"},
    {"account_sid", "account_sid"},
    {"live_sha256", "secret_sha256"},
    {"set_at", "password.filetime"},
    {"kvno", "password.kvno"},
};

static const char *disk_name(const char *key)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], key) == 0)
            return names[i][1];
    return NULL;
}

// Is this key of the disk's told anew? A doubt of the disk's is none of what the guest says.
static bool told_anew(const struct record *asked, const char *key)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][1], key) == 0)
            return record_get(asked, names[i][0]) != NULL;
    return strncmp(key, "doubt.", 6) == 0;
}

static const char *role_of(const struct record *asked)
{
    const char *role = record_get(asked, "role");

    if (role && strcmp(role, "domain-controller") == 0)
        return role;
    if (role && strcmp(role, "workstation") != 0 && strcmp(role, "server") != 0)
        return NULL;
    return record_get_bool(asked, "joined") == 1 ? "member" : NULL;
}

static void over_disk(struct diagnosis *d)
{
    const struct record *asked = d->asked.record, *disk = d->disk.record;
    struct record *r = record_new("evidence");
    bool known = record_is(disk, "evidence");

    for (size_t i = 2; known && i < record_count(disk); i++) { // behind type and v
        const char *key, *value;
        size_t len;

        record_at(disk, i, &key, &value, &len);
        if (!told_anew(asked, key))
            record_add_bytes(r, key, value, len);
    }
    for (size_t i = 2; i < record_count(asked); i++) {
        const char *key, *value;
        size_t len;

        record_at(asked, i, &key, &value, &len);
        if (disk_name(key))
            record_add_bytes(r, disk_name(key), value, len);
    }
    if (!known) {
        record_add(r, "engine", "guest");
        record_add(r, "role", role_of(asked));
    }
    record_free(d->disk.record);
    d->disk.record = r;
    d->disk.fresh = true;
    d->disk.at_us = d->asked.at_us;
}

static bool is_channel(const char *key)
{
    return strncmp(key, "channel", 7) == 0;
}

// The same secret, and nobody asked about the channel: what was learnt of it before is not contradicted.
static bool keeps_channel(const struct diagnosis *d)
{
    const char *now = record_get(d->asked.record, "live_sha256"),
               *then = record_get(d->probe.record, "live_sha256");

    return strcmp(record_get_or(d->asked.record, "channel_code", ""), "not-asked") == 0 && now && then &&
           strcmp(now, then) == 0 && record_get(d->probe.record, "channel");
}

static void over_probe(struct diagnosis *d)
{
    bool keeps = keeps_channel(d);
    const struct record *both[] = {d->asked.record, keeps ? d->probe.record : NULL};
    struct record *r = record_new("probe");

    for (size_t n = 0; n < 2; n++)
        for (size_t i = 2; both[n] && i < record_count(both[n]); i++) {
            const char *key, *value;
            size_t len;

            record_at(both[n], i, &key, &value, &len);
            if (is_channel(key) ? n == 1 || !keeps : n == 0)
                record_add_bytes(r, key, value, len);
        }
    record_free(d->probe.record);
    d->probe.record = r;
    d->probe.fresh = true;
    if (!keeps)
        d->probe.at_us = d->asked.at_us;
}

void diagnosis_hear(struct diagnosis *d)
{
    if (!record_is(d->asked.record, "done") || !record_get(d->asked.record, "channel"))
        return;
    if (record_get(d->asked.record, "live_sha256"))
        over_disk(d);
    over_probe(d);
}
