// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words by which a virtrust-hook of any version is told from somebody else's program: they lie in its binary.
// Never change them: an old copy would then pass for a stranger's.
#pragma once

#define HOOK_MARK "virtrust-hook 3c0d4f6e-6f5b-4a57-9c70-8d1c5e8a2b14"
