// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/hookin.h"

#include "daemon/watch/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

enum {
    STALE_TEMP_S = 3600, // a hook lives for seconds: an older .tmp- is of one that was killed
    BAD_MAX = 32,        // files kept as .bad; what is more is removed
};

struct hookin {
    struct hookin_calls calls;
    void *user;
    char socket_path[PATH_MAX];
    char spool_path[PATH_MAX];
    int spool_fd;
    uid_t spool_owner; // to whom the hook, as root, gives its files
    sd_event_source *datagrams, *changes;
    char *buffer; // RECORD_TOTAL_MAX and one
};

static int on_datagram(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct hookin *h = userdata;
    ssize_t n = recv(fd, h->buffer, RECORD_TOTAL_MAX + 1, MSG_DONTWAIT);
    _cleanup_record_ struct record *r = NULL;
    struct err err = {0};
    size_t used;
    int rc;

    (void)source;
    (void)events;
    if (n < 0)
        return 0;
    rc = record_decode(h->buffer, (size_t)n, &used, &r, &err);
    if (rc != 0 || !record_is(r, "hook"))
        watch_log(LOG_WARNING, "a message at %s is none of the hook's: %s", h->socket_path,
                  rc < 0   ? err.text
                  : rc > 0 ? "it is cut short"
                           : "another type");
    else if (!h->calls.message(take(r), NULL, h->user))
        watch_log(LOG_WARNING, "no room for a message of the hook; a scan will follow");
    return 0;
}

static int load(const struct hookin *h, const char *name, struct record **ret, struct err *err)
{
    _cleanup_close_ int fd = openat(h->spool_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    size_t used;
    ssize_t n;
    int rc;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, errno == ENOENT ? -ENOENT : -EBADMSG, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != h->spool_owner) ||
        st.st_size > RECORD_TOTAL_MAX)
        return err_set(err, -EBADMSG, "it is no file that the hook writes");
    n = read(fd, h->buffer, RECORD_TOTAL_MAX + 1);
    if (n < 0)
        return err_set(err, -EBADMSG, "%s", strerror(errno));
    rc = record_decode(h->buffer, (size_t)n, &used, ret, err);
    if (rc > 0)
        return err_set(err, -EBADMSG, "it is cut short");
    if (rc == 0 && !record_is(*ret, "hook"))
        return err_set(err, -EBADMSG, "it holds another type of message");
    return rc;
}

static bool ends_with_bad(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".bad") == 0;
}

