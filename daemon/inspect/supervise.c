// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/supervise.h"

#include "common/os/recio.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { KILL_ROUNDS = 100, KILL_PAUSE_US = 50 * 1000, LIFE_FD = 3, DIR_MAX = 64 };

struct pipes {
    char dir[DIR_MAX]; // the worker's; the janitor makes it
    int life[2];       // this process holds [1] as long as it lives; the janitor reads [0]
    int go[2];         // the janitor gives the worker its directory, and stands ready
    int answer[2];     // the worker's record
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if (type == FTW_DP || type == FTW_DNR)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

// What is not there any more is fine.
static void remove_all(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void quiet(int first, int last)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = first; fd >= 0 && i <= last; i++)
        dup2(fd, i);
    if (fd > last)
        close(fd);
}

static void close_pair(int pair[2])
{
    for (int i = 0; i < 2; i++) {
        if (pair[i] >= 0)
            close(pair[i]);
        pair[i] = -1;
    }
}

static void pipes_done(struct pipes *p)
{
    close_pair(p->life);
    close_pair(p->go);
    close_pair(p->answer);
}

// Where private directories go. A longer path would not leave room for the name of a socket in it.
static const char *top(void)
{
    const char *where = getenv("TMPDIR");

    return where && where[0] == '/' && strlen(where) <= 40 ? where : "/tmp";
}

// Nobody guesses it, and nobody else's is taken: mkdir takes none that is there.
static void name_directory(char ret[static DIR_MAX])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[8];
    char name[sizeof random + 1] = "";

    if (getrandom(random, sizeof random, 0) != sizeof random)
        abort(); // a kernel without randomness
    for (size_t i = 0; i < sizeof random; i++)
        name[i] = letters[random[i] % 32];
    snprintf(ret, DIR_MAX, "%s/virtrust-look-%s", top(), name);
}

// Makes the private directory itself, so that there is none without somebody who removes it. A byte is the worker's
// sign to start: whether it could be made.
//
// Holds nothing of its parent but the one descriptor: whoever reads the parent's output must not wait for the
// janitor.
static _Noreturn void janitor(struct pipes *p, pid_t worker)
{
    char made, byte;
    ssize_t n;

    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_NAME, "inspect-janitor");
    made = mkdir(p->dir, 0700) == 0;
    if (write(p->go[1], &made, 1) != 1)
        _exit(made ? rmdir(p->dir) : 1);
    dup2(p->life[0], LIFE_FD);
    close_range(LIFE_FD + 1, UINT_MAX, 0);
    quiet(STDIN_FILENO, STDERR_FILENO);
    // A byte says that all of them have been killed, and are being put away meanwhile.
    while ((n = read(LIFE_FD, &byte, 1)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            remove_all(p->dir);
    }
    // The worker leads its group, and nothing in it leaves that. A member that is just being forked escapes
    // one round, not the next.
    for (int i = 0; i < KILL_ROUNDS && kill(-worker, SIGKILL) == 0; i++)
        usleep(i == 0 ? 1000 : KILL_PAUSE_US);
    remove_all(p->dir);
    _exit(0);
}

static struct record *no_directory(void)
{
    struct failure f = {0};

    fail(&f, "internal", "no private directory can be made in %s", top());
    return failure_record(&f);
}

static _Noreturn void worker(struct pipes *p, const struct supervised *job, pid_t parent)
{
    _cleanup_record_ struct record *answer = NULL;
    // Of 0 a handler behind a pipe in core_pattern takes no notice; the kernel itself keeps to 1.
    struct rlimit none = {1, 1};
    char made;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "inspect-worker");
    setrlimit(RLIMIT_CORE, &none);
    close(p->life[1]);
    close(p->go[1]);
    close(p->answer[0]);
    // Ends of the pipe say that the parent is gone, and with it the janitor's reason to be.
    if (getppid() != parent || read(p->go[0], &made, 1) != 1)
        _exit(1);
    quiet(STDIN_FILENO, getenv("VIRTRUST_INSPECT_TRACE") ? STDOUT_FILENO : STDERR_FILENO);
    answer = made ? job->prepare(job->arg) : no_directory();
    if (!answer)
        answer = job->run(job->arg, p->dir);
    _exit(answer && recio_write(p->answer[1], answer, -1, NULL) == 0 ? 0 : 1);
}

