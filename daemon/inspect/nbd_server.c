// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/nbd_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { LISTEN_FD = 3, GREETING_MS = 200, FIRST_SPARE_FD = 10 };

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

// In the child, between fork and exec. The images' descriptors keep their numbers, for they stand in the
// JSON.
static void run_server(const struct disk_chain *chain, const char *json, int listener, int log, pid_t parent)
{
    char pid[16];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
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
    execlp("qemu-nbd", "qemu-nbd", "--read-only", "--persistent", "--shared=8", json, (char *)NULL);
    fprintf(stderr, "qemu-nbd cannot be started: %s\n", strerror(errno));
    _exit(127);
}

// QEMU's last word about it: the first line of its log, without its own name.
static void read_log(int log, char ret[static EVIDENCE_TEXT])
{
    ssize_t n = pread(log, ret, EVIDENCE_TEXT - 1, 0);
    const char *prefix = "qemu-nbd: ";

    ret[n > 0 ? n : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    if (strncmp(ret, prefix, strlen(prefix)) == 0)
        memmove(ret, ret + strlen(prefix), strlen(ret + strlen(prefix)) + 1);
}

static int refused(int log, int status, struct failure *f)
{
    char text[EVIDENCE_TEXT];

    read_log(log, text);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return fail(f, "no-engine", "%s; install qemu-utils", text);
    if (strstr(text, " lock"))
        return fail(f, "locked", "QEMU cannot read the image: %s", text);
    return fail(f, "unsupported-disk", "QEMU refuses the image: %s",
                text[0] ? text : "it ended without a word");
}

// The greeting of the protocol tells that the image is open. Its limit is the look's own, kept from outside.
static int await(struct nbd_server *nbd, int log, struct failure *f)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int status;

    snprintf(at.sun_path, sizeof at.sun_path, "%s", nbd->socket);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
        return fail(f, "internal", "%s cannot be reached: %s", nbd->socket, strerror(errno));
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char greeting[8];

        if (poll(&p, 1, GREETING_MS) > 0 &&
            recv(fd, greeting, sizeof greeting, MSG_DONTWAIT) == sizeof greeting)
            return 0;
        if (waitpid(nbd->pid, &status, WNOHANG) == nbd->pid) {
            nbd->pid = 0;
            return refused(log, status, f);
        }
    }
}

int nbd_server_start(const struct disk_chain *chain, const char *base, struct nbd_server *ret,
                     struct failure *f)
{
    _cleanup_close_ int listener = -1, log = -1, spare = -1;
    _cleanup_free_ char *json = disk_chain_json(chain), *log_path = NULL;
    pid_t parent = getpid();

    if (!json || asprintf(&log_path, "%s.log", base) < 0)
        return fail(f, "internal", "out of memory");
    if (strlen(base) >= sizeof ret->socket)
        return fail(f, "internal", "%s is too long for a socket; set TMPDIR to a shorter path", base);
    snprintf(ret->socket, sizeof ret->socket, "%s", base);
    listener = listen_at(base, f);
    if (listener < 0)
        return -1;
    spare = open(log_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    log = spare < 0 ? -1 : fcntl(spare, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
    if (log < 0)
        return fail(f, "internal", "%s cannot be made: %s", log_path, strerror(errno));
    ret->pid = fork();
    if (ret->pid == 0)
        run_server(chain, json, listener, log, parent);
    if (ret->pid < 0) {
        ret->pid = 0;
        return fail(f, "internal", "fork: %s", strerror(errno));
    }
    return await(ret, log, f);
}

void nbd_server_stop(struct nbd_server *nbd)
{
    // SIGKILL, for it can hang on an early SIGTERM, and it holds nothing that needs an orderly end.
    if (nbd->pid > 0) {
        kill(nbd->pid, SIGKILL);
        waitpid(nbd->pid, NULL, 0);
    }
    nbd->pid = 0;
}
