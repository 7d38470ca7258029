// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust.yaml as a struct. One loader, used by every program; each takes what it needs. The file is
// config/virtrust.yaml, where every option stands commented at its default.
//
// config_load refuses unknown and duplicate keys, bad values and bad types with a sentence
// "FILE:LINE:COLUMN: key.path: what is wrong; what would be right". The caller frees with config_free.
//
//     _cleanup_(config_freep) struct config *config = NULL;
//     if (config_load(NULL, &config, &err) < 0) ...        // NULL: CONFIG_FILE, or the defaults when it is absent
#pragma once

#include "common/cleanup.h"
#include "common/err.h"
#include "daemon/core/policyrule.h"
#include "daemon/core/quiet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILE "/etc/virtrust/virtrust.yaml"

enum config_mode { MODE_OBSERVE, MODE_ASK, MODE_REPAIR };
enum config_strategy { STRATEGY_WAIT = 1, STRATEGY_PROVISION = 2, STRATEGY_CREDENTIAL = 4 }; // a mask

struct config_words { // a list of words as it stands in the file
    char **items;
    size_t count;
};

struct config_domain { // one Active Directory domain
    char *name;        // DNS name, required
    char *netbios;     // left out: the first label in capitals (the loader fills it in)
    char *base;        // DN; resets are refused for accounts outside; required for repairs
    char *principal;   // of the delegated account, user@REALM
    char *keytab;      // path
    char *credential;  // its name among the credentials that systemd hands over; before keytab, where it did
    char *credentials; // directory: credentials for the strategy `credential`, a file an account; NULL: none
    char *site;        // of this host, for the order of the DCs; left out: a DC is asked
    char *service;     // virtrust's own service principal without realm; left out: virtrust/<host's DNS name>
    char *ldaps_ca;    // path: LDAP inside TLS, by this authority; left out: sealed by Kerberos
    char **dcs;        // host names; empty: DNS SRV (with dcs_count a struct config_words)
    size_t dcs_count;
    unsigned resets_per_hour; // default 20
    unsigned repairs_at_once; // default 8
};

// Ordered; the first that matches a guest decides; a field left out inherits the default.
struct config_policy {
    char *name;                // "policy-1" by its place, where none is given
    struct policy_match match; // its pointers are the fields below
    char *match_name, *match_title, *match_domain, *match_ou, *match_role;
    struct config_words match_metadata;
    struct policy_value *metadata; // what match_metadata says; owned, with its keys
    int mode;                      // enum config_mode, or -1: config.mode
    char *domain;                  // of `domains`; NULL: the only one
    // Binding rule: text with "{name}", "{name:15}" (cut to 15 characters), "{title}"; NULL: none.
    char *computer;
    char *bind; // "by-proof": the guest's own proof of possession binds it; NULL: `computer`, or nobody
    struct config_words strategies, quiet_hours; // items NULL: config's
    struct quiet_span *quiet;                    // what quiet_hours says
    unsigned at_once, per_hour;                  // 0: no limit of its own
    int push_helper;                             // -1: default, 0, 1
    int look_on_every_start;                     // likewise
    int discarded;                               // likewise
    char *look_key_file;                         // opens their LUKS volumes; NULL: nothing does
};

struct config {
    char *file;                  // what was read; NULL: defaults
    enum config_mode mode;       // default observe
    char *runtime_dir;           // /run/virtrust
    char *state_dir;             // /var/lib/virtrust
    char *spool_dir;             // /var/spool/virtrust/hook
    char *libvirt_uri;           // qemu:///system
    bool look_on_first_sight;    // true
    bool look_on_every_start;    // true
    char *look_engine;           // auto, direct, guestfs
    unsigned looks_at_once;      // 0: as many as there are processors
    unsigned appliances_at_once; // 2: of libguestfs
    unsigned look_timeout_s;     // 180
    unsigned settle_ms;          // 2000: quiet time after the last signal of a burst
    bool push_helper;            // false
    char *helper_path;           // in a Linux guest: /usr/libexec/virtrust/virtrust-helper
    char *helper_push_source;    // on the host: VIRTRUST_LIBEXECDIR/virtrust-helper
    // The same for Windows guests: C:\Program Files\virtrust\virtrust-helper.exe, and virtrust-helper.exe beside it.
    char *helper_windows_path, *helper_windows_push_source;
    unsigned agent_wait_s;       // 1800: how long a job waits for the guest's agent, then `silent`
    unsigned clock_tolerance_ms; // 2000: set the guest's clock when it is off by more
    unsigned tolerance_s;        // 600: AD newer than the guest by more than this = behind, without a pair
    unsigned proof_wait_s;       // 120: how long to wait for the DC to show the rotation
    unsigned repairs_at_once;    // 16
    unsigned repairs_per_hour;   // 0: no limit
    struct config_words strategies, quiet_hours;
    struct quiet_span *quiet;  // what quiet_hours says
    unsigned breaker_failures; // 5
    unsigned breaker_share;    // 50, percent
    unsigned breaker_window_s; // 3600
    unsigned breaker_pause_s;  // 900
    unsigned keep_cases_days;  // 365
    unsigned keep_quiet_days;  // 30: cases that say nothing
    unsigned keep_gone_days;   // 365: guests that are gone, without binding and case
    struct config_domain *domains;
    size_t domains_count;
    struct config_policy *policies;
    size_t policies_count;
};

// 0, -EINVAL with a sentence, -ENOENT (a file named by the caller is absent), other negative errno.
int config_load(const char *file, struct config **ret, struct err *err);
struct config *config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free);

// Who is asked first to read a disk, and who where that one says `not-direct`: an engine as the look request names it.
const char *config_first_engine(const struct config *c);
const char *config_next_engine(const struct config *c); // NULL: nobody

// How many looks run at once on this host.
unsigned config_looks_at_once(const struct config *c);

const char *config_mode_text(enum config_mode mode); // "observe" "ask" "repair"

struct policy_subject; // daemon/core/policy.h

// What the policies say for one guest: the first that matches, else the defaults. Borrowed pointers into c.
struct config_choice {
    enum config_mode mode;
    const struct config_policy *policy; // NULL: no policy matched
    // A policy above it whose other conditions hold asks for what is not known yet: until it is, the mode is observe.
    const struct config_policy *undecided;
    const struct config_domain *domain; // NULL: none configured, or several and none named
    bool push_helper, look_on_every_start;
    bool by_proof;                  // the guest may bind itself by proof of possession
    bool discarded;                 // its disks are discarded when it stops
    unsigned strategies;            // a mask of enum config_strategy
    enum config_strategy order[4];  // the same in the order to try them, closed by 0
    const struct quiet_span *quiet; // quiet hours
    size_t quiet_count;
    const char *look_key_file; // NULL: none
    char computer[64];         // the binding rule filled in (without '$'); "" when there is none
};
void config_choose(const struct config *c, const struct policy_subject *s, struct config_choice *ret);
const char *config_strategy_text(enum config_strategy s); // "wait" "provision" "credential"
const struct config_domain *config_domain(const struct config *c, const char *name);
