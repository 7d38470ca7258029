// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/look.h"

#include "daemon/inspect/disk_chain.h"
#include "daemon/inspect/disk_guestfs.h"
#include "daemon/inspect/disk_look.h"
#include "daemon/inspect/nbd_server.h"
#include "daemon/inspect/supervise.h"
#include "daemon/inspect/windows.h"

#include <errno.h>
#include <string.h>

struct job {
    const struct record *request;
    struct evidence e;
    struct disk_chain *chains; // of `count` disks
    size_t count;
};

static struct record *evidence_or_failure(const struct job *job, int rc, const struct failure *f)
{
    return rc == 0 ? evidence_record(&job->e) : failure_record(f);
}

static struct record *look_hives(struct job *job, const char *dir)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    struct failure f = {0};
    int rc = hives_dir_read(dir, &set, &f);

    snprintf(job->e.engine, sizeof job->e.engine, "hives");
    job->e.live = ANSWER_NO;
    if (rc == 0)
        rc = windows_evidence(&set, &job->e, &f);
    return evidence_or_failure(job, rc, &f);
}

// Is there a disk n in the request at all?
static bool has_disk(const struct record *request, unsigned n)
{
    static const char *const keys[] = {"path", "type", "target"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char name[RECORD_KEY_MAX];

        snprintf(name, sizeof name, "disk.%u.%s", n, keys[i]);
        if (record_get(request, name))
            return true;
    }
    return false;
}

// Those that can be opened; a disk that cannot is a doubt when another one can, and the answer when none can.
static int open_chains(struct job *job, struct failure *first)
{
    bool in_use = false;

    job->chains = calloc(DISKS_MAX, sizeof *job->chains);
    if (!job->chains)
        return fail(first, "internal", "out of memory");
    for (unsigned n = 0; n < DISKS_MAX && has_disk(job->request, n); n++) {
        struct failure f = {0};

        if (disk_chain_open(job->request, n, &job->chains[job->count], &f) == 0) {
            in_use |= job->chains[job->count++].in_use;
            continue;
        }
        disk_chain_done(&job->chains[job->count]);
        evidence_doubt(&job->e, "disk-left-out", "%s", f.err.text);
        if (!first->code)
            *first = f;
    }
    if (job->count == 0)
        return first->code ? -1 : fail(first, "no-disk", "the guest has no disk");
    if (in_use || record_get_bool(job->request, "running") == 1) {
        job->e.live = ANSWER_YES;
        evidence_doubt(&job->e, "live",
                       "the disk was read under a running guest: what it holds may be incomplete or behind "
                       "the guest's memory");
    } else {
        job->e.live = ANSWER_NO;
    }
    return 0;
}

static struct record *prepare(void *arg)
{
    struct job *job = arg;
    const char *hives = record_get(job->request, "hives");
    struct failure f = {0};

    if (hives)
        return look_hives(job, hives);
    return open_chains(job, &f) < 0 ? failure_record(&f) : NULL;
}

static int start_servers(const struct job *job, const char *work, struct nbd_server *servers,
                         struct failure *f)
{
    for (size_t i = 0; i < job->count; i++) {
        char base[NBD_PATH_MAX];

        snprintf(base, sizeof base, "%s/disk-%zu", work, i);
        if (nbd_server_start(&job->chains[i], base, &servers[i], f) < 0)
            return -1;
    }
    return 0;
}

// The servers and the machine are not put away here: the janitor ends them at once, with everything they
// made.
static struct record *run(void *arg, const char *work)
{
    struct job *job = arg;
    struct nbd_server *servers = calloc(DISKS_MAX, sizeof *servers);
    struct disk_reader *reader = NULL;
    struct failure f = {0};
    int rc;

    if (!servers)
        return NULL;
    rc = start_servers(job, work, servers, &f);
    if (rc == 0)
        rc = disk_guestfs_open(servers, job->count, work, &reader, &f);
    if (rc == 0)
        rc = disk_look(reader, &job->e, &f);
    return evidence_or_failure(job, rc, &f);
}

struct record *look(const struct record *request)
{
    struct supervised job = {.prepare = prepare, .run = run};
    struct record *answer = NULL;
    struct failure f = {0};
    uint64_t limit;
    struct job *state;

    if (record_get_u64(request, "timeout_s", &limit) < 0 || limit == 0)
        limit = LOOK_TIMEOUT_S;
    if (limit > LOOK_TIMEOUT_MAX_S)
        limit = LOOK_TIMEOUT_MAX_S;
    state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->request = request;
    evidence_init(&state->e);
    if (record_get_bool(request, "format_guessed") == 1)
        evidence_doubt(&state->e, "format-guessed", "nobody named the image's format; its first bytes say %s",
                       record_get_or(request, "disk.0.format", "nothing"));
    job.arg = state;
    if (supervise(&job, (unsigned)limit, &answer, &f) < 0)
        answer = failure_record(&f);
    free(state);
    return answer;
}

static struct record *nothing_first(void *arg)
{
    (void)arg;
    return NULL;
}

static struct record *launch_once(void *arg, const char *work)
{
    struct disk_reader *reader = NULL;
    struct failure f = {0};
    struct record *r;

    (void)arg;
    if (disk_guestfs_open(NULL, 0, work, &reader, &f) < 0)
        return failure_record(&f);
    r = record_new("prepared");
    record_add(r, "engine", reader->engine);
    return r;
}

struct record *look_prepare(unsigned timeout_s)
{
    struct supervised job = {.prepare = nothing_first, .run = launch_once};
    struct record *answer = NULL;
    struct failure f = {0};

    return supervise(&job, timeout_s, &answer, &f) < 0 ? failure_record(&f) : answer;
}
