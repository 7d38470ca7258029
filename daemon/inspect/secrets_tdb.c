// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/secrets_tdb.h"

#include "common/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
// libtdb's header wants the ones above before it.
#include <tdb.h>

enum {
    KEY_MAX = 192,
    RECORDS_MAX = 4096, // records of the file that are looked at
    SID_FIXED = 68,     // a SID as Samba stores it: room for all 15 sub-authorities
};

struct walk {
    struct tdb_context *tdb;
    struct secrets_member *member;
    unsigned seen;
};

// libtdb reports to a function of its own; the reason is told by whoever called it.
static void silent(struct tdb_context *tdb, enum tdb_debug_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void silent(struct tdb_context *tdb, enum tdb_debug_level level, const char *format, ...)
{
    (void)tdb;
    (void)level;
    (void)format;
}

static struct tdb_context *tdb_closep(struct tdb_context *tdb)
{
    if (tdb)
        tdb_close(tdb);
    return NULL;
}
DEFINE_CLEANUP(struct tdb_context *, tdb_closep);

// A value of SECRETS/WHAT/NAME up to room bytes: its length, or 0.
static size_t fetch(struct tdb_context *tdb, const char *what, const char *name, void *ret, size_t room)
{
    char key[KEY_MAX];
    TDB_DATA data, id = {.dptr = (unsigned char *)key};
    size_t len = 0;
    int n = snprintf(key, sizeof key, "SECRETS/%s/%s", what, name);

    if (n < 0 || (size_t)n >= sizeof key)
        return 0;
    id.dsize = (size_t)n;
    data = tdb_fetch(tdb, id);
    if (data.dptr && data.dsize <= room) {
        memcpy(ret, data.dptr, data.dsize);
        len = data.dsize;
    }
    secret_wipe(data.dptr, data.dsize);
    free(data.dptr);
    return len;
}

static void fetch_sid(struct tdb_context *tdb, const char *name, char ret[static SID_TEXT])
{
    unsigned char bytes[SID_FIXED];
    size_t len = fetch(tdb, "SID", name, bytes, sizeof bytes);

    ret[0] = '\0';
    if (len < 8 || bytes[1] > 15 || len < 8 + 4 * (size_t)bytes[1])
        return;
    if (sid_text(bytes, 8 + 4 * (size_t)bytes[1], ret) < 0)
        ret[0] = '\0';
}

static void upper(char *text)
{
    for (; *text; text++)
        *text = (char)toupper((unsigned char)*text);
}

// The domain's name behind the prefix. False for any other key.
static bool domain_of(TDB_DATA key, char ret[static SECRETS_NAME_MAX])
{
    static const char prefix[] = "SECRETS/MACHINE_PASSWORD/";
    size_t skip = sizeof prefix - 1, len = key.dsize;

    while (len > 0 && key.dptr[len - 1] == '\0')
        len--;
    if (len <= skip || len - skip >= SECRETS_NAME_MAX || memcmp(key.dptr, prefix, skip) != 0)
        return false;
    memcpy(ret, key.dptr + skip, len - skip);
    ret[len - skip] = '\0';
    for (const char *c = ret; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("-_.!@#$%^&'(){}~", *c))
            return false;
    }
    return true;
}

static int visit(struct tdb_context *tdb, TDB_DATA key, TDB_DATA data, void *arg)
{
    struct walk *w = arg;
    char name[SECRETS_NAME_MAX];
    unsigned char when[4];
    uint32_t changed = 0;

    // The buffer is libtdb's own (TDB_NOMMAP), which it frees next: no password stays in freed memory.
    secret_wipe(data.dptr, data.dsize);
    (void)tdb;
    if (++w->seen > RECORDS_MAX)
        return 1;
    if (!domain_of(key, name))
        return 0;
    if (fetch(w->tdb, "MACHINE_LAST_CHANGE_TIME", name, when, sizeof when) == sizeof when)
        changed = (uint32_t)when[0] | (uint32_t)when[1] << 8 | (uint32_t)when[2] << 16 |
                  (uint32_t)when[3] << 24;
    if (w->member->domains++ > 0 && changed <= w->member->last_change)
        return 0;
    w->member->last_change = changed;
    memcpy(w->member->netbios, name, sizeof name);
    return 0;
}

static int read_open(struct tdb_context *tdb, const char *computer, struct secrets_member *m, struct err *err)
{
    struct walk w = {.tdb = tdb, .member = m};
    char name[SECRETS_NAME_MAX];

    if (tdb_traverse_read(tdb, visit, &w) < 0)
        return err_set(err, -EBADMSG, "libtdb cannot read it through: %s", tdb_errorstr(tdb));
    if (w.seen > RECORDS_MAX)
        return err_set(err, -EBADMSG, "it has more than %d records", RECORDS_MAX);
    snprintf(name, sizeof name, "%s", computer);
    upper(name);
    if (name[0])
        fetch_sid(tdb, name, m->machine_sid);
    if (m->domains == 0)
        return SECRETS_NO_MEMBER;
    fetch_sid(tdb, m->netbios, m->domain_sid);
    return 0;
}

int secrets_tdb_read(const struct blob *bytes, const char *computer, struct secrets_member *ret,
                     struct err *err)
{
    struct tdb_logging_context log = {.log_fn = silent};
    struct secrets_member m = {0};
    char path[BLOB_FD_PATH];
    int fd = blob_fd(bytes, "virtrust-tdb", err), rc;

    if (fd < 0)
        return fd;
    blob_fd_path(fd, path);
    {
        _cleanup_(tdb_closepp) struct tdb_context *tdb = tdb_open_ex(path, 0, TDB_NOLOCK | TDB_NOMMAP,
                                                                     O_RDONLY, 0, &log, NULL);

        rc = tdb ? read_open(tdb, computer, &m, err)
                 : err_set(err, -EBADMSG, "not a tdb file that libtdb can open: %s", strerror(errno));
    }
    blob_fd_close(fd, bytes->len);
    if (rc >= 0)
        *ret = m;
    return rc;
}
