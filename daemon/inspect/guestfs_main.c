// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-inspect-guestfs: what virtrust-inspect starts for a disk that its own engine does not read. Not for
// people: a record in (type=guestfs work= timeout_s= disk.N.socket= disk.N.sector=, or type=prepare work=), a record
// out.
//
// File systems are parsed in libguestfs' machine. Hives, keytabs and databases that come out of it are guest
// bytes all the same: they are parsed in a cage.
#include "common/os/recio.h"
#include "daemon/inspect/answer.h"
#include "daemon/inspect/disk_guestfs.h"
#include "daemon/inspect/look_direct.h"

#include <limits.h>
#include <linux/capability.h>
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

static struct record *look(const struct record *request, struct disk_reader *reader)
{
    _cleanup_disk_found_ struct disk_found found = {0};
    struct record *answer = NULL;
    struct failure f = {0};
    struct evidence e;
    uint64_t timeout;
    int rc;

    if (record_get_u64(request, "timeout_s", &timeout) < 0 || timeout == 0 || timeout > INT_MAX)
        timeout = DEFAULT_S;
    evidence_init(&e);
    rc = disk_look_find(reader, &found, &e, &f);
    if (rc == 0)
        rc = look_parse(&found, &e, (unsigned)timeout, &answer, &f);
    return rc == 0 ? answer : failure_record(&f);
}

static struct record *answer_to(const struct record *request)
{
    struct nbd_server *servers = calloc(DISKS_MAX, sizeof *servers);
    const char *work = record_get(request, "work");
    struct disk_reader *reader = NULL;
    struct record *answer;
    struct failure f = {0};
    size_t count;

    if (!work || !servers)
        return NULL;
    work = private_tmp(work);
    count = sockets(request, work, servers);
    // Nothing is put away here: whoever asked ends this process's group with all that it made.
    if (disk_guestfs_open(servers, count, work, &reader, &f) < 0)
        return failure_record(&f);
    if (!record_is(request, "prepare"))
        return look(request, reader);
    answer = record_new("prepared");
    record_add(answer, "engine", reader->engine);
    return answer;
}

int main(void)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
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
    answer = answer_to(request);
    return answer && recio_write(STDOUT_FILENO, answer, -1, &err) == 0 ? EXIT_ANSWERED : EXIT_NO_WORK;
}
