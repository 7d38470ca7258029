// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_chain.h"

#include "daemon/inspect/disk_network.h"
#include "daemon/inspect/qcow2_head.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum {
    QEMU_WRITE_LOCK = 101, // the byte that QEMU locks in an image that it may write
    FIRST_IMAGE_FD = 16,   // above those that a server's own start needs
};

static void image_done(struct disk_image *image)
{
    if (image->fd >= 0)
        close(image->fd);
    free(image->network);
}

void disk_chain_done(struct disk_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        image_done(&chain->images[i]);
    free(chain->snapshot);
    *chain = (struct disk_chain){0};
}

const char *disk_format_guess(const char *path)
{
    // vmdk and vhdx are not read; who has such an image is told so, and not that it holds no file system.
    static const struct {
        size_t offset, len;
        const char *mark, *format;
    } marks[] = {
        {0, 4, "QFI\xfb", "qcow2"}, {64, 4, "\x7f\x10\xda\xbe", "vdi"},       {0, 8, "conectix", "vpc"},
        {0, 4, "KDMV", "vmdk"},     {0, 21, "# Disk DescriptorFile", "vmdk"}, {0, 8, "vhdxfile", "vhdx"},
    };
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char head[512] = "";

    if (fd < 0 || pread(fd, head, sizeof head, 0) < 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
        if (memcmp(head + marks[i].offset, marks[i].mark, marks[i].len) == 0)
            return marks[i].format;
    }
    return "raw";
}

// disk.N.KEY, or disk.N.backing.M.KEY for the images below the first one.
static const char *get(const struct record *request, unsigned n, size_t level, const char *key)
{
    char name[RECORD_KEY_MAX];

    if (level == 0)
        snprintf(name, sizeof name, "disk.%u.%s", n, key);
    else
        snprintf(name, sizeof name, "disk.%u.backing.%zu.%s", n, level - 1, key);
    return record_get(request, name);
}

// The format, if it is one whose images cannot lead QEMU to other files unnoticed.
static int check_format(const char *path, const char *format, struct failure *f)
{
    static const char *const known[] = {"raw", "qcow2", "vdi", "vpc"};

    if (!format)
        return fail(f, "unsupported-disk",
                    "%s: the guest's XML names no image format, and virtrust does not guess one", path);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (strcmp(format, known[i]) == 0)
            return 0;
    }
    if (strcmp(format, "luks") == 0) {
        f->encryption = "luks";
        return fail(f, "encrypted", "%s is encrypted with LUKS", path);
    }
    return fail(f, "unsupported-disk", "%s: images of format %s are not read; raw, qcow2, vdi and vpc are",
                path, format);
}

static int check_type(const struct record *request, unsigned n, size_t level, const char *path,
                      struct failure *f)
{
    const char *type = get(request, n, level, "type");
    const char *encryption = get(request, n, 0, "encryption");

    bool network = type && strcmp(type, "network") == 0;

    if (network && level > 0)
        return fail(f, "unsupported-disk", "disk %u has a backing image on the network, which is not read",
                    n);
    if (type && !network && strcmp(type, "file") != 0 && strcmp(type, "block") != 0 &&
        strcmp(type, "volume") != 0)
        return fail(f, "unsupported-disk",
                    "disk %u is of type %s; files, block devices and network disks are read", n, type);
    if (!path && !network)
        return fail(f, "unsupported-disk", "disk %u is named without a path to a file or block device", n);
    if (level == 0 && encryption) {
        f->encryption = strstr(encryption, "luks") ? "luks" : NULL;
        return fail(f, "encrypted", "%s is encrypted (%s), as the guest's XML says", path ? path : "the disk",
                    encryption);
    }
    return 0;
}

// Nothing can be in a file without a byte: often the place of storage that is not mounted. Below another image it may
// be, whose whole content then lies in the image above.
static int refuse_empty(const char *path, size_t level, const struct stat *st, struct failure *f)
{
    if (level > 0 || !S_ISREG(st->st_mode) || st->st_size > 0)
        return 0;
    fail(f, "unsupported-disk", "%s is empty: a file of 0 bytes", path);
    f->next = "see whether the storage is mounted and the path is right";
    return -1;
}

