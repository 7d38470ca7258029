// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/spawn/program.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

const struct program programs[PROGRAMS_COUNT] = {
    [PROGRAM_DAEMON] = {"virtrustd", NULL, true, 1},
    [PROGRAM_WATCH] = {"virtrust-watch", NULL, true, 1},
    [PROGRAM_INSPECT] = {"virtrust-inspect", "inspect.sock", false,
                         2}, // look.at_once and look.appliances decide
    [PROGRAM_DIRECTORY] = {"virtrust-directory", "directory.sock", true, 8},
    [PROGRAM_DELIVER] = {"virtrust-deliver", "deliver.sock", true, 16},
};

// What a program may inherit of our environment; everything else could change how it behaves behind the
// administrator's back.
static const char *const inherited[] = {
    "PATH=",
    "TMPDIR=",
    "LIBGUESTFS_BACKEND=",
    "LIBGUESTFS_BACKEND_SETTINGS=",
    "LIBGUESTFS_CACHEDIR=",
    "KRB5_CONFIG=",
    "SUPERMIN_KERNEL=",
    "SUPERMIN_MODULES=",
    "LIBGUESTFS_TMPDIR=",
    "LIBGUESTFS_PATH=",
    "ASAN_OPTIONS=",
    "UBSAN_OPTIONS=",
#if VIRTRUST_FAULTS
    "VIRTRUST_FAULT_DIR=",
#endif
};

static bool may_inherit(const char *variable)
{
    for (size_t i = 0; i < ARRAY_SIZE(inherited); i++)
        if (strncmp(variable, inherited[i], strlen(inherited[i])) == 0)
            return true;
    return false;
}

static char **clean_environment(void)
{
    static char fallback[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    size_t n = 0;
    char **kept;
    bool path = false;

    for (char **v = environ; *v; v++)
        n++;
    kept = calloc(n + 2, sizeof *kept);
    if (!kept)
        return NULL;
    n = 0;
    for (char **v = environ; *v; v++)
        if (may_inherit(*v)) {
            path |= strncmp(*v, "PATH=", 5) == 0;
            kept[n++] = *v;
        }
    if (!path)
        kept[n++] = fallback;
    return kept;
}

static void own_signals(void)
{
    sigset_t none;

    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int own_descriptors(int fd)
{
    int in = fd >= 0 ? fd : open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (in < 0 || dup2(in, STDIN_FILENO) < 0)
        return -errno;
    if (fd >= 0 && dup2(fd, STDOUT_FILENO) < 0)
        return -errno;
    return close_range(STDERR_FILENO + 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void become(const struct program *p, const char *path, const char *config_file, int fd,
                             pid_t parent)
{
    const char *argv[] = {p->name, NULL, NULL, NULL};
    char **env = clean_environment();
    int rc;

    setpgid(0, 0);
    own_signals();
    // Asked for after the fork: a parent that died in between would never tell.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(127);
    if (config_file && p->takes_config) {
        argv[1] = "--config";
        argv[2] = config_file;
    }
    rc = own_descriptors(fd);
    if (rc == 0 && env) {
        execve(path, (char **)argv, env);
        rc = -errno;
    }
    dprintf(STDERR_FILENO, "virtrust-spawn: %s: cannot be started: %s; is virtrust installed whole?\n", path,
            strerror(env ? -rc : ENOMEM));
    _exit(127);
}

pid_t program_start(const struct program *p, const char *bin_dir, const char *config_file, int fd,
                    struct err *err)
{
    pid_t parent = getpid(), pid;
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", bin_dir, p->name) >= (int)sizeof path)
        return err_set(err, -ENAMETOOLONG, "%s/%s: the path is too long", bin_dir, p->name);
    fflush(NULL);
    pid = fork();
    if (pid < 0)
        return err_set(err, -errno, "%s: cannot start a process: %s", p->name, strerror(errno));
    if (pid == 0)
        become(p, path, config_file, fd, parent);
    setpgid(pid, pid); // both do it: whoever comes first
    return pid;
}
