# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the benchmark's parts share. Each part is tests/bench/NAME.sh with a function bench_NAME; `run` sources it and
# calls it. It measures and says what it found by these, each one row of the table and of the JSON:
#
#   row_turns ROW WHAT FILE NAME BASE BASEWHAT [GOAL]   NAME's figures out of bench-turns' output FILE, against BASE's
#   row_value ROW WHAT FIGURES BASE BASEWHAT [GOAL]     FIGURES and BASE are JSON objects with unit and median (n, p10,
#                                                       p90, p99, max, note …); their ratio is that of the medians
#   row_not ROW WHAT REASON [GOAL]                      not measured, and why
#
# GOAL is "OF SENSE LIMIT TEXT": OF is median, p99, max or ratio; SENSE <= or >=. What a part needs of this machine it
# asks for at run time; a row that could not be measured says so, and never keeps another from being measured.
#
# Variables: $BENCH_OUT (the rows so far), $BENCH_WORK (this run's directory, on the disk), $BENCH_CACHE (kept),
# $BENCH_QUICK (1: only to see that everything works), $BENCH_TREE, $BENCH_BUILD, $BENCH_BIN, $BENCH_MKHIVE, $VT_BIN.

bench_say() { printf 'bench: %s\n' "$*" >&2; }

# quick A B: A in a quick run, else B.
quick() {
    if [ "$BENCH_QUICK" = 1 ]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi
}

# turns FILE ARGS...: bench-turns; its words are shown when it fails.
turns() {
    local file=$1
    shift
    "$BENCH_BIN/bench-turns" "$@" > "$file" 2> "$file.err" && return 0
    sed 's/^/bench:   /' "$file.err" >&2
    return 1
}

# shellcheck disable=SC2016  # jq's variables
BENCH_JQ='
def figures: with_entries(select(.key | IN("unit", "n", "median", "p10", "p90", "p99", "min", "max", "cpu", "rss_kib", "note")));
def goal($words; $row):
    if $words == "" then . else
    ($words | capture("^(?<of>\\S+) (?<sense>\\S+) (?<limit>\\S+) (?<text>.*)$")) as $g
    | ($g.limit | tonumber) as $limit
    | (if $g.of == "ratio" then $row.ratio.median else $row[$g.of] end) as $value
    | . + {goal: {text: $g.text, of: $g.of, sense: $g.sense, limit: $limit,
        met: (if $value == null then null elif $g.sense == "<=" then $value <= $limit else $value >= $limit end),
        off_by: (if $value == null or $limit == 0 or $value == 0 then null
            elif $g.sense == "<=" then $value / $limit else $limit / $value end)}}
    end;
'

row_turns() {
    jq -cs --arg row "$1" --arg what "$2" --arg name "$4" --arg base "$5" --arg basewhat "$6" --arg goal "${7-}" \
        "$BENCH_JQ"'
        (.[] | select(.name == $name)) as $m | (.[] | select(.name == $base)) as $b
        | {row: $row, what: $what} + ($m | figures)
          + {base: ({what: $basewhat} + ($b | figures)), ratio: ($m.to[$base] | {n, median, p10, p90})}
          + (if $b.cpu > 0 then {cpu_ratio: ($m.cpu / $b.cpu)} else {} end)
        | . as $r | goal($goal; $r)' "$3" >> "$BENCH_OUT"
}

