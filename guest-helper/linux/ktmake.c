// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/ktmake.h"

#include "common/secret.h"

#include <errno.h>
#include <string.h>

struct old {
    const void *data;
    size_t len;
    const struct keytab_entry *machine;
};

struct out {
    unsigned char *data;
    size_t len;
};

// An entry together with its bytes in the file, length word included.
struct raw {
    struct keytab_entry entry;
    const unsigned char *start;
    size_t len;
};

static int next_raw(struct keytab_reader *r, struct raw *ret, struct err *err)
{
    size_t before = r->at;
    int rc = keytab_next(r, &ret->entry, err);

    if (rc != 0)
        return rc;
    // Holes were passed over: a negative length, and as many bytes.
    for (;;) {
        const unsigned char *p = r->data + before;
        uint32_t word = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];

        if (!(word & 0x80000000u))
            break;
        before += 4 + (0u - word);
    }
    ret->start = r->data + before;
    ret->len = r->at - before;
    return 0;
}

static bool same_name(const struct keytab_entry *a, const struct keytab_entry *b)
{
    return strcmp(a->principal, b->principal) == 0 && strcmp(a->realm, b->realm) == 0;
}

static bool same_key(const struct keytab_entry *a, const struct keytab_entry *b)
{
    return a->enctype == b->enctype && a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

// Does any entry of the file satisfy f? Damaged entries were found by the first pass already.
static bool any(const struct old *old, const struct keytab_entry *e,
                bool (*f)(const struct old *old, const struct keytab_entry *other,
                          const struct keytab_entry *e))
{
    struct keytab_reader r;
    struct keytab_entry other;

    if (keytab_open(&r, old->data, old->len, NULL) < 0)
        return false;
    while (keytab_next(&r, &other, NULL) == 0)
        if (f(old, &other, e))
            return true;
    return false;
}

static bool is_machine_with_key(const struct old *old, const struct keytab_entry *other,
                                const struct keytab_entry *e)
{
    return same_name(other, old->machine) && same_key(other, e);
}

static bool is_this_one_shared(const struct old *old, const struct keytab_entry *other,
                               const struct keytab_entry *e)
{
    return same_name(other, e) && any(old, other, is_machine_with_key);
}

// Is this principal one of the account's?
static bool of_account(const struct old *old, const struct keytab_entry *e)
{
    if (strcmp(e->realm, old->machine->realm) != 0)
        return false;
    return same_name(e, old->machine) || any(old, e, is_this_one_shared);
}

static bool add_enctype(uint16_t enctype, uint16_t *list, size_t max, size_t *n)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == enctype)
            return true;
    if (*n == max)
        return false;
    list[(*n)++] = enctype;
    return true;
}

int ktmake_enctypes(const void *old, size_t len, const struct keytab_entry *machine, uint16_t *ret,
                    size_t max, size_t *ret_n, struct err *err)
{
    struct keytab_reader r;
    struct keytab_entry e;
    size_t n = 0;
    bool fits = add_enctype(KEYTAB_AES256_SHA1, ret, max, &n) &&
                add_enctype(KEYTAB_AES128_SHA1, ret, max, &n);
    int rc = keytab_open(&r, old, len, err);

    while (rc == 0 && (rc = keytab_next(&r, &e, err)) == 0)
        if (same_name(&e, machine) && e.kvno == machine->kvno)
            fits = fits && add_enctype(e.enctype, ret, max, &n);
    if (rc < 0)
        return rc;
    if (!fits)
        return err_set(err, -E2BIG, "the machine has keys of more than %zu types", max);
    *ret_n = n;
    return 0;
}

static unsigned char *put(unsigned char *p, uint32_t value, int bytes)
{
    while (bytes-- > 0)
        *p++ = (unsigned char)(value >> (8 * bytes));
    return p;
}

// What stands before timestamp, kvno, enctype and key length: the principal and its type, as the old entry has them.
static size_t name_len(const struct raw *r)
{
    return (size_t)(r->entry.key - r->start) - 2 - 2 - 1 - 4 - 4;
}

static int append(struct out *o, const void *data, size_t len)
{
    if (len > KEYTAB_FILE_MAX - o->len)
        return -E2BIG;
    memcpy(o->data + o->len, data, len);
    o->len += len;
    return 0;
}

static int append_key(struct out *o, const struct raw *like, const struct krb_key *key, uint32_t kvno,
                      uint32_t now)
{
    unsigned char head[4], tail[4 + 1 + 2 + 2 + KRB_KEY_MAX + 4], *p = tail;
    size_t names = name_len(like);
    int rc;

    p = put(p, now, 4);
    p = put(p, kvno & 0xff, 1);
    p = put(p, key->enctype, 2);
    p = put(p, (uint32_t)key->len, 2);
    memcpy(p, key->bytes, key->len);
    p = put(p + key->len, kvno, 4);
    put(head, (uint32_t)(names + (size_t)(p - tail)), 4);
    rc = append(o, head, sizeof head);
    if (rc == 0)
        rc = append(o, like->start + 4, names);
    if (rc == 0)
        rc = append(o, tail, (size_t)(p - tail));
    secret_wipe(tail, sizeof tail);
    return rc;
}

// Is this the first entry of its principal in the file? Then its principal gets its new entries.
static bool is_first(const struct old *old, const struct raw *raw)
{
    struct keytab_reader r;
    struct raw other;

    if (keytab_open(&r, old->data, old->len, NULL) < 0)
        return false;
    while (next_raw(&r, &other, NULL) == 0 && other.start < raw->start)
        if (same_name(&other.entry, &raw->entry))
            return false;
    return true;
}

static bool kept(const struct old *old, const struct keytab_entry *e, uint32_t kvno)
{
    return !of_account(old, e) || (e->kvno == old->machine->kvno && e->kvno < kvno);
}

static int fill(const struct old *old, const struct krb_key *keys, size_t n, uint32_t kvno, uint32_t now,
                struct out *o, struct err *err)
{
    struct keytab_reader r;
    struct raw raw;
    int rc = keytab_open(&r, old->data, old->len, err);

    while (rc == 0 && (rc = next_raw(&r, &raw, err)) == 0)
        if (kept(old, &raw.entry, kvno))
            rc = append(o, raw.start, raw.len);
    if (rc < 0)
        return rc;
    rc = keytab_open(&r, old->data, old->len, err);
    while (rc == 0 && (rc = next_raw(&r, &raw, err)) == 0) {
        if (!of_account(old, &raw.entry) || !is_first(old, &raw))
            continue;
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = append_key(o, &raw, &keys[i], kvno, now);
    }
    return rc < 0 ? rc : 0;
}

int ktmake(const void *old, size_t len, const struct keytab_entry *machine, const struct krb_key *keys,
           size_t n, uint32_t kvno, uint32_t now, unsigned char **ret, size_t *ret_len, struct err *err)
{
    const struct old from = {old, len, machine};
    struct out o = {.data = malloc(KEYTAB_FILE_MAX)};
    int rc;

    if (!o.data)
        return err_set(err, -ENOMEM, "out of memory");
    append(&o, "\x05\x02", 2);
    rc = fill(&from, keys, n, kvno, now, &o, err);
    if (rc < 0) {
        secret_wipe(o.data, o.len);
        free(o.data);
        return rc == -E2BIG
                   ? err_set(err, rc, "the new keytab would be longer than %d bytes", KEYTAB_FILE_MAX)
                   : rc;
    }
    *ret = o.data;
    *ret_len = o.len;
    return 0;
}
