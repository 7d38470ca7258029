// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/look_direct.h"

#include "daemon/inspect/answer.h"
#include "daemon/inspect/cage.h"
#include "daemon/inspect/disk_direct.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

enum { END_MS = 1000 };

struct parse {
    const struct nbd_server *servers;
    size_t count;
    bool has_key;
    struct disk_direct *direct;
    struct disk_found *found;
    struct evidence e;
};

static struct record *answer(const struct parse *p, int rc, const struct failure *f)
{
    if (rc == DISK_LOOK_OTHER)
        return answer_other(f->err.text);
    return rc == 0 ? evidence_record(&p->e) : failure_record(f);
}

static int connect_disks(struct parse *p, struct err *err)
{
    struct disk_io *disks[DISKS_MAX];
    size_t n = 0;
    int rc = 0;

    while (n < p->count) {
        rc = disk_io_nbd(p->servers[n].fd, &disks[n], err);
        if (rc < 0)
            break;
        n++;
    }
    if (rc == 0)
        return disk_direct_prepare(disks, n, &p->direct, err);
    while (n > 0)
        disk_io_free(disks[--n]);
    return rc;
}

// Nothing of the guest's is understood here but where a chain of logical partitions goes on.
static struct record *before_disks(void *arg, struct cage_fds *ret)
{
    struct parse *p = arg;
    struct failure f = {0};
    struct err err = {0};
    int rc = connect_disks(p, &err);

    if (rc < 0) {
        fail(&f, rc == -ELIBACC ? "no-engine" : "unsupported-disk", "%.400s", err.text);
        return failure_record(&f);
    }
    ret->count = disk_direct_fds(p->direct, ret->fd, CAGE_FDS);
    return NULL;
}

static struct record *inside_disks(void *arg)
{
    struct parse *p = arg;
    struct disk_reader *r = disk_direct_reader(p->direct);
    struct failure f = {0};
    int rc;

    r->key_elsewhere = p->has_key;
    rc = disk_look(r, &p->e, &f);

    return answer(p, rc, &f);
}

// Evidence is the last word: QEMU takes a while to go, and may do so while the cage and the rest are put away. Any
// other answer may need it still.
static void answered(void *arg, const struct record *answer)
{
    const struct parse *p = arg;

    for (size_t i = 0; i < p->count && record_is(answer, "evidence"); i++)
        nbd_server_kill(&p->servers[i]);
}

static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) > 0;
}

int look_direct(struct nbd_server *servers, size_t count, bool has_key, unsigned timeout_s,
                struct record **ret, struct failure *f)
{
    struct parse p = {.servers = servers, .count = count, .has_key = has_key};
    struct cage_job job = {.before = before_disks, .inside = inside_disks, .answered = answered, .arg = &p};
    int rc;

    evidence_init(&p.e);
    rc = cage_run(&job, timeout_s, ret, f);
    if (rc < 0 || !record_is(*ret, "error"))
        return rc;
    // The server's own word for it, if it is why: its end follows that of its connection.
    for (size_t i = 0; i < count; i++) {
        if (nbd_server_ended(&servers[i], hung_up(servers[i].fd) ? END_MS : 0, f) < 0) {
            *ret = record_free(*ret);
            return -1;
        }
    }
    return 0;
}

static void keep(const struct source *s, struct cage_fds *ret)
{
    int fd = s ? source_fd(s) : -1;

    if (fd >= 0 && ret->count < CAGE_FDS)
        ret->fd[ret->count++] = fd;
}

static struct record *before_parse(void *arg, struct cage_fds *ret)
{
    struct parse *p = arg;

    // What was not read ahead lies in files of this host, opened already.
    for (size_t i = 0; i < HIVE_NAMES; i++) {
        keep(p->found->hives.in[i].file, ret);
        for (size_t j = 0; j < HIVE_LOGS; j++)
            keep(p->found->hives.in[i].logs[j], ret);
    }
    return NULL;
}

static struct record *inside_parse(void *arg)
{
    struct parse *p = arg;
    struct failure f = {0};
    int rc = disk_look_parse(p->found, &p->e, &f);

    return answer(p, rc, &f);
}

int look_parse(struct disk_found *found, const struct evidence *e, unsigned timeout_s, struct record **ret,
               struct failure *f)
{
    struct parse p = {.found = found, .e = *e};
    struct cage_job job = {.before = before_parse, .inside = inside_parse, .arg = &p};

    return cage_run(&job, timeout_s, ret, f);
}
