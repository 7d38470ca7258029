// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/sides.h"

#include "common/filetime.h"
#include "common/sid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void text(const struct record *r, const char *key, char *ret, size_t size)
{
    const char *value = record_get(r, key);

    if (value && strlen(value) < size)
        snprintf(ret, size, "%s", value);
}

static void sid(const struct record *r, const char *key, char ret[static 192])
{
    unsigned char bytes[SID_BYTES_MAX];
    const char *value = record_get(r, key);
    size_t len;

    if (value && sid_parse(value, bytes, &len) == 0)
        snprintf(ret, 192, "%s", value);
}

static int64_t small_number(const struct record *r, const char *key)
{
    uint64_t value;

    return record_get_u64(r, key, &value) == 0 && value <= UINT32_MAX ? (int64_t)value : -1;
}

// Doubts that say nothing against the date and the secret that were read. Every other makes the side doubtful, also
// those of a later virtrust-inspect. (A hive's state is looked at itself: only SECURITY's matters here.)
static bool is_harmless(const char *id)
{
    static const char *const ids[] = {"live",          "format-guessed", "no-system-hive", "no-set-time",
                                      "no-secret",     "dirty-hive",     "log-gap",        "damaged-hive",
                                      "var-elsewhere", "disk-left-out",  "other-systems",  "volume-not-read"};

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

static void doubts(const struct record *r, struct guest_side *ret)
{
    const char *state = record_get_or(r, "hive.security.state", "");

    if (strcmp(state, "dirty") == 0 || strcmp(state, "damaged") == 0) {
        ret->doubtful = true;
        snprintf(ret->doubt, sizeof ret->doubt, "the SECURITY hive is %.20s", state);
    } else if (record_get_bool(r, "hive.security.log_gap") == 1) {
        ret->doubtful = true;
        snprintf(ret->doubt, sizeof ret->doubt,
                 "the SECURITY hive's logs were replayed, but a part of them is missing");
    }
    for (unsigned i = 0; i < 32; i++) {
        char key[RECORD_KEY_MAX];
        const char *id;

        snprintf(key, sizeof key, "doubt.%u.id", i);
        id = record_get(r, key);
        if (!id)
            break;
        if (is_harmless(id))
            continue;
        ret->doubtful = true;
        snprintf(key, sizeof key, "doubt.%u.text", i);
        text(r, key, ret->doubt, sizeof ret->doubt);
    }
}

void side_of_disk(const struct record *r, const struct hostkey *key, struct guest_side *ret)
{
    unsigned char sha256[HASH];
    int role, joined;

    *ret = (struct guest_side){.joined = TRI_UNKNOWN, .kvno = -1};
    if (!record_is(r, "evidence")) {
        snprintf(ret->why_code, sizeof ret->why_code, "%.60s", record_get_or(r, "code", "not-looked"));
        snprintf(ret->why, sizeof ret->why, "%.500s",
                 record_get_or(r, "text", "the disks were not looked at"));
        snprintf(ret->why_next, sizeof ret->why_next, "%.500s", record_get_or(r, "next", ""));
        return;
    }
    ret->known = true;
    joined = record_get_bool(r, "joined");
    ret->joined = joined < 0 ? TRI_UNKNOWN : joined ? TRI_YES : TRI_NO;
    role = role_parse(record_get_or(r, "role", ""));
    ret->role = role < 0 ? ROLE_UNKNOWN : (enum role)role;
    text(r, "engine", ret->engine, sizeof ret->engine);
    text(r, "sam_account_name", ret->sam, sizeof ret->sam);
    text(r, "domain.dns", ret->domain, sizeof ret->domain);
    sid(r, "account_sid", ret->account_sid);
    if (record_get_hex(r, "secret_sha256", sha256, sizeof sha256) == 0) {
        hostkey_fingerprint(key, sha256, ret->fingerprint);
        ret->has_fingerprint = true;
    }
    if (record_get_u64(r, "password.filetime", &ret->set_at) < 0 || !filetime_plausible(ret->set_at))
        ret->set_at = 0;
    ret->kvno = small_number(r, "password.kvno");
    doubts(r, ret);
}

void side_of_directory(const struct record *r, int64_t now_us, struct directory_side *ret)
{
    int64_t dc_now = 0;
    int found;

    *ret = (struct directory_side){.found = TRI_UNKNOWN, .kvno = -1, .uac = -1};
    if (!record_is(r, "account")) {
        snprintf(ret->why, sizeof ret->why, "%.500s",
                 record_get_or(r, "text", "the directory was not asked"));
        return;
    }
    ret->known = true;
    found = record_get_bool(r, "found");
    ret->found = found < 0 ? TRI_UNKNOWN : found ? TRI_YES : TRI_NO;
    text(r, "guid", ret->guid, sizeof ret->guid);
    sid(r, "sid", ret->sid);
    text(r, "name", ret->name, sizeof ret->name);
    text(r, "dc", ret->dc, sizeof ret->dc);
    if (record_get_u64(r, "pwd_last_set", &ret->pwd_last_set) < 0 || !filetime_plausible(ret->pwd_last_set))
        ret->pwd_last_set = 0;
    ret->kvno = small_number(r, "kvno");
    ret->uac = small_number(r, "uac");
    if (record_get_i64(r, "dc_now_us", &dc_now) == 0 && dc_now)
        ret->skew_us = dc_now - now_us;
}

int binding_of_account(const struct record *r, const char *guest, const char *domain, const char *how,
                       int64_t now_us, struct binding *ret)
{
    struct binding b = {.since_us = now_us};
    unsigned char guid[16];

    snprintf(b.guest, sizeof b.guest, "%s", guest);
    snprintf(b.domain, sizeof b.domain, "%s", domain);
    snprintf(b.how, sizeof b.how, "%s", how);
    text(r, "guid", b.guid, sizeof b.guid);
    sid(r, "sid", b.sid);
    text(r, "name", b.name, sizeof b.name);
    if (guid_parse(b.guid, guid) < 0 || !b.sid[0] || !b.name[0])
        return -EBADMSG;
    *ret = b;
    return 0;
}
