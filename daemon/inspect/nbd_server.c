// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/nbd_server.h"

#include "daemon/inspect/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { LISTEN_FD = 3, GREETING_MS = 200, FIRST_SPARE_FD = 10, NOBODY = 65534, LOG_MAX = 64 * 1024 };

static const char usual_place[] = "/usr/bin/qemu-nbd";

static int listen_at(const char *path, struct failure *f)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    if (fd < 0)
        return fail(f, "internal", "socket: %s", strerror(errno));
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 8) < 0)
        return fail(f, "internal", "%s cannot be listened at: %s", path, strerror(errno));
    return take_fd(fd);
}

static int change_user(void)
{
    if (geteuid() != 0)
        return 0;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
        setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -errno;
    return 0;
}

// Of whatever powers there are the server keeps one: to read images that belong to others. It opens them anew
// by /dev/fd/N, which asks for that right again.
static int shed_powers(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{0}};
    uint32_t kept;
    int rc = change_user();

    if (rc < 0)
        return rc;
    if (syscall(SYS_capget, &head, caps) < 0)
        return -errno;
    kept = caps[0].permitted & 1U << CAP_DAC_READ_SEARCH;
    caps[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept, .inheritable = kept};
    caps[1] = (struct __user_cap_data_struct){0};
    if (syscall(SYS_capset, &head, caps) < 0 ||
        (kept && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) < 0))
        return -errno;
    return 0;
}

// In the child, between fork and exec. The images' descriptors keep their numbers, for they stand in the
// JSON.
static void run_server(const struct disk_chain *chain, const char *json, const char *snapshot, int listener,
                       int log, pid_t parent)
{
    const char *argv[] = {"qemu-nbd", "--read-only", "--persistent", "--shared=8", json, NULL, NULL, NULL};
    char pid[16];

    // The change of user clears the wish to die with the parent.
    if (shed_powers() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(1);
    // A disk that is a file, or that a socket of this host serves, needs no network.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        (chain->images[0].remote ? cage_network_out() : cage_no_network()) < 0)
        _exit(1);
    for (size_t i = 0; i < chain->count; i++)
        fcntl(chain->images[i].fd, F_SETFD, 0);
    if (dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0)
        _exit(1);
    if (listener == LISTEN_FD)
        fcntl(listener, F_SETFD, 0);
    else if (dup2(listener, LISTEN_FD) < 0)
        _exit(1);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    if (snapshot) {
        argv[5] = "--load-snapshot";
        argv[6] = snapshot;
    }
    // In the usual place first: each directory of a long PATH costs a call.
    execv(usual_place, (char **)argv);
    execvp(argv[0], (char **)argv);
    fprintf(stderr, "qemu-nbd cannot be started: %s\n", strerror(errno));
    _exit(127);
}

// QEMU's last word about it: the first line of its log, without its own name, and without the disk's description in
// JSON, which is long and says nothing that the request does not.
static const char *reason_of(char *log)
{
    static const char prefix[] = "qemu-nbd: ", end[] = "}': ";
    char *json, *next;

    log[strcspn(log, "\n")] = '\0';
    if (strncmp(log, prefix, strlen(prefix)) == 0)
        log += strlen(prefix);
    json = strstr(log, "json:{");
    while (json && (next = strstr(json, end)))
        log = json = next + strlen(end);
    return log;
}

// QEMU names neither the snapshot nor the image.
static int no_snapshot(const char *name, struct failure *f)
{
    fail(f, "unsupported-disk", "the image has no internal snapshot %s", name);
    f->next = "`qemu-img snapshot -U -l IMAGE`, or `virsh snapshot-list GUEST`, lists those that it has";
    return -1;
}

static int ended_by_signal(int number, struct failure *f)
{
    if (number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGILL || number == SIGFPE)
        return fail(f, "unsupported-disk", "qemu-nbd crashed (%s) on the image", strsignal(number));
    fail(f, "internal", "qemu-nbd, which reads the image, was ended from outside (%s)", strsignal(number));
    f->next = "look again; the kernel's log (dmesg) tells whether the memory ran out";
    return -1;
}

int nbd_server_refused(char *log, int status, const char *snapshot, struct failure *f)
{
    const char *text = reason_of(log);

    if (WIFSIGNALED(status))
        return ended_by_signal(WTERMSIG(status), f);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return fail(f, "no-engine", "%.400s; install qemu-utils", text);
    if (snapshot && strstr(text, "snapshot"))
        return no_snapshot(snapshot, f);
    if (strstr(text, " lock"))
        return fail(f, "locked", "QEMU cannot read the image: %.400s", text);
    return fail(f, "unsupported-disk", "QEMU refuses the image: %.400s",
                text[0] ? text : "it ended without a word");
}

int nbd_server_ended(struct nbd_server *nbd, int wait_ms, struct failure *f)
{
    _cleanup_close_ int fd = nbd->pid > 0 ? pidfd_open(nbd->pid, 0) : -1;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    _cleanup_free_ char *log = NULL;
    int status;
    ssize_t n;

    if (nbd->pid <= 0 || poll(&p, 1, wait_ms) <= 0 || waitpid(nbd->pid, &status, WNOHANG) != nbd->pid)
        return 0;
    nbd->pid = 0;
    log = malloc(LOG_MAX);
    if (!log)
        return fail(f, "internal", "out of memory");
    n = pread(nbd->log, log, LOG_MAX - 1, 0);
    log[n > 0 ? n : 0] = '\0';
    return nbd_server_refused(log, status, nbd->snapshot, f);
}

static int connect_to(const char *path, struct failure *f)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        return fail(f, "internal", "%s cannot be reached: %s", path, strerror(errno));
    return take_fd(fd);
}

