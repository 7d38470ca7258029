// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a Linux guest's files say about its membership: the keytab, and Samba's secrets.tdb where it is there.
//
//     struct linux_files files = {.keytab = …};
//     linux_evidence(&files, &e, &failure);
#pragma once

#include "daemon/inspect/evidence.h"

enum { SECRETS_TDB_MAX = 16 * 1024 * 1024, LINUX_SETTINGS_MAX = 128 * 1024, LINUX_SERVICES = 2 };

enum linux_settings { // files that people write
    SETTINGS_RESOLV,
    SETTINGS_RESOLVED,
    SETTINGS_NSSWITCH,
    SETTINGS_SSSD,
    SETTINGS_SMB,
    LINUX_SETTINGS
};

struct linux_files {
    const char *keytab_path; // static; NULL: there is none
    struct blob keytab;
    const char *tdb_path; // static; NULL: there is none
    struct blob tdb;
    enum answer samba_dc; // is sam.ldb there: an AD domain controller
    // For linux_facts.h.
    struct blob settings[LINUX_SETTINGS];                   // empty: not there, or not read
    bool installed[LINUX_SERVICES], starts[LINUX_SERVICES]; // of those that nsswitch.conf asks
};
void linux_files_done(struct linux_files *files);
#define _cleanup_linux_files_ _cleanup_(linux_files_done)

// Never fails: what cannot be read is unknown, with a doubt. joined=0 needs sound files (or none).
void linux_evidence(const struct linux_files *files, struct evidence *e);
