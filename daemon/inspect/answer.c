// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/answer.h"

#include "daemon/inspect/linux_facts.h"
#include "daemon/inspect/windows_facts.h"

#include <string.h>

enum form {
    FORM_TEXT,   // printable, at most EVIDENCE_TEXT bytes
    FORM_NUMBER, // u64
    FORM_TIME,   // i64
    FORM_BOOL,
    FORM_HASH, // 32 bytes in hexadecimal
};

static const struct {
    const char *key;
    enum form form;
} keys[] = {
    {"os", FORM_TEXT},
    {"joined", FORM_BOOL},
    {"role", FORM_TEXT},
    {"computer", FORM_TEXT},
    {"sam_account_name", FORM_TEXT},
    {"domain.netbios", FORM_TEXT},
    {"domain.dns", FORM_TEXT},
    {"domain.sid", FORM_TEXT},
    {"machine_sid", FORM_TEXT},
    {"account_sid", FORM_TEXT},
    {"password.filetime", FORM_NUMBER},
    {"password.kvno", FORM_NUMBER},
    {"policy.maximum_password_age_days", FORM_NUMBER},
    {"policy.disable_password_change", FORM_BOOL},
    {"secret_sha256", FORM_HASH},
    {"keytab.path", FORM_TEXT},
    {"keytab.principal", FORM_TEXT},
    {"keytab.entries", FORM_NUMBER},
    {"keytab.newest_us", FORM_TIME},
    {"secrets_tdb", FORM_TEXT},
    {"encryption", FORM_TEXT},
};

static const char *const hive_names[] = {"security", "system", "software", "sam"};
static const struct {
    const char *key;
    enum form form;
} hive_keys[] = {{"state", FORM_TEXT},
                 {"seq1", FORM_NUMBER},
                 {"seq2", FORM_NUMBER},
                 {"entries_replayed", FORM_NUMBER},
                 {"log_gap", FORM_BOOL}};

static const struct {
    const char *key;
    enum form form;
} system_keys[] = {{"device", FORM_TEXT},           {"os", FORM_TEXT},
                   {"joined", FORM_BOOL},           {"computer", FORM_TEXT},
                   {"sam_account_name", FORM_TEXT}, {"domain.dns", FORM_TEXT},
                   {"account_sid", FORM_TEXT},      {"password.filetime", FORM_NUMBER}};

static bool printable(const char *text)
{
    size_t len = strlen(text);

    if (len >= EVIDENCE_TEXT)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return true;
}

static void copy(const struct record *from, struct record *to, const char *key, enum form form)
{
    const char *text = record_get(from, key);
    unsigned char hash[32];
    uint64_t number;
    int64_t time;
    bool good = false;

    if (!text || record_get(to, key))
        return;
    switch (form) {
    case FORM_TEXT:
        good = printable(text);
        break;
    case FORM_NUMBER:
        good = record_get_u64(from, key, &number) == 0;
        break;
    case FORM_TIME:
        good = record_get_i64(from, key, &time) == 0;
        break;
    case FORM_BOOL:
        good = record_get_bool(from, key) >= 0;
        break;
    case FORM_HASH:
        good = record_get_hex(from, key, hash, sizeof hash) == 0;
        break;
    }
    if (good)
        record_add(to, key, text);
}

// A sentence repeats what the guest wrote: what is no letter in it is shown as one.
static void tidy(const char *text, char ret[static EVIDENCE_TEXT])
{
    size_t i = 0;

    for (; text[i] && i + 1 < EVIDENCE_TEXT; i++)
        ret[i] = (char)((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
    ret[i] = '\0';
}

static void add_doubt(struct record *to, size_t n, const char *id, const char *text)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "doubt.%zu.id", n);
    record_add(to, key, id);
    snprintf(key, sizeof key, "doubt.%zu.text", n);
    record_add(to, key, text);
}

