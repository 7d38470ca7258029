#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# length.sh FILE...: no C function of 60 lines or more, no C file of 400 or more, no line beyond 120 characters (a
# little over the formatter's 110, for comments). Functions are told by their braces in the first column.
set -euo pipefail

awk '
    FNR == 1 { inside = 0 }
    length($0) > 120 { printf "%s:%d: a line of %d characters (at most 120)\n", FILENAME, FNR, length($0); bad = 1 }
    FNR == 400 { printf "%s: 400 lines or more: a second noun wants a file of its own\n", FILENAME; bad = 1 }
    /^[a-z].*\(/ { name = $0 }
    /^\{/ { inside = FNR }
    /^\}/ && inside {
        if (FNR - inside + 1 >= 60) {
            printf "%s:%d: a function of %d lines (fewer than 60): %s\n", FILENAME, inside, FNR - inside + 1, name
            bad = 1
        }
        inside = 0
    }
    END { exit bad }
' "$@"
