// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/linux.h"

#include "common/filetime.h"
#include "common/keytab.h"
#include "common/plural.h"
#include "daemon/inspect/linux_facts.h"
#include "daemon/inspect/secrets_tdb.h"

#include <string.h>

enum { SOURCES_APART_S = 600 }; // keytab and secrets.tdb of one rotation are written within moments

void linux_files_done(struct linux_files *files)
{
    blob_done(&files->keytab);
    blob_done(&files->tdb);
    for (size_t i = 0; i < LINUX_SETTINGS; i++)
        blob_done(&files->settings[i]);
}

static uint64_t filetime_of_seconds(uint32_t seconds)
{
    uint64_t filetime = filetime_from_us((int64_t)seconds * 1000000);

    return filetime_plausible(filetime) ? filetime : 0;
}

static void lower_copy(char *to, size_t room, const char *from)
{
    size_t i = 0;

    for (; from[i] && i + 1 < room; i++)
        to[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i]);
    to[i] = '\0';
}

static void take_machine(const struct keytab_machine *m, struct evidence *e)
{
    size_t len = strlen(m->entry.principal);

    snprintf(e->principal, sizeof e->principal, "%.250s@%.250s", m->entry.principal, m->entry.realm);
    snprintf(e->sam_account_name, sizeof e->sam_account_name, "%s", m->entry.principal);
    snprintf(e->computer, sizeof e->computer, "%.*s", (int)(len - 1), m->entry.principal);
    lower_copy(e->dns, sizeof e->dns, m->entry.realm); // a realm is the DNS name in capitals
    e->has_kvno = true;
    e->kvno = m->entry.kvno;
    e->keytab_entries = m->entries;
    e->keytab_newest_us = (int64_t)m->newest_timestamp * 1000000;
    e->filetime = filetime_of_seconds(m->entry.timestamp);
    evidence_secret(e, m->entry.key, m->entry.key_len);
    if (m->others > 0)
        evidence_doubt(e, "several-machines", "the keytab also holds %u %s; %s is the newest", m->others,
                       plural(m->others, "key of another machine account", "keys of other machine accounts"),
                       e->principal);
    if (m->newest_timestamp > m->entry.timestamp)
        evidence_doubt(e, "kvno-order",
                       "the keytab's highest key version %u is not its newest entry; after a second join the "
                       "versions start anew",
                       m->entry.kvno);
}

// ANSWER_YES: there is a machine entry; ANSWER_NO: there is none; unknown: nobody can tell.
static enum answer read_keytab(const struct linux_files *files, struct evidence *e)
{
    struct keytab_machine m;
    struct err err = {0};
    int rc;

    if (!files->keytab_path)
        return ANSWER_NO;
    e->keytab_path = files->keytab_path;
    if (files->keytab.len == 0)
        return ANSWER_NO;
    rc = keytab_machine(files->keytab.data, files->keytab.len, NULL, &m, &err);
    if (rc < 0) {
        evidence_doubt(e, "damaged-keytab", "%s: %s", files->keytab_path, err.text);
        return ANSWER_UNKNOWN;
    }
    if (rc == KEYTAB_NO_MACHINE)
        return ANSWER_NO;
    take_machine(&m, e);
    return ANSWER_YES;
}

static void take_member(const struct secrets_member *m, struct evidence *e)
{
    uint64_t changed = filetime_of_seconds(m->last_change);

    snprintf(e->netbios, sizeof e->netbios, "%s", m->netbios);
    snprintf(e->domain_sid, sizeof e->domain_sid, "%s", m->domain_sid);
    if (m->domains > 1)
        evidence_doubt(e, "several-machines", "secrets.tdb holds %u domains; %s changed last", m->domains,
                       m->netbios);
    if (!changed)
        return;
    if (e->filetime) {
        uint64_t apart = changed > e->filetime ? changed - e->filetime : e->filetime - changed;

        if (apart > (uint64_t)SOURCES_APART_S * 10000000)
            evidence_doubt(
                e, "sources-differ",
                "keytab and secrets.tdb were last changed %llu seconds apart; the newer one counts",
                (unsigned long long)(apart / 10000000));
    }
    // Either may be stale where only the other is kept up; the newer one is what the guest holds at least.
    if (changed > e->filetime)
        e->filetime = changed;
}

static enum answer read_secrets(const struct linux_files *files, struct evidence *e)
{
    struct secrets_member m = {0};
    struct err err = {0};
    int rc;

    if (!files->tdb_path)
        return ANSWER_NO;
    e->secrets_tdb = files->tdb_path;
    rc = secrets_tdb_read(&files->tdb, e->computer, &m, &err);
    if (rc < 0) {
        evidence_doubt(e, "damaged-secrets-tdb", "%s: %s", files->tdb_path, err.text);
        return ANSWER_UNKNOWN;
    }
    if (m.machine_sid[0])
        snprintf(e->machine_sid, sizeof e->machine_sid, "%s", m.machine_sid);
    if (rc == SECRETS_NO_MEMBER)
        return ANSWER_NO;
    take_member(&m, e);
    return ANSWER_YES;
}

void linux_evidence(const struct linux_files *files, struct evidence *e)
{
    enum answer keytab = read_keytab(files, e), tdb = read_secrets(files, e);

    e->os = "linux";
    if (keytab == ANSWER_YES || tdb == ANSWER_YES)
        e->joined = ANSWER_YES;
    else
        e->joined = keytab == ANSWER_NO && tdb == ANSWER_NO ? ANSWER_NO : ANSWER_UNKNOWN;
    if (files->samba_dc == ANSWER_YES)
        e->role = ROLE_DOMAIN_CONTROLLER;
    else if (files->samba_dc == ANSWER_NO && e->joined != ANSWER_UNKNOWN)
        e->role = e->joined == ANSWER_YES ? ROLE_MEMBER : ROLE_WORKGROUP;
    if (e->joined == ANSWER_YES && !e->has_secret)
        evidence_doubt(
            e, "no-secret",
            "the guest is joined, but no key of its own is in a keytab, so there is no fingerprint");
    linux_facts(files, e);
}
