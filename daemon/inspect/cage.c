// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/cage.h"

#include "common/os/recio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static struct record *no_cage(const struct err *err)
{
    struct failure f = {0};

    fail(&f, "no-cage", "the process that parses guest bytes cannot be caged: %.300s", err->text);
    return failure_record(&f);
}

// In the new process. NULL only when out of memory.
static struct record *live(const struct cage_job *job, struct cage_user user, int parent, int answer,
                           struct cage_fds *keep)
{
    struct record *r;
    struct err err = {0};

    if (cage_drop(user, parent, job->cpu_s ? job->cpu_s : CAGE_CPU_S, &err) < 0)
        return no_cage(&err);
    r = job->before(job->arg, keep);
    if (r)
        return r;
    if (cage_close(keep, answer, &err) < 0 || cage_no_files(&err) < 0 || cage_few_calls(answer, &err) < 0)
        return no_cage(&err);
    return job->inside(job->arg);
}

static _Noreturn void prisoner(const struct cage_job *job, struct cage_user user, int parent, int answer)
{
    struct cage_fds keep = {.count = 0};
    struct record *r;
    char *text = NULL;
    size_t len = 0;

    prctl(PR_SET_NAME, "inspect-cage");
    // A handler of the parent's has no business here.
    for (int i = 1; i < SIGRTMIN; i++)
        signal(i, SIG_DFL);
    r = live(job, user, parent, answer, &keep);
    if (!r || record_encode(r, &text, &len) < 0)
        _exit(1);
    for (size_t done = 0; done < len;) {
        ssize_t n = write(answer, text + done, len - done);

        if (n <= 0)
            _exit(1);
        done += (size_t)n;
    }
    _exit(0);
}

// Why there is no answer, by how the process ended.
static int told_by_end(int status, unsigned cpu_s, struct failure *f)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (signal == SIGSYS)
        return fail(
            f, "unknown-filesystem",
            "the parser tried a system call that parsing does not need, and was stopped: this disk may "
            "have been made to attack it");
    if (signal == SIGKILL) {
        fail(f, "internal", "the parser was ended from outside (SIGKILL), as a host short of memory does");
        f->next = "look again; the kernel's log (dmesg) tells whether the memory ran out";
        return -1;
    }
    if (signal == SIGXCPU)
        return fail(f, "unknown-filesystem",
                    "the parser was stopped after %u s of work: this disk's file systems are damaged, or "
                    "made to keep it busy",
                    cpu_s);
    if (signal)
        return fail(f, "unknown-filesystem",
                    "the parser crashed (%s): this disk's file systems are damaged, or made to do that",
                    strsignal(signal));
    return fail(f, "unknown-filesystem",
                "the parser ended without an answer: this disk's file systems need more memory than a look "
                "may take");
}

static int end_of(pid_t pid, bool kill_it)
{
    int status = 0;

    if (kill_it)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

int cage_run(const struct cage_job *job, unsigned timeout_s, struct record **ret, struct failure *f)
{
    int limit = timeout_s > INT_MAX / 1000 ? INT_MAX : (int)timeout_s * 1000, pipe_fds[2], status, rc;
    struct cage_user user = cage_user_find();
    _cleanup_(recio_freep) struct recio *stream = NULL;
    struct err err = {0};
    pid_t parent = getpid(), pid;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return fail(f, "internal", "pipe: %s", strerror(errno));
    pid = fork();
    if (pid == 0)
        prisoner(job, user, parent, pipe_fds[1]);
    close(pipe_fds[1]);
    stream = recio_new(pipe_fds[0]);
    if (pid < 0 || !stream) {
        if (pid > 0)
            end_of(pid, true);
        return fail(f, "internal", "no process for the cage: %s", strerror(errno));
    }
    rc = recio_next(stream, limit, ret, &err);
    if (rc == -ETIMEDOUT) {
        end_of(pid, true);
        return fail(f, "timed-out", "the parser took longer than %u seconds", timeout_s);
    }
    if (rc == 0 && job->answered)
        job->answered(job->arg, *ret);
    // It ends right behind its answer; one that does not is ended.
    status = end_of(pid, rc == 0);
    if (rc == 0)
        return 0;
    if (rc != RECIO_END)
        return fail(f, "unknown-filesystem",
                    "the parser gave an answer that is none (%.300s): this disk may "
                    "have been made to attack it",
                    err.text);
    return told_by_end(status, job->cpu_s ? job->cpu_s : CAGE_CPU_S, f);
}
