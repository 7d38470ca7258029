// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk by libnbd. The server is our own child. What is asked for at once is in flight at once: QEMU reads the next
// piece while this one is taken from the socket.
//
// libnbd is loaded when it is wanted: it brings nineteen more libraries (GnuTLS, libxml2, ICU …), three milliseconds of
// the dynamic linker's work. So done, in the process of the cage, they pass while QEMU starts.
#include "daemon/inspect/disk_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include <libnbd.h>

// What is wanted of it, under its own names and types.
#define NBD_CALLS(X)                      \
    X(nbd_create)                         \
    X(nbd_close)                          \
    X(nbd_set_request_structured_replies) \
    X(nbd_set_pread_initialize)           \
    X(nbd_connect_socket) X(nbd_get_size) X(nbd_aio_get_fd) X(nbd_aio_pread) X(nbd_poll) X(nbd_get_error)

#define DECLARE(name) __typeof__(name) *name;
static struct {
    bool loaded;
    NBD_CALLS(DECLARE)
} lib;

struct nbd_io {
    struct disk_io base;
    struct nbd_handle *nbd;
    // Of the requests of one read. Here, for libnbd may tell of one as late as when it is closed.
    size_t under_way;
    int error; // the first that the server told; 0: none
    bool lost; // the connection: what was under way stays so
};

// POSIX lets what dlsym() gives be a function; ISO C knows of no such conversion.
static bool find_call(void *library, const char *name, void *ret_call)
{
    void *symbol = dlsym(library, name);

    memcpy(ret_call, &symbol, sizeof symbol);
    return symbol != NULL;
}

// It stays loaded for the process's life.
static int load(struct err *err)
{
    bool all = true;
    void *library;

    if (lib.loaded)
        return 0;
    library = dlopen("libnbd.so.0", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return err_set(err, -ELIBACC, "libnbd cannot be loaded: %s; install libnbd0", dlerror());
#define FIND(name) all = all && find_call(library, #name, &lib.name);
    NBD_CALLS(FIND)
    if (!all)
        return err_set(err, -ELIBACC, "libnbd lacks a call that is wanted; install a newer libnbd0");
    lib.loaded = true;
    return 0;
}

static int nbd_said(struct err *err, const char *what)
{
    const char *why = lib.nbd_get_error();

    return err_set(err, -EIO, "%s: %s", what, why ? why : "libnbd does not say why");
}

// By libnbd, when one request is done. 1: libnbd forgets it.
static int landed(void *arg, int *error)
{
    struct nbd_io *io = arg;

    io->under_way--;
    if (*error && !io->error)
        io->error = *error;
    return 1;
}

static int ask_all(struct nbd_io *io, const struct disk_ask *asks, size_t count)
{
    nbd_completion_callback done = {.callback = landed, .user_data = io};

    for (size_t i = 0; i < count; i++) {
        io->under_way++;
        if (lib.nbd_aio_pread(io->nbd, asks[i].to, asks[i].len, asks[i].offset, done, 0) < 0)
            return -1;
    }
    while (io->under_way > 0) {
        if (lib.nbd_poll(io->nbd, -1) < 0)
            return -1;
    }
    return 0;
}

static int nbd_io_read(struct disk_io *base, const struct disk_ask *asks, size_t count, struct err *err)
{
    struct nbd_io *io = (struct nbd_io *)base;

    io->error = 0;
    if (io->lost)
        return err_set(err, -EIO, "QEMU cannot read the disk: the connection to it was lost");
    if (ask_all(io, asks, count) < 0) {
        io->lost = true;
        return nbd_said(err, "QEMU cannot read the disk");
    }
    return io->error ? err_set(err, -EIO, "QEMU cannot read the disk: %s", strerror(io->error)) : 0;
}

static void nbd_io_free(struct disk_io *io)
{
    lib.nbd_close(((struct nbd_io *)io)->nbd);
}

// libnbd takes the descriptor, and closes it also when it fails.
static int greet(struct nbd_handle *nbd, int fd, struct err *err)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (own < 0)
        return err_set(err, -errno, "the disk's socket: %s", strerror(errno));
    // Whole answers: for one in parts QEMU would look for holes first. A buffer whose read failed is looked at by
    // nobody, so it need not be cleared before.
    lib.nbd_set_request_structured_replies(nbd, false);
    lib.nbd_set_pread_initialize(nbd, false);
    if (lib.nbd_connect_socket(nbd, own) < 0)
        return nbd_said(err, "the server of the disk");
    return 0;
}

int disk_io_nbd(int fd, struct disk_io **ret, struct err *err)
{
    static const struct disk_io_ops ops = {.read = nbd_io_read, .free = nbd_io_free};
    struct nbd_io *io = calloc(1, sizeof *io);
    int64_t size = -1;
    int rc;

    if (!io)
        return err_set(err, -ENOMEM, "out of memory");
    rc = load(err);
    if (rc == 0) {
        io->nbd = lib.nbd_create();
        rc = io->nbd ? greet(io->nbd, fd, err) : nbd_said(err, "libnbd");
    }
    if (rc == 0) {
        size = lib.nbd_get_size(io->nbd);
        rc = size < 0 ? nbd_said(err, "the size of the disk") : 0;
    }
    if (rc == 0)
        rc = disk_io_init(&io->base, &ops, lib.nbd_aio_get_fd(io->nbd), (uint64_t)size, err);
    if (rc < 0) {
        if (io->nbd)
            lib.nbd_close(io->nbd);
        free(io);
        return rc;
    }
    *ret = &io->base;
    return 0;
}
