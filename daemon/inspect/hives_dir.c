// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/windows.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static void dir_closep(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

// A regular file. Never waits at a pipe that somebody put there.
static int open_file(int dir, const char *name, struct source **ret, struct failure *f)
{
    _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return fail(f, errno == EACCES || errno == EPERM ? "permission" : "no-such-disk",
                    "%s cannot be opened: %s", name, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return fail(f, "not-a-hive", "%s is no regular file", name);
    if (source_of_fd(take_fd(fd), (uint64_t)st.st_size, ret) < 0)
        return fail(f, "internal", "out of memory");
    return 0;
}

// Which place of the set is this file's? NULL for any other file.
static struct source **place_of(struct hive_set *set, const char *name, bool *ret_log)
{
    for (enum hive_name i = 0; i < HIVE_NAMES; i++) {
        size_t len = strlen(hive_file_names[i]);

        if (strncasecmp(name, hive_file_names[i], len) != 0)
            continue;
        *ret_log = name[len] != '\0';
        if (!*ret_log)
            return &set->in[i].file;
        for (size_t k = 0; k < HIVE_LOGS; k++) {
            if (strcasecmp(name + len, hive_log_suffixes[k]) == 0)
                return &set->in[i].logs[k];
        }
    }
    return NULL;
}

int hives_dir_read(const char *path, struct hive_set *ret, struct failure *f)
{
    _cleanup_(dir_closep) DIR *dir = opendir(path);
    const struct dirent *entry;
    bool any = false;

    if (!dir)
        return fail(f, errno == EACCES || errno == EPERM ? "permission" : "no-such-disk",
                    "%s cannot be read: %s", path, strerror(errno));
    while ((entry = readdir(dir))) {
        bool log = false;
        struct source **place = place_of(ret, entry->d_name, &log);

        // Where two names differ in case only, the first one counts. What is called like a log and is no file is
        // as good as no log.
        if (place && !*place && open_file(dirfd(dir), entry->d_name, place, f) < 0 &&
            !(log && strcmp(f->code, "not-a-hive") == 0))
            return -1;
    }
    for (size_t i = 0; i < HIVE_NAMES; i++)
        any |= ret->in[i].file != NULL;
    if (any)
        return 0;
    fail(f, "no-os", "%s holds none of SECURITY, SYSTEM, SOFTWARE, SAM", path);
    f->next = "name a copy of the directory that Windows calls Windows\\System32\\config";
    return -1;
}
