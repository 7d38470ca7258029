// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/state.h"

#include "common/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024, TOKENS_KEPT = 32, NAME_LEN = 2 + TOKEN_LEN + 16 };

static const char where[] = "var/lib/virtrust-helper";

struct state {
    int fd; // the directory, locked; -1: there is none
    char path[PATH_MAX];
};

DEFINE_CLEANUP(DIR *, closedir);

bool token_valid(const char *token)
{
    return token && strlen(token) == TOKEN_LEN && strspn(token, "0123456789abcdef") == TOKEN_LEN;
}

// Only root's own directory is trusted: whoever may write there could hand us a secret of his choice.
static int check_owner(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
        return err_set(err, -EPERM, "%s: must belong to this user and be writable by nobody else", path);
    return 0;
}

static int make_directory(const char *path, struct err *err)
{
    char parent[PATH_MAX];
    char *slash;

    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    // On a minimal system /var/lib may be missing below a root of a test; nothing further up is made.
    strcpy(parent, path);
    slash = strrchr(parent, '/');
    *slash = '\0';
    if (errno != ENOENT || mkdir(parent, 0755) < 0 || mkdir(path, 0700) < 0)
        return err_set(err, -errno, "%s: cannot make it: %s", path, strerror(errno));
    return 0;
}

static struct state *state_alloc(void)
{
    struct state *st = calloc(1, sizeof *st);

    if (st)
        st->fd = -1;
    return st;
}

int state_open(const char *root, bool create, struct state **ret, struct err *err)
{
    _cleanup_state_ struct state *st = state_alloc();
    int rc;

    if (!st)
        return err_set(err, -ENOMEM, "out of memory");
    if (snprintf(st->path, sizeof st->path, "%s/%s", strcmp(root, "/") == 0 ? "" : root, where) >= PATH_MAX)
        return err_set(err, -ENAMETOOLONG, "%.200s: too long a path", root);
    rc = create ? make_directory(st->path, err) : 0;
    if (rc < 0)
        return rc;
    st->fd = open(st->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (st->fd < 0 && (errno != ENOENT || create))
        return err_set(err, -errno, "%s: %s", st->path, strerror(errno));
    if (st->fd >= 0) {
        rc = check_owner(st->fd, st->path, err);
        if (rc < 0)
            return rc;
        while (flock(st->fd, create ? LOCK_EX : LOCK_SH) < 0)
            if (errno != EINTR)
                return err_set(err, -errno, "%s: cannot lock it: %s", st->path, strerror(errno));
    }
    *ret = take(st);
    return 0;
}

struct state *state_free(struct state *st)
{
    if (!st)
        return NULL;
    if (st->fd >= 0)
        close(st->fd);
    free(st);
    return NULL;
}

static void name_of(const char *token, const char *name, char ret[static NAME_LEN])
{
    snprintf(ret, NAME_LEN, "%s%s%s%s", token ? "t-" : "", token ? token : "", token ? "/" : "", name);
}

static int failed(const struct state *st, const char *name, struct err *err)
{
    int code = -errno;

    return err_set(err, code, "%s/%s: %s", st->path, name, strerror(-code));
}

int state_read(struct state *st, const char *token, const char *name, struct record **ret, struct err *err)
{
    _cleanup_close_ int fd = -1;
    char path[NAME_LEN];
    char *buf;
    ssize_t n;
    size_t used;
    int rc;

    name_of(token, name, path);
    if (st->fd < 0)
        return -ENOENT;
    fd = openat(st->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : failed(st, path, err);
    buf = malloc(FILE_MAX);
    if (!buf)
        return err_set(err, -ENOMEM, "out of memory");
    n = read(fd, buf, FILE_MAX);
    rc = n < 0 ? failed(st, path, err) : record_decode(buf, (size_t)n, &used, ret, err);
    if (rc == RECORD_MORE)
        rc = err_set(err, -EBADMSG, "it is cut short");
    if (rc == -EBADMSG)
        err_prefix(err, rc, "%s/%s", st->path, path);
    secret_wipe(buf, FILE_MAX);
    free(buf);
    return rc;
}

static int write_whole(int fd, const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, buf, len);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            buf += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd);
}

