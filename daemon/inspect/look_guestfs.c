// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/look_guestfs.h"

#include "common/os/recio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const char program[] = "virtrust-inspect-guestfs";

// In the directory of the running program.
static int program_path(char ret[static PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    char *slash;

    ret[n > 0 ? n : 0] = '\0';
    slash = strrchr(ret, '/');
    if (!slash || (size_t)(slash - ret) + sizeof program + 1 > PATH_MAX)
        return -ENOENT;
    strcpy(slash + 1, program);
    return 0;
}

static _Noreturn void become(const char *path, int in, int out, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(1);
    execl(path, program, (char *)NULL);
    _exit(127);
}

static int no_program(const char *path, struct failure *f)
{
    return fail(f, "no-engine", "%s, which reads this kind of disk, cannot be started: %s", path,
                strerror(errno));
}

// Asks the program once.
static int ask(const struct record *request, int limit_ms, struct record **ret, struct failure *f)
{
    int to[2], from[2], rc;
    _cleanup_(recio_freep) struct recio *stream = NULL;
    char path[PATH_MAX];
    struct err err = {0};
    pid_t parent = getpid(), pid;

    if (program_path(path) < 0 || access(path, X_OK) < 0)
        return no_program(path, f);
    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
        return fail(f, "internal", "pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0)
        become(path, to[0], from[1], parent);
    close(to[0]);
    close(from[1]);
    stream = recio_new(from[0]);
    rc = pid < 0 || !stream ? -ENOMEM : recio_write(to[1], request, limit_ms, &err);
    close(to[1]);
    if (rc == 0)
        rc = recio_next(stream, limit_ms, ret, &err);
    if (pid > 0) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    if (rc == -ETIMEDOUT)
        return fail(f, "timed-out", "libguestfs took longer than %d seconds", limit_ms / 1000);
    return rc == 0 ? 0 : fail(f, "internal", "%s died without an answer: %s", program, err.text);
}

int look_guestfs(struct nbd_server *servers, size_t count, const char *work, const struct secret *key,
                 unsigned timeout_s, struct record **ret, struct failure *f)
{
    _cleanup_record_ struct record *request = record_new("guestfs");

    for (size_t i = 0; i < count; i++) {
        char name[RECORD_KEY_MAX];

        if (nbd_server_wait(&servers[i], f) < 0)
            return -1;
        snprintf(name, sizeof name, "disk.%zu.socket", i);
        record_add(request, name, strrchr(servers[i].socket, '/') + 1);
        snprintf(name, sizeof name, "disk.%zu.sector", i);
        if (servers[i].sector)
            record_add_u64(request, name, servers[i].sector);
    }
    record_add(request, "work", work);
    record_add_u64(request, "timeout_s", timeout_s);
    if (key)
        record_add_bytes(request, "key", key->data, key->len);
    return ask(request, timeout_s > INT_MAX / 1000 ? INT_MAX : (int)timeout_s * 1000, ret, f);
}

struct record *look_guestfs_prepare(const char *work)
{
    _cleanup_record_ struct record *request = record_new("prepare");
    struct record *answer = NULL;
    struct failure f = {0};

    record_add(request, "work", work);
    return ask(request, INT_MAX, &answer, &f) == 0 ? answer : failure_record(&f);
}
