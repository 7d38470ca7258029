// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// The file of silence.h. Nobody waits for it: who does not get its lock at once goes on without it.
#include "common/cleanup.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/silence.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_MAX = 32 * 1024, LOCK_TRIES = 20, LOCK_PAUSE_US = 5000 };

static const char *used; // of this process, which serves one request

void silence_use(const char *state_dir)
{
    used = state_dir;
}

struct silence_file {
    int dir, lock; // owned
    char name[HOST_TEXT + 16];
    struct silence all;
};

static void file_done(struct silence_file *f)
{
    if (f->lock >= 0)
        close(f->lock);
    if (f->dir >= 0)
        close(f->dir);
}

static bool take_lock(struct silence_file *f)
{
    char name[sizeof f->name + sizeof ".lock"];

    snprintf(name, sizeof name, "%s.lock", f->name);
    f->lock = openat(f->dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    for (int i = 0; f->lock >= 0 && i < LOCK_TRIES; i++) {
        if (flock(f->lock, LOCK_EX | LOCK_NB) == 0)
            return true;
        usleep(LOCK_PAUSE_US);
    }
    return false;
}

// False where nothing is known. lock: it is going to be changed.
static bool open_file(struct silence_file *f, const char *domain, bool lock)
{
    _cleanup_free_ char *text = calloc(1, FILE_MAX + 1);
    _cleanup_close_ int fd = -1;
    struct failure ignored = {0};

    *f = (struct silence_file){.dir = -1, .lock = -1};
    if (!used || !text || state_open(used, &f->dir, &ignored) < 0)
        return false;
    snprintf(f->name, sizeof f->name, "silent.%s", domain);
    for (char *c = f->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    if (lock && !take_lock(f))
        return false;
    fd = openat(f->dir, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && read(fd, text, FILE_MAX) > 0)
        silence_parse(text, now_us(), &f->all);
    return fd >= 0 || lock;
}

// A crash may lose it: it is learnt anew.
static void write_file(struct silence_file *f)
{
    char temporary[sizeof f->name + sizeof ".new"];
    _cleanup_free_ char *text = silence_format(&f->all);
    _cleanup_close_ int fd = -1;
    size_t len = text ? strlen(text) : 0;

    snprintf(temporary, sizeof temporary, "%s.new", f->name);
    if (len == 0) {
        unlinkat(f->dir, f->name, 0);
        return;
    }
    fd = openat(f->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && write(fd, text, len) == (ssize_t)len)
        renameat(f->dir, temporary, f->dir, f->name);
}

void silence_load(const char *domain, struct silence *ret)
{
    _cleanup_(file_done) struct silence_file f;

    open_file(&f, domain, false);
    *ret = f.all;
}

static bool is_known(const char *domain)
{
    struct silence all;

    silence_load(domain, &all);
    return all.n > 0;
}

void silence_learn(const char *domain, const char *host, bool answered)
{
    _cleanup_(file_done) struct silence_file f = {.dir = -1, .lock = -1};

    if ((answered && !is_known(domain)) || !open_file(&f, domain, true))
        return;
    if (silence_note(&f.all, host, answered, now_us()))
        write_file(&f);
}

size_t silence_order(const char *domain, struct dc_list *list)
{
    _cleanup_(file_done) struct silence_file f = {.dir = -1, .lock = -1};
    struct dc_list rest = {0};
    bool changed = false;
    size_t n = 0;

    if (list->n < 2 || !is_known(domain) || !open_file(&f, domain, true))
        return 0;
    for (size_t i = 0; i < list->n; i++) {
        char *host = list->hosts[i];

        if (silence_rests(&f.all, host, now_us(), &changed))
            memcpy(rest.hosts[rest.n++], host, HOST_TEXT);
        else if (n++ != i)
            memcpy(list->hosts[n - 1], host, HOST_TEXT);
    }
    memcpy(list->hosts[n], rest.hosts, rest.n * sizeof rest.hosts[0]);
    if (changed)
        write_file(&f);
    return n ? rest.n : 0;
}
