// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Binding rules: "{name}", "{name:15}" (cut to 15 characters), "{title}", fixed text, or a mixture, filled in for
// one guest. A rule must never name another computer by accident: what is too long, or holds characters that no
// account name has, gives nothing at all instead of something cut or mangled. Pure.
//
//     char computer[RULE_TEXT];
//     rule_fill("VDI-{name:11}", "win07", NULL, computer);   // "VDI-win07"
#pragma once

enum { RULE_TEXT = 64 };

// 0 (with "" when this guest has no title, or the result is no account name), -EINVAL when the rule is malformed.
// A trailing '$' is dropped: virtrust names computers without it.
int rule_fill(const char *rule, const char *name, const char *title, char ret[static RULE_TEXT]);
