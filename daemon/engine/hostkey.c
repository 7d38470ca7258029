// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/hostkey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// The key's name is on the disk before anything that hangs on it: a power cut takes both or neither.
static int sync_directory(const char *path)
{
    _cleanup_free_ char *dir = strdup(path);
    char *slash = dir ? strrchr(dir, '/') : NULL;
    _cleanup_close_ int fd = -1;

    if (slash)
        *slash = '\0';
    fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

// Written beside and linked into place: a crash leaves no half key, and an existing key is never replaced.
int hostkey_make(const char *path, struct err *err)
{
    unsigned char bytes[SEAL_KEY];
    char temporary[4096];
    _cleanup_close_ int fd = -1;
    int rc = seal_random(bytes, sizeof bytes, err);

    if (rc < 0)
        return rc;
    snprintf(temporary, sizeof temporary, "%s.%d", path, (int)getpid());
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, -errno, "%s: cannot make the host's key: %s", path, strerror(errno));
    rc = write(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes && fsync(fd) == 0 &&
                 link(temporary, path) == 0
             ? sync_directory(path)
             : -errno;
    unlink(temporary);
    secret_wipe(bytes, sizeof bytes);
    if (rc < 0 && rc != -EEXIST)
        return err_set(err, rc, "%s: cannot make the host's key: %s", path, strerror(-rc));
    return 0;
}

int hostkey_load(const char *path, struct hostkey *ret, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    unsigned char bytes[SEAL_KEY + 1];
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return HOSTKEY_NONE;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, -errno, "%s: cannot read the host's key: %s", path, strerror(errno));
    if (st.st_mode & 077)
        return err_set(err, -EPERM, "%s: the host's key must not be readable by others; chmod 600 it", path);
    if (read(fd, bytes, sizeof bytes) != SEAL_KEY)
        return err_set(err, -EUCLEAN,
                       "%s: the host's key must be %d bytes; restore it from a backup, or begin with another "
                       "one: `virtrustd --new-host-key`",
                       path, SEAL_KEY);
    memcpy(ret->bytes, bytes, SEAL_KEY);
    secret_wipe(bytes, sizeof bytes);
    return 0;
}

void hostkey_done(struct hostkey *k)
{
    secret_wipe(k, sizeof *k);
}

void hostkey_fingerprint(const struct hostkey *k, const unsigned char sha256[static HASH],
                         unsigned char ret[static HASH])
{
    if (seal_hmac_sha256(k->bytes, sha256, HASH, ret) < 0)
        memset(ret, 0, HASH);
}

int hostkey_check(const struct hostkey *k, unsigned char ret[static HASH])
{
    static const char what[] = "virtrust: the host's key is this one";

    return seal_hmac_sha256(k->bytes, what, sizeof what, ret);
}
