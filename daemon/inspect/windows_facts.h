// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What else a Windows guest's hives tell that somebody who repairs a lost trust wants to know: which Windows it is,
// how it finds names and time, what policy says, whether a start is still to finish a join or a setup, where its
// secret may lie. Facts only (evidence_fact); what decides is in hive_facts.h.
//
//     windows_facts_system(&hive.regf, "ControlSet001", &e);
//     windows_facts_software(&hive.regf, &e);
//     windows_facts_join(&e);
#pragma once

#include "daemon/inspect/evidence.h"

// The names of all facts below, NULL at the end: what an answer may hold.
extern const char *const windows_fact_names[];

// What could not be read is a doubt, never an error.
void windows_facts_system(const struct regf *h, const char *control_set, struct evidence *e);
void windows_facts_software(const struct regf *h, struct evidence *e);
// Comes last: what needs more than one hive.
void windows_facts_join(struct evidence *e);
// The first bytes of the system volume's hiberfil.sys; len 0: there is none.
void windows_facts_hibernation(const unsigned char *head, size_t len, struct evidence *e);
