// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lists of system calls, by libseccomp. In the cage a call that is not on the list ends the process: an
// administrator wants to know of a disk that makes a parser try.
#include "daemon/inspect/cage.h"

#include "daemon/inspect/cage_grants.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// Whatever their arguments are. poll is libnbd's, which waits for its server so.
static const int plain[] = {
    SCMP_SYS(recvfrom), SCMP_SYS(read),         SCMP_SYS(pread64),    SCMP_SYS(lseek),
    SCMP_SYS(munmap),   SCMP_SYS(mremap),       SCMP_SYS(madvise),    SCMP_SYS(brk),
    SCMP_SYS(close),    SCMP_SYS(futex),        SCMP_SYS(getrandom),  SCMP_SYS(clock_gettime),
    SCMP_SYS(exit),     SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(poll),
    SCMP_SYS(ppoll),
};

// Puts the list into force and away: 0 or a negative errno. `rc` is how its making went.
static int install(scmp_filter_ctx list, int rc)
{
    if (rc == 0)
        rc = seccomp_attr_set(list, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0)
        rc = seccomp_load(list);
    seccomp_release(list);
    return rc;
}

// A network namespace would do as well, and take a hundred times as long to make and to put away. io_uring makes
// sockets without the call.
int cage_no_network(void)
{
    scmp_filter_ctx list = seccomp_init(SCMP_ACT_ALLOW);
    int rc;

    if (!list)
        return -ENOMEM;
    rc = seccomp_rule_add(list, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(io_uring_setup), 0);
    if (rc == 0)
        rc = seccomp_rule_add(list, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_NE, AF_UNIX));
    return install(list, rc);
}

// libseccomp takes one condition on an argument in a rule: each family that is not to be had by a rule of its own.
int cage_network_out(void)
{
    static const int denied[] = {SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(io_uring_setup)};
    scmp_filter_ctx list = seccomp_init(SCMP_ACT_ALLOW);
    int rc = list ? 0 : -ENOMEM;

    for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(denied); i++)
        rc = seccomp_rule_add(list, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
    for (int family = 0; rc == 0 && family < AF_INET6; family++) {
        if (family != AF_UNIX && family != AF_INET)
            rc = seccomp_rule_add(list, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
    }
    if (rc == 0)
        rc = seccomp_rule_add(list, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
                              SCMP_A0(SCMP_CMP_GT, AF_INET6));
    return list ? install(list, rc) : rc;
}

// Those of which an argument has to have a value.
static int add_rules(scmp_filter_ctx list, int answer)
{
    int rc = seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)answer));

    if (rc == 0) // to nobody but the socket's peer
        rc = seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, SCMP_A4(SCMP_CMP_EQ, 0));
    if (rc == 0)
        rc = seccomp_rule_add(list, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return rc;
}

int cage_few_calls(int answer, struct err *err)
{
    scmp_filter_ctx list = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = list ? add_rules(list, answer) : -ENOMEM;

    for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(plain); i++)
        rc = seccomp_rule_add(list, SCMP_ACT_ALLOW, plain[i], 0);
    for (const unsigned *call = cage_more_calls; rc == 0 && *call != (unsigned)CAGE_CALLS_END; call++)
        rc = seccomp_rule_add(list, SCMP_ACT_ALLOW, (int)*call, 0);
    if (list)
        rc = install(list, rc);
    return rc < 0 ? err_set(err, rc, "the kernel takes no list of system calls: %s", strerror(-rc)) : 0;
}
