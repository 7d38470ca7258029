// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The format (big-endian all through): u16 0x0502, then for each entry an i32 length. A negative length is a
// hole of that many bytes, left by a removed entry; 0 ends the file. An entry: u16 number of parts, the
// realm, the parts (each u16 length, bytes), u32 name type, u32 timestamp, u8 kvno, u16 enctype, u16 length
// and bytes of the key, and, where at least four bytes are left, the kvno in 32 bits, which then counts
// unless it is 0.
#include "common/keytab.h"

#include <errno.h>
#include <string.h>

struct cursor {
    const unsigned char *at;
    size_t left;
};

static bool get(struct cursor *c, size_t bytes, uint32_t *ret)
{
    uint32_t value = 0;

    if (c->left < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | c->at[i];
    c->at += bytes;
    c->left -= bytes;
    *ret = value;
    return true;
}

// A counted string: u16 length, bytes. Borrowed.
static bool get_counted(struct cursor *c, const unsigned char **ret, size_t *ret_len)
{
    uint32_t len;

    if (!get(c, 2, &len) || c->left < len)
        return false;
    *ret = c->at;
    *ret_len = len;
    c->at += len;
    c->left -= len;
    return true;
}

// Appends one part as krb5_unparse_name would write it. False when it does not fit.
static bool append(char text[static KEYTAB_NAME_MAX], size_t *used, const unsigned char *part, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = (char)part[i];
        char escaped = c == '\0'                           ? '0'
                       : c == '\n'                         ? 'n'
                       : c == '\t'                         ? 't'
                       : c == '\b'                         ? 'b'
                       : c == '/' || c == '@' || c == '\\' ? c
                                                           : '\0';

        if (*used + 3 > KEYTAB_NAME_MAX)
            return false;
        if (escaped)
            text[(*used)++] = '\\';
        text[(*used)++] = escaped ? escaped : c;
    }
    text[*used] = '\0';
    return true;
}

// The parts and the realm. NULL, or what is wrong with them.
static const char *read_name(struct cursor *c, struct keytab_entry *e)
{
    const unsigned char *part;
    size_t len, used = 0;
    uint32_t parts;

    if (!get(c, 2, &parts))
        return "it ends before its principal";
    if (parts == 0 || parts > KEYTAB_COMPONENTS_MAX)
        return "its principal has no parts, or too many";
    if (!get_counted(c, &part, &len))
        return "its realm leads out of it";
    if (!append(e->realm, &used, part, len))
        return "its realm is too long";
    used = 0;
    for (uint32_t i = 0; i < parts; i++) {
        if (!get_counted(c, &part, &len))
            return "its principal leads out of it";
        if (i > 0) {
            if (used + 2 > KEYTAB_NAME_MAX)
                return "its principal is too long";
            e->principal[used++] = '/';
        }
        if (!append(e->principal, &used, part, len))
            return "its principal is too long";
    }
    return NULL;
}

// NULL, or what is wrong with the entry.
static const char *read_entry(struct cursor *c, struct keytab_entry *e)
{
    uint32_t name_type, short_kvno, enctype, kvno;
    const char *wrong = read_name(c, e);

    if (wrong)
        return wrong;
    if (!get(c, 4, &name_type) || !get(c, 4, &e->timestamp) || !get(c, 1, &short_kvno) ||
        !get(c, 2, &enctype))
        return "it ends before its key";
    if (!get_counted(c, &e->key, &e->key_len))
        return "its key leads out of it";
    if (e->key_len == 0 || e->key_len > KEYTAB_KEY_MAX)
        return "its key is empty or too long";
    e->enctype = (uint16_t)enctype;
    e->kvno = get(c, 4, &kvno) && kvno != 0 ? kvno : short_kvno;
    return NULL;
}

int keytab_open(struct keytab_reader *r, const void *data, size_t len, struct err *err)
{
    const unsigned char *bytes = data;

    if (len > KEYTAB_FILE_MAX)
        return err_set(err, -EBADMSG, "the keytab is larger than %d bytes", KEYTAB_FILE_MAX);
    if (len < 2 || bytes[0] != 5)
        return err_set(err, -EBADMSG, "not a keytab: it does not begin with 05 02");
    if (bytes[1] != 2)
        return err_set(err, -EBADMSG, "the keytab is of version 5.%u; only 5.2 is understood", bytes[1]);
    *r = (struct keytab_reader){.data = bytes, .len = len, .at = 2};
    return 0;
}

