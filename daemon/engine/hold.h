// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// While the store cannot be written (a full disk) nothing that is due is begun, no disk looked at and nobody asked:
// what is learnt could not be kept, and would be lost each time. The store itself is tried instead, again after 5 s
// and at last once a minute; as soon as it takes what is written, all goes on. Signals stay with the watcher.
//
//     if (hold_on(e))
//         return;        // goes on by itself
#pragma once

#include <stdbool.h>

struct engine;

bool hold_on(struct engine *e);
