// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The list of system calls of the cage, as a program for the kernel. A call that is not on it ends the process:
// an administrator wants to know of a disk that makes a parser try.
#include "daemon/inspect/cage.h"

#include "daemon/inspect/cage_grants.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define THIS_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define THIS_ARCH AUDIT_ARCH_S390X
#else
#define THIS_ARCH 0
#endif
_Static_assert(THIS_ARCH != 0, "cage_calls.c has to be told this processor's AUDIT_ARCH");

// The low half of an argument; the upper half of those looked at here means nothing to the kernel (int, and
// flags below 2^32), or, for pointers, is looked at as well.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW 0
#else
#define LOW 4
#endif

// Whatever its arguments are.
static const unsigned plain[] = {
    SYS_recvfrom,  SYS_read,          SYS_pread64, SYS_lseek,        SYS_munmap,
    SYS_mremap,    SYS_madvise,       SYS_brk,     SYS_close,        SYS_futex,
    SYS_getrandom, SYS_clock_gettime, SYS_exit,    SYS_rt_sigreturn, SYS_exit_group,
};

// With one argument that has to have a value, in both its halves.
struct rule {
    unsigned call, argument;
    uint32_t mask, value; // of the low half
    bool whole;           // the high half has to be 0
};

enum { PROGRAM_MAX = 128 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short len;
};

static void add(struct program *p, unsigned code, uint32_t k, unsigned char if_true, unsigned char if_false)
{
    if (p->len < PROGRAM_MAX)
        p->code[p->len++] = (struct sock_filter){
            .code = (unsigned short)code, .jt = if_true, .jf = if_false, .k = k};
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void verdict(struct program *p, uint32_t what)
{
    add(p, BPF_RET | BPF_K, what, 0, 0);
}

static void add_call(struct program *p, unsigned call)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    verdict(p, SECCOMP_RET_ALLOW);
}

// The number is loaded; it is loaded again behind this.
static void add_rule(struct program *p, const struct rule *r)
{
    size_t at = offsetof(struct seccomp_data, args) + 8 * r->argument;
    unsigned char rest = r->whole ? 7 : 5;

    add(p, BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, rest);
    if (r->whole) {
        load(p, at + (LOW ? 0 : 4));
        add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 4);
    }
    load(p, at + LOW);
    add(p, BPF_ALU | BPF_AND | BPF_K, r->mask, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1);
    verdict(p, SECCOMP_RET_ALLOW);
    verdict(p, SECCOMP_RET_KILL_PROCESS);
}

static void begin(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
    verdict(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
}

static int install(struct program *p)
{
    struct sock_fprog program = {.len = p->len, .filter = p->code};

    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0 ? -errno : 0;
}

// A network namespace would do as well, and take a hundred times as long to make and to put away. io_uring makes
// sockets without the call.
int cage_no_network(void)
{
    struct program p = {.len = 0};

    begin(&p);
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1);
    verdict(&p, SECCOMP_RET_ERRNO | EPERM);
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3);
    load(&p, offsetof(struct seccomp_data, args) + LOW);
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
    verdict(&p, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    verdict(&p, SECCOMP_RET_ALLOW);
    return install(&p);
}

int cage_few_calls(int answer, struct err *err)
{
    const struct rule rules[] = {
        {SYS_write, 0, ~0U, (uint32_t)answer, false},
        {SYS_sendto, 4, ~0U, 0, true}, // to nobody but the socket's peer
        {SYS_mmap, 2, PROT_EXEC, 0, false},
    };
    struct program p = {.len = 0};
    int rc;

    begin(&p);
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
        add_call(&p, plain[i]);
    for (const unsigned *call = cage_more_calls; *call != (unsigned)CAGE_CALLS_END; call++)
        add_call(&p, *call);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        add_rule(&p, &rules[i]);
    verdict(&p, SECCOMP_RET_KILL_PROCESS);
    rc = install(&p);
    return rc < 0 ? err_set(err, rc, "the kernel takes no list of system calls: %s", strerror(-rc)) : 0;
}