static void add_doubts(const struct record *from, const struct evidence *outside, struct record *to)
{
    size_t n = 0;

    for (; n < outside->doubt_count; n++)
        add_doubt(to, n, outside->doubts[n].id, outside->doubts[n].text);
    for (size_t i = 0; i < EVIDENCE_DOUBTS && n < 2 * EVIDENCE_DOUBTS; i++) {
        char key[RECORD_KEY_MAX], shown[EVIDENCE_TEXT];
        const char *id, *text;

        snprintf(key, sizeof key, "doubt.%zu.id", i);
        id = record_get(from, key);
        snprintf(key, sizeof key, "doubt.%zu.text", i);
        text = record_get(from, key);
        if (!id || !text || !printable(id))
            continue;
        tidy(text, shown);
        add_doubt(to, n++, id, shown);
    }
}

static struct record *evidence(const struct record *from, const struct evidence *outside, const char *engine)
{
    struct record *to = record_new("evidence");

    if (!to)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        copy(from, to, keys[i].key, keys[i].form);
    for (size_t i = 0; i < outside->fact_count; i++)
        record_add(to, outside->facts[i].key, outside->facts[i].value);
    for (size_t i = 0; windows_fact_names[i]; i++)
        copy(from, to, windows_fact_names[i], FORM_TEXT);
    // Some are of both: they stand once.
    for (size_t i = 0; linux_fact_names[i]; i++)
        if (!record_get(to, linux_fact_names[i]))
            copy(from, to, linux_fact_names[i], FORM_TEXT);
    for (size_t i = 0; i < ARRAY_SIZE(hive_names); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(hive_keys); j++) {
            char key[RECORD_KEY_MAX];

            snprintf(key, sizeof key, "hive.%s.%s", hive_names[i], hive_keys[j].key);
            copy(from, to, key, hive_keys[j].form);
        }
    }
    for (unsigned i = 0; i < EVIDENCE_OTHERS; i++) {
        for (size_t j = 0; j < ARRAY_SIZE(system_keys); j++) {
            char key[RECORD_KEY_MAX];

            snprintf(key, sizeof key, "system.%u.%s", i, system_keys[j].key);
            copy(from, to, key, system_keys[j].form);
        }
    }
    if (outside->live != ANSWER_UNKNOWN)
        record_add_bool(to, "live", outside->live == ANSWER_YES);
    add_doubts(from, outside, to);
    if (engine)
        record_add(to, "engine", engine);
    else
        copy(from, to, "engine", FORM_TEXT);
    return to;
}

static int failed(const struct record *from, struct failure *f)
{
    const char *code = record_get(from, "code"), *encryption = record_get(from, "encryption");
    char text[EVIDENCE_TEXT];

    code = code ? failure_code(code) : NULL;
    if (!code)
        return fail(f, "internal", "the parser's failure is none that it may have");
    tidy(record_get_or(from, "text", "no reason was given"), text);
    fail(f, code, "%s", text);
    if (encryption)
        f->encryption = strcmp(encryption, "luks") == 0        ? "luks"
                        : strcmp(encryption, "bitlocker") == 0 ? "bitlocker"
                                                               : NULL;
    return -1;
}

int answer_take(const struct record *from, const struct evidence *outside, const char *engine,
                struct record **ret, struct failure *f)
{
    const char *what = record_get(from, "what");
    struct record *made;

    if (record_is(from, "error"))
        return failed(from, f);
    if (record_is(from, "other") && what && printable(what)) {
        fail(f, "unknown-filesystem", "%s", what);
        return ANSWER_OTHER;
    }
    if (!record_is(from, "evidence"))
        return fail(f, "internal", "the parser's answer is of no type that it may have");
    made = evidence(from, outside, engine);
    if (!made)
        return fail(f, "internal", "out of memory");
    *ret = made;
    return 0;
}

struct record *answer_other(const char *what)
{
    struct record *r = record_new("other");

    record_add(r, "what", what);
    return r;
}
