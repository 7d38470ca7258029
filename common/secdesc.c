// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/secdesc.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
    HEADER = 20,
    SE_DACL_PRESENT = 0x4,
    // types of entries
    ACE_ALLOWED = 0x0,
    ACE_DENIED = 0x1,
    ACE_ALLOWED_OBJECT = 0x5,
    ACE_DENIED_OBJECT = 0x6,
    ACE_ALLOWED_CALLBACK = 0x9,
    ACE_ALLOWED_CALLBACK_OBJECT = 0xb,
    ACE_INHERIT_ONLY = 0x8, // a flag
    OBJECT_TYPE_PRESENT = 0x1,
    INHERITED_TYPE_PRESENT = 0x2,
};

// Rights of directory objects (MS-ADTS 5.1.3.2).
enum {
    RIGHT_CREATE_CHILD = 0x1,
    RIGHT_DELETE_CHILD = 0x2,
    RIGHT_SELF = 0x8, // validated writes
    RIGHT_WRITE_PROPERTY = 0x20,
    RIGHT_DELETE_TREE = 0x40,
    RIGHT_CONTROL_ACCESS = 0x100,
    RIGHT_DELETE = 0x10000,
    RIGHT_WRITE_DAC = 0x40000,
    RIGHT_WRITE_OWNER = 0x80000,
    RIGHT_GENERIC_ALL = 0x10000000,
    RIGHT_GENERIC_WRITE = 0x40000000, // stands for writing properties and validated writes
};

// A validated write is one: that of `member` lets somebody put himself into a group.
static const uint32_t writing = RIGHT_CREATE_CHILD | RIGHT_DELETE_CHILD | RIGHT_SELF | RIGHT_WRITE_PROPERTY |
                                RIGHT_DELETE_TREE | RIGHT_DELETE | RIGHT_GENERIC_ALL | RIGHT_GENERIC_WRITE;
static const uint32_t governing = RIGHT_WRITE_DAC | RIGHT_WRITE_OWNER | RIGHT_GENERIC_ALL;

// 00299570-246d-11d0-a768-00aa006e0529, as it lies in memory.
static const unsigned char reset_password[16] = {0x70, 0x95, 0x29, 0x00, 0x6d, 0x24, 0xd0, 0x11,
                                                 0xa7, 0x68, 0x00, 0xaa, 0x00, 0x6e, 0x05, 0x29};

// 1131f6ad-9c07-11d1-f79f-00c04fc2dcd2, DS-Replication-Get-Changes-All.
static const unsigned char get_changes_all[16] = {0xad, 0xf6, 0x31, 0x11, 0x07, 0x9c, 0xd1, 0x11,
                                                  0xf7, 0x9f, 0x00, 0xc0, 0x4f, 0xc2, 0xdc, 0xd2};

int secdesc_token_add(struct secdesc_token *t, const void *sid, size_t len)
{
    char text[SID_TEXT];

    if (len > SID_BYTES_MAX || sid_text(sid, len, text) < 0)
        return -EINVAL;
    for (size_t i = 0; i < t->count; i++)
        if (t->sids[i].len == len && memcmp(t->sids[i].bytes, sid, len) == 0)
            return 0;
    if (t->count == SECDESC_SIDS_MAX)
        return -E2BIG;
    memcpy(t->sids[t->count].bytes, sid, len);
    t->sids[t->count++].len = len;
    return 0;
}

int secdesc_token_add_text(struct secdesc_token *t, const char *sid)
{
    unsigned char bytes[SID_BYTES_MAX];
    size_t len;

    return sid_parse(sid, bytes, &len) < 0 ? -EINVAL : secdesc_token_add(t, bytes, len);
}

static uint16_t u16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t u32(const unsigned char *p)
{
    return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

// The length of the SID at p, of which `left` bytes are there; 0: none.
static size_t sid_length(const unsigned char *p, size_t left)
{
    size_t len = left >= 8 ? 8 + (size_t)p[1] * 4 : 0;

    return len && p[0] == 1 && p[1] <= 15 && len <= left ? len : 0;
}

static bool is_one_of(const struct secdesc_token *t, const unsigned char *sid, size_t len)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->sids[i].len == len && memcmp(t->sids[i].bytes, sid, len) == 0)
            return true;
    return false;
}

struct entry {
    bool allows, callback;
    uint32_t mask;
    const unsigned char *type; // GUID of what it speaks of; NULL: of all
    const unsigned char *sid;
    size_t sid_len;
};