int nbd_server_connect(const struct nbd_server *nbd, struct failure *f)
{
    return connect_to(nbd->socket, f);
}

// The greeting of the protocol tells that the image is open. Its limit is the look's own, kept from outside.
int nbd_server_wait(struct nbd_server *nbd, struct failure *f)
{
    _cleanup_close_ int fd = connect_to(nbd->socket, f);

    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char greeting[8];

        if (fd < 0)
            return -1;
        if (poll(&p, 1, GREETING_MS) > 0 &&
            recv(fd, greeting, sizeof greeting, MSG_DONTWAIT) == sizeof greeting)
            return 0;
        if (nbd_server_ended(nbd, 0, f) < 0)
            return -1;
    }
}

// The listening socket and the log, and the connection: who connects first need not wait for the server.
static int make_ends(const char *base, struct nbd_server *ret, int *listener, struct failure *f)
{
    _cleanup_free_ char *log_path = NULL;
    _cleanup_close_ int spare = -1;

    if (asprintf(&log_path, "%s.log", base) < 0)
        return fail(f, "internal", "out of memory");
    if (strlen(base) >= sizeof ret->socket)
        return fail(f, "internal", "%s is too long for a socket; set TMPDIR to a shorter path", base);
    snprintf(ret->socket, sizeof ret->socket, "%s", base);
    *listener = listen_at(base, f);
    if (*listener < 0)
        return -1;
    ret->fd = connect_to(base, f);
    if (ret->fd < 0)
        return -1;
    spare = open(log_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ret->log = spare < 0 ? -1 : fcntl(spare, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
    if (ret->log < 0)
        return fail(f, "internal", "%s cannot be made: %s", log_path, strerror(errno));
    return 0;
}

// As QEMU takes it: a comma in a name is written twice.
static int snapshot_option(const struct disk_chain *chain, char **ret)
{
    static const char prefix[] = "snapshot.name=";
    char *to;

    if (!chain->snapshot)
        return 0;
    *ret = to = malloc(sizeof prefix + 2 * strlen(chain->snapshot));
    if (!to)
        return -ENOMEM;
    to = stpcpy(to, prefix);
    for (const char *c = chain->snapshot; *c; c++) {
        if (*c == ',')
            *to++ = ',';
        *to++ = *c;
    }
    *to = '\0';
    return 0;
}

int nbd_server_start(const struct disk_chain *chain, const char *base, struct nbd_server *ret,
                     struct failure *f)
{
    _cleanup_close_ int listener = -1;
    _cleanup_free_ char *json = disk_chain_json(chain), *snapshot = NULL;
    pid_t parent = getpid();

    if (!json || snapshot_option(chain, &snapshot) < 0)
        return fail(f, "internal", "out of memory");
    ret->fd = ret->log = -1;
    ret->snapshot = chain->snapshot;
    if (make_ends(base, ret, &listener, f) < 0)
        return -1;
    ret->pid = fork();
    if (ret->pid == 0)
        run_server(chain, json, snapshot, listener, ret->log, parent);
    if (ret->pid >= 0)
        return 0;
    ret->pid = 0;
    return fail(f, "internal", "fork: %s", strerror(errno));
}

// SIGKILL, for it can hang on an early SIGTERM, and it holds nothing that needs an orderly end.
void nbd_server_kill(const struct nbd_server *nbd)
{
    if (nbd->pid > 0)
        kill(nbd->pid, SIGKILL);
}

void nbd_server_stop(struct nbd_server *nbd)
{
    nbd_server_kill(nbd);
    if (nbd->pid > 0)
        waitpid(nbd->pid, NULL, 0);
    // {0} never had any.
    if (nbd->fd > 0)
        close(nbd->fd);
    if (nbd->log > 0)
        close(nbd->log);
    *nbd = (struct nbd_server){0};
}
