// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/hook_install.h"

#include "common/cleanup.h"
#include "hooks/hook_mark.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PROGRAM_MAX = 16 * 1024 * 1024 }; // no virtrust-hook is larger; what is larger is a stranger's

static const char reload_text[] = "reload libvirt's daemon (systemctl reload libvirtd, or virtqemud): it was "
                                  "started without any qemu hook and "
                                  "does not look for one again by itself; guests go on running";

struct blob {
    char *data;
    size_t len;
    mode_t mode;
};

static void blob_clear(struct blob *b)
{
    free(b->data);
}

struct paths {
    char base[PATH_MAX], hooks[PATH_MAX], dir[PATH_MAX], file[PATH_MAX], temp[PATH_MAX];
};

static int find_paths(const char *prefix, struct paths *p, struct err *err)
{
    // The longest of them; the others are its beginnings.
    int n = snprintf(p->temp, sizeof p->temp, "%s/etc/libvirt/hooks/.virtrust-new-%ld", prefix,
                     (long)getpid());

    if (n < 0 || (size_t)n >= ERR_TEXT_MAX)
        return err_set(err, -ENAMETOOLONG, "the prefix of /etc/libvirt is too long: %.100s…", prefix);
    snprintf(p->base, sizeof p->base, "%s/etc/libvirt", prefix);
    snprintf(p->hooks, sizeof p->hooks, "%s/etc/libvirt/hooks", prefix);
    snprintf(p->dir, sizeof p->dir, "%s/etc/libvirt/hooks/qemu.d", prefix);
    snprintf(p->file, sizeof p->file, "%s/etc/libvirt/hooks/qemu.d/virtrust", prefix);
    return 0;
}

static int read_whole(int fd, struct blob *b)
{
    size_t room = 64 * 1024;

    for (;;) {
        char *grown = realloc(b->data, room);
        ssize_t n;

        if (!grown)
            return -ENOMEM;
        b->data = grown;
        n = read(fd, b->data + b->len, room - b->len);
        if (n < 0)
            return -errno;
        if (n == 0)
            return 0;
        b->len += (size_t)n;
        if (b->len > PROGRAM_MAX)
            return -EFBIG;
        if (b->len == room)
            room *= 2;
    }
}

// 0, -EINVAL for what is no regular file, -EFBIG, other errno.
static int load(const char *path, struct blob *ret)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    ret->mode = st.st_mode;
    return read_whole(fd, ret);
}

static bool is_ours(const struct blob *b)
{
    return b->len > 4 && memcmp(b->data, "\177ELF", 4) == 0 &&
           memmem(b->data, b->len, HOOK_MARK, strlen(HOOK_MARK)) != NULL;
}

