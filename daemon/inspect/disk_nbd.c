// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The client's side of NBD, as little of it as reading takes: the fixed newstyle greeting, one NBD_OPT_GO for
// the nameless export, simple replies, one request at a time. libnbd would do it too, and brings nineteen more
// libraries (GnuTLS, libxml2, ICU …) into the process that parses guest bytes, and 2.4 ms of the dynamic
// linker's time into every look, which is more than all reading takes. The server is our own child.
#include "daemon/inspect/disk_io.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum {
    OPT_GO = 7,
    REP_ACK = 1,
    REP_INFO = 3,
    INFO_EXPORT = 0,
    FLAGS = 3,         // fixed newstyle, no zeroes
    REPLY_MAX = 4096,  // bytes of an option's answer
    REPLIES_MAX = 16,  // answers to one option
    GREETING = 18,     // bytes: two magics, flags
    OPTION_REPLY = 20, // bytes: magic, option, type, length
    REQUEST = 28,      // bytes: magic, flags, type, cookie, offset, length
    REPLY = 16,        // bytes: magic, error, cookie
    EXPORT = 12,       // bytes: kind of information, size, flags
};

static const uint64_t magic_greeting = UINT64_C(0x4e42444d41474943),
                      magic_option = UINT64_C(0x49484156454f5054),
                      magic_answer = UINT64_C(0x0003e889045565a9);
static const uint32_t magic_request = 0x25609513, magic_reply = 0x67446698;

static void put(unsigned char *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

static uint64_t get(const unsigned char *from, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | from[i];
    return value;
}

static int give(int fd, const void *data, size_t len, struct err *err)
{
    const unsigned char *from = data;

    while (len > 0) {
        ssize_t n = send(fd, from, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -EIO, "the server of the disk is gone: %s", strerror(errno));
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

static int want(int fd, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    while (len > 0) {
        ssize_t n = recv(fd, to, len, MSG_WAITALL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(err, -EIO, "the server of the disk is gone%s%s", n < 0 ? ": " : "",
                           n < 0 ? strerror(errno) : "");
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

static int other(struct err *err)
{
    return err_set(err, -EPROTO, "the server of the disk speaks another protocol than NBD");
}

static int greet(int fd, struct err *err)
{
    unsigned char in[GREETING], out[4 + 16 + 6] = {0};
    int rc = want(fd, in, sizeof in, err);

    if (rc < 0)
        return rc;
    if (get(in, 8) != magic_greeting || get(in + 8, 8) != magic_option || (get(in + 16, 2) & FLAGS) != FLAGS)
        return other(err);
    put(out, FLAGS, 4);
    put(out + 4, magic_option, 8);
    put(out + 12, OPT_GO, 4);
    put(out + 16, 6, 4); // an empty name's length, no wishes
    return give(fd, out, sizeof out, err);
}

// One answer to the option: 0 (there are more), 1 (it was the last), negative errno.
static int answer(int fd, uint64_t *size, bool *known, struct err *err)
{
    unsigned char head[OPTION_REPLY], data[REPLY_MAX];
    size_t len;
    int rc = want(fd, head, sizeof head, err);

    if (rc < 0)
        return rc;
    len = (size_t)get(head + 16, 4);
    if (get(head, 8) != magic_answer || get(head + 8, 4) != OPT_GO || len > sizeof data)
        return other(err);
    rc = want(fd, data, len, err);
    if (rc < 0)
        return rc;
    if (get(head + 12, 4) == REP_ACK)
        return 1;
    if (get(head + 12, 4) != REP_INFO)
        return err_set(err, -EPROTO, "the server of the disk does not serve it: %.*s",
                       len < 200 ? (int)len : 200, (const char *)data);
    if (len >= EXPORT && get(data, 2) == INFO_EXPORT) {
        *size = get(data + 2, 8);
        *known = true;
    }
    return 0;
}

static int nbd_read(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char out[REQUEST] = {0}, in[REPLY];
    uint64_t cookie = io->requests + 1;
    int rc;

    put(out, magic_request, 4);
    put(out + 8, cookie, 8);
    put(out + 16, offset, 8);
    put(out + 24, len, 4);
    rc = give(io->fd, out, sizeof out, err);
    if (rc == 0)
        rc = want(io->fd, in, sizeof in, err);
    if (rc < 0)
        return rc;
    if (get(in, 4) != magic_reply || get(in + 8, 8) != cookie)
        return other(err);
    if (get(in + 4, 4) != 0)
        return err_set(err, -EIO, "QEMU cannot read %zu bytes at %" PRIu64 " (error %" PRIu64 ")", len,
                       offset, get(in + 4, 4));
    return want(io->fd, ret, len, err);
}

int disk_io_nbd(int fd, struct disk_io **ret, struct err *err)
{
    static const struct disk_io_ops ops = {.read = nbd_read};
    uint64_t size = 0;
    bool known = false;
    int rc = greet(fd, err);

    for (int i = 0; rc == 0 && i < REPLIES_MAX; i++)
        rc = answer(fd, &size, &known, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || !known || size > INT64_MAX)
        return other(err);
    return disk_io_make(&ops, fd, size, ret, err);
}
