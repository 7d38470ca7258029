// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Does a host accept TCP connections? For the probe, and before a change is begun.
//
//     unsigned open = ports_open("dc1.corp.test");       // bits: PORT_KERBEROS | PORT_LDAP …
#pragma once

enum { PORT_KERBEROS = 1, PORT_LDAP = 2, PORT_SMB = 4, PORT_KPASSWD = 8, PORT_ALL = 15 };

// Tries all four at once, and waits for a few seconds at most.
unsigned ports_open(const char *host);
unsigned ports_number(unsigned bit); // 88, 389, 445, 464
