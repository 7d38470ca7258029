// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/look_sectors.h"

#include "daemon/inspect/cage.h"
#include "daemon/inspect/disk_direct.h"

struct job {
    int fds[DISKS_MAX]; // connections of this look's own
    size_t count;
    struct disk_direct *direct;
};

static void job_done(struct job *job)
{
    while (job->count > 0)
        close(job->fds[--job->count]);
}

static struct record *failed(const struct err *err)
{
    struct failure f = {0};

    fail(&f, "unsupported-disk", "%.400s", err->text);
    return failure_record(&f);
}

static struct record *before(void *arg, struct cage_fds *ret)
{
    struct job *job = arg;
    struct disk_io *disks[DISKS_MAX];
    struct err err = {0};
    size_t n = 0;

    while (n < job->count && disk_io_nbd(job->fds[n], &disks[n], &err) == 0)
        n++;
    if (n == job->count && disk_direct_prepare(disks, n, &job->direct, &err) == 0) {
        ret->count = disk_direct_fds(job->direct, ret->fd, CAGE_FDS);
        return NULL;
    }
    return failed(&err); // this process ends with it
}

static struct record *inside(void *arg)
{
    struct job *job = arg;
    struct disk_reader *r = disk_direct_reader(job->direct);
    _cleanup_free_ struct disk_volume *volumes = calloc(VOLUMES_MAX, sizeof *volumes);
    struct record *answer;
    struct err err = {0};

    if (!volumes)
        return NULL;
    if (r->ops->volumes(r, volumes, &err) < 0)
        return failed(&err);
    answer = record_new("sectors");
    for (size_t i = 0; i < job->count; i++) {
        char key[RECORD_KEY_MAX];

        snprintf(key, sizeof key, "disk.%zu.sector", i);
        record_add_u64(answer, key, disk_direct_sector(job->direct, i));
    }
    return answer;
}

void look_sectors(struct nbd_server *servers, size_t count, unsigned timeout_s)
{
    _cleanup_(job_done) struct job job = {0};
    struct cage_job cage = {.before = before, .inside = inside, .arg = &job};
    _cleanup_record_ struct record *answer = NULL;
    struct failure f = {0};

    for (size_t i = 0; i < count; i++) {
        int fd = nbd_server_connect(&servers[i], &f);

        servers[i].sector = 512;
        if (fd >= 0)
            job.fds[job.count++] = fd;
    }
    if (job.count < count || cage_run(&cage, timeout_s, &answer, &f) < 0 || !record_is(answer, "sectors"))
        return;
    for (size_t i = 0; i < count; i++) {
        char key[RECORD_KEY_MAX];
        uint64_t sector;

        snprintf(key, sizeof key, "disk.%zu.sector", i);
        if (record_get_u64(answer, key, &sector) == 0 && sector == 4096)
            servers[i].sector = 4096;
    }
}
