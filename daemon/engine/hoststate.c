// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/hoststate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int name_files(const char *dir, char **ret_key, char **ret_db)
{
    if (asprintf(ret_key, "%s/host.key", dir) < 0) {
        *ret_key = NULL;
        return -ENOMEM;
    }
    if (asprintf(ret_db, "%s/virtrust.db", dir) < 0) {
        *ret_db = NULL;
        return -ENOMEM;
    }
    return 0;
}

// There is no key: that is so at the first start, and else it is lost.
static int make_first(struct store *s, const char *path, struct hostkey *ret, struct err *err)
{
    unsigned char kept[HASH];
    int rc = store_keycheck_get(s, kept, err);

    if (rc == STORE_NONE)
        rc = store_needs_key(s, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, -ENOKEY,
                       "%s: the host's key is lost; the ledger's fingerprints and the sealed secrets in "
                       "virtrust.db mean nothing without it: restore it from a backup, or begin with a new "
                       "one: `virtrustd --new-host-key` (bindings and cases are kept)",
                       path);
    rc = hostkey_make(path, err);
    if (rc == 0)
        rc = hostkey_load(path, ret, err);
    return rc == HOSTKEY_NONE ? err_set(err, -ENOENT, "%s: the host's key went away at once", path) : rc;
}

static int compare(struct store *s, const char *path, const struct hostkey *key, struct err *err)
{
    unsigned char kept[HASH], own[HASH];
    int rc = hostkey_check(key, own);

    if (rc < 0)
        return err_set(err, rc, "%s: the host's key cannot be used: %s", path, strerror(-rc));
    rc = store_keycheck_get(s, kept, err);
    if (rc == STORE_NONE) // a first start, or a store that was made before such a value was kept
        return store_keycheck_put(s, own, err);
    if (rc == 0 && memcmp(kept, own, HASH) != 0)
        return err_set(err, -EKEYREJECTED,
                       "%s: this is another key than the one that virtrust.db was made with; restore the "
                       "key or the database that belong together, or begin with a new one: `virtrustd "
                       "--new-host-key` (bindings and cases are kept)",
                       path);
    return rc;
}

int hoststate_open(const char *dir, struct store **ret_store, struct hostkey *ret_key, struct err *err)
{
    _cleanup_free_ char *path = NULL, *db = NULL;
    _cleanup_(store_closep) struct store *s = NULL;
    _cleanup_(hostkey_done) struct hostkey key = {0};
    int rc = name_files(dir, &path, &db);

    if (rc == 0)
        rc = store_open(db, &s, err); // first: it holds the lock against a second virtrustd
    if (rc == 0)
        rc = hostkey_load(path, &key, err);
    if (rc == HOSTKEY_NONE)
        rc = make_first(s, path, &key, err);
    if (rc == 0)
        rc = compare(s, path, &key, err);
    if (rc < 0)
        return rc;
    *ret_key = key;
    *ret_store = take(s);
    return 0;
}

int hoststate_renew(const char *dir, struct err *err)
{
    _cleanup_free_ char *path = NULL, *db = NULL, *old = NULL;
    _cleanup_(store_closep) struct store *s = NULL;
    int rc = name_files(dir, &path, &db);

    if (rc == 0 && asprintf(&old, "%s.old", path) < 0) {
        old = NULL;
        rc = -ENOMEM;
    }
    if (rc == 0)
        rc = store_open(db, &s, err); // a virtrustd that runs holds it
    if (rc == 0)
        rc = store_forget_key(s, err);
    if (rc < 0)
        return rc;
    // The store expects no key any more: whatever happens from here on, the next start makes one.
    if (rename(path, old) < 0 && errno != ENOENT)
        return err_set(err, -errno, "%s: cannot be moved away: %s", path, strerror(errno));
    return hostkey_make(path, err);
}
