// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/winbind.h"

#include "guest-helper/linux/run.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <tdb.h>

static const char password_prefix[] = "SECRETS/MACHINE_PASSWORD/";
static const char changed_prefix[] = "SECRETS/MACHINE_LAST_CHANGE_TIME/";
static const char info_prefix[] = "SECRETS/MACHINE_DOMAIN_INFO/";

// The few calls of libtdb that are needed, and an open file.
struct tdb {
    void *library;
    __typeof__(tdb_open) *open;
    __typeof__(tdb_close) *close;
    __typeof__(tdb_fetch) *fetch;
    __typeof__(tdb_firstkey) *firstkey;
    __typeof__(tdb_nextkey) *nextkey;
    __typeof__(tdb_delete) *delete;
    struct tdb_context *file;
};

static void tdb_done(struct tdb *t)
{
    if (t->file)
        t->close(t->file);
    if (t->library)
        dlclose(t->library);
}
#define _cleanup_tdb_ _cleanup_(tdb_done)

static bool tdb_load(struct tdb *t, const char *path, int flags)
{
    t->library = dlopen("libtdb.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!t->library)
        return false;
    t->open = (__typeof__(t->open))dlsym(t->library, "tdb_open");
    t->close = (__typeof__(t->close))dlsym(t->library, "tdb_close");
    t->fetch = (__typeof__(t->fetch))dlsym(t->library, "tdb_fetch");
    t->firstkey = (__typeof__(t->firstkey))dlsym(t->library, "tdb_firstkey");
    t->nextkey = (__typeof__(t->nextkey))dlsym(t->library, "tdb_nextkey");
    t->delete = (__typeof__(t->delete))dlsym(t->library, "tdb_delete");
    if (!t->open || !t->close || !t->fetch || !t->firstkey || !t->nextkey || !t->delete)
        return false;
    t->file = t->open(path, 0, TDB_DEFAULT, flags, 0600);
    return t->file != NULL;
}

static TDB_DATA key_of(const char *prefix, const char *domain, char buf[static 256])
{
    int len = snprintf(buf, 256, "%s%s", prefix, domain);

    // Samba's keys of strings have no NUL behind them.
    return (TDB_DATA){.dptr = (unsigned char *)buf, .dsize = (size_t)len};
}

// The domain of the first machine password. tdb's keys and values are malloc'd.
static bool find_domain(const struct tdb *t, char *ret, size_t size)
{
    const size_t prefix = sizeof password_prefix - 1;
    bool found = false;

    for (TDB_DATA key = t->firstkey(t->file), next; key.dptr; key = next) {
        size_t len = key.dsize > prefix ? strnlen((char *)key.dptr + prefix, key.dsize - prefix) : 0;

        next = (TDB_DATA){0};
        if (len > 0 && len < size && memcmp(key.dptr, password_prefix, prefix) == 0) {
            memcpy(ret, key.dptr + prefix, len);
            ret[len] = '\0';
            found = true;
        } else {
            next = t->nextkey(t->file, key);
        }
        free(key.dptr);
    }
    return found;
}

static uint32_t read_changed(const struct tdb *t, const char *domain)
{
    char buf[256];
    TDB_DATA value = t->fetch(t->file, key_of(changed_prefix, domain, buf));
    uint32_t seconds = 0;

    if (value.dptr && value.dsize == 4)
        seconds = (uint32_t)value.dptr[0] | (uint32_t)value.dptr[1] << 8 | (uint32_t)value.dptr[2] << 16 |
                  (uint32_t)value.dptr[3] << 24;
    free(value.dptr);
    return seconds;
}

static bool find_net(char ret[static PATH_MAX])
{
    static const char *const places[] = {"/usr/bin/net", "/usr/sbin/net", "/usr/local/bin/net",
                                         "/usr/local/samba/bin/net"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (access(places[i], X_OK) == 0) {
            strcpy(ret, places[i]);
            return true;
        }
    }
    return false;
}

bool winbind_find(const char *root, struct winbind *ret)
{
    _cleanup_tdb_ struct tdb t = {0};
    struct winbind w = {0};

    if (snprintf(w.secrets, sizeof w.secrets, "%s/var/lib/samba/private/secrets.tdb",
                 strcmp(root, "/") == 0 ? "" : root) >= PATH_MAX)
        return false;
    if (access(w.secrets, R_OK) < 0 || !find_net(w.net) || !tdb_load(&t, w.secrets, O_RDONLY))
        return false;
    if (!find_domain(&t, w.domain, sizeof w.domain))
        return false;
    w.changed = read_changed(&t, w.domain);
    *ret = w;
    return true;
}

int winbind_password(const struct winbind *w, struct secret *ret)
{
    _cleanup_tdb_ struct tdb t = {0};
    TDB_DATA value;
    char buf[256];
    int rc = -EIO;

    if (!tdb_load(&t, w->secrets, O_RDONLY))
        return -EIO;
    value = t.fetch(t.file, key_of(password_prefix, w->domain, buf));
    // The value is a C string, its NUL included.
    if (value.dptr && value.dsize > 0)
        rc = secret_set(ret, value.dptr, strnlen((char *)value.dptr, value.dsize)) == 0 ? 0 : -EIO;
    secret_wipe(value.dptr, value.dsize);
    free(value.dptr);
    return rc;
}

static bool holds(const struct winbind *w, const struct secret *password)
{
    _cleanup_secret_ struct secret now = {0};

    return winbind_password(w, &now) == 0 && now.len == password->len &&
           memcmp(now.data, password->data, now.len) == 0;
}

static int change(const struct winbind *w, const struct secret *password, char *out, size_t size,
                  struct err *err)
{
    const char *const argv[] = {w->net, "changesecretpw", "-f", "-i", NULL};
    int rc = run_program(argv, password, out, size, err);

    if (rc < 0)
        return -EIO;
    // What it printed may hold what it read: only the exit status goes into the sentence.
    return rc == 0 ? 0 : err_set(err, -EIO, "%s changesecretpw: exit status %d", w->net, rc);
}

// Best effort: on a system without systemd, or where winbind is not a service, there is nothing to stop.
static void service(const char *verb)
{
    static const char systemctl[] = "/usr/bin/systemctl";
    const char *const argv[] = {systemctl, verb, "winbind.service", NULL};
    char out[64];

    if (access("/run/systemd/system", F_OK) == 0 && access(systemctl, X_OK) == 0)
        run_program(argv, NULL, out, sizeof out, NULL);
}

static int drop_pending(const struct winbind *w, struct err *err)
{
    _cleanup_tdb_ struct tdb t = {0};
    char buf[256];

    if (!tdb_load(&t, w->secrets, O_RDWR) || t.delete(t.file, key_of(info_prefix, w->domain, buf)) != 0)
        return err_set(err, -EIO, "%.300s: cannot remove a pending password change", w->secrets);
    return 0;
}

int winbind_store(const struct winbind *w, const struct secret *password, struct err *err)
{
    char out[4096] = "";
    int rc = change(w, password, out, sizeof out, err);

    if (rc < 0 && strstr(out, "Pending machine account password change")) {
        service("stop");
        rc = drop_pending(w, err);
        if (rc == 0)
            rc = change(w, password, out, sizeof out, err);
        service("start");
    }
    secret_wipe(out, sizeof out);
    if (rc == 0 && !holds(w, password))
        rc = err_set(err, -EIO, "%.300s does not hold the password that `net changesecretpw` was given",
                     w->secrets);
    return rc;
}
