// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-hook NAME OP SUBOP EXTRA, the domain's XML on standard input: libvirtd runs it and waits for it at every
// start and stop of a guest, and lets the guest fail when it fails. So it tells the watcher once, without waiting,
// and exits 0 whatever happens: see README.md.
#include "common/cleanup.h"
#include "common/record.h"
#include "hooks/hook_mark.h"
#include "hooks/hookspool.h"
#include "hooks/xmlscan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#ifndef HOOK_SOCKET
#define HOOK_SOCKET "/run/virtrust/hook.sock"
#endif
#ifndef HOOK_SPOOL
#define HOOK_SPOOL "/var/spool/virtrust/hook"
#endif

enum {
    XML_MAX = 512 * 1024, // what is longer is left out
    READ_MS = 2000,       // libvirt writes the XML at once; somebody else might not
    LIFE_S = 5,           // a disk or a scheduler that hangs: the guest does not wait longer for us
    ARGUMENT_MAX = 512,   // bytes taken of an argument
};

// hook_install tells by this that a file is ours.
__attribute__((used)) static const char mark[] = HOOK_MARK;

// In the data segment: where memory is short a hook still does its work, or ends well.
static char xml[XML_MAX + 1];
static char signal_stack[16 * 1024];

static void end_well(int number)
{
    (void)number;
    _exit(0);
}

// No signal gives another exit status than 0, but for those that nobody can catch. What would only end us is held back
// by one call, which costs less than ignoring sixty signals one after the other.
static void tame_signals(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS,  SIGABRT, SIGFPE, SIGILL,
                                 SIGSYS,  SIGALRM, SIGTERM, SIGINT, SIGQUIT};
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    struct sigaction action = {.sa_handler = end_well, .sa_flags = SA_ONSTACK};
    sigset_t held;

    sigaltstack(&stack, NULL);
    sigfillset(&held);
    for (size_t i = 0; i < ARRAY_SIZE(deadly); i++) {
        sigaction(deadly[i], &action, NULL);
        sigdelset(&held, deadly[i]);
    }
    sigprocmask(SIG_SETMASK, &held, NULL);
    alarm(LIFE_S);
}

static void close_from_3(void)
{
    struct rlimit limit = {.rlim_cur = 1024};

#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0)
        return;
#endif
    getrlimit(RLIMIT_NOFILE, &limit);
    for (int fd = 3; fd < 65536 && (rlim_t)fd < limit.rlim_cur; fd++)
        close(fd);
}

// What libvirt holds open must not stay open here, and nothing that is printed may reach it: it would take the place
// of the XML. Standard input stays where there is one.
static void settle_descriptors(void)
{
    int null;

    close_from_3();
    close(1);
    close(2);
    // The lowest free number: 0 where standard input was closed.
    do
        null = open("/dev/null", O_RDWR);
    while (null >= 0 && null < 2);
    if (null > 2)
        close(null);
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec t = {0};

    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// Reads what comes within READ_MS. The length; *ret_cut when that was not all.
static size_t read_xml(bool *ret_cut)
{
    int64_t deadline = clock_us(CLOCK_MONOTONIC) + READ_MS * 1000LL;
    size_t len = 0;

    *ret_cut = false;
    while (len <= XML_MAX) {
        int64_t left = (deadline - clock_us(CLOCK_MONOTONIC)) / 1000;
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        ssize_t n;

        if (left <= 0 || poll(&p, 1, (int)left) <= 0)
            break;
        // At most what is there: this must not wait for more.
        n = read(STDIN_FILENO, xml + len, sizeof xml - len);
        if (n == 0)
            return len;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (n > 0)
            len += (size_t)n;
    }
    *ret_cut = true;
    return len < XML_MAX ? len : XML_MAX;
}

static struct record *make_record(char **words, size_t len, bool cut, int64_t at_us)
{
    static const char *const keys[] = {"name", "op", "subop"};
    struct record *r = record_new("hook");
    char text[ARGUMENT_MAX];

    if (!r)
        return NULL;
    if (xmlscan_child(xml, len, "uuid", text, sizeof text) == 0)
        record_add(r, "guest", text);
    if (!words[0] && xmlscan_child(xml, len, "name", text, sizeof text) == 0)
        record_add(r, "name", text);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (words[i])
            record_add_bytes(r, keys[i], words[i], strnlen(words[i], ARGUMENT_MAX));
    record_add_i64(r, "at_us", at_us);
    if (cut)
        record_add(r, "xml_cut", "1");
    else if (len)
        record_add_bytes(r, "xml", xml, len);
    return r;
}

static int send_datagram(const char *data, size_t len)
{
    static const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = HOOK_SOCKET};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    return sendto(fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address,
                  sizeof address) == (ssize_t)len
               ? 0
               : -EAGAIN;
}

int main(int argc, char **argv)
{
    _cleanup_record_ struct record *r = NULL;
    _cleanup_free_ char *data = NULL;
    char *words[3] = {NULL, NULL, NULL};
    size_t len = 0, encoded = 0;
    bool cut = false;
    int64_t at_us = clock_us(CLOCK_REALTIME);
    int rc;

    tame_signals();
    settle_descriptors();
    umask(077);
    for (int i = 1; i < argc && i <= 3; i++)
        words[i - 1] = argv[i];
    len = read_xml(&cut);
    r = make_record(words, len, cut, at_us);
    rc = r ? record_encode(r, &data, &encoded) : -ENOMEM;
    if (rc == -E2BIG) { // escaping made it too long
        r = record_free(r);
        r = make_record(words, len, true, at_us);
        rc = r ? record_encode(r, &data, &encoded) : -ENOMEM;
    }
    if (rc == 0 && send_datagram(data, encoded) < 0)
        (void)hookspool_put(HOOK_SPOOL, at_us, (long)getpid(), data, encoded);
    _exit(0);
}
