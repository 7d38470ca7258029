// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A disk by libnbd, one request at a time: a look waits for each of its few reads anyhow. The server is our own child.
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
#define NBD_CALLS(X) \
    X(nbd_create)    \
    X(nbd_close) X(nbd_connect_socket) X(nbd_get_size) X(nbd_aio_get_fd) X(nbd_pread) X(nbd_get_error)

#define DECLARE(name) __typeof__(name) *name;
static struct {
    bool loaded;
    NBD_CALLS(DECLARE)
} lib;

struct nbd_io {
    struct disk_io base;
    struct nbd_handle *nbd;
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

static int nbd_io_read(struct disk_io *io, uint64_t offset, void *ret, size_t len, struct err *err)
{
    if (lib.nbd_pread(((struct nbd_io *)io)->nbd, ret, len, offset, 0) == 0)
        return 0;
    return nbd_said(err, "QEMU cannot read the disk");
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
