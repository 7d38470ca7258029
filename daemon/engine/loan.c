// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/loan.h"

#include "common/os/seal.h"
#include "daemon/engine/engine.h"

#include <errno.h>
#include <stdio.h>

static void context_of(int64_t case_id, char ret[static 32])
{
    snprintf(ret, 32, "loan-%lld", (long long)case_id);
}

int loan_put(struct store *store, const struct hostkey *key, int64_t case_id, const struct secret *credential,
             struct err *err)
{
    unsigned char blob[SEAL_BLOB_MAX];
    char context[32];
    size_t len;
    int rc;

    context_of(case_id, context);
    rc = seal_under(key->bytes, context, credential, blob, &len, err);
    return rc < 0 ? rc : store_loan_put(store, case_id, blob, len, err);
}

int loan_open(struct store *store, const struct hostkey *key, int64_t case_id, struct secret *ret,
              struct err *err)
{
    unsigned char blob[SEAL_BLOB_MAX];
    char context[32];
    size_t len = 0;
    int rc = store_loan_get(store, case_id, blob, sizeof blob, &len, err);

    if (rc == STORE_NONE)
        return err_set(err, -ENOENT, "no credential is lent for case %lld", (long long)case_id);
    if (rc < 0)
        return rc;
    context_of(case_id, context);
    return seal_open_under(key->bytes, context, blob, len, ret, err);
}

int loan_state(struct store *store, const struct hostkey *key, int64_t case_id, bool *ret, struct err *err)
{
    _cleanup_secret_ struct secret s = {0};
    int rc = loan_open(store, key, case_id, &s, err);

    if (rc == -EBADMSG)
        engine_log(4, case_id, NULL, "the credential lent for this case cannot be opened with this host.key");
    if (rc == 0 || rc == -ENOENT || rc == -EBADMSG)
        *ret = rc == 0;
    return rc == -ENOENT || rc == -EBADMSG ? 0 : rc;
}
