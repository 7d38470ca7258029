// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/ktfile.h"

#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <krb5/krb5.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static const char suffix[] = ".virtrust-new";

void ktfile_done(struct ktfile *kt)
{
    secret_wipe(kt->data, kt->len);
    free(kt->data);
    secret_wipe(kt, sizeof *kt);
}

int ktfile_path(const char *root, char ret[static PATH_MAX], struct err *err)
{
    char name[PATH_MAX] = "FILE:/etc/krb5.keytab";
    const char *path = name;
    krb5_context ctx = NULL;

    // A krb5.conf that the library does not like leaves the name that every distribution uses.
    if (strcmp(root, "/") == 0 && krb5_init_context(&ctx) == 0) {
        if (krb5_kt_default_name(ctx, name, sizeof name) != 0)
            strcpy(name, "FILE:/etc/krb5.keytab");
        krb5_free_context(ctx);
    }
    if (strncmp(path, "FILE:", 5) == 0 || strncmp(path, "WRFILE:", 7) == 0)
        path = strchr(path, ':') + 1;
    if (*path != '/')
        return err_set(err, -ENOTSUP, "%.200s: the machine's keytab is no file", name);
    if (snprintf(ret, PATH_MAX, "%s%s", strcmp(root, "/") == 0 ? "" : root, path) >= PATH_MAX)
        return err_set(err, -ENAMETOOLONG, "%.200s: too long a path", path);
    return 0;
}

static int load(const char *path, struct ktfile *kt, struct err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = 1;

    if (fd < 0)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    kt->data = malloc(KEYTAB_FILE_MAX + 1);
    if (!kt->data)
        return err_set(err, -ENOMEM, "out of memory");
    while (n != 0 && kt->len <= KEYTAB_FILE_MAX) {
        n = read(fd, kt->data + kt->len, KEYTAB_FILE_MAX + 1 - kt->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "%s: %s", path, strerror(errno));
        kt->len += (size_t)n;
    }
    return 0;
}

int ktfile_read(const char *path, struct ktfile *ret, struct err *err)
{
    _cleanup_ktfile_ struct ktfile kt = {0};
    int rc;

    if (!realpath(path, kt.path))
        return err_set(err, -errno, "%.200s: %s", path, strerror(errno));
    rc = load(kt.path, &kt, err);
    if (rc < 0)
        return rc;
    rc = keytab_machine(kt.data, kt.len, NULL, &kt.machine, err);
    if (rc == KEYTAB_NO_MACHINE)
        return err_set(err, -ENOKEY, "%.200s: no machine's principal (HOST$) stands in it", path);
    if (rc < 0)
        return err_prefix(err, rc, "%.200s", path);
    if (seal_sha256(kt.machine.entry.key, kt.machine.entry.key_len, kt.sha256) < 0)
        return err_set(err, -EIO, "the crypto library cannot compute SHA-256");
    *ret = kt;
    kt.data = NULL;
    kt.len = 0;
    return 0;
}

static void directory_of(const char *path, char ret[static PATH_MAX])
{
    char *slash;

    strcpy(ret, path);
    slash = strrchr(ret, '/');
    slash[slash == ret] = '\0'; // keeps the "/" of a file right below it
}

bool ktfile_writable(const struct ktfile *kt)
{
    char dir[PATH_MAX];

    directory_of(kt->path, dir);
    return access(kt->path, W_OK) == 0 && access(dir, W_OK) == 0;
}

// SELinux's label and an ACL decide who may read the keys: a copy without them would lock a service out, or let one in.
static int copy_attributes(int from, int to)
{
    static const char *const names[] = {"security.selinux", "system.posix_acl_access"};
    struct stat st;

    if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0)
        return -errno;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char value[4096];
        ssize_t len = fgetxattr(from, names[i], value, sizeof value);

        if (len < 0 && (errno == ENODATA || errno == ENOTSUP))
            continue;
        if (len < 0 || fsetxattr(to, names[i], value, (size_t)len, 0) < 0)
            return -errno;
    }
    return 0;
}

static int write_all(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int write_beside(const struct ktfile *kt, const char *beside, const void *data, size_t len)
{
    _cleanup_close_ int from = open(kt->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    _cleanup_close_ int to = -1;
    int rc;

    if (from < 0)
        return -errno;
    unlink(beside); // what a killed run left
    to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0)
        return -errno;
    rc = copy_attributes(from, to);
    return rc < 0 ? rc : write_all(to, data, len);
}

int ktfile_replace(const struct ktfile *kt, const void *data, size_t len, struct err *err)
{
    char beside[PATH_MAX + sizeof suffix], dir[PATH_MAX];
    _cleanup_close_ int dir_fd = -1;
    int rc;

    snprintf(beside, sizeof beside, "%s%s", kt->path, suffix);
    directory_of(kt->path, dir);
    rc = write_beside(kt, beside, data, len);
    if (rc == 0 && rename(beside, kt->path) < 0)
        rc = -errno;
    if (rc < 0) {
        unlink(beside);
        return err_set(err, rc, "%.300s: cannot replace it: %s", kt->path, strerror(-rc));
    }
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0 || fsync(dir_fd) < 0)
        return err_set(err, -errno, "%.300s: cannot sync it: %s", dir, strerror(errno));
    return 0;
}