static bool is_executable_file(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

// libvirt's own question at its start and reload: is there anything that may be run as a qemu hook?
static bool others_exist(const struct paths *p)
{
    DIR *dir;
    struct dirent *entry;
    bool found;
    char own[PATH_MAX + 8];

    snprintf(own, sizeof own, "%s/qemu", p->hooks);
    found = is_executable_file(AT_FDCWD, own);
    dir = opendir(p->dir);
    while (dir && !found && (entry = readdir(dir)))
        found = strcmp(entry->d_name, "virtrust") != 0 && is_executable_file(dirfd(dir), entry->d_name);
    if (dir)
        closedir(dir);
    return found;
}

// What stands at the hook's place, `wanted` being the installed program (len 0: unknown).
static int look(const struct paths *p, const struct blob *wanted, enum hook_state *ret, struct err *err)
{
    _cleanup_(blob_clear) struct blob have = {0};
    struct stat st;
    int rc;

    if (lstat(p->file, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return err_set(err, -errno, "%s: %s", p->file, strerror(errno));
        *ret = HOOK_ABSENT;
        return 0;
    }
    rc = load(p->file, &have);
    if (rc == -EACCES || rc == -EIO || rc == -ENOMEM)
        return err_set(err, rc, "%s: cannot be read: %s", p->file, strerror(-rc));
    if (rc < 0 || !is_ours(&have))
        *ret = HOOK_FOREIGN; // a dangling link, a directory, a giant: not what virtrust puts there
    else if ((have.mode & 0111) != 0111 ||
             (wanted->len && (wanted->len != have.len || memcmp(wanted->data, have.data, have.len) != 0)))
        *ret = HOOK_STALE;
    else
        *ret = HOOK_INSTALLED;
    return 0;
}

static int write_whole(int fd, const struct blob *b)
{
    for (size_t done = 0; done < b->len;) {
        ssize_t n = write(fd, b->data + done, b->len - done);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            done += (size_t)n;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static void sync_directory(const char *path)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        (void)fsync(fd);
}

// Writes beside qemu.d, where libvirt runs nothing; executable only once it is closed and whole on the disk.
static int put(const struct paths *p, const struct blob *program, struct err *err)
{
    int fd, rc;

    if (mkdir(p->hooks, 0755) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot be made: %s", p->hooks, strerror(errno));
    if (mkdir(p->dir, 0755) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot be made: %s", p->dir, strerror(errno));
    (void)unlink(p->temp);
    fd = open(p->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot be written: %s", p->temp, strerror(errno));
    rc = write_whole(fd, program);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && (chmod(p->temp, 0755) < 0 || rename(p->temp, p->file) < 0))
        rc = -errno;
    if (rc < 0) {
        (void)unlink(p->temp);
        return err_set(err, rc, "%s: cannot be written: %s", p->file, strerror(-rc));
    }
    sync_directory(p->dir);
    return 0;
}

// The sentence is the hook's path and `text`.
static void report(struct hook_report *r, const char *text, const char *next)
{
    snprintf(r->text, sizeof r->text, "%.300s%.200s", r->path, text);
    snprintf(r->next, sizeof r->next, "%s", next);
}

static void report_foreign(struct hook_report *r)
{
    report(r, " is somebody else's file and is left alone",
           "move it to another name in the same directory, then run \"virtrust hook install\" again");
}

// What install and status have to add about an old libvirt or a needed reload.
static void add_next(struct hook_report *r, unsigned long version, const char *program)
{
    if (version && version < HOOK_DIRECTORY_SINCE)
        snprintf(r->next, sizeof r->next,
                 "this libvirt (%lu.%lu.%lu) does not read qemu.d, which came with 6.5.0: call %.200s with "
                 "the same "
                 "arguments and standard input from a hook of your own, /etc/libvirt/hooks/qemu",
                 version / 1000000, version / 1000 % 1000, version % 1000, program ? program : r->path);
    else if (r->reload)
        snprintf(r->next, sizeof r->next, "%s", reload_text);
}

// libvirt's daemon looks for hooks at its start and at a reload. It wrote its pid file at its start; a reload leaves no
// trace.
static bool came_after_daemon(const struct paths *p)
{
    static const char *const daemons[] = {"libvirtd", "virtqemud"};
    size_t root = strlen(p->base) - strlen("/etc/libvirt");
    struct stat hook, pid;
    char path[PATH_MAX + 32];

    if (stat(p->file, &hook) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(daemons); i++) {
        snprintf(path, sizeof path, "%.*s/run/%s.pid", (int)root, p->base, daemons[i]);
        if (stat(path, &pid) == 0 &&
            (hook.st_mtim.tv_sec > pid.st_mtim.tv_sec ||
             (hook.st_mtim.tv_sec == pid.st_mtim.tv_sec && hook.st_mtim.tv_nsec > pid.st_mtim.tv_nsec)))
            return true;
    }
    return false;
}

static void begin(struct hook_report *r, const struct paths *p)
{
    memset(r, 0, sizeof *r);
    snprintf(r->path, sizeof r->path, "%.*s", (int)sizeof r->path - 1, p->file);
    r->other_hooks = others_exist(p);
}

static int load_program(const char *program, struct blob *ret, struct err *err)
{
    int rc = load(program, ret);

    if (rc < 0)
        return err_set(err, rc, "%s: cannot be read: %s; is virtrust installed whole?", program,
                       strerror(-rc));
    if (!is_ours(ret))
        return err_set(err, -EINVAL, "%s: this is no virtrust-hook", program);
    return 0;
}

int hook_install(const char *prefix, const char *program, unsigned long libvirt_version,
                 struct hook_report *ret, struct err *err)
{
    _cleanup_(blob_clear) struct blob wanted = {0};
    enum hook_state before = HOOK_ABSENT;
    struct hook_report r;
    struct paths p;
    struct stat st;
    int rc = find_paths(prefix, &p, err);

    if (rc == 0)
        rc = load_program(program, &wanted, err);
    if (rc == 0 && access(p.base, F_OK) < 0)
        rc = err_set(err, -errno, "%s: %s; is libvirt installed?", p.base, strerror(errno));
    if (rc == 0)
        rc = look(&p, &wanted, &before, err);
    if (rc < 0)
        return rc;
    begin(&r, &p);
    r.state = before;
    if (before == HOOK_FOREIGN) {
        report_foreign(&r);
        *ret = r;
        return HOOK_REFUSED;
    }
    if (before != HOOK_INSTALLED) {
        bool had = stat(p.file, &st) == 0;

        rc = put(&p, &wanted, err);
        if (rc < 0)
            return rc;
        // Its time stays that of the first one: since then libvirt's daemon may know that there is a hook.
        if (had)
            (void)utimensat(AT_FDCWD, p.file, (struct timespec[]){{.tv_nsec = UTIME_OMIT}, st.st_mtim}, 0);
        r.changed = true;
    }
    r.state = HOOK_INSTALLED;
    r.reload = before == HOOK_ABSENT && !r.other_hooks;
    report(&r,
           before == HOOK_ABSENT  ? " is installed"
           : before == HOOK_STALE ? " is brought up to this version"
                                  : " was installed already",
           "");
    add_next(&r, libvirt_version, program);
    *ret = r;
    return 0;
}

int hook_remove(const char *prefix, struct hook_report *ret, struct err *err)
{
    struct blob unknown = {0};
    enum hook_state before = HOOK_ABSENT;
    struct hook_report r;
    struct paths p;
    int rc = find_paths(prefix, &p, err);

    if (rc == 0)
        rc = look(&p, &unknown, &before, err);
    if (rc < 0)
        return rc;
    begin(&r, &p);
    r.state = before;
    if (before == HOOK_FOREIGN) {
        report_foreign(&r);
        r.next[0] = '\0';
        *ret = r;
        return HOOK_REFUSED;
    }
    if (before == HOOK_ABSENT) {
        report(&r, " is not there, nothing to remove", "");
        *ret = r;
        return 0;
    }
    if (unlink(p.file) < 0 && errno != ENOENT)
        return err_set(err, -errno, "%s: cannot be removed: %s", p.file, strerror(errno));
    sync_directory(p.dir);
    r.state = HOOK_ABSENT;
    r.changed = true;
    report(&r, " is removed; nothing has to be reloaded", "");
    *ret = r;
    return 0;
}

int hook_status(const char *prefix, const char *program, unsigned long libvirt_version,
                struct hook_report *ret, struct err *err)
{
    _cleanup_(blob_clear) struct blob wanted = {0};
    enum hook_state state = HOOK_ABSENT;
    struct hook_report r;
    struct paths p;
    int rc = find_paths(prefix, &p, err);

    if (rc == 0 && program && load(program, &wanted) < 0)
        wanted.len = 0;
    if (rc == 0)
        rc = look(&p, &wanted, &state, err);
    if (rc < 0)
        return rc;
    begin(&r, &p);
    r.state = state;
    switch (state) {
    case HOOK_ABSENT:
        report(&r, " is not installed", "run \"virtrust hook install\"");
        break;
    case HOOK_INSTALLED:
        r.reload = !r.other_hooks && came_after_daemon(&p);
        report(&r, r.reload ? " is installed, later than libvirt's daemon was started" : " is installed", "");
        add_next(&r, libvirt_version, program);
        if (r.reload && strcmp(r.next, reload_text) == 0)
            snprintf(r.next, sizeof r.next, "unless that was done since, %s", reload_text);
        break;
    case HOOK_STALE:
        report(&r, " is another version's, or not executable", "run \"virtrust hook install\"");
        break;
    case HOOK_FOREIGN:
        report_foreign(&r);
        break;
    }
    *ret = r;
    return 0;
}

const char *hook_state_text(enum hook_state state)
{
    switch (state) {
    case HOOK_ABSENT:
        return "absent";
    case HOOK_INSTALLED:
        return "installed";
    case HOOK_STALE:
        return "stale";
    case HOOK_FOREIGN:
        return "foreign";
    }
    return "?";
}