static int start(struct pipes *p, const struct supervised *job, pid_t *ret_worker, pid_t *ret_janitor)
{
    pid_t parent = getpid();

    *ret_worker = fork();
    if (*ret_worker == 0)
        worker(p, job, parent);
    if (*ret_worker < 0)
        return -errno;
    // Either side may be first; the janitor needs the group to exist.
    setpgid(*ret_worker, *ret_worker);
    *ret_janitor = fork();
    if (*ret_janitor == 0)
        janitor(p, *ret_worker);
    if (*ret_janitor < 0)
        return -errno;
    close(p->answer[1]);
    p->answer[1] = -1;
    // The janitor alone has a word to say here: when it cannot, the worker ends.
    close_pair(p->go);
    return 0;
}

// Waits for the beginning of an answer or the worker's end, which the pipe alone would not tell: what the
// worker started may still hold it. 0, -ETIMEDOUT, -ECHILD.
static int await_worker(int answer, pid_t worker_pid, int limit_ms)
{
    _cleanup_close_ int worker_fd = pidfd_open(worker_pid, 0);
    struct pollfd p[] = {{.fd = answer, .events = POLLIN}, {.fd = worker_fd, .events = POLLIN}};
    int rc;

    do
        rc = poll(p, worker_fd < 0 ? 1 : 2, limit_ms);
    while (rc < 0 && errno == EINTR);
    if (rc == 0)
        return -ETIMEDOUT;
    // It may have answered and ended in between.
    return p[0].revents || poll(p, 1, 0) > 0 ? 0 : -ECHILD;
}

static int await(struct pipes *p, pid_t worker_pid, unsigned timeout_s, struct record **ret,
                 struct failure *f)
{
    int limit = timeout_s > INT_MAX / 1000 ? INT_MAX : (int)timeout_s * 1000, rc;
    _cleanup_(recio_freep) struct recio *stream = recio_new(p->answer[0]);
    struct err err = {0};

    if (!stream)
        return fail(f, "internal", "out of memory");
    rc = await_worker(take_fd(p->answer[0]), worker_pid, limit);
    if (rc == 0)
        rc = recio_next(stream, limit, ret, &err);
    if (rc == 0)
        return 0;
    if (rc == -ETIMEDOUT)
        return fail(f, "timed-out", "the look took longer than %u seconds", timeout_s);
    return fail(f, "internal", "the process that looked died without an answer%s%s", err.text[0] ? ": " : "",
                err.text);
}

int supervise(const struct supervised *job, unsigned timeout_s, struct record **ret, struct failure *f)
{
    _cleanup_(pipes_done) struct pipes p = {.life = {-1, -1}, .go = {-1, -1}, .answer = {-1, -1}};
    pid_t worker_pid = -1, janitor_pid = -1;
    int rc, status = 0;

    if (pipe2(p.life, O_CLOEXEC) < 0 || pipe2(p.go, O_CLOEXEC) < 0 || pipe2(p.answer, O_CLOEXEC) < 0)
        return fail(f, "internal", "pipe: %s", strerror(errno));
    // What the worker leaves behind becomes ours to reap, whatever process 1 is like.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    name_directory(p.dir);
    rc = start(&p, job, &worker_pid, &janitor_pid);
    if (rc < 0)
        fail(f, "internal", "the look cannot be started: %s", strerror(-rc));
    else
        rc = await(&p, worker_pid, timeout_s, ret, f);
    // What the janitor would do had this process been killed here: so it finds nothing left to kill, and need not
    // wait for it. Orphans are reaped too: a zombie counts as a member of its group.
    if (worker_pid > 0)
        kill(-worker_pid, SIGKILL);
    // Meanwhile it clears the directory; whatever is still made there by one that is just dying goes afterwards.
    if (janitor_pid > 0)
        (void)!write(p.life[1], "", 1);
    while (worker_pid > 0 && waitpid(-worker_pid, NULL, 0) > 0)
        ;
    close_pair(p.life);
    close_pair(p.go);
    // One that was killed has left its work to this process.
    if (janitor_pid > 0 && waitpid(janitor_pid, &status, 0) == janitor_pid && WIFSIGNALED(status))
        remove_all(p.dir);
    return rc < 0 ? -1 : 0;
}
