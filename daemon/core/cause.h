// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Why, and what to do. judge() says what the evidence means for the password, decide() what virtrust may do about it;
// this table refines their verdict with everything else that is known (the live probe, each DC's own view, the history
// of rollbacks, the guest's settings, other guests) into one cause and what stands beside it. It never makes a verdict:
// each row names those that it may explain, and the last row of each holds always.
//
// The table is ordered; the first row of the verdict that holds is the cause, later ones that may stand beside it are
// told too. Unknown is a value: a row that rests on evidence which is not known does not hold.
//
//     struct cause c;
//     cause_find(&facts, &c);       // c.found[0] is the cause; c.found[1] ... stands beside it
#pragma once

#include "daemon/core/judge.h"

enum { CAUSE_DCS_MAX = 8, CAUSES_MAX = 16, CAUSE_DN = 512, CAUSE_SERVERS = 256 };

// The account besides its password, as one DC shows it. 0, "" and TRI_UNKNOWN: not known.
struct account_facts {
    char dn[CAUSE_DN], dns_host_name[NAME_TEXT], address[SHORT_TEXT]; // the DC's own address
    bool has_clock;
    int64_t clock_us;           // the DC's minus the host's
    enum tri in_base;           // below the OU that is delegated to virtrust
    enum tri has_spn;           // HOST/ and its DNS name is among its service principal names
    char spn_other[SHORT_TEXT]; // another account that has it too
    int64_t created_us, changed_us;
    uint64_t last_logon;       // FILETIME; AD keeps it to some days
    uint64_t laps_expires;     // FILETIME: Windows LAPS or its forerunner keeps a password of this computer
    uint32_t password_changes; // how often the password was written, by the directory's own count; 0 unknown
    int64_t password_changed_us;
    char password_changed_at[NAME_TEXT]; // the DC at which it was
};

struct dc_view {
    char dc[NAME_TEXT];
    char code[SHORT_TEXT]; // why it could not be asked: a stable id
    struct directory_side side;
    struct account_facts more;
};

// What the guest's own probe said last.
struct probe_facts {
    bool known;
    int64_t at_us;
    enum tri healthy, dc_reachable;
    char code[SHORT_TEXT], text[LONG_TEXT], dc[NAME_TEXT], ports[SHORT_TEXT];
    bool has_fingerprint;
    unsigned char fingerprint[HASH];
    enum tri may_rotate;
};

// What the disk says besides the secret.
struct guest_facts {
    enum tri windows, join_pending, rotation_off, netlogon_off, isolated, bitlocker;
    enum tri entra;                 // registered in Entra ID, with a device key of its own
    enum tri users_off;             // the service that looks its users up does not start
    char users_service[SHORT_TEXT]; // its name
    char realm[NAME_TEXT];          // that the guest's services are set up for
    int64_t max_age_days;           // of the machine password, -1 unknown
    char resolvers[CAUSE_SERVERS];  // addresses, apart by blanks
};

struct cause_facts {
    struct evidence evidence; // the directory's side: the newest among the DCs
    enum verdict verdict;     // judged and decided
    char judged[SHORT_TEXT];  // judge's row
    char name[NAME_TEXT];     // the guest's
    char base[CAUSE_DN];      // the OU that is delegated; ""
    int64_t now_us, ran_us;   // ran_us: when it was last seen to run; 0 never
    enum tri running, genid, tpm;
    bool stale;  // the disk was not looked at just now
    bool rolled; // a rollback was seen, and nothing proved the guest whole since
    enum rollback_kind rollback;
    int64_t rolled_us;
    unsigned same_fingerprint; // rollbacks to this very secret
    struct guest_facts disk;
    struct probe_facts probe;
    bool has_clock;   // the guest was asked for its time
    int64_t clock_us; // guest minus host
    struct dc_view dcs[CAUSE_DCS_MAX];
    size_t dcs_count;
    enum tri namesake;     // an account of the bound one's name, but with another GUID, is in the directory
    char clone[NAME_TEXT]; // another guest that holds the very same secret
    char twin[NAME_TEXT];  // another guest with the same binding that has run since
    char double_name[NAME_TEXT]; // another guest that calls itself the same, with another secret
    uint64_t double_set_at;      // of that secret, FILETIME, 0 unknown
};

enum cause_source { // what a row rests on, a bit each
    FROM_DISK = 1,
    FROM_PROBE = 2,
    FROM_DIRECTORY = 4,
    FROM_LEDGER = 8,
    FROM_HISTORY = 16, // cases
    FROM_LIBVIRT = 32,
    FROM_CLOCKS = 64,
    FROM_OTHERS = 128, // other guests of this host
};

#define CAUSE_HEALTHS(X)  \
    X(UNKNOWN, "unknown") \
    X(WHOLE, "whole")     \
    X(AT_RISK, "at-risk") \
    X(BROKEN, "broken")
#define CAUSE_CONFIDENCES(X) \
    X(POSSIBLE, "possible")  \
    X(LIKELY, "likely")      \
    X(CERTAIN, "certain")
#define CAUSE_PLACES(X)                                      \
    X(NOWHERE, "")                                           \
    X(HOST, "on this host")                                  \
    X(DIRECTORY, "in PowerShell, with rights in the domain") \
    X(GUEST, "in the guest, with administrator's rights")

#define WORD_HEALTH(name, text) HEALTH_##name,
#define WORD_CONFIDENCE(name, text) CONFIDENCE_##name,
#define WORD_PLACE(name, text) PLACE_##name,
enum health { CAUSE_HEALTHS(WORD_HEALTH) HEALTHS_COUNT };
enum confidence { CAUSE_CONFIDENCES(WORD_CONFIDENCE) CONFIDENCES_COUNT };
enum place { CAUSE_PLACES(WORD_PLACE) PLACES_COUNT };

const char *health_text(enum health v);
const char *confidence_text(enum confidence v);
const char *place_text(enum place v);

struct cause_found {
    const char *id; // stable
    enum health health;
    enum confidence confidence;
    unsigned rests; // enum cause_source
    char text[LONG_TEXT];
    enum place place;
    char command[LONG_TEXT]; // exact, quoted; "" none
};

struct cause {
    size_t count; // at least one
    struct cause_found found[CAUSES_MAX];
};

void cause_find(const struct cause_facts *f, struct cause *ret);

// "disk, directory" of those bits.
void cause_sources(unsigned rests, char *ret, size_t size);

// The view to judge by: the newest password among the DCs that were asked; with none found, one that does not have the
// account; NULL when none answered.
const struct dc_view *cause_newest(const struct dc_view *dcs, size_t count);

// A word for a POSIX shell, or for PowerShell: quoted where it needs it, without control characters.
void quote_shell(const char *text, char *ret, size_t size);
void quote_powershell(const char *text, char *ret, size_t size);

// For tests and the manual: the table's rows in order; NULL behind the last.
struct cause_row;
const struct cause_row *cause_row(size_t i);
const char *cause_row_id(const struct cause_row *row);
unsigned cause_row_rests(const struct cause_row *row);
bool cause_row_explains(const struct cause_row *row, enum verdict v);
bool cause_row_holds(const struct cause_row *row, const struct cause_facts *f);
