// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/cage.h"

#include "daemon/inspect/cage_grants.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum { NOBODY = 65533, FIRST_KEPT_FD = 3 };

// Not by the name service: that would load libraries, and ask them, for every look.
struct cage_user cage_user_find(void)
{
    struct cage_user user = {NOBODY, NOBODY};
    _cleanup_fclose_ FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry, *found;
    char room[4096];

    while (file && fgetpwent_r(file, &entry, room, sizeof room, &found) == 0) {
        if (strcmp(entry.pw_name, "virtrust-cage") == 0 && entry.pw_uid != 0)
            user = (struct cage_user){entry.pw_uid, entry.pw_gid};
    }
    return user;
}

static int limit(int what, rlim_t value)
{
    struct rlimit l = {.rlim_cur = value, .rlim_max = value};

    return setrlimit((__rlimit_resource_t)what, &l);
}

// The kernel says SIGXCPU at the lower of two, of which this process cannot be rid, and SIGKILL at the higher one: who
// sees SIGKILL knows that somebody else sent it.
static int limit_cpu(unsigned seconds)
{
    const struct rlimit l = {.rlim_cur = seconds, .rlim_max = seconds + 1};

    return setrlimit(RLIMIT_CPU, &l);
}

static int change_user(struct cage_user user, struct err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    bool changed = setgroups(0, NULL) == 0 && setresgid(user.gid, user.gid, user.gid) == 0 &&
                   setresuid(user.uid, user.uid, user.uid) == 0;

    // Who may not change users (a person at the command line) stays who he is; root must not stay root.
    if (!changed && (geteuid() == 0 || getuid() == 0))
        return err_set(err, -EPERM, "it cannot leave user root: %s", strerror(errno));
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0)
        return err_set(err, -errno, "it cannot drop its capabilities: %s", strerror(errno));
    return 0;
}

int cage_drop(struct cage_user user, int parent_pid, unsigned cpu_s, struct err *err)
{
    int rc = change_user(user, err);

    if (rc < 0)
        return rc;
    // Behind the change of user, which clears it.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent_pid)
        return err_set(err, -ESRCH, "its parent is gone");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_AS, cage_memory) < 0 || limit_cpu(cpu_s) < 0 ||
        limit(RLIMIT_NPROC, 0) < 0)
        return err_set(err, -errno, "it cannot limit itself: %s", strerror(errno));
    return 0;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

int cage_close(const struct cage_fds *keep, int answer, struct err *err)
{
    _cleanup_close_ int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fds[CAGE_FDS + 1];
    unsigned next = FIRST_KEPT_FD;

    for (int i = 0; i < FIRST_KEPT_FD; i++) {
        if (nothing < 0 || dup2(nothing, i) < 0)
            return err_set(err, -errno, "/dev/null: %s", strerror(errno));
    }
    memcpy(fds, keep->fd, sizeof keep->fd);
    fds[keep->count] = answer;
    qsort(fds, keep->count + 1, sizeof *fds, by_number);
    for (size_t i = 0; i <= keep->count; i++) {
        if (fds[i] < FIRST_KEPT_FD)
            return err_set(err, -EBADF, "descriptor %d is not one to keep", fds[i]);
        if ((unsigned)fds[i] > next && close_range(next, (unsigned)fds[i] - 1, 0) < 0)
            return err_set(err, -errno, "descriptors: %s", strerror(errno));
        next = (unsigned)fds[i] + 1;
    }
    nothing = -1; // closed by now
    return close_range(next, ~0U, 0) < 0 ? err_set(err, -errno, "descriptors: %s", strerror(errno)) : 0;
}

// The attribute's size is what the kernel's version knows: older headers, older kernels.
int cage_landlock(void)
{
    // Each version's rights are those before it and some more.
    static const unsigned char rights[] = {0, 13, 14, 15, 15, 16};
    struct {
        uint64_t files, network, scope;
    } attr = {0};
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    _cleanup_close_ int fd = -1;

    if (abi < 1)
        return -ENOSYS;
    attr.files = (UINT64_C(1) << rights[abi < 5 ? abi : 5]) - 1;
    attr.network = abi >= 4 ? 3 : 0; // TCP: bind, connect
    attr.scope = abi >= 6 ? 3 : 0;   // abstract sockets and signals outside
    fd = (int)syscall(SYS_landlock_create_ruleset, &attr, abi >= 6 ? 24 : abi >= 4 ? 16 : 8, 0);
    if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return -errno;
    return 0;
}

// A namespace of its own gives the right to choose a root. /proc/self/fdinfo holds nothing but a few numbers on the
// process's own descriptors, and nothing can be made there.
int cage_empty_root(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (unshare(CLONE_NEWUSER) < 0 || chdir("/proc/self/fdinfo") < 0 || chroot(".") < 0 ||
        syscall(SYS_capset, &head, none) < 0)
        return -errno;
    return 0;
}

int cage_no_files(struct err *err)
{
    int landlock = cage_landlock(), root = landlock == 0 ? 0 : cage_empty_root();

    if (landlock == 0 || root == 0)
        return 0;
    return err_set(
        err, -ENOSYS,
        "it gets neither Landlock (%s) nor a user namespace with an empty root (%s); the kernel, the "
        "container or the service has to let it have one of them",
        strerror(-landlock), strerror(-root));
}
