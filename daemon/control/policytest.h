// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `policy-facts guest=`: a guest as the policies see it, and what the configuration that is in force makes of it. The
// command line matches its own configuration against these facts (`virtrust policy test`).
//
// Answer: type=facts name uuid title described domain dn role transient_disks metadata.N.key metadata.N.value config
// policy mode undecided.
#pragma once

#include "daemon/control/session.h"

void handle_policy_facts(struct session *s, const struct record *request);
