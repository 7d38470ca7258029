// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-inspect-guestfs: what virtrust-inspect starts for a disk that its own engine does not read. Not for
// people: a record in (type=guestfs work= timeout_s= disk.N.socket= disk.N.sector= key=, or type=prepare work=), a
// record out.
//
// File systems are parsed in libguestfs' machine. Hives, keytabs and databases that come out of it are guest
// bytes all the same: they are parsed in a cage.
#include "common/os/recio.h"
#include "daemon/inspect/answer.h"
#include "daemon/inspect/disk_guestfs.h"
#include "daemon/inspect/look_direct.h"

#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>

enum { REQUEST_MS = 30 * 1000, DEFAULT_S = 120 };

// libguestfs puts its sockets below /tmp under root, below XDG_RUNTIME_DIR else, wherever TMPDIR points.
static bool below_tmp(const char *variable)
{
    const char *value = getenv(variable);

    return value && (strcmp(value, "/tmp") == 0 || strncmp(value, "/tmp/", 5) == 0);
}

// Makes the private directory the worker's /tmp where it may: its path then. Else it stays what it was.
static const char *private_tmp(const char *dir)
{
    setenv("XDG_RUNTIME_DIR", dir, 1);
    if (below_tmp("LIBGUESTFS_CACHEDIR") || below_tmp("LIBGUESTFS_PATH") || below_tmp("LIBGUESTFS_HV"))
        return dir;
    // Only root is tried: a sandbox may answer a call that it forbids with a signal.
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
        mount(dir, "/tmp", NULL, MS_BIND, NULL) < 0)
        return dir;
    // What libguestfs keeps between two looks must not fall into a directory that goes with this one.
    if (!getenv("LIBGUESTFS_CACHEDIR"))
        setenv("LIBGUESTFS_CACHEDIR", "/var/tmp", 1);
    setenv("TMPDIR", "/tmp", 1);
    return "/tmp";
}

// What libguestfs makes of a key and frees must not lie about when the cage is made of this process.
static void take_key(const struct record *request, struct secret *ret)
{
    const void *value;
    size_t len;

    if (record_get_bytes(request, "key", &value, &len) == 0 && secret_set(ret, value, len) == 0) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        mallopt(M_PERTURB, 0x55);
    }
}

static size_t sockets(const struct record *request, const char *work, struct nbd_server ret[static DISKS_MAX])
{
    size_t n = 0;

    for (; n < DISKS_MAX; n++) {
        char key[RECORD_KEY_MAX];
        const char *name;
        uint64_t sector;

        snprintf(key, sizeof key, "disk.%zu.socket", n);
        name = record_get(request, key);
        if (!name || snprintf(ret[n].socket, sizeof ret->socket, "%s/%s", work, name) >= NBD_PATH_MAX)
            break;
        snprintf(key, sizeof key, "disk.%zu.sector", n);
        ret[n].sector = record_get_u64(request, key, &sector) == 0 ? (unsigned)sector : 0;
    }
    return n;
}

// What the request says.
struct order {
    struct nbd_server servers[DISKS_MAX];
    size_t count;
    const char *work;
    char place[PATH_MAX]; // work, as it was named
    unsigned timeout_s;
    bool prepare;
    struct secret key; // len 0: none
};

static struct order *order_done(struct order *o)
{
    if (o)
        secret_done(&o->key);
    free(o);
    return NULL;
}
DEFINE_CLEANUP(struct order *, order_done);

// NULL: out of memory, or no work.
static struct order *order_of(const struct record *request)
{
    struct order *o = calloc(1, sizeof *o);
    uint64_t timeout;

    if (!o || snprintf(o->place, sizeof o->place, "%s", record_get_or(request, "work", "")) == 0)
        return order_done(o);
    if (record_get_u64(request, "timeout_s", &timeout) < 0 || timeout == 0 || timeout > INT_MAX)
        timeout = DEFAULT_S;
    o->timeout_s = (unsigned)timeout;
    o->prepare = record_is(request, "prepare");
    take_key(request, &o->key);
    o->work = private_tmp(o->place);
    o->count = sockets(request, o->work, o->servers);
    return o;
}

static struct record *look(const struct order *o, struct disk_reader *reader)
{
    _cleanup_disk_found_ struct disk_found found = {0};
    struct record *answer = NULL;
    struct failure f = {0};
    struct evidence e;
    int rc;

    evidence_init(&e);
    rc = disk_look_find(reader, &found, &e, &f);
    if (rc == 0)
        rc = look_parse(&found, &e, o->timeout_s, &answer, &f);
    return rc == 0 ? answer : failure_record(&f);
}

static struct record *answer_to(struct order *o)
{
    struct disk_reader *reader = NULL;
    struct record *answer;
    struct failure f = {0};

    // Nothing is put away here: whoever asked ends this process's group with all that it made.
    if (disk_guestfs_open(o->servers, o->count, o->work, o->key.len > 0 ? &o->key : NULL, &reader, &f) < 0)
        return failure_record(&f);
    secret_done(&o->key);
    if (!o->prepare)
        return look(o, reader);
    answer = record_new("prepared");
    record_add(answer, "engine", reader->engine);
    return answer;
}

int main(void)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    _cleanup_(order_donep) struct order *order = NULL;
    struct err err = {0};

    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    // The cage changes its user; libguestfs' programs have no use for that right.
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SETUID, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_SETGID, 0, 0);
    if (recio_read(STDIN_FILENO, REQUEST_MS, &request, &err) != 0) {
        fprintf(stderr,
                "virtrust-inspect-guestfs: virtrust-inspect starts this; people use `virtrust inspect`\n");
        return EXIT_USAGE;
    }
    order = order_of(request);
    request = record_free(request);
    answer = order ? answer_to(order) : NULL;
    return answer && recio_write(STDOUT_FILENO, answer, -1, &err) == 0 ? EXIT_ANSWERED : EXIT_NO_WORK;
}
