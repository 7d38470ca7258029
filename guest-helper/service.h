// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `virtrust-helper service …`: the program as a service that listens on the port (port.h). Installing it is the
// system's own matter: Windows' service control manager, or a unit that came with the package.
//
//     return service_main("run");
#pragma once

// word: install, remove or run. The program's exit code; complaints go to standard error.
int service_main(const char *word);
