// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/journal.h"

#include "common/hex.h"
#include "common/os/fault.h"
#include "daemon/engine/engine.h"

#include <errno.h>
#include <string.h>

enum { PASSWORD_CHARS = 120 }; // Windows' own length

int journal_state(struct store *store, const struct hostkey *key, const char *guid, enum journal_state *ret,
                  char ret_dc[NAME_TEXT], struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    unsigned char blob[SEAL_BLOB_MAX];
    size_t len;
    int rc = store_journal_get(store, guid, ret, ret_dc, blob, sizeof blob, &len, err);

    if (rc == 0)
        rc = seal_open_under(key->bytes, guid, blob, len, &s, err);
    if (rc == -EBADMSG)
        engine_log(4, 0, NULL, "the secret journalled for the account %s cannot be opened with this host.key",
                   guid);
    if (rc == STORE_NONE || rc == -EBADMSG) {
        *ret = JOURNAL_NONE;
        ret_dc[0] = '\0';
    }
    return rc < 0 && rc != -EBADMSG ? rc : 0;
}

int journal_mint(struct store *store, const struct hostkey *key, const char *guid, const char *dc,
                 struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    unsigned char random[PASSWORD_CHARS], blob[SEAL_BLOB_MAX];
    size_t len;
    int rc = seal_random(random, sizeof random, err);

    if (rc == 0)
        rc = secret_make_password(&s, PASSWORD_CHARS, random, sizeof random);
    fault_replace("canary", s.data, s.len);
    if (rc == 0)
        rc = seal_under(key->bytes, guid, &s, blob, &len, err);
    if (rc == 0)
        rc = store_journal_put(store, guid, JOURNAL_MINTED, dc, blob, len, now_us(), err);
    return rc;
}

int journal_open(struct store *store, const struct hostkey *key, const char *guid, struct secret *ret,
                 char *ret_token, struct err *err)
{
    unsigned char blob[SEAL_BLOB_MAX], digest[DIGEST];
    enum journal_state state;
    char dc[NAME_TEXT];
    size_t len;
    int rc = store_journal_get(store, guid, &state, dc, blob, sizeof blob, &len, err);

    if (rc == STORE_NONE)
        return err_set(err, -ENOENT, "no secret is journalled for the account %s", guid);
    if (rc < 0)
        return rc;
    if (ret_token) {
        rc = seal_sha256(blob, len, digest);
        if (rc < 0)
            return rc;
        hex_encode(digest, 16, ret_token);
    }
    return seal_open_under(key->bytes, guid, blob, len, ret, err);
}