static int open_image(const char *path, size_t level, struct disk_image *image, struct failure *f)
{
    // Neither waits at a pipe nor takes a terminal; O_RDONLY takes no lock.
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 && (errno == EACCES || errno == EPERM))
        return fail(f, "permission", "%s cannot be read: %s", path, strerror(errno));
    if (fd < 0)
        return fail(f, "no-such-disk", "%s cannot be opened: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
        return fail(f, "unsupported-disk", "%s is neither a file nor a block device", path);
    if (refuse_empty(path, level, &st, f) < 0)
        return -1;
    image->block = S_ISBLK(st.st_mode);
    image->fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_IMAGE_FD);
    return image->fd < 0 ? fail(f, "internal", "%s: %s", path, strerror(errno)) : 0;
}

// The name in the header, absolute: relative ones count from the image's own directory. NULL with *f.
static char *backing_path(const struct qcow2_head *head, int fd, const char *path, struct failure *f)
{
    char name[QCOW2_NAME_MAX + 1], *full = NULL;
    const char *slash = strrchr(path, '/');

    if (pread(fd, name, head->backing_len, (off_t)head->backing_offset) != (ssize_t)head->backing_len) {
        fail(f, "unsupported-disk", "%s is damaged: the name of its backing file cannot be read", path);
        return NULL;
    }
    name[head->backing_len] = '\0';
    if (strlen(name) != head->backing_len || strncmp(name, "json:", 5) == 0 || strstr(name, "://")) {
        fail(f, "unsupported-disk", "%s has a backing file that is no plain file", path);
        return NULL;
    }
    if (name[0] == '/' || !slash)
        full = strdup(name);
    else if (asprintf(&full, "%.*s/%s", (int)(slash - path), path, name) < 0)
        full = NULL;
    if (!full)
        fail(f, "internal", "out of memory");
    return full;
}

// Is the file that the header names the one that the request names next? Compared as files, not as text.
static int check_backing(const struct record *request, unsigned n, size_t level,
                         const struct qcow2_head *head, const struct disk_image *image, const char *path,
                         struct failure *f)
{
    const char *wanted = get(request, n, level + 1, "path");
    _cleanup_free_ char *named = backing_path(head, image->fd, path, f);
    struct stat a, b;

    if (!named)
        return -1;
    if (!wanted)
        return fail(
            f, "unsupported-disk",
            "the header of %s names the backing file %.200s, and nobody else does: virtrust never follows an "
            "image's own word; look at the running guest by its name, or write <backingStore> into its XML",
            path, named);
    if (strcmp(wanted, named) == 0)
        return 0;
    if (stat(wanted, &a) == 0 && stat(named, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return 0;
    return fail(f, "unsupported-disk",
                "the header of %s names the backing file %.150s, the guest's XML names %.150s: virtrust "
                "reads neither while they differ",
                path, named, wanted);
}

static int check_head(const struct record *request, unsigned n, size_t level, struct disk_image *image,
                      const char *path, struct failure *f)
{
    unsigned char bytes[QCOW2_HEAD];
    struct qcow2_head head;
    struct err err = {0};
    ssize_t len;

    image->last = true;
    if (strcmp(image->format, "qcow2") != 0)
        return 0;
    len = pread(image->fd, bytes, sizeof bytes, 0);
    if (len < 0)
        return fail(f, "permission", "%s cannot be read: %s", path, strerror(errno));
    if (qcow2_head_read(bytes, (size_t)len, &head, &err) < 0)
        return fail(f, "unsupported-disk", "%s should be qcow2, but it %s", path, err.text);
    if (head.crypt_method != 0) {
        f->encryption = head.crypt_method == 2 ? "luks" : NULL;
        return fail(f, "encrypted", "%s is an encrypted qcow2 image", path);
    }
    if (head.external_data)
        return fail(f, "unsupported-disk",
                    "%s keeps its data in another file, which its header names: virtrust never follows an "
                    "image's own word",
                    path);
    if (head.backing_offset == 0)
        return 0;
    image->last = false;
    return check_backing(request, n, level, &head, image, path, f);
}

// Asks, without taking it, for the lock that QEMU holds in an image that it may write.
static bool held_for_writing(int fd)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = QEMU_WRITE_LOCK, .l_len = 1};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int no_snapshots(const char *path, const char *format, struct failure *f)
{
    fail(f, "unsupported-disk", "%s is of format %s, which has no internal snapshots", path, format);
    f->next = "look at its present (without --snapshot), or at a qcow2 image";
    return -1;
}

// The request's snapshot is one of each of its disks: libvirt takes an internal one of all of them.
static int choose_snapshot(const struct record *request, const char *path, struct disk_chain *chain,
                           struct failure *f)
{
    const char *name = record_get(request, "snapshot");