row_value() {
    jq -cn --arg row "$1" --arg what "$2" --argjson m "$3" --argjson b "${4:-null}" --arg basewhat "${5-}" \
        --arg goal "${6-}" "$BENCH_JQ"'
        {row: $row, what: $what} + ($m | figures)
        + (if $b == null then {} else {base: ({what: $basewhat} + ($b | figures))}
           + (if ($b.median // 0) > 0 then {ratio: {n: $m.n, median: ($m.median / $b.median)}} else {} end) end)
        | . as $r | goal($goal; $r)' >> "$BENCH_OUT"
}

row_not() {
    bench_say "$1: not measured: $3"
    jq -cn --arg row "$1" --arg what "$2" --arg reason "$3" --arg goal "${4-}" "$BENCH_JQ"'
        {row: $row, what: $what, not_measured: $reason} | . as $r | goal($goal; $r)' >> "$BENCH_OUT"
}

# have PROGRAM...: the first that is missing is told on standard output.
have() {
    local program
    for program in "$@"; do
        command -v "$program" > /dev/null || {
            printf '%s is not installed\n' "$program"
            return 1
        }
    done
}

# bench_lab SCRIPT: runs it in a laboratory (tests/lab), whose words go to $BENCH_WORK/lab.log. Fails with the reason on
# standard output.
bench_lab() {
    local status=0
    VIRTRUST_BIN_DIR=$VT_BIN VIRTRUST_LAB_LOGS=$BENCH_BUILD/lab-logs VIRTRUST_LAB_TIMEOUT=${BENCH_LAB_TIMEOUT:-900} \
        "$BENCH_TREE/tests/lab/lab" run "$1" > "$BENCH_WORK/lab.log" 2>&1 < /dev/null || status=$?
    [ "$status" -ne 0 ] || return 0
    if [ "$status" -eq 77 ]; then
        sed -n 's/^skip - //p' "$BENCH_WORK/lab.log" | tail -n 1
    else
        tail -n 15 "$BENCH_WORK/lab.log" | sed 's/^/bench:   /' >&2
        echo "it broke in the laboratory (status $status)"
    fi
    return 1
}

# The laboratory's own test of KVM is a guest that starts; this one only tells what there is.
bench_machine() {
    local hypervisor version
    hypervisor=$(systemd-detect-virt 2> /dev/null || true)
    version=$(git -C "$BENCH_TREE" describe --always --dirty 2> /dev/null || echo unknown)
    jq -cn --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" --arg cores "$(nproc)" \
        --arg kernel "$(uname -sr)" --arg inside "${hypervisor:-unknown}" \
        --arg kvm "$([ -e /dev/kvm ] && echo "/dev/kvm is there" || echo "no /dev/kvm")" \
        --arg guestfs "${LIBGUESTFS_BACKEND_SETTINGS:-default}" --arg load "$BENCH_LOAD" \
        --arg memory "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" \
        --arg disk "$(findmnt -n -o FSTYPE,SOURCE -T "$BENCH_WORK" 2> /dev/null | tr -s ' ')" \
        --arg version "$version" --arg build "$(sed -n 's/^CMAKE_BUILD_TYPE:[^=]*=//p' "$BENCH_BUILD/CMakeCache.txt")" \
        --arg qemu "$(bench_version qemu-img --version)" --arg libvirt "$(bench_version libvirtd --version)" \
        --arg libguestfs "$(bench_version guestfish --version)" --arg nbdcopy "$(bench_version nbdcopy --version)" '
        {cpu: $cpu, cores: ($cores | tonumber), memory_mib: ($memory | tonumber), kernel: $kernel, inside: $inside, kvm: $kvm,
         guestfs: $guestfs, disk: $disk, load_before: $load, virtrust: $version, build: $build,
         versions: {qemu: $qemu, libvirt: $libvirt, libguestfs: $libguestfs, libnbd: $nbdcopy}}'
}

bench_version() {
    { "$@" 2> /dev/null || true; } | head -n 1 | grep -o '[0-9][0-9.]*' | head -n 1 || true
}

# A person's picture of one run.
bench_table() {
    # shellcheck disable=SC2016  # jq's variables
    jq -r '
        def round($d): if . == null then "-" elif . >= 100 then (. | floor | tostring)
            else (. * pow(10; $d) | round / pow(10; $d) | tostring) end;
        def value: if .median == null then "-" else (.median | round(2)) + " " + .unit end;
        .rows[] | [
            .row,
            (if .not_measured then "not measured" else value end),
            (if .p10 == null then "" else (.p10 | round(2)) + "–" + (.p90 | round(2)) end),
            (if .goal.of == "p99" and .p99 then (.p99 | round(2)) else "" end),
            (if .base then (.base | value) else "" end),
            (if .ratio then (.ratio.median | round(2)) + "×" else "" end),
            (if .ratio.p10 then (.ratio.p10 | round(2)) + "–" + (.ratio.p90 | round(2)) else "" end),
            (if .cpu_ratio then (.cpu | round(2)) + " : " + (.base.cpu | round(2)) + " ms" else "" end),
            (if .goal then .goal.text else "" end),
            (if .goal == null then "" elif .goal.met == null then "?" elif .goal.met then "met"
             else "missed " + (if .goal.off_by then (.goal.off_by | round(1)) + "×" else "" end) end)
        ] | @tsv' "$1" | {
        printf 'ROW\tMEASURED\t10–90 %%\tP99\tBASE\tRATIO\t10–90 %%\tGOAL\t\n'
        cat
    } | column -t -s "$(printf '\t')"
    jq -r '.rows[] | "\(.row): \(.what)" + (if .base then ", against \(.base.what)" else "" end)
        + (if .not_measured then ": not measured: \(.not_measured)" else "" end) + (if .note then ". \(.note)" else "" end)' "$1" |
        sed 's/^/  /'
}
