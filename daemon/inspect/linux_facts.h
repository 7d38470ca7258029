// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What else a Linux guest's files tell that somebody who repairs a lost trust wants to know: whom it asks for names,
// which realm its services are set up for, and whether the service that looks its users up starts. Facts only
// (evidence_fact); nothing is decided by them. What is not there, or not understood, stays unknown.
//
//     struct linux_files files = {…};           // files.settings[SETTINGS_RESOLV]: the bytes of resolv.conf
//     linux_facts(&files, &e);
#pragma once

#include "daemon/inspect/linux.h"

// Where each of the settings lies.
extern const char *const linux_settings_paths[LINUX_SETTINGS];
// The names of all facts, NULL at the end: what an answer may hold.
extern const char *const linux_fact_names[];

void linux_facts(const struct linux_files *files, struct evidence *e);

// A service that may look users up. NULL ends the lists.
struct linux_service {
    const char *name, *source; // "winbind"; its word in nsswitch.conf
    const char *units[3];      // where its unit lies, one of them
    const char *starts[4];     // what makes it start, any of them
};
extern const struct linux_service linux_services[LINUX_SERVICES];
// Does nsswitch.conf ask it for users?
bool linux_service_asked(const struct linux_files *files, const struct linux_service *s);
