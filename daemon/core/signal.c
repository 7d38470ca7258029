// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/signal.h"

#include <stdio.h>
#include <string.h>

#define BIT(kind) (UINT64_C(1) << SIGNAL_##kind)

static bool is_running(const struct record *description)
{
    const char *state = record_get_or(description, "state", "off");

    return strcmp(state, "running") == 0 || strcmp(state, "paused") == 0;
}

// Signals that open or prolong a burst; the others only change what is remembered.
static bool tells_of_time(enum signal_kind kind)
{
    const uint64_t telling = BIT(DEFINED_FROM_SNAPSHOT) | BIT(STARTED_FROM_SNAPSHOT) |
                             BIT(RESUMED_FROM_SNAPSHOT) | BIT(STOPPED_FROM_SNAPSHOT) |
                             BIT(PAUSED_FROM_SNAPSHOT) | BIT(STARTED_RESTORED) | BIT(STARTED_BOOTED) |
                             BIT(STARTED_OTHER) | BIT(DEFINED_ADDED) | BIT(HOOK_RESTORE);

    return telling & (UINT64_C(1) << kind);
}

enum { DISKS_MAX = 64, BACKING_MAX = 64 };

struct disk_change {
    bool replaced, changed;
    bool layered; // an overlay was laid upon the old file, as a snapshot does: no time went back
};

