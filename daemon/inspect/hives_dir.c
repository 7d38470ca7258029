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

// A regular file, whole or its beginning. Never waits at a pipe that somebody put there.
static int read_file(int dir, const char *name, bool whole, struct blob *ret, struct failure *f)
{
    _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    unsigned char base[HIVE_BASE_BLOCK];
    struct err err = {0};
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return fail(f, errno == EACCES || errno == EPERM ? "permission" : "no-such-disk",
                    "%s cannot be opened: %s", name, strerror(errno));
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return fail(f, "not-a-hive", "%s is no regular file", name);
    if (whole)
        return blob_read_fd(fd, HIVE_FILE_MAX, ret, &err) < 0
                   ? fail(f, "damaged-hive", "%s %s", name, err.text)
                   : 0;
    n = read(fd, base, sizeof base);
    if (n < 0 || blob_copy(ret, base, (size_t)n) < 0)
        return fail(f, "damaged-hive", "%s cannot be read: %s", name, strerror(errno));
    return 0;
}

// Which place of the set is this file's? NULL for any other file.
static struct blob *place_of(struct hive_set *set, const char *name, enum hive_name *ret)
{
    for (enum hive_name i = 0; i < HIVE_NAMES; i++) {
        size_t len = strlen(hive_file_names[i]);

        if (strncasecmp(name, hive_file_names[i], len) != 0)
            continue;
        *ret = i;
        if (name[len] == '\0')
            return &set->in[i].file;
        if (strcasecmp(name + len, ".LOG1") == 0)
            return &set->in[i].log1;
        if (strcasecmp(name + len, ".LOG2") == 0)
            return &set->in[i].log2;
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
        _cleanup_blob_ struct blob b = {0};
        enum hive_name name;
        struct blob *place = place_of(ret, entry->d_name, &name);

        // Where two names differ in case only, the first one counts.
        if (!place || place->data)
            continue;
        if (read_file(dirfd(dir), entry->d_name, hive_wanted_whole(name), &b, f) < 0)
            return -1;
        *place = b;
        b = (struct blob){0};
        if (place == &ret->in[name].file)
            ret->in[name].present = any = true;
    }
    if (any)
        return 0;
    fail(f, "no-os", "%s holds none of SECURITY, SYSTEM, SOFTWARE, SAM", path);
    f->next = "name a copy of the directory that Windows calls Windows\\System32\\config";
    return -1;
}
