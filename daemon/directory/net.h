// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Does a port answer? Asked before the libraries get to work, since their own time limits are long and their
// sentences name neither host nor port.
//
//     rc = net_probe("dc1.corp.test", 389, 4000, &err);
#pragma once

#include "common/err.h"

enum { PORT_KERBEROS = 88, PORT_LDAP = 389, PORT_KPASSWD = 464, PORT_LDAPS = 636 };

// Connects over TCP and closes again: 0, or a negative errno with a sentence that names host and port.
int net_probe(const char *host, int port, int timeout_ms, struct err *err);
