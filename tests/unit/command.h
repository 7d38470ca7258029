// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Commands that a test makes its fixtures with.
//
//     run("'%s' '%s/hives' computer=WS1", MKHIVE, dir);
#pragma once

// By the shell; the test fails where the command does. At most 4095 bytes.
void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
