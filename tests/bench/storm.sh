# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Five hundred guests (--guests N) reverted at once, with the real libvirt, the real QEMU driver and a real directory:
# from the first signal to the last verdict, and the memory of all of virtrust and its disk servers meanwhile.
# look.settle (1 s in the laboratory) is part of it.

# shellcheck source=tests/bench/look.sh
. "$BENCH_HERE/look.sh"

STORM_MEMORY="highest sum of the memory of virtrust and its disk servers (PSS)"
STORM_MEMORY_GOAL='median <= 300 300 MB'

bench_storm() {
    local why goal='median <= 15 15 s for 500'
    export BENCH_GUESTS=${BENCH_GUESTS:-$(quick 6 500)} BENCH_FIXTURE
    [ "$BENCH_GUESTS" -eq 500 ] || goal=
    bench_fixture
    # By the other engine five hundred looks take an hour.
    if ! why=$(has_direct) || ! why=$(bench_lab "$BENCH_HERE/lab-storm.sh"); then
        row_not storm.burst "$BENCH_GUESTS guests reverted, from the first signal to the last verdict" "$why" "$goal"
        row_not storm.memory "$STORM_MEMORY" "$why" "$STORM_MEMORY_GOAL"
        return
    fi
    storm_row burst "all signals at once" "$goal"
    storm_row flow "virtrust works while libvirt still reverts" "$goal"
}

storm_row() {
    local round=$1 file=$BENCH_WORK/storm-$1 span=$BENCH_WORK/span-$1 reverts words
    "$BENCH_BIN/bench-ledger" span "$BENCH_WORK/storm-state/virtrust.db" "$(jq .after "$file")" "$(jq .until "$file")" > "$span"
    reverts=$(jq -c '{n: 1, unit: "s", median: (.reverts_ms / 1000)}' "$file")
    words=$(jq -rn --slurpfile s "$span" --slurpfile f "$file" '$s[0] as $s |
        "\($s.cases) cases, \($s.closed) closed, \($s.behind) judged behind; virtrust took \($f[0].cpu_ms / 1000) s of processor time"')
    row_value "storm.$round" "$BENCH_GUESTS guests reverted, $2: from the first signal to the last verdict" \
        "$(jq -c --arg note "$words" '{n: 1, unit: "s", median: .seconds, note: $note}' "$span")" \
        "$reverts" "what libvirt itself took for the reverts" "$3"
    row_value "storm.$round:each" "of each of them: from its signal to its verdict" "$(jq -c .each "$span")"
    row_value "storm.$round:memory" "$STORM_MEMORY" "$(jq -c '.memory | {n: .samples, unit: "MB", median: (.pss_kib / 1024),
        note: ([.parts | group_by(.name)[] | "\(length) \(.[0].name) \([.[].pss_kib] | add / 1024 | round) MB"] | join(", "))}' \
        "$file")" null '' "$STORM_MEMORY_GOAL"
}