    if (!name)
        return 0;
    if (strcmp(chain->images[0].format, "qcow2") != 0)
        return no_snapshots(path ? path : "the disk", chain->images[0].format, f);
    chain->snapshot = strdup(name);
    return chain->snapshot ? 0 : fail(f, "internal", "out of memory");
}

// A disk on the network is one image: what a header there says could not be compared with the request before QEMU
// follows it.
static int open_network(const struct record *request, unsigned n, const char *format, struct disk_chain *ret,
                        struct failure *f)
{
    struct disk_image *image = &ret->images[0];
    char transport[RECORD_KEY_MAX];

    snprintf(transport, sizeof transport, "disk.%u.transport", n);
    if (strcmp(format, "raw") != 0)
        return fail(f, "unsupported-disk", "disk %u is a network disk of format %s; raw ones are read", n,
                    format);
    *image = (struct disk_image){.fd = -1, .last = true};
    ret->count = 1;
    snprintf(image->format, sizeof image->format, "%s", format);
    image->remote = strcmp(record_get_or(request, transport, ""), "unix") != 0;
    return disk_network_node(request, n, &image->network, f);
}

int disk_chain_open(const struct record *request, unsigned n, struct disk_chain *ret, struct failure *f)
{
    for (size_t level = 0; level < CHAIN_MAX; level++) {
        struct disk_image *image = &ret->images[level];
        const char *path = get(request, n, level, "path"), *format = get(request, n, level, "format");

        if (check_type(request, n, level, path, f) < 0 ||
            check_format(path ? path : "a network disk", format, f) < 0)
            return -1;
        if (!path)
            return open_network(request, n, format, ret, f) < 0 ? -1 : choose_snapshot(request, NULL, ret, f);
        if (open_image(path, level, image, f) < 0)
            return -1;
        snprintf(image->format, sizeof image->format, "%s", format);
        ret->count = level + 1;
        if (check_head(request, n, level, image, path, f) < 0)
            return -1;
        if (level == 0)
            ret->in_use = held_for_writing(image->fd);
        if (image->last)
            return choose_snapshot(request, get(request, n, 0, "path"), ret, f);
    }
    return fail(f, "unsupported-disk", "disk %u is a chain of more than %d images", n, CHAIN_MAX);
}

char *disk_chain_json(const struct disk_chain *chain)
{
    char *text = strdup("null");

    // From the last image to the first, each around the one below. Locking is off besides force-share: QEMU's
    // locks are the guest's affair, and a look must neither wait for one nor leave one that stops the guest's
    // start.
    for (size_t i = chain->count; text && i-- > 0;) {
        const struct disk_image *image = &chain->images[i];
        char *below = text;
        bool qcow2 = strcmp(image->format, "qcow2") == 0;

        if (image->network) {
            if (asprintf(&text, "{\"driver\":\"raw\",\"read-only\":true,\"file\":%s}", image->network) < 0)
                text = NULL;
        } else if (
            asprintf(
                &text,
                "{\"driver\":\"%s\",\"read-only\":true,\"force-share\":true%s%s,\"file\":{\"driver\":\"%s\","
                "\"filename\":\"/dev/fd/%d\",\"read-only\":true,\"force-share\":true,\"locking\":\"off\"}}",
                image->format, qcow2 ? ",\"backing\":" : "", qcow2 ? below : "",
                image->block ? "host_device" : "file", image->fd) < 0)
            text = NULL;
        free(below);
    }
    if (text) {
        char *whole = NULL;

        if (asprintf(&whole, "json:%s", text) < 0)
            whole = NULL;
        free(text);
        text = whole;
    }
    return text;
}
