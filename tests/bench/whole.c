// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-whole < REQUEST: reads SECURITY, SYSTEM, SOFTWARE and SAM of a request's first disk from their first byte to
// their last, by the product's own parts: the janitor, the disk server, the cage, the engine `direct`. A look itself
// reads far less; this is what the way there costs when everything is read: in pieces, as nbdcopy does it, for the
// bytes are nowhere kept. Prints how many there were.
#include "common/os/recio.h"
#include "daemon/inspect/cage.h"
#include "daemon/inspect/disk_direct.h"
#include "daemon/inspect/nbd_server.h"
#include "daemon/inspect/supervise.h"

#include <inttypes.h>
#include <string.h>

enum { TIMEOUT_S = 120, PIECE = 4 * 1024 * 1024 };

static const char *const hives[] = {"SECURITY", "SYSTEM", "SOFTWARE", "SAM"};

struct whole {
    const struct record *request;
    struct disk_chain chain;
    struct nbd_server server;
    struct disk_direct *direct;
};

static struct record *before(void *arg, struct cage_fds *ret)
{
    struct whole *w = arg;
    struct disk_io *io = NULL;
    struct failure f = {0};
    struct err err = {0};

    if (disk_io_nbd(w->server.fd, &io, &err) < 0 || disk_direct_prepare(&io, 1, &w->direct, &err) < 0) {
        fail(&f, "unsupported-disk", "%.400s", err.text);
        return failure_record(&f);
    }
    ret->count = disk_direct_fds(w->direct, ret->fd, CAGE_FDS);
    return NULL;
}

static uint64_t read_all(struct source *s, unsigned char *room)
{
    struct err err = {0};

    for (uint64_t at = 0; at < s->size; at += PIECE) {
        uint64_t left = s->size - at;

        if (source_read(s, at, room, left < PIECE ? (size_t)left : PIECE, &err) < 0)
            return 0;
    }
    return s->size;
}

// The hives of the mounted volume, if it holds any.
static uint64_t read_hives(struct disk_reader *r)
{
    _cleanup_free_ unsigned char *room = malloc(PIECE);
    uint64_t sum = 0;

    for (size_t i = 0; room && i < ARRAY_SIZE(hives); i++) {
        _cleanup_source_ struct source *s = NULL;
        struct err err = {0};
        char path[64];

        snprintf(path, sizeof path, "/Windows/System32/config/%s", hives[i]);
        if (r->ops->open(r, path, &s, &err) == 0)
            sum += read_all(s, room);
    }
    return sum;
}

static struct record *inside(void *arg)
{
    struct whole *w = arg;
    struct disk_reader *r = disk_direct_reader(w->direct);
    struct disk_volume *volumes = calloc(VOLUMES_MAX, sizeof *volumes);
    struct record *answer = record_new("whole");
    struct err err = {0};
    uint64_t sum = 0;
    int n = volumes ? r->ops->volumes(r, volumes, &err) : -1;

    for (int i = 0; i < n && sum == 0; i++) {
        if (strncmp(volumes[i].type, "ntfs", 4) == 0 && r->ops->mount(r, volumes[i].device, &err) == 0)
            sum = read_hives(r);
    }
    record_add_u64(answer, "bytes", sum);
    free(volumes);
    disk_reader_free(r);
    return answer;
}

static struct record *prepare(void *arg)
{
    struct whole *w = arg;
    struct failure f = {0};

    return disk_chain_open(w->request, 0, &w->chain, &f) < 0 ? failure_record(&f) : NULL;
}

static struct record *run(void *arg, const char *work)
{
    struct cage_job job = {.before = before, .inside = inside, .arg = arg};
    struct whole *w = arg;
    struct record *answer = NULL;
    struct failure f = {0};
    char base[NBD_PATH_MAX];

    snprintf(base, sizeof base, "%s/disk-0", work);
    if (nbd_server_start(&w->chain, base, &w->server, &f) < 0 || cage_run(&job, TIMEOUT_S, &answer, &f) < 0)
        return failure_record(&f);
    return answer;
}

int main(void)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    struct whole w = {0};
    struct supervised job = {.prepare = prepare, .run = run, .arg = &w};
    struct failure f = {0};
    struct err err = {0};
    uint64_t bytes = 0;

    if (recio_read(STDIN_FILENO, -1, &request, &err) != 0) {
        fprintf(stderr, "bench-whole: no request: %s\n", err.text);
        return EXIT_USAGE;
    }
    w.request = request;
    if (supervise(&job, TIMEOUT_S, &answer, &f) < 0 || record_get_u64(answer, "bytes", &bytes) < 0 ||
        !bytes) {
        fprintf(stderr, "bench-whole: %s\n", answer ? record_get_or(answer, "text", "no hives") : f.err.text);
        return EXIT_NO_LOOK;
    }
    printf("%" PRIu64 "\n", bytes);
    return EXIT_ANSWERED;
}
