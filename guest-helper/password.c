// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/password.h"

#include "common/hex.h"

#include <errno.h>
#include <string.h>

enum { PASSWORD_CHARS = 120, LEN_MIN = 14, LEN_MAX = 512 };

void password_check(struct run *r)
{
    const struct secret *s = &r->password;
    bool good = s->len >= LEN_MIN && s->len <= LEN_MAX;

    // Kerberos, Samba's tools and a line of text must be able to carry it.
    for (size_t i = 0; good && i < s->len; i++)
        good = s->data[i] >= 0x21 && s->data[i] <= 0x7e;
    if (good)
        return;
    err_set(&r->text, 0, "the secret is no password: %d to %d printable characters are right", LEN_MIN,
            LEN_MAX);
    run_end(r, "refused", "bad-secret");
}

void password_open(struct run *r, struct secret *ret)
{
    _cleanup_record_ struct record *key = NULL;
    _cleanup_secret_ struct secret private_key = {0};
    unsigned char blob[SEAL_BLOB_MAX];
    const char *sealed = r->q->sealed;
    const void *bytes = NULL;
    size_t len = 0;
    int rc = state_read(r->q->st, r->q->token, "key", &key, &r->text);

    if (rc < 0) {
        r->fatal = rc;
        return;
    }
    if (!sealed || strlen(sealed) / 2 > sizeof blob || strlen(sealed) % 2 ||
        hex_decode(sealed, blob, strlen(sealed) / 2) < 0) {
        err_set(&r->text, 0, "the request carries no sealed secret");
        run_end(r, "refused", "no-secret");
        return;
    }
    if (record_get_bytes(key, "private", &bytes, &len) < 0 || secret_set(&private_key, bytes, len) < 0 ||
        seal_open(&private_key, r->q->token, blob, strlen(sealed) / 2, ret, &r->text) < 0)
        run_end(r, "refused", "not-for-me");
}

static int part(const struct secret *credential, char *domain, char *user, struct secret *password)
{
    const char *text = (const char *)credential->data, *end = memchr(text, '\n', credential->len);
    const char *slash = end ? memchr(text, '\\', (size_t)(end - text)) : NULL;

    if (!slash || slash == text || end == slash + 1 || slash - text >= PASSWORD_NAME ||
        end - slash > PASSWORD_NAME)
        return -EINVAL;
    memcpy(domain, text, (size_t)(slash - text));
    domain[slash - text] = '\0';
    memcpy(user, slash + 1, (size_t)(end - slash - 1));
    user[end - slash - 1] = '\0';
    return secret_set(password, end + 1, credential->len - (size_t)(end + 1 - text));
}

bool password_part(struct run *r, char ret_domain[static PASSWORD_NAME], char ret_user[static PASSWORD_NAME],
                   struct secret *ret_password)
{
    if (part(&r->credential, ret_domain, ret_user, ret_password) == 0)
        return true;
    err_set(&r->text, 0, "the credential must be DOMAIN\\user, a new line, and the password");
    run_end(r, "refused", "bad-credential");
    return false;
}

void password_mint(struct run *r, const char *account, const char *realm)
{
    unsigned char random[PASSWORD_CHARS];
    _cleanup_record_ struct record *p = NULL;
    int rc = seal_random(random, sizeof random, &r->text);

    if (rc == 0)
        rc = secret_make_password(&r->password, PASSWORD_CHARS, random, sizeof random);
    if (rc == 0) {
        p = record_new("pending");
        record_add(p, "account", account);
        record_add(p, "realm", realm);
        record_add_bytes(p, "password", r->password.data, r->password.len);
        rc = state_write(r->q->st, r->q->token, "pending", p, &r->text);
    }
    if (rc < 0)
        r->fatal = rc;
}

void password_recall(struct run *r, const char *account, const char *realm)
{
    _cleanup_record_ struct record *p = NULL;
    const void *bytes = NULL;
    size_t len = 0;
    int rc = state_read(r->q->st, r->q->token, "pending", &p, &r->text);

    if (rc < 0 && rc != -ENOENT) {
        r->fatal = rc;
        return;
    }
    if (rc == -ENOENT || strcmp(record_get_or(p, "account", ""), account) != 0 ||
        strcmp(record_get_or(p, "realm", ""), realm) != 0 ||
        record_get_bytes(p, "password", &bytes, &len) < 0 || secret_set(&r->password, bytes, len) < 0) {
        err_set(&r->text, 0, "the journalled password is another account's");
        run_end(r, "failed", "journal");
    }
}

void run_end(struct run *r, const char *result, const char *reason)
{
    r->result = result;
    r->reason = reason;
}

void run_done(struct run *r)
{
    run_end_world(r->w);
    secret_wipe(r, sizeof *r);
}
