// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The virtio-serial port org.virtrust.guest.0: the same verbs for guests without an agent, or whose agent may run no
// program. Nobody but the hypervisor is at its other end; there is no other way in.
//
// A request is what the verb takes on its standard input, with two more keys: the record's type is the verb, `id` comes
// back in the answer: type=ran  id  exit=<the verb's exit code>  [text=<its complaint>]  [out=<the answer, whole>].
// The type `version` is answered by the service itself with what `virtrust-helper --version` prints.
//
//     rc = port_serve(&err);      // does not come back but with an error, or when port_stop() was called
#pragma once

#include "common/record.h"

#include <stddef.h>

// Serves until something breaks or the system stops it. 0 or -errno with a sentence.
int port_serve(struct err *err);

// One request carried out; NULL when it is none (nothing is then answered). For port_serve and tests.
struct record *port_answer(const struct record *request);

// ---- the system's, in its own port.c ----
struct port;
// Opens it, waiting until there is one. 0, -ECANCELED (stopped), other -errno with a sentence.
int port_open(struct port **ret, struct err *err);
struct port *port_free(struct port *p);
// Waits for bytes: how many; 0: the host went away (it may come back); -ECANCELED (stopped); -errno.
int port_read(struct port *p, void *buf, size_t size);
int port_write(struct port *p, const void *data, size_t len); // 0 or -errno
