// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// This host's own DNS name, in lower case, of which virtrust's service principal is made: the name that the host has
// for itself; where that has no dot, what the resolver makes of it; else with the domain's name behind it.
//
//     char service[300];
//     own_service("corp.test", service, sizeof service);       // "virtrust/host1.corp.test"
#pragma once

#include "common/hostname.h"

#include <stddef.h>

// "" when the host has no name that could stand in one.
void own_host(const char *domain, char ret[static HOSTNAME_TEXT]);
void own_service(const char *domain, char *ret, size_t size);