int keytab_next(struct keytab_reader *r, struct keytab_entry *ret, struct err *err)
{
    for (;;) {
        struct keytab_entry entry = {0};
        struct cursor c = {r->data + r->at, r->len - r->at};
        const char *wrong;
        uint32_t raw, size;
        bool hole;

        // One to three bytes behind the last entry are no entry; MIT krb5 passes over them as well.
        if (!get(&c, 4, &raw) || raw == 0)
            return KEYTAB_END;
        if (++r->count > KEYTAB_ENTRIES_MAX)
            return err_set(err, -EBADMSG, "the keytab has more than %d entries", KEYTAB_ENTRIES_MAX);
        hole = raw & 0x80000000u;
        size = hole ? 0u - raw : raw;
        if (size > c.left) {
            if (hole)
                return KEYTAB_END;
            return err_set(err, -EBADMSG, "keytab entry %u at byte %zu is longer than the file", r->count,
                           r->at);
        }
        r->at += 4 + size;
        if (hole)
            continue;
        c.left = size;
        wrong = read_entry(&c, &entry);
        if (wrong)
            return err_set(err, -EBADMSG, "keytab entry %u: %s", r->count, wrong);
        *ret = entry;
        return 0;
    }
}

bool keytab_is_machine(const struct keytab_entry *e)
{
    size_t len = strlen(e->principal);

    return len >= 2 && e->principal[len - 1] == '$' && e->realm[0] != '\0' && !strchr(e->principal, '/') &&
           !strchr(e->principal, '\\');
}

int keytab_strength(uint16_t enctype)
{
    switch (enctype) {
    case KEYTAB_AES256_SHA2:
        return 6;
    case KEYTAB_AES256_SHA1:
        return 5;
    case KEYTAB_AES128_SHA2:
        return 4;
    case KEYTAB_AES128_SHA1:
        return 3;
    case KEYTAB_RC4_HMAC:
        return 1;
    default: // a number from the file, no enum of ours: unknown ones lie below AES, single DES below RC4
        return enctype <= 3 ? 0 : 2;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_text(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b))
        a++, b++;
    return lower(*a) == lower(*b);
}

static bool newer(const struct keytab_entry *a, const struct keytab_entry *b)
{
    if (a->kvno != b->kvno)
        return a->kvno > b->kvno;
    return keytab_strength(a->enctype) > keytab_strength(b->enctype);
}

// The machine principal whose entry has the newest timestamp, the first of equals.
static int find_machine(struct keytab_reader r, const char *principal, struct keytab_entry *ret,
                        struct err *err)
{
    struct keytab_entry e;
    bool found = false;
    int rc;

    while ((rc = keytab_next(&r, &e, err)) == 0) {
        if (!keytab_is_machine(&e) || (principal && !same_text(e.principal, principal)))
            continue;
        if (found && e.timestamp <= ret->timestamp)
            continue;
        *ret = e;
        found = true;
    }
    if (rc < 0)
        return rc;
    return found ? 0 : KEYTAB_NO_MACHINE;
}

int keytab_machine(const void *data, size_t len, const char *principal, struct keytab_machine *ret,
                   struct err *err)
{
    struct keytab_machine m = {0};
    struct keytab_reader r;
    struct keytab_entry e;
    int rc = keytab_open(&r, data, len, err);

    if (rc < 0)
        return rc;
    rc = find_machine(r, principal, &m.entry, err);
    if (rc != 0)
        return rc;
    m.newest_timestamp = m.entry.timestamp;
    while ((rc = keytab_next(&r, &e, err)) == 0) {
        m.entries++;
        if (!keytab_is_machine(&e))
            continue;
        if (!same_text(e.principal, m.entry.principal) || !same_text(e.realm, m.entry.realm))
            m.others++;
        else if (newer(&e, &m.entry))
            m.entry = e;
    }
    if (rc < 0)
        return rc;
    *ret = m;
    return 0;
}
