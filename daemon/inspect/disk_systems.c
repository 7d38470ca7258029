// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_systems.h"

#include "common/plural.h"

#include <string.h>

enum { WRITTEN_AT = 12 }; // in a hive's first block: when it was written last

static struct disk_system *system_free(struct disk_system *system)
{
    if (system) {
        hive_set_done(&system->hives);
        linux_files_done(&system->files);
        free(system);
    }
    return NULL;
}

struct disk_systems *disk_systems_free(struct disk_systems *all)
{
    for (size_t i = 0; all && i < all->count; i++)
        system_free(all->list[i]);
    free(all);
    return NULL;
}

struct disk_system *disk_systems_add(struct disk_systems *all, const char *device, bool windows)
{
    struct disk_system *system = all->count < SYSTEMS_MAX ? calloc(1, sizeof *system) : NULL;
    size_t at = all->count;

    if (!system) {
        all->left_out++;
        return NULL;
    }
    snprintf(system->device, sizeof system->device, "%s", device);
    system->windows = windows;
    evidence_init(&system->said);
    // An engine may list whole disks before partitions, or after them: sda2 stands before sda10, and that before sdb.
    for (; at > 0 && strverscmp(all->list[at - 1]->device, device) > 0; at--)
        all->list[at] = all->list[at - 1];
    all->list[at] = system;
    all->count++;
    return system;
}

static uint64_t written(struct source *hive)
{
    unsigned char bytes[8];
    struct err err = {0};
    uint64_t value = 0;

    if (!hive || hive->size < WRITTEN_AT + sizeof bytes ||
        source_read(hive, WRITTEN_AT, bytes, sizeof bytes, &err) < 0)
        return 0;
    for (size_t i = sizeof bytes; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

void disk_system_parse(struct disk_system *system)
{
    if (system->parsed)
        return;
    system->parsed = true;
    if (system->rc == 0 && system->windows) {
        system->written = written(system->hives.in[HIVE_SYSTEM].file);
        system->rc = windows_evidence(&system->hives, &system->said, &system->failure);
    } else if (system->rc == 0) {
        linux_evidence(&system->files, &system->said);
    }
    hive_set_done(&system->hives);
    linux_files_done(&system->files);
}

static int rank(const struct disk_system *system)
{
    return system->rc < 0 || system->said.joined == ANSWER_UNKNOWN ? 1
           : system->said.joined == ANSWER_YES                     ? 2
                                                                   : 0;
}

static bool is_better(const struct disk_system *a, const struct disk_system *b)
{
    if (rank(a) != rank(b))
        return rank(a) > rank(b);
    return a->windows && b->windows && a->written > b->written;
}

static void note_other(const struct disk_system *system, struct evidence *e)
{
    const struct evidence *said = &system->said;
    struct evidence_other *o = &e->others[e->other_count++];

    *o = (struct evidence_other){.os = system->windows ? "windows" : "linux", .joined = ANSWER_UNKNOWN};
    snprintf(o->device, sizeof o->device, "%s", system->device);
    if (system->rc < 0)
        return;
    o->joined = said->joined;
    memcpy(o->computer, said->computer, sizeof o->computer);
    memcpy(o->sam_account_name, said->sam_account_name, sizeof o->sam_account_name);
    memcpy(o->dns, said->dns, sizeof o->dns);
    memcpy(o->account_sid, said->account_sid, sizeof o->account_sid);
    o->filetime = said->filetime;
}

static void doubt_others(const struct disk_systems *all, const struct disk_system *best, struct evidence *e)
{
    unsigned members = 0, windows = 0;

    for (size_t i = 0; i < all->count; i++) {
        members += rank(all->list[i]) == 2;
        windows += all->list[i]->windows && rank(all->list[i]) == rank(best);
        if (all->list[i] != best)
            note_other(all->list[i], e);
    }
    if (all->count > 1 && members == 1)
        evidence_doubt(e, "other-systems",
                       "%zu volumes hold a system; %s was read, the only one that is a member", all->count,
                       best->device);
    else if (all->count > 1)
        evidence_doubt(e, "several-systems", "%zu volumes hold a system; %s was read%s", all->count,
                       best->device, best->windows && windows > 1 ? ", which was written last" : "");
    if (all->left_out > 0)
        evidence_doubt(e, "systems-left-out", "%zu more %s a system, and %s not looked at", all->left_out,
                       plural(all->left_out, "volume holds", "volumes hold"),
                       plural(all->left_out, "was", "were"));
    if (all->encrypted)
        evidence_doubt(e, "encrypted-volume", "a volume is encrypted with %s, and may hold another system",
                       strcmp(all->encrypted, "luks") == 0 ? "LUKS" : "BitLocker");
    if (all->unread.text[0])
        evidence_doubt(e, "volume-not-read", "a volume was not read, and may hold another system: %.200s",
                       all->unread.text);
    if (all->damaged.text[0])
        evidence_doubt(e, "volume-not-read", "a volume cannot be read, and may hold another system: %.300s",
                       all->damaged.text);
}

int disk_systems_tell(struct disk_systems *all, struct evidence *e, struct failure *f)
{
    struct disk_system *best = NULL;

    for (size_t i = 0; i < all->count; i++) {
        disk_system_parse(all->list[i]);
        if (!best || is_better(all->list[i], best))
            best = all->list[i];
    }
    if (!best)
        return fail(f, "no-os", "no volume holds a system");
    if (best->rc < 0) {
        *f = best->failure;
        return -1;
    }
    for (size_t i = 0; i < e->doubt_count; i++)
        evidence_doubt(&best->said, e->doubts[i].id, "%s", e->doubts[i].text);
    memcpy(best->said.engine, e->engine, sizeof e->engine);
    best->said.live = e->live;
    *e = best->said;
    doubt_others(all, best, e);
    return 0;
}
