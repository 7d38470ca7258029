#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# purity.sh ARCHIVE...: the archives use nothing but each other and what purity.allowed names, and have no variable
# of static storage that could be written.
set -euo pipefail
export LC_ALL=C

allowed=$(dirname "$0")/purity.allowed
bad=0

for tool in nm objdump; do
    command -v "$tool" > /dev/null || { printf 'skip - %s is missing (package binutils)\n' "$tool"; exit 77; }
done

own=$(nm --defined-only "$@" 2> /dev/null | awk 'NF == 3 { print $3 }' | sort -u)
wanted=$(nm --undefined-only "$@" 2> /dev/null | awk 'NF == 2 { print $2 }' | grep -Ev '^__(asan|ubsan|lsan|sanitizer)_' | sort -u)
foreign=$(comm -23 <(printf '%s\n' "$wanted") <(printf '%s\n' "$own") | comm -23 - <(grep -v '^#' "$allowed" | sort))
if [ -n "$foreign" ]; then
    printf 'not in purity.allowed: %s\n' "$(tr '\n' ' ' <<< "$foreign")"
    for symbol in $foreign; do
        nm -A --undefined-only "$@" 2> /dev/null | grep -w "$symbol" | head -n 3
    done
    bad=1
fi

# The sanitizers keep descriptions of their own in .data. (grep reads to the end, or nm's would be a broken pipe.)
if ! nm --undefined-only "$@" 2> /dev/null | grep '__asan_' > /dev/null; then
    writable=$(objdump -t "$@" 2> /dev/null | awk '/file format/ { file = $1 }
        NF >= 5 && $(NF - 2) ~ /^\.(data|bss|tdata|tbss)$/ && $(NF - 1) !~ /^0+$/ { print file, $NF }')
    if [ -n "$writable" ]; then
        printf 'a variable that can be written:\n%s\n' "$writable"
        bad=1
    fi
fi

[ "$(wc -l <<< "$wanted")" -gt 5 ] || { printf 'nothing was looked at\n'; bad=1; }
[ "$bad" -eq 0 ] && printf 'pure: %s\n' "$*"
exit "$bad"
