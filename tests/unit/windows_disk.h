// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Windows-shaped disk for tests, in the working directory: a GPT, a volume without a file system, an NTFS volume with
// a full System32 and the hives that lie in ./hives, a recovery volume. Fails the test where it cannot be made.
//
//     if (!windows_disk_tools()) skip();
//     windows_disk_hives();  windows_disk_make();      // now there is ./disk
#pragma once

#include <stdbool.h>

bool windows_disk_tools(void);
void windows_disk_hives(void); // of a member called WS1; needs VIRTRUST_BIN_DIR or the root of the tree
void windows_disk_make(void);
