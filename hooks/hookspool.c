// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/hookspool.h"

#include "common/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

// The directory belongs to us or, for root, to the watcher's user. Nothing that its owner may do in it leads a write
// elsewhere: the file is new, is reached through this descriptor, and only names in this directory are given.
static int open_directory(const char *path, struct stat *ret)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if ((st.st_uid != geteuid() && geteuid() != 0) || (st.st_mode & 022))
        return -EPERM;
    *ret = st;
    return take_fd(fd);
}

// Is there room for one more file of this length?
static int check_room(int dir_fd, size_t len)
{
    size_t files = 1, bytes = len;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!dir) {
        int rc = -errno;

        if (fd >= 0)
            close(fd);
        return rc;
    }
    while ((entry = readdir(dir)) && files <= HOOKSPOOL_FILES_MAX && bytes <= HOOKSPOOL_BYTES_MAX) {
        struct stat st;

        if (fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
            continue;
        files++;
        bytes += (size_t)st.st_size;
    }
    closedir(dir);
    return files > HOOKSPOOL_FILES_MAX || bytes > HOOKSPOOL_BYTES_MAX ? -ENOSPC : 0;
}

static int write_whole(int fd, const char *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(fd, data + done, len - done);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

int hookspool_put(const char *dir, int64_t at_us, long pid, const char *data, size_t len)
{
    struct stat owner = {0};
    _cleanup_close_ int dir_fd = open_directory(dir, &owner);
    _cleanup_close_ int fd = -1;
    char name[64], temp[80];
    int rc = dir_fd < 0 ? dir_fd : check_room(dir_fd, len);

    if (rc < 0)
        return rc;
    snprintf(name, sizeof name, "%" PRId64 "-%ld", at_us, pid);
    snprintf(temp, sizeof temp, ".tmp-%s", name);
    fd = openat(dir_fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    // Not synced: the hook must not wait for a disk, and a scan follows every start of the host.
    rc = write_whole(fd, data, len);
    if (rc == 0 && owner.st_uid != geteuid() && fchown(fd, owner.st_uid, owner.st_gid) < 0)
        rc = -errno; // who watches the directory could not read it
    if (rc == 0 && renameat(dir_fd, temp, dir_fd, name) < 0)
        rc = -errno;
    if (rc < 0)
        (void)unlinkat(dir_fd, temp, 0);
    return rc;
}
