// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/evidence.h"

#include "common/os/seal.h"

#include <string.h>

const char *const hive_file_names[HIVE_NAMES] = {
    [HIVE_SECURITY] = "SECURITY",
    [HIVE_SYSTEM] = "SYSTEM",
    [HIVE_SOFTWARE] = "SOFTWARE",
    [HIVE_SAM] = "SAM",
};

void evidence_init(struct evidence *e)
{
    *e = (struct evidence){
        .joined = ANSWER_UNKNOWN,
        .change_disabled = ANSWER_UNKNOWN,
        .live = ANSWER_UNKNOWN,
    };
}

void evidence_doubt(struct evidence *e, const char *id, const char *format, ...)
{
    char text[EVIDENCE_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0 && strcmp(e->doubts[i].text, text) == 0)
            return;
    }
    if (e->doubt_count == EVIDENCE_DOUBTS)
        return;
    memcpy(e->doubts[e->doubt_count].text, text, sizeof text);
    e->doubts[e->doubt_count++].id = id;
}

void evidence_fact(struct evidence *e, const char *key, const char *format, ...)
{
    struct fact *fact = &e->facts[e->fact_count];
    va_list args;

    if (e->fact_count == EVIDENCE_FACTS || evidence_fact_get(e, key))
        return;
    va_start(args, format);
    vsnprintf(fact->value, sizeof fact->value, format, args);
    va_end(args);
    if (!fact->value[0])
        return;
    fact->key = key;
    e->fact_count++;
}

const char *evidence_fact_get(const struct evidence *e, const char *key)
{
    for (size_t i = 0; i < e->fact_count; i++) {
        if (strcmp(e->facts[i].key, key) == 0)
            return e->facts[i].value;
    }
    return NULL;
}

void evidence_hive(struct evidence *e, enum hive_name name, const struct hive *h)
{
    e->hives[name] = (struct hive_note){
        .state = h->state,
        .has_base = h->has_base,
        .seq1 = h->seq1,
        .seq2 = h->seq2,
        .entries_replayed = h->entries_replayed,
        .log_gap = h->log_gap,
        .bytes_read = h->regf.bytes ? hive_bytes_spent(h->regf.bytes) : 0,
    };
}

void evidence_secret(struct evidence *e, const void *data, size_t len)
{
    e->has_secret = seal_sha256(data, len, e->secret_sha256) == 0;
}

static const char *role_name(enum role role)
{
    switch (role) {
    case ROLE_UNKNOWN:
        return "unknown";
    case ROLE_MEMBER:
        return "member";
    case ROLE_DOMAIN_CONTROLLER:
        return "domain-controller";
    case ROLE_WORKGROUP:
        return "workgroup";
    }
    return "unknown";
}

static void add_text(struct record *r, const char *key, const char *text)
{
    record_add(r, key, text && text[0] ? text : NULL);
}

static void add_answer(struct record *r, const char *key, enum answer answer)
{
    if (answer != ANSWER_UNKNOWN)
        record_add_bool(r, key, answer == ANSWER_YES);
}

static void add_hives(struct record *r, const struct evidence *e)
{
    static const char *const names[HIVE_NAMES] = {"security", "system", "software", "sam"};

    for (size_t i = 0; i < HIVE_NAMES; i++) {
        const struct hive_note *h = &e->hives[i];
        char key[RECORD_KEY_MAX];

        snprintf(key, sizeof key, "hive.%s.state", names[i]);
        add_text(r, key, hive_state_name(h->state));
        if (!h->has_base)
            continue;
        snprintf(key, sizeof key, "hive.%s.seq1", names[i]);
        record_add_u64(r, key, h->seq1);
        snprintf(key, sizeof key, "hive.%s.seq2", names[i]);
        record_add_u64(r, key, h->seq2);
        snprintf(key, sizeof key, "hive.%s.entries_replayed", names[i]);
        record_add_u64(r, key, h->entries_replayed);
        snprintf(key, sizeof key, "hive.%s.log_gap", names[i]);
        if (h->log_gap)
            record_add_bool(r, key, true);
    }
}

static void add_password(struct record *r, const struct evidence *e)
{
    if (e->filetime)
        record_add_u64(r, "password.filetime", e->filetime);
    if (e->has_kvno)
        record_add_u64(r, "password.kvno", e->kvno);
    if (e->has_max_age)
        record_add_u64(r, "policy.maximum_password_age_days", e->max_age_days);
    add_answer(r, "policy.disable_password_change", e->change_disabled);
    if (e->has_secret)
        record_add_hex(r, "secret_sha256", e->secret_sha256, sizeof e->secret_sha256);
}

static void add_keytab(struct record *r, const struct evidence *e)
{
    if (e->keytab_path) {
        record_add(r, "keytab.path", e->keytab_path);
        add_text(r, "keytab.principal", e->principal);
        record_add_u64(r, "keytab.entries", e->keytab_entries);
        if (e->keytab_newest_us)
            record_add_i64(r, "keytab.newest_us", e->keytab_newest_us);
    }
    add_text(r, "secrets_tdb", e->secrets_tdb);
}

static void add_others(struct record *r, const struct evidence *e)
{
    for (size_t i = 0; i < e->other_count; i++) {
        const struct evidence_other *o = &e->others[i];
        const char *texts[][2] = {{"device", o->device},     {"os", o->os},
                                  {"computer", o->computer}, {"sam_account_name", o->sam_account_name},
                                  {"domain.dns", o->dns},    {"account_sid", o->account_sid}};
        char key[RECORD_KEY_MAX];

        for (size_t n = 0; n < ARRAY_SIZE(texts); n++) {
            snprintf(key, sizeof key, "system.%zu.%s", i, texts[n][0]);
            add_text(r, key, texts[n][1]);
        }
        snprintf(key, sizeof key, "system.%zu.joined", i);
        add_answer(r, key, o->joined);
        snprintf(key, sizeof key, "system.%zu.password.filetime", i);
        if (o->filetime)
            record_add_u64(r, key, o->filetime);
    }
}

struct record *evidence_record(const struct evidence *e)
{
    struct record *r = record_new("evidence");

    if (!r)
        return NULL;
    record_add(r, "os", e->os ? e->os : "unknown");
    add_answer(r, "joined", e->joined);
    record_add(r, "role", role_name(e->role));
    add_text(r, "computer", e->computer);
    add_text(r, "sam_account_name", e->sam_account_name);
    add_text(r, "domain.netbios", e->netbios);
    add_text(r, "domain.dns", e->dns);
    add_text(r, "domain.sid", e->domain_sid);
    add_text(r, "machine_sid", e->machine_sid);
    add_text(r, "account_sid", e->account_sid);
    add_password(r, e);
    add_hives(r, e);
    add_keytab(r, e);
    add_text(r, "encryption", e->encryption);
    add_answer(r, "live", e->live);
    for (size_t i = 0; i < e->doubt_count; i++) {
        char key[RECORD_KEY_MAX];

        snprintf(key, sizeof key, "doubt.%zu.id", i);
        record_add(r, key, e->doubts[i].id);
        snprintf(key, sizeof key, "doubt.%zu.text", i);
        record_add(r, key, e->doubts[i].text);
    }
    for (size_t i = 0; i < e->fact_count; i++)
        record_add(r, e->facts[i].key, e->facts[i].value);
    add_others(r, e);
    add_text(r, "engine", e->engine);
    return r;
}