// The directory that holds the file, so that the rename itself is on the disk.
static int sync_parent(struct state *st, const char *token)
{
    char dir[NAME_LEN];
    _cleanup_close_ int fd = -1;

    if (!token)
        return fsync(st->fd);
    name_of(token, "", dir);
    fd = openat(st->fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

int state_write(struct state *st, const char *token, const char *name, const struct record *r,
                struct err *err)
{
    char path[NAME_LEN], beside[NAME_LEN + 8];
    _cleanup_close_ int fd = -1;
    char *buf = NULL;
    size_t len = 0;
    int rc = record_encode(r, &buf, &len);

    name_of(token, name, path);
    snprintf(beside, sizeof beside, "%s.new", path);
    if (rc < 0)
        return err_set(err, rc, "%s/%s: cannot encode it: %s", st->path, path, strerror(-rc));
    fd = openat(st->fd, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || write_whole(fd, buf, len) < 0 || renameat(st->fd, beside, st->fd, path) < 0 ||
        sync_parent(st, token) < 0)
        rc = failed(st, path, err);
    secret_wipe(buf, len);
    free(buf);
    return rc;
}

static int wipe_at(struct state *st, const char *path, struct err *err)
{
    static const char zeros[4096];
    _cleanup_close_ int fd = openat(st->fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;

    if (fd < 0)
        return errno == ENOENT ? 0 : failed(st, path, err);
    if (fstat(fd, &info) < 0)
        return failed(st, path, err);
    for (off_t at = 0; at < info.st_size; at += (off_t)sizeof zeros)
        if (pwrite(fd, zeros, sizeof zeros, at) < 0)
            return failed(st, path, err);
    if (fsync(fd) < 0 || unlinkat(st->fd, path, 0) < 0)
        return failed(st, path, err);
    return 0;
}

int state_wipe(struct state *st, const char *token, const char *name, struct err *err)
{
    char path[NAME_LEN], beside[NAME_LEN + 8];
    int rc, other;

    name_of(token, name, path);
    snprintf(beside, sizeof beside, "%s.new", path); // a writer that was killed may have left one
    rc = wipe_at(st, path, err);
    other = wipe_at(st, beside, err);
    return rc < 0 ? rc : other;
}

bool state_token_known(struct state *st, const char *token)
{
    char path[NAME_LEN];
    struct stat info;

    name_of(token, "", path);
    return st->fd >= 0 && fstatat(st->fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

static DIR *list(const struct state *st, const char *path)
{
    int fd = st->fd < 0 ? -1 : openat(st->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d && fd >= 0)
        close(fd);
    return d;
}

// A name that `list` gave, as a token, or NULL.
static const char *as_token(const struct dirent *e)
{
    return strncmp(e->d_name, "t-", 2) == 0 && token_valid(e->d_name + 2) ? e->d_name + 2 : NULL;
}

static void forget(struct state *st, const char *token)
{
    char path[NAME_LEN];
    _cleanup_(closedirp) DIR *d = NULL;

    name_of(token, "", path);
    d = list(st, path);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        char file[NAME_LEN + 256];

        if (e->d_name[0] == '.')
            continue;
        snprintf(file, sizeof file, "%s%s", path, e->d_name);
        wipe_at(st, file, NULL);
    }
    unlinkat(st->fd, path, AT_REMOVEDIR);
}

// Forgets the oldest token when there are too many: its late orphans are then refused as unknown, not as retired.
static void forget_oldest(struct state *st)
{
    char oldest[TOKEN_LEN + 1] = "";
    struct timespec age = {0};
    size_t n = 0;
    _cleanup_(closedirp) DIR *d = list(st, ".");

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        struct stat info;

        if (!as_token(e) || fstatat(st->fd, e->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        n++;
        if (!*oldest || info.st_mtim.tv_sec < age.tv_sec ||
            (info.st_mtim.tv_sec == age.tv_sec && info.st_mtim.tv_nsec < age.tv_nsec)) {
            strcpy(oldest, as_token(e));
            age = info.st_mtim;
        }
    }
    if (n >= TOKENS_KEPT)
        forget(st, oldest);
}

int state_token_new(struct state *st, const char *token, struct err *err)
{
    char path[NAME_LEN];

    name_of(token, "", path);
    if (state_token_known(st, token))
        return 0;
    forget_oldest(st);
    if (mkdirat(st->fd, path, 0700) < 0 || fsync(st->fd) < 0)
        return failed(st, path, err);
    return 0;
}

int state_each(struct state *st, const char *name, int (*f)(struct state *st, const char *token, void *data),
               void *data)
{
    _cleanup_(closedirp) DIR *d = list(st, ".");
    int rc = 0;

    for (struct dirent *e = d ? readdir(d) : NULL; e && rc == 0; e = readdir(d)) {
        char path[NAME_LEN];
        struct stat info;

        if (!as_token(e))
            continue;
        name_of(as_token(e), name, path);
        if (fstatat(st->fd, path, &info, AT_SYMLINK_NOFOLLOW) == 0)
            rc = f(st, as_token(e), data);
    }
    return rc;
}