// An entry's own part: 1 with it, 0 for one that is none of ours (audit, of another kind), -EBADMSG.
static int read_entry(const unsigned char *p, size_t len, struct entry *ret)
{
    bool object = p[0] == ACE_ALLOWED_OBJECT || p[0] == ACE_DENIED_OBJECT ||
                  p[0] == ACE_ALLOWED_CALLBACK_OBJECT;
    bool callback = p[0] == ACE_ALLOWED_CALLBACK || p[0] == ACE_ALLOWED_CALLBACK_OBJECT;
    size_t at = 8;

    *ret = (struct entry){.allows = p[0] != ACE_DENIED && p[0] != ACE_DENIED_OBJECT, .callback = callback};
    if (!object && !callback && p[0] != ACE_ALLOWED && p[0] != ACE_DENIED)
        return 0;
    if (len < 8)
        return -EBADMSG;
    ret->mask = u32(p + 4);
    if (object) {
        uint32_t present = len >= 12 ? u32(p + 8) : 0;

        at = 12;
        if (present & OBJECT_TYPE_PRESENT) {
            ret->type = p + at;
            at += 16;
        }
        if (present & INHERITED_TYPE_PRESENT)
            at += 16;
    }
    if (at > len)
        return -EBADMSG;
    ret->sid = p + at;
    ret->sid_len = sid_length(ret->sid, len - at);
    return ret->sid_len ? 1 : -EBADMSG;
}

// The first entry that speaks of a right decides it. What a denial of one property or one right leaves of the rest is
// left standing: too much power is what is looked for, and never too little.
struct verdicts {
    bool reset_decided, reset, copy_decided, copy;
    uint32_t denied, allowed;
};

// Does the entry speak of this extended right, by its name or by all of them?
static bool is_of(const struct entry *e, const unsigned char right[static 16])
{
    return (e->mask & (RIGHT_CONTROL_ACCESS | RIGHT_GENERIC_ALL)) &&
           (!e->type || memcmp(e->type, right, 16) == 0);
}

static void decide(const struct entry *e, bool *decided, bool *verdict)
{
    if (!*decided)
        *verdict = e->allows;
    *decided = true;
}

static void weigh(const struct entry *e, struct verdicts *v)
{
    if (is_of(e, reset_password))
        decide(e, &v->reset_decided, &v->reset);
    if (is_of(e, get_changes_all))
        decide(e, &v->copy_decided, &v->copy);
    if (e->allows)
        v->allowed |= e->mask & ~v->denied;
    else if (!e->type)
        v->denied |= e->mask;
}

// Below an object its own denials may not reach: there only what is allowed counts.
static void weigh_below(const struct entry *e, struct verdicts *v)
{
    if (!e->allows)
        return;
    v->allowed |= e->mask;
    v->reset |= is_of(e, reset_password);
    v->copy |= is_of(e, get_changes_all);
}

static int read_list(const unsigned char *acl, size_t left, const struct secdesc_token *t, bool below,
                     struct verdicts *v)
{
    size_t size = left >= 8 ? u16(acl + 2) : 0, at = 8;
    unsigned count = left >= 8 ? u16(acl + 4) : 0;

    if (size < 8 || size > left)
        return -EBADMSG;
    for (unsigned i = 0; i < count; i++) {
        size_t len = size - at >= 4 ? u16(acl + at + 2) : 0;
        struct entry e;
        int rc;

        if (len < 4 || len > size - at)
            return -EBADMSG;
        rc = read_entry(acl + at, len, &e);
        if (rc < 0)
            return rc;
        if (rc == 1 && is_one_of(t, e.sid, e.sid_len)) {
            if (below)
                weigh_below(&e, v);
            else if (!(acl[at + 1] & ACE_INHERIT_ONLY))
                weigh(&e, v);
        }
        at += len;
    }
    return 0;
}

int secdesc_evaluate(const void *bytes, size_t len, const struct secdesc_token *t, bool below,
                     struct secdesc_power *ret)
{
    const unsigned char *p = bytes;
    struct verdicts v = {0};
    uint32_t owner, dacl;
    size_t owner_len = 0;

    if (len < HEADER || p[0] != 1)
        return -EBADMSG;
    owner = u32(p + 4);
    dacl = u32(p + 16);
    if (owner != 0)
        owner_len = owner < len ? sid_length(p + owner, len - owner) : 0;
    if (owner_len == 0) // who owns it must be known: an owner can do everything
        return -EBADMSG;
    if (!(u16(p + 2) & SE_DACL_PRESENT) || dacl == 0) {
        *ret = (struct secdesc_power){true, true, true, true};
        return 0;
    }
    if (dacl >= len || read_list(p + dacl, len - dacl, t, below, &v) < 0)
        return -EBADMSG;
    *ret = (struct secdesc_power){
        .resets = v.reset,
        .writes = (v.allowed & writing) != 0,
        .governs = (v.allowed & governing) != 0 || is_one_of(t, p + owner, owner_len),
        .copies = v.copy,
    };
    return 0;
}
