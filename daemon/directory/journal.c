// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/journal.h"

#include "common/os/fault.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum { LIST_MAX = 8 * 1024 * 1024, LIST_LOCK_MS = 10000, POLL_MS = 20, ARRIVE_US = 2000000 };

#define NEXT_STATE "give virtrust-directory a state directory that it owns, mode 0700, on a disk with room"
#define NEXT_LIST "find out what damaged it; as administrator move it away to start counting anew"

static int failed(struct failure *f, const char *what, const char *name)
{
    int code = -errno;

    return failure_set(f, code, "state", NEXT_STATE, "cannot %s %s: %s", what, name, strerror(-code));
}

int state_open(const char *state_dir, int *ret_fd, struct failure *f)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -1;
    struct stat st;

    if (asprintf(&path, "%s/directory", state_dir) < 0) {
        path = NULL;
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    }
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return failed(f, "make", path);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return failed(f, "open", path);
    if (st.st_uid != geteuid() || (st.st_mode & 077))
        return failure_set(
            f, -EPERM, "state", NEXT_STATE,
            "%s must belong to the user that virtrust-directory runs as and be closed to others (0700)",
            path);
    *ret_fd = take_fd(fd);
    return 0;
}

// flock() has no time limit of its own. Others hold these locks for moments (list) or one request (account).
static int lock_file(int dir, const char *name, int timeout_ms, int *ret_fd, struct failure *f)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000};
    _cleanup_close_ int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return failed(f, "open", name);
    for (int left = timeout_ms; flock(fd, LOCK_EX | LOCK_NB) < 0; left -= POLL_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return failed(f, "lock", name);
        if (left <= 0)
            return failure_set(f, -ETIMEDOUT, "busy", "ask again in a minute",
                               "another request about this account is still under way (%s)", name);
        nanosleep(&pause, NULL);
    }
    *ret_fd = take_fd(fd);
    return 0;
}

// The lock files stay: removing one would let two processes hold "the" lock. They are empty, one an account.
int account_lock(int dir, const char *guid, int timeout_ms, int *ret_fd, struct failure *f)
{
    char name[sizeof "lock." + GUID_TEXT];

    snprintf(name, sizeof name, "lock.%s", guid);
    return lock_file(dir, name, timeout_ms, ret_fd, f);
}

static int read_whole(int fd, char **ret)
{
    _cleanup_free_ char *text = NULL;
    struct stat st;
    size_t len = 0;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size > LIST_MAX)
        return -EFBIG;
    text = calloc(1, (size_t)st.st_size + 1);
    if (!text)
        return -ENOMEM;
    while (len < (size_t)st.st_size) {
        ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    *ret = take(text);
    return 0;
}

static int load(struct journal *j, struct failure *f)
{
    _cleanup_close_ int fd = openat(j->dir, j->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_free_ char *text = NULL;
    struct err err = {0};
    int rc;

    if (fd < 0)
        return errno == ENOENT ? 0 : failed(f, "open", j->file);
    rc = read_whole(fd, &text);
    if (rc == 0)
        rc = attempts_parse(text, &j->attempts, &err);
    if (rc < 0)
        return failure_set(f, rc, "state", NEXT_LIST, "cannot read the list of resets %s: %s", j->file,
                           err.text[0] ? err.text : strerror(-rc));
    return 0;
}

int journal_open(int dir, const char *domain, struct journal **ret, struct failure *f)
{
    _cleanup_(journal_freep) struct journal *j = calloc(1, sizeof *j);
    char lock[sizeof j->file + sizeof ".lock"];
    int rc;

    if (!j)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    j->dir = dir;
    j->lock = -1;
    snprintf(j->file, sizeof j->file, "attempts.%s", domain);
    for (char *c = j->file; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    snprintf(lock, sizeof lock, "%s.lock", j->file);
    rc = lock_file(dir, lock, LIST_LOCK_MS, &j->lock, f);
    if (rc == 0)
        rc = load(j, f);
    if (rc == 0)
        *ret = take(j);
    return rc;
}

struct journal *journal_free(struct journal *j)
{
    if (!j)
        return NULL;
    attempts_done(&j->attempts);
    if (j->lock >= 0)
        close(j->lock);
    free(j);
    return NULL;
}

static int write_whole(int fd, const char *text, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, text + done, len - done);

        if (n < 0 && errno != EINTR)
            return -1;
        done += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd);
}

int journal_store(struct journal *j, struct failure *f)
{
    char temporary[sizeof j->file + sizeof ".new"];
    _cleanup_free_ char *text = NULL;
    _cleanup_close_ int fd = -1;
    size_t len;

    snprintf(temporary, sizeof temporary, "%s.new", j->file);
    if (attempts_format(&j->attempts, &text, &len) < 0)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    fd = openat(j->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write_whole(fd, text, len) < 0)
        return failed(f, "write", temporary);
    fault_point("directory.journal.written");
    if (renameat(j->dir, temporary, j->dir, j->file) < 0 || fsync(j->dir) < 0)
        return failed(f, "put in place", j->file);
    return 0;
}

int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int journal_let_arrive(int dir, const char *domain, const char *guid, struct failure *f)
{
    _cleanup_(journal_freep) struct journal *j = NULL;
    const struct attempt *last;
    int64_t age;
    int rc = journal_open(dir, domain, &j, f);

    if (rc < 0)
        return rc;
    last = attempts_of_guid(&j->attempts, guid);
    if (!last || last->state == ATTEMPT_DONE || last->state == ATTEMPT_REFUSED)
        return 0;
    age = now_us() - last->at_us;
    j = journal_free(j); // others need not wait with us
    if (age < ARRIVE_US)
        usleep((useconds_t)(age < 0 ? ARRIVE_US : ARRIVE_US - age));
    return 0;
}
