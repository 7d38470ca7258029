// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_tree.h"

#include <errno.h>
#include <hivex.h>
#include <string.h>

struct hive_tree {
    hive_h *h;
    int fd;
    size_t len;
};

// What libhivex's errno means for the one who reads it.
static const char *refusal(int code)
{
    switch (code) {
    case EINVAL:
        return "its checksum or a length in it is wrong (libhivex: invalid argument)";
    case ENOTSUP:
        return "it has a broken block or garbage behind its end (libhivex: not supported)";
    case EFAULT:
        return "a key or a list of keys leads out of the hive (libhivex: bad address)";
    case ELOOP:
        return "its keys run in a circle (libhivex: too many levels)";
    case ERANGE:
        return "a number in it is out of range (libhivex: range)";
    default: // an errno, not an enum of ours
        return strerror(code);
    }
}

static int open_copy(struct hive_tree *t, const struct blob *bytes, struct err *err)
{
    char path[BLOB_FD_PATH];

    t->len = bytes->len;
    t->fd = blob_fd(bytes, "virtrust-hive", err);
    if (t->fd < 0)
        return t->fd;
    blob_fd_path(t->fd, path);
    errno = 0;
    t->h = hivex_open(path, 0);
    if (!t->h && (errno == ENOMEM || errno == EMFILE))
        return err_set(err, -errno, "the hive cannot be opened: %s", strerror(errno));
    return t->h ? 0 : err_set(err, -EBADMSG, "%s", refusal(errno));
}

int hive_tree_open(const struct blob *bytes, struct hive_tree **ret, struct err *err)
{
    struct hive_tree *t = calloc(1, sizeof *t);
    int rc;

    if (!t)
        return err_set(err, -ENOMEM, "out of memory");
    rc = open_copy(t, bytes, err);
    if (rc < 0)
        hive_tree_free(t);
    else
        *ret = t;
    return rc;
}

struct hive_tree *hive_tree_free(struct hive_tree *t)
{
    if (!t)
        return NULL;
    if (t->h)
        hivex_close(t->h);
    if (t->fd >= 0)
        blob_fd_close(t->fd, t->len);
    free(t);
    return NULL;
}

int hive_tree_walk(struct hive_tree *t, hive_key *ret, struct err *err, const char *const path[])
{
    hive_node_h node = hivex_root(t->h);

    if (node == 0)
        return err_set(err, -EBADMSG, "it has no root key: %s", refusal(errno));
    for (; *path; path++) {
        errno = 0;
        node = hivex_node_get_child(t->h, node, *path);
        if (node == 0 && (errno == 0 || errno == ENOENT))
            return HIVE_NO_SUCH;
        if (node == 0)
            return err_set(err, -EBADMSG, "key %s: %s", *path, refusal(errno));
    }
    *ret = node;
    return 0;
}

int hive_tree_raw(struct hive_tree *t, hive_key key, const char *name, size_t max, struct blob *ret,
                  struct err *err)
{
    hive_value_h value;
    hive_type type;
    size_t len;
    char *data;

    errno = 0;
    value = hivex_node_get_value(t->h, key, name);
    if (value == 0 && (errno == 0 || errno == ENOENT))
        return HIVE_NO_SUCH;
    if (value == 0 || hivex_value_type(t->h, value, &type, &len) < 0)
        return err_set(err, -EBADMSG, "value \"%s\": %s", name, refusal(errno));
    if (len > max)
        return err_set(err, -EBADMSG, "value \"%s\" has %zu bytes, more than %zu", name, len, max);
    if (len == 0) {
        *ret = (struct blob){0};
        return 0;
    }
    data = hivex_value_value(t->h, value, &type, &len);
    if (!data)
        return err_set(err, -EBADMSG, "value \"%s\": %s", name, refusal(errno));
    *ret = (struct blob){(unsigned char *)data, len};
    return 0;
}

int hive_tree_text(struct hive_tree *t, hive_key key, const char *name, char ret[static HIVE_TEXT_MAX],
                   struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc = hive_tree_raw(t, key, name, HIVE_STRING_MAX, &b, err);

    if (rc == 0)
        utf16_text(b.data, b.len, ret);
    return rc;
}

int hive_tree_u32(struct hive_tree *t, hive_key key, const char *name, uint32_t *ret, struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc = hive_tree_raw(t, key, name, HIVE_STRING_MAX, &b, err);

    if (rc != 0)
        return rc;
    if (b.len != 4)
        return HIVE_NO_SUCH;
    *ret = (uint32_t)b.data[0] | (uint32_t)b.data[1] << 8 | (uint32_t)b.data[2] << 16 |
           (uint32_t)b.data[3] << 24;
    return 0;
}

static size_t put_utf8(uint32_t c, char out[static 4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

void utf16_text(const unsigned char *data, size_t len, char ret[static HIVE_TEXT_MAX])
{
    size_t used = 0;

    for (size_t at = 0; at + 2 <= len; at += 2) {
        uint32_t c = (uint32_t)data[at] | (uint32_t)data[at + 1] << 8;
        char out[4];
        size_t n;

        if (c == 0)
            break;
        if (c >= 0xd800 && c < 0xdc00 && at + 4 <= len) {
            uint32_t low = (uint32_t)data[at + 2] | (uint32_t)data[at + 3] << 8;

            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        if ((c >= 0xd800 && c < 0xe000) || c < 0x20 || c == 0x7f)
            c = 0xfffd;
        n = put_utf8(c, out);
        if (used + n >= HIVE_TEXT_MAX)
            break;
        memcpy(ret + used, out, n);
        used += n;
    }
    ret[used] = '\0';
}
