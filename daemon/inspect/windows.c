// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/windows.h"

#include "daemon/inspect/hive_facts.h"
#include "daemon/inspect/windows_facts.h"

#include <errno.h>

const char *const hive_log_suffixes[HIVE_LOGS] = {".LOG1", ".LOG2", ".LOG"};

void hive_set_done(struct hive_set *set)
{
    for (size_t i = 0; i < HIVE_NAMES; i++)
        hive_files_done(&set->in[i]);
}

bool hive_wants_logs(struct source *file)
{
    unsigned char block[HIVE_BASE_USED];
    struct hive_base base;
    struct err err = {0};

    return file->size < sizeof block || source_read(file, 0, block, sizeof block, &err) < 0 ||
           hive_base_read(block, sizeof block, &base, &err) < 0 || !base.checksum_good ||
           base.seq1 != base.seq2;
}

static void doubt_state(struct evidence *e, enum hive_name name, const struct hive *h)
{
    const char *text = hive_file_names[name];

    if (h->state == HIVE_DIRTY)
        evidence_doubt(e, "dirty-hive",
                       "%s is dirty (%u/%u), so newer changes may be missing from what was read: %.300s",
                       text, h->seq1, h->seq2, h->reason.text);
    else if (h->state == HIVE_REPLAYED && h->log_gap)
        evidence_doubt(e, "log-gap", "the logs of %s were replayed, but newer changes may be missing: %.300s",
                       text, h->reason.text);
    else if (h->state == HIVE_DAMAGED)
        evidence_doubt(e, "damaged-hive", "%s is damaged: %s", text, h->reason.text);
}

// Settles one hive of the set. 0, or -1 with *f for a SECURITY that is no hive at all; any other such file is
// damaged.
static int settle(struct hive_set *set, enum hive_name name, struct hive *ret, struct failure *f)
{
    struct hive_files *in = &set->in[name];
    struct err err = {0};
    int rc;

    if (!in->file) {
        ret->state = HIVE_MISSING;
        return 0;
    }
    rc = hive_settle(in, ret, &err);
    if (rc == 0)
        return 0;
    if (rc == -ENOMEM)
        return fail(f, "internal", "%s", err.text);
    if (name == HIVE_SECURITY)
        return fail(f, "not-a-hive", "%s: %s", hive_file_names[name], err.text);
    hive_damaged(ret, "%s", err.text);
    return 0;
}

static int read_security(struct hive *h, struct evidence *e, struct hive_facts *facts, struct failure *f)
{
    if (h->state == HIVE_MISSING) {
        evidence_doubt(e, "no-security-hive",
                       "there is no SECURITY hive, so whether the guest is joined is unknown");
        return 0;
    }
    if (!hive_readable(h))
        return fail(f, "damaged-hive", "SECURITY is damaged: %s", h->reason.text);
    return hive_facts_security(&h->regf, e, facts, f);
}

static void read_system(struct hive *h, struct evidence *e, struct hive_facts *facts)
{
    struct err err = {0};

    if (hive_readable(h) && hive_facts_system(&h->regf, e, facts, &err) < 0)
        hive_damaged(h, "%s", err.text);
    if (h->state == HIVE_MISSING)
        evidence_doubt(e, "no-system-hive",
                       "there is no SYSTEM hive, so whether this is a domain controller is unknown");
}

// Nothing that is decided hangs on SOFTWARE: what is wrong with it is a doubt.
static void read_software(struct hive *h, struct evidence *e)
{
    if (hive_readable(h))
        windows_facts_software(&h->regf, e);
}

int windows_evidence(struct hive_set *set, struct evidence *e, struct failure *f)
{
    struct hive_facts facts = {.secret_there = ANSWER_UNKNOWN};
    int rc = 0;

    e->os = "windows";
    for (enum hive_name name = 0; name < HIVE_NAMES; name++) {
        _cleanup_hive_ struct hive h = {0};

        if (settle(set, name, &h, f) < 0)
            return -1;
        if (name == HIVE_SECURITY)
            rc = read_security(&h, e, &facts, f);
        else if (name == HIVE_SYSTEM)
            read_system(&h, e, &facts);
        else if (name == HIVE_SOFTWARE)
            read_software(&h, e);
        if (rc < 0)
            return rc;
        doubt_state(e, name, &h);
        evidence_hive(e, name, &h);
    }
    if (e->hives[HIVE_SECURITY].state == HIVE_MISSING && e->hives[HIVE_SYSTEM].state == HIVE_DAMAGED)
        return fail(f, "damaged-hive", "%s", e->doubts[e->doubt_count - 1].text);
    if (e->hives[HIVE_SECURITY].state == HIVE_MISSING && e->hives[HIVE_SYSTEM].state == HIVE_MISSING)
        return fail(f, "no-os", "there is neither a SECURITY nor a SYSTEM hive");
    hive_facts_join(e, &facts);
    windows_facts_join(e);
    return 0;
}
