// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which domain controller this is, and how many changes it has taken: what it tells anybody who asks for its root by
// LDAP, without a log-on. The host reads the same; by it two copies of one DC are told apart.
//
//     dcinstance_add(answer, "dc1.corp.test");    // dc_instance, dc_usn; neither where it does not say
#pragma once

#include "common/record.h"

void dcinstance_add(struct record *a, const char *dc);
