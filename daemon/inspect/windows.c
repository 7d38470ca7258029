// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/windows.h"

#include "daemon/inspect/hive_facts.h"

#include <errno.h>

void hive_set_done(struct hive_set *set)
{
    for (size_t i = 0; i < HIVE_NAMES; i++) {
        blob_done(&set->in[i].file);
        blob_done(&set->in[i].log1);
        blob_done(&set->in[i].log2);
    }
}

static void doubt_state(struct evidence *e, enum hive_name name, const struct hive *h)
{
    const char *text = hive_file_names[name];

    if (h->state == HIVE_DIRTY)
        evidence_doubt(e, "dirty-hive", "%s is dirty (%u/%u): newer changes %s", text, h->seq1, h->seq2,
                       h->has_logs ? "lie in its logs, which were not read"
                                   : "may have been in its logs, which are not there");
    else if (h->state == HIVE_DAMAGED)
        evidence_doubt(e, "damaged-hive", "%s is damaged: %s", text, h->reason.text);
}

// Settles one hive of the set. 0, or -1 with *f for a SECURITY that is no hive at all; any other such file is
// damaged.
static int settle(struct hive_set *set, enum hive_name name, struct hive *ret, struct failure *f)
{
    struct hive_input *in = &set->in[name];
    struct err err = {0};

    if (!in->present) {
        ret->state = HIVE_MISSING;
        return 0;
    }
    if (hive_settle(&in->file, &in->log1, &in->log2, ret, &err) == 0)
        return 0;
    if (name == HIVE_SECURITY)
        return fail(f, "not-a-hive", "%s: %s", hive_file_names[name], err.text);
    hive_damaged(ret, "%s", err.text);
    return 0;
}

// The tree of a settled hive; *ret stays NULL, with the state damaged, where libhivex refuses it.
static int open_tree(struct hive *h, struct hive_tree **ret, struct failure *f)
{
    struct err err = {0};
    int rc;

    if (h->state == HIVE_MISSING || h->state == HIVE_DAMAGED)
        return 0;
    rc = hive_tree_open(&h->bytes, ret, &err);
    if (rc == -EBADMSG)
        hive_damaged(h, "%s", err.text);
    else if (rc < 0)
        return fail(f, "internal", "%s", err.text);
    return 0;
}

static int read_security(struct hive *h, struct evidence *e, struct hive_facts *facts, struct failure *f)
{
    _cleanup_hive_tree_ struct hive_tree *t = NULL;

    if (h->state == HIVE_MISSING) {
        evidence_doubt(e, "no-security-hive",
                       "there is no SECURITY hive, so whether the guest is joined is unknown");
        return 0;
    }
    if (open_tree(h, &t, f) < 0)
        return -1;
    if (h->state == HIVE_DAMAGED)
        return fail(f, "damaged-hive", "SECURITY is damaged: %s", h->reason.text);
    return hive_facts_security(t, e, facts, f);
}

static int read_system(struct hive *h, struct evidence *e, struct hive_facts *facts, struct failure *f)
{
    _cleanup_hive_tree_ struct hive_tree *t = NULL;
    struct err err = {0};

    if (open_tree(h, &t, f) < 0)
        return -1;
    if (t && hive_facts_system(t, e, facts, &err) < 0)
        hive_damaged(h, "%s", err.text);
    if (h->state == HIVE_MISSING)
        evidence_doubt(e, "no-system-hive",
                       "there is no SYSTEM hive, so whether this is a domain controller is unknown");
    return 0;
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
            rc = read_system(&h, e, &facts, f);
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
    return 0;
}