static size_t count_bad(const struct hookin *h)
{
    int fd = openat(h->spool_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    size_t bad = 0;

    if (!dir && fd >= 0)
        close(fd);
    while (dir && (entry = readdir(dir)))
        bad += ends_with_bad(entry->d_name);
    if (dir)
        closedir(dir);
    return bad;
}

static void put_aside(const struct hookin *h, const char *name, const char *why)
{
    char to[NAME_MAX + 8];

    snprintf(to, sizeof to, "%s.bad", name);
    if (count_bad(h) < BAD_MAX && renameat(h->spool_fd, name, h->spool_fd, to) == 0) {
        watch_log(LOG_WARNING, "%s/%s is damaged (%s) and is called %s now", h->spool_path, name, why, to);
        return;
    }
    watch_log(LOG_WARNING, "%s/%s is damaged (%s) and is removed", h->spool_path, name, why);
    if (unlinkat(h->spool_fd, name, 0) < 0 && errno == EISDIR)
        watch_log(LOG_WARNING, "%s/%s is a directory and stays", h->spool_path, name);
}

static void sweep_temp(const struct hookin *h, const char *name)
{
    struct stat st;

    if (fstatat(h->spool_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime < time(NULL) - STALE_TEMP_S)
        (void)unlinkat(h->spool_fd, name, 0);
}

// Hands one file on: false when there is no more room.
static bool read_one(struct hookin *h, const char *name)
{
    _cleanup_record_ struct record *r = NULL;
    struct err err = {0};
    int rc;

    if (name[0] == '.') {
        if (strncmp(name, ".tmp-", 5) == 0)
            sweep_temp(h, name);
        return true;
    }
    if (ends_with_bad(name))
        return true;
    if (h->calls.holds(name, h->user))
        return true;
    rc = load(h, name, &r, &err);
    if (rc == -ENOMEM)
        return false;
    if (rc == 0)
        return h->calls.message(take(r), name, h->user);
    if (rc != -ENOENT)
        put_aside(h, name, err.text);
    return true;
}

static void names_free(struct dirent **names, int count)
{
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

void hookin_read_spool(struct hookin *h)
{
    struct dirent **names = NULL;
    int count;

    if (h->spool_fd < 0)
        return;
    // By name, which is by time.
    count = scandirat(h->spool_fd, ".", &names, NULL, alphasort);
    for (int i = 0; i < count; i++)
        if (!read_one(h, names[i]->d_name))
            break;
    if (count >= 0)
        names_free(names, count);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
    struct hookin *h = userdata;

    (void)source;
    if (event->mask & IN_Q_OVERFLOW)
        hookin_read_spool(h);
    else if (event->len)
        (void)read_one(h, event->name); // where there is no room now, it is offered again later
    return 0;
}

void hookin_done(struct hookin *h, const char *spool)
{
    if (h->spool_fd >= 0 && unlinkat(h->spool_fd, spool, 0) < 0 && errno != ENOENT)
        watch_log(LOG_WARNING, "%s/%s cannot be removed: %s", h->spool_path, spool, strerror(errno));
}

static int open_socket(struct hookin *h, const char *runtime_dir, sd_event *event, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc;

    if (mkdir(runtime_dir, 0755) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: cannot be made: %s", runtime_dir, strerror(errno));
    rc = snprintf(address.sun_path, sizeof address.sun_path, "%s/hook.sock", runtime_dir);
    if (rc < 0 || (size_t)rc >= sizeof address.sun_path)
        return err_set(err, -ENAMETOOLONG, "%s: the runtime directory's path is too long for a socket",
                       runtime_dir);
    snprintf(h->socket_path, sizeof h->socket_path, "%s", address.sun_path);
    (void)unlink(h->socket_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(h->socket_path, 0600) < 0)
        return err_set(err, -errno, "%s: cannot listen: %s", h->socket_path, strerror(errno));
    rc = sd_event_add_io(event, &h->datagrams, fd, EPOLLIN, on_datagram, h);
    if (rc >= 0)
        rc = sd_event_source_set_io_fd_own(h->datagrams, 1);
    if (rc < 0)
        return err_set(err, rc, "%s: cannot be watched: %s", h->socket_path, strerror(-rc));
    (void)take_fd(fd);
    return 0;
}

static void open_spool(struct hookin *h, sd_event *event)
{
    struct stat st;
    int rc = 0;

    if (mkdir(h->spool_path, 0700) < 0 && errno != EEXIST)
        rc = -errno;
    if (rc == 0) {
        h->spool_fd = open(h->spool_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        rc = h->spool_fd < 0 || fstat(h->spool_fd, &st) < 0 ? -errno : 0;
    }
    if (rc == 0)
        h->spool_owner = st.st_uid;
    if (rc == 0)
        rc = sd_event_add_inotify(event, &h->changes, h->spool_path, IN_MOVED_TO | IN_ONLYDIR, on_change, h);
    if (rc < 0)
        watch_log(LOG_WARNING, "%s: %s; the hook's messages are lost while the watcher is away",
                  h->spool_path, strerror(-rc));
}

int hookin_new(sd_event *event, const char *runtime_dir, const char *spool_dir,
               const struct hookin_calls *calls, void *user, struct hookin **ret, struct err *err)
{
    _cleanup_(hookin_freep) struct hookin *h = calloc(1, sizeof *h);
    int rc;

    if (h) {
        h->spool_fd = -1;
        h->buffer = malloc(RECORD_TOTAL_MAX + 1);
    }
    if (!h || !h->buffer)
        return err_set(err, -ENOMEM, "out of memory");
    h->calls = *calls;
    h->user = user;
    snprintf(h->spool_path, sizeof h->spool_path, "%s", spool_dir);
    rc = open_socket(h, runtime_dir, event, err);
    if (rc < 0)
        return rc;
    open_spool(h, event);
    *ret = take(h);
    return 0;
}

struct hookin *hookin_free(struct hookin *h)
{
    if (!h)
        return NULL;
    if (h->datagrams)
        (void)unlink(h->socket_path);
    sd_event_source_disable_unref(h->datagrams);
    sd_event_source_disable_unref(h->changes);
    if (h->spool_fd >= 0)
        close(h->spool_fd);
    free(h->buffer);
    free(h);
    return NULL;
}
