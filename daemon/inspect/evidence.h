// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a look has learnt, and the reason why there was nothing to learn. Each field is known or unknown;
// unknown is left out of the record. The names are those of daemon/PROTOCOL.md. Nothing here is a secret: of
// the sealed secret object only its hash is kept. Pure but for malloc.
//
//     struct evidence e;
//     evidence_init(&e);
//     evidence_doubt(&e, "dirty-hive", "SECURITY is dirty (%u/%u)", a, b);
//     record = evidence_record(&e);
#pragma once

#include "common/record.h"
#include "common/sid.h"
#include "daemon/inspect/hive.h"
#include "daemon/inspect/hive_tree.h"

#include <stdbool.h>
#include <stdint.h>

enum answer { ANSWER_UNKNOWN = -1, ANSWER_NO = 0, ANSWER_YES = 1 };

enum role { ROLE_UNKNOWN, ROLE_MEMBER, ROLE_DOMAIN_CONTROLLER, ROLE_WORKGROUP };

enum hive_name { HIVE_SECURITY, HIVE_SYSTEM, HIVE_SOFTWARE, HIVE_SAM, HIVE_NAMES };
extern const char *const hive_file_names[HIVE_NAMES]; // "SECURITY" …

enum { EVIDENCE_DOUBTS = 24, EVIDENCE_TEXT = 512, EVIDENCE_FACTS = 48, EVIDENCE_OTHERS = 3 };

struct hive_note {
    enum hive_state state;
    bool has_base, log_gap;
    uint32_t seq1, seq2, entries_replayed;
    uint64_t bytes_read; // of the hive and its logs; for tests, not told
};

struct doubt {
    const char *id; // static
    char text[EVIDENCE_TEXT];
};

// What a person or a program may want to know besides: told as it stands, nothing is decided by it.
struct fact {
    const char *key; // static; its name in the record
    char value[EVIDENCE_TEXT];
};

// Another system on the same guest's disks, told beside the one that the evidence is of.
struct evidence_other {
    char device[128];
    const char *os; // static
    enum answer joined;
    char computer[HIVE_TEXT_MAX], sam_account_name[HIVE_TEXT_MAX], dns[HIVE_TEXT_MAX];
    char account_sid[SID_TEXT];
    uint64_t filetime; // 0 unknown
};

struct evidence {
    const char *os; // "windows", "linux"; static; NULL unknown
    enum answer joined;
    enum role role;
    char computer[HIVE_TEXT_MAX], sam_account_name[HIVE_TEXT_MAX];
    char netbios[HIVE_TEXT_MAX], dns[HIVE_TEXT_MAX];
    char domain_sid[SID_TEXT], machine_sid[SID_TEXT], account_sid[SID_TEXT];
    uint64_t filetime; // 0 unknown
    bool has_kvno, has_secret, has_max_age;
    uint32_t kvno, max_age_days;
    enum answer change_disabled;
    struct hive_note hives[HIVE_NAMES];
    const char *keytab_path; // static
    char principal[EVIDENCE_TEXT];
    unsigned keytab_entries;
    int64_t keytab_newest_us; // 0 unknown
    const char *secrets_tdb;  // its path; static
    const char *encryption;   // "none", "bitlocker", "luks"; static
    enum answer live;
    unsigned char secret_sha256[32];
    char engine[64];
    struct doubt doubts[EVIDENCE_DOUBTS];
    size_t doubt_count;
    struct fact facts[EVIDENCE_FACTS];
    size_t fact_count;
    struct evidence_other others[EVIDENCE_OTHERS];
    size_t other_count;
};

void evidence_init(struct evidence *e);
// Doubts beyond the last place are dropped; the same doubt stands once.
void evidence_doubt(struct evidence *e, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// A fact stands once: the first counts, and an empty one is none.
void evidence_fact(struct evidence *e, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *evidence_fact_get(const struct evidence *e, const char *key); // NULL: unknown
void evidence_hive(struct evidence *e, enum hive_name name, const struct hive *h);
// SHA-256 of the sealed secret object's bytes (a Linux member's: of its key's bytes).
void evidence_secret(struct evidence *e, const void *data, size_t len);
// type=evidence; NULL when out of memory.
struct record *evidence_record(const struct evidence *e);

// Why there is no evidence: one of the codes of daemon/PROTOCOL.md, and what to do. Static strings but for
// the text.
struct failure {
    const char *code; // NULL: no failure
    const char *next;
    const char *encryption; // "luks", "bitlocker" where that is the reason
    struct err err;
};
// Fills *f with the code's own advice and returns -1.
int fail(struct failure *f, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *failure_code(const char *code); // that code of the closed list, static; NULL: it is none
enum exit_code failure_exit(const char *code);
struct record *failure_record(const struct failure *f); // type=error
