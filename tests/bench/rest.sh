# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What virtrust costs while nothing happens: a thousand guests defined in a real libvirtd (in a laboratory), all of
# virtrust upon it, and a minute in which nobody does anything. Against libvirtd's own in the same minute.

REST_MEMORY_GOAL='median <= 10 10 MB'
REST_WAKE_GOAL='median <= 0 no wake-up a minute'

bench_rest() {
    local file=$BENCH_WORK/rest why base
    if ! why=$(bench_lab "$BENCH_HERE/lab-rest.sh"); then
        row_not rest.wakeups "wake-ups of virtrust's daemons at rest" "$why" "$REST_WAKE_GOAL"
        row_not rest.memory "virtrustd's memory at rest" "$why" "$REST_MEMORY_GOAL"
        return
    fi
    base=$(rest_figure 'startswith("libvirtd")' .switches '"in the same time"' "$file")
    row_value rest.wakeups "times that virtrustd, virtrust-watch or virtrust-spawn was put on a processor" \
        "$(rest_figure 'startswith("virtrust")' .switches '"in \($seconds) s"' "$file")" "$base" "libvirtd itself" \
        "$REST_WAKE_GOAL"
    base=$(rest_figure 'startswith("libvirtd")' '(.rss_kib / 1024)' '"MB"' "$file")
    row_value rest.memory "virtrustd's resident memory" \
        "$(rest_figure '. == "virtrustd"' '(.rss_kib / 1024)' '"MB"' "$file")" "$base" "libvirtd itself" "$REST_MEMORY_GOAL"
    row_value rest.memory:watch "virtrust-watch's resident memory (libvirt's library is most of it)" \
        "$(rest_figure 'startswith("virtrust-watch")' '(.rss_kib / 1024)' '"MB"' "$file")" "$base" "libvirtd itself"
    row_value rest.memory:all "all daemons of virtrust, shared pages counted once (PSS)" \
        "$(rest_figure 'startswith("virtrust")' '(.pss_kib / 1024)' '"MB"' "$file")" "$base" "libvirtd itself"
}

# rest_figure WHICH WHAT UNIT FILE: the sum over the processes whose names match, and what each has to it.
rest_figure() {
    jq -c "[.parts[] | select(.name | $1) | {name, value: ($2)}] as \$of
        | {n: 1, unit: (.seconds as \$seconds | $3), median: ([\$of[].value] | add // 0),
           note: ([\$of[] | \"\(.name) \(.value * 100 | round / 100)\"] | join(\", \"))}" "$4"
}