static const char *disk_get(const struct record *r, unsigned n, const char *what)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "disk.%u.%s", n, what);
    return record_get(r, key);
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool differ(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

// The number of the disk that stands at this target; a disk that was added or removed moves the others' numbers.
static unsigned same_disk(const struct record *r, const char *target, unsigned fallback)
{
    for (unsigned i = 0; target && i < DISKS_MAX; i++)
        if (same_text(disk_get(r, i, "target"), target))
            return i;
    return target && disk_get(r, fallback, "target") ? DISKS_MAX : fallback;
}

// The file's number without its device's: those of network and mapped file systems change when the host boots.
static const char *inode_of(const struct record *r, unsigned n)
{
    const char *inode = disk_get(r, n, "inode"), *colon = inode ? strchr(inode, ':') : NULL;

    return colon ? colon + 1 : inode;
}

static bool is_layered(const struct record *before, unsigned was, const struct record *now, unsigned is)
{
    const char *old = disk_get(before, was, "path");

    if (!differ(old, disk_get(now, is, "path")))
        return false;
    for (unsigned m = 0; m < BACKING_MAX; m++) {
        char what[RECORD_KEY_MAX / 2];

        snprintf(what, sizeof what, "backing.%u.path", m);
        if (same_text(old, disk_get(now, is, what)))
            return true;
    }
    return false;
}

// Another file under the same disk, or the same file with another time or size. Unknown on either side says nothing,
// and a disk that the guest cannot write holds no secret of its own.
static struct disk_change compare_disks(const struct record *before, const struct record *now)
{
    struct disk_change change = {0};

    for (unsigned is = 0; is < DISKS_MAX; is++) {
        unsigned was = same_disk(before, disk_get(now, is, "target"), is);

        if (was == DISKS_MAX || same_text(disk_get(now, is, "readonly"), "1"))
            continue;
        if (is_layered(before, was, now, is)) {
            change.layered = true;
            continue;
        }
        change.replaced |= differ(inode_of(before, was), inode_of(now, is));
        change.changed |= differ(disk_get(before, was, "size"), disk_get(now, is, "size")) ||
                          differ(disk_get(before, was, "mtime_us"), disk_get(now, is, "mtime_us"));
    }
    return change;
}

// A scan that finds another current snapshot which is older than our last sight of the guest: somebody went back while
// nobody listened. (A newer one was merely made.)
static bool snapshot_went_back(const struct guest *g, const struct record *before, const struct record *now)
{
    const char *old = record_get_or(before, "snapshot", "");
    const char *new = record_get(now, "snapshot");
    int64_t created;

    if (!new || record_get_i64(now, "snapshot_created_us", &created) < 0)
        return false;
    return strcmp(old, new) != 0 && created < g->seen_us;
}

static bool is_from_snapshot(const struct record *description)
{
    return same_text(record_get(description, "state_reason"), "from-snapshot");
}

// It ran from a snapshot before and does so now, and its XML was written anew since: by a further revert, or by anybody
// who changed its configuration unheard. Only a generation id tells the two apart: a revert draws another.
static bool is_rewritten(const struct record *before, const struct record *now)
{
    return is_from_snapshot(before) && is_from_snapshot(now) && record_get(now, "snapshot") &&
           differ(record_get(before, "xml_mtime_us"), record_get(now, "xml_mtime_us")) &&
           !same_text(record_get(before, "genid"), record_get(now, "genid"));
}

static void take_scan(struct guest *g, const struct record *before, const struct record *now)
{
    const char *old_id = record_get(before, "genid"), *new_id = record_get(now, "genid");

    if (snapshot_went_back(g, before, now) || (is_from_snapshot(now) && !is_from_snapshot(before)) ||
        (g->running && is_running(now) && differ(old_id, new_id)))
        g->burst.snapshot_back = true;
    g->burst.xml_rewritten |= is_rewritten(before, now);
    if (same_text(record_get(now, "state_reason"), "restored") &&
        strcmp(record_get_or(before, "state_reason", ""), "restored") != 0)
        g->burst.seen |= BIT(STARTED_RESTORED);
}

static void open_burst(struct guest *g, int64_t at_us, const struct record *before)
{
    if (g->burst.last_us)
        return;
    memset(&g->burst, 0, sizeof g->burst);
    g->burst.first_us = at_us;
    g->burst.was_running = g->running;
    g->burst.was_managedsaved = record_get_bool(before, "managedsave") == 1;
    g->burst.persistent = record_get_bool(before, "persistent") != 0;
}

// Does libvirt know the guest after this signal? Only a description or an arrival says yes: a hook call can come late.
// A running guest that is undefined goes on as a transient one; a rename keeps the UUID, whichever of its two events
// comes last.
static bool is_present(const struct guest *g, enum signal_kind kind, const struct record *now)
{
    const uint64_t arrivals = BIT(DEFINED_FROM_SNAPSHOT) | BIT(DEFINED_ADDED) | BIT(DEFINED_UPDATED) |
                              BIT(DEFINED_RENAMED) | BIT(STARTED_FROM_SNAPSHOT) | BIT(STARTED_RESTORED) |
                              BIT(STARTED_BOOTED) | BIT(STARTED_MIGRATED) | BIT(STARTED_OTHER) | BIT(SCAN);

    if (kind == SIGNAL_UNDEFINED)
        return record_get(now, "state") && is_running(now);
    if (kind == SIGNAL_UNDEFINED_RENAMED)
        return g->present;
    return g->present || record_get(now, "state") || arrivals & (UINT64_C(1) << kind);
}

static bool is_end(enum signal_kind kind)
{
    return kind == SIGNAL_STOPPED || kind == SIGNAL_STOPPED_FROM_SNAPSHOT || kind == SIGNAL_CRASHED ||
           kind == SIGNAL_STOPPED_SAVED || kind == SIGNAL_STOPPED_MIGRATED || kind == SIGNAL_UNDEFINED;
}

static void remember(struct guest *g, enum signal_kind kind, int64_t at_us, const struct record *now)
{
    const char *name = record_get(now, "name"), *agent = record_get(now, "agent");
    bool ran = g->running;

    if (name && kind != SIGNAL_UNDEFINED_RENAMED) // which tells the name that is no more
        snprintf(g->name, sizeof g->name, "%s", name);
    // A spooled signal may come long after its time: what was seen later stays seen.
    if (at_us > g->seen_us)
        g->seen_us = at_us;
    g->present = is_present(g, kind, now);
    if (record_get(now, "state"))
        g->running = is_running(now);
    else if (is_end(kind))
        g->running = false;
    if ((ran || g->running) && at_us > g->ran_us) // until its very end
        g->ran_us = at_us;
    // What is started anew here is not what came back: the other one may run still.
    if (kind == SIGNAL_STOPPED_MIGRATED || kind == SIGNAL_RESUMED_MIGRATED)
        g->away = kind == SIGNAL_STOPPED_MIGRATED;
    if (agent)
        g->agent_connected = strcmp(agent, "connected") == 0;
    if (kind == SIGNAL_AGENT_CONNECTED || kind == SIGNAL_AGENT_DISCONNECTED)
        g->agent_connected = kind == SIGNAL_AGENT_CONNECTED;
    if (!g->running)
        g->agent_connected = false;
}

// Never seen before, or gone and here again: a copy, a replica, a failover. What happened to it is not known.
static bool is_first_sight(const struct guest *g, enum signal_kind kind, const struct record *before,
                           const struct record *now)
{
    return kind != SIGNAL_UNDEFINED && (!before || (!g->present && is_present(g, kind, now)));
}

static void compare(struct guest *g, enum signal_kind kind, const struct record *before,
                    const struct record *now)
{
    struct disk_change disks = {0};

    if (before && kind == SIGNAL_SCAN)
        take_scan(g, before, now);
    // An image is compared only across a time when nobody was to write it: from off to off, or to the very start.
    if (before && !g->running && !is_running(before))
        disks = compare_disks(before, now);
    // (The chain below a disk is known only once the guest runs: until then an overlay looks like another file.)
    g->burst.disk_replaced = (g->burst.disk_replaced && !disks.layered) || disks.replaced;
    // A guest that was started meanwhile has written its disks itself.
    if (kind == SIGNAL_HOOK_PREPARE || (kind == SIGNAL_SCAN && !is_running(now)))
        g->burst.disk_changed |= disks.changed && !(g->burst.seen & ~BIT(HOOK_PREPARE));
}

void signal_take(struct guest *g, enum signal_kind kind, int64_t at_us, const struct record *before,
                 const struct record *now)
{
    struct burst none = g->burst;
    int persistent = record_get_bool(now, "persistent");

    open_burst(g, at_us, before);
    g->burst.first_sight |= is_first_sight(g, kind, before, now);
    compare(g, kind, before, now);
    if (tells_of_time(kind) || g->burst.first_sight || g->burst.disk_replaced || g->burst.disk_changed ||
        g->burst.snapshot_back || g->burst.xml_rewritten || g->burst.seen != none.seen) {
        g->burst.seen |= UINT64_C(1) << kind;
        g->burst.last_us = at_us;
        if (persistent >= 0)
            g->burst.persistent = persistent;
    } else if (none.last_us == 0) {
        g->burst = none;
    } else {
        g->burst.seen |= UINT64_C(1) << kind;
    }
    remember(g, kind, at_us, now);
}

bool signal_settled(const struct burst *b, int64_t settle_us, int64_t now_us)
{
    // A clock that was set back must not keep a burst open for ever.
    return b->last_us && (now_us - b->last_us >= settle_us || now_us < b->first_us);
}

bool rollback_is_new(enum rollback_kind kind)
{
    switch (kind) {
    case ROLLBACK_REVERT_RUNNING:
    case ROLLBACK_REVERT_STARTED:
    case ROLLBACK_REVERT_STOPPED:
    case ROLLBACK_REVERT_OFFLINE:
    case ROLLBACK_REVERT_PAUSED:
    case ROLLBACK_REVERT_TRANSIENT:
    case ROLLBACK_REVERT_MISSED:
    case ROLLBACK_RESTORE:
    case ROLLBACK_DISK_REPLACED:
        return true;
    case ROLLBACK_NONE:
    case ROLLBACK_MANAGEDSAVE_START:
    case ROLLBACK_DISK_CHANGED:
    case ROLLBACK_FIRST_SIGHT:
    case ROLLBACK_START:
    case ROLLBACK_MANUAL:
    case ROLLBACK_SNAPSHOT_HALT:
    case ROLLBACK_KINDS_COUNT:
        break;
    }
    return false;
}

static bool saw(const struct burst *b, uint64_t any)
{
    return b->seen & any;
}

static enum rollback_kind classify_revert(const struct burst *b, const struct record *description)
{
    bool started = saw(b, BIT(STARTED_FROM_SNAPSHOT)), stopped = saw(b, BIT(STOPPED_FROM_SNAPSHOT));
    bool defined = saw(b, BIT(DEFINED_FROM_SNAPSHOT));
    const char *state = record_get_or(description, "state", "");

    if (!started && !defined && !saw(b, BIT(RESUMED_FROM_SNAPSHOT) | BIT(PAUSED_FROM_SNAPSHOT)))
        return stopped ? ROLLBACK_SNAPSHOT_HALT : ROLLBACK_NONE;
    if (started && !defined && !b->persistent)
        return ROLLBACK_REVERT_TRANSIENT;
    if ((started || b->was_running) && strcmp(state, "paused") == 0)
        return ROLLBACK_REVERT_PAUSED;
    if (started)
        return b->was_running || stopped ? ROLLBACK_REVERT_RUNNING : ROLLBACK_REVERT_STARTED;
    if (stopped)
        return ROLLBACK_REVERT_STOPPED;
    if (saw(b, BIT(RESUMED_FROM_SNAPSHOT) | BIT(PAUSED_FROM_SNAPSHOT)))
        return ROLLBACK_REVERT_RUNNING; // in place, as libvirt before 7.10 does it
    return b->was_running && strcmp(state, "running") == 0 ? ROLLBACK_REVERT_RUNNING
                                                           : ROLLBACK_REVERT_OFFLINE;
}

static bool is_restore(const struct burst *b)
{
    return saw(b, BIT(STARTED_RESTORED) | BIT(HOOK_RESTORE)) && !saw(b, BIT(DEFINED_FROM_SNAPSHOT));
}

static enum rollback_kind classify(const struct burst *b, const struct record *description,
                                   const struct signal_policy *policy)
{
    enum rollback_kind revert = classify_revert(b, description);

    if (is_restore(b) && !b->was_managedsaved)
        return ROLLBACK_RESTORE;
    if (!is_restore(b) && rollback_is_new(revert))
        return revert;
    if (b->disk_replaced)
        return ROLLBACK_DISK_REPLACED;
    if (is_restore(b))
        return ROLLBACK_MANAGEDSAVE_START;
    if (b->snapshot_back || b->xml_rewritten)
        return ROLLBACK_REVERT_MISSED;
    if (b->disk_changed)
        return ROLLBACK_DISK_CHANGED;
    if (b->first_sight && policy->look_on_first_sight)
        return ROLLBACK_FIRST_SIGHT;
    if (saw(b, BIT(STARTED_BOOTED) | BIT(STARTED_OTHER)) && policy->look_on_every_start)
        return ROLLBACK_START;
    return revert; // a snapshot that stopped the guest, or nothing
}

static const char *const sentences[ROLLBACK_KINDS_COUNT] = {
    [ROLLBACK_NONE] = "nothing that moves a guest's time",
    [ROLLBACK_REVERT_RUNNING] = "reverted to a snapshot with memory while it ran",
    [ROLLBACK_REVERT_STARTED] = "reverted to a snapshot with memory while it was off; it runs now",
    [ROLLBACK_REVERT_STOPPED] = "reverted to a snapshot of its disks while it ran; it is off now",
    [ROLLBACK_REVERT_OFFLINE] = "reverted to a snapshot while it was off",
    [ROLLBACK_REVERT_PAUSED] = "reverted to a snapshot with memory; it is paused now",
    [ROLLBACK_REVERT_TRANSIENT] = "transient guest reverted to a snapshot with memory",
    [ROLLBACK_REVERT_MISSED] = "reverted to a snapshot while virtrust was not listening",
    [ROLLBACK_RESTORE] = "restored from a saved state file",
    [ROLLBACK_MANAGEDSAVE_START] = "started from its managed save image (this is no rollback by itself)",
    [ROLLBACK_DISK_REPLACED] = "a disk's file is another one than when the guest was last off",
    [ROLLBACK_DISK_CHANGED] = "a disk's file was written while the guest was off",
    [ROLLBACK_FIRST_SIGHT] = "seen for the first time",
    [ROLLBACK_START] = "started",
    [ROLLBACK_MANUAL] = "asked for by an administrator",
    [ROLLBACK_SNAPSHOT_HALT] = "stopped by a snapshot being taken (this is no rollback)",
};

static const char doubtful[] = "runs from a snapshot, and its XML was written anew while virtrust was not "
                               "listening: reverted once more, or only "
                               "reconfigured (a <genid/> in its XML would tell)";

struct rollback signal_classify(const struct guest *g, const struct record *description,
                                const struct signal_policy *policy)
{
    struct rollback r = {.kind = classify(&g->burst, description, policy)};

    r.witnessed = rollback_is_new(r.kind);
    snprintf(r.text, sizeof r.text, "%s",
             r.kind == ROLLBACK_REVERT_MISSED && !g->burst.snapshot_back ? doubtful : sentences[r.kind]);
    return r;
}
