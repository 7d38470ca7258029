# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the laboratory: $BENCH_GUESTS Windows-shaped guests that are off, each an overlay on one base with a SECURITY of its
# own, each with an account in a real directory. virtrust has seen them in step; then the directory's passwords change,
# and all guests are reverted at once: every one of them is to be judged behind.
#
# Twice: as it happens (flow: virtrust works while libvirt still reverts), and with the watcher held until all reverts are
# done, so that all signals come at once (burst).
#
# Leaves in $BENCH_WORK: storm-state (with virtrust's store) and for each round NAME storm-NAME: JSON with the last case
# before and after it, the seconds that libvirt took for the reverts, virtrust's processor time, its memory at the highest.

# shellcheck source=tests/bench/lab-guests.sh
. "$BENCH_HERE/lab-guests.sh"

# storm_ldif VERB SECRET: all accounts, in one file for one ldbadd or ldbmodify.
storm_ldif() {
    local name secret
    while read -r name; do
        secret=$(printf 'Aa1-%s' "$name$2" | iconv -t UTF-16LE | base64 -w 0)
        if [ "$1" = add ]; then
            printf 'dn: CN=%s,%s\nobjectClass: computer\nsAMAccountName: %s$\nuserAccountControl: 4096\n' "$name" "$LAB_OU" "$name"
            printf 'clearTextPassword:: %s\n\n' "$secret"
        else
            printf 'dn: CN=%s,%s\nchangetype: modify\nreplace: clearTextPassword\nclearTextPassword:: %s\n\n' \
                "$name" "$LAB_OU" "$secret"
        fi
    done < "$LAB_TMP/names"
}

storm_accounts() {
    storm_ldif "$1" "$2" > "$LAB_TMP/ldif"
    "ldb$1" -H "$LAB/dc/private/sam.ldb" "$LAB_TMP/ldif" > "$LAB_TMP/ldb.out" 2>&1 && return 0
    tail -n 3 "$LAB_TMP/ldb.out" >&2
    return 1
}

# NAME SID PASSWORD-SET, one account a line.
storm_ask() {
    lab_dc_search '(sAMAccountName=STORM*)' cn objectSid pwdLastSet |
        awk '/^cn: /{ n = $2 } /^objectSid: /{ s = $2 } /^pwdLastSet: /{ p = $2 }
            n && s && p { print n, s, p; n = s = p = "" }'
}

# Each overlay gets its SECURITY where the base has the invented one: the same length.
storm_hives() {
    local name sid set offset length hive=$LAB_TMP/hive
    read -r _ offset length < <(grep '^SECURITY ' "$BENCH_FIXTURE/extents-storm")
    while read -r name sid set; do
        rm -rf "$hive"
        mkdir "$hive"
        "$BENCH_MKHIVE" "$hive" computer="$name" netbios="$LAB_NETBIOS" dns="$LAB_DOMAIN" domain_sid="${sid%-*}" \
            account_sid="$sid" set_at=$((set - 20000000)) secret="$name"
        [ "$(stat -c %s "$hive/SECURITY")" -eq "$length" ]
        qemu-io -f qcow2 -c "write -q -s $hive/SECURITY $offset $length" "$GUESTS_DIR/$name.qcow2"
    done < "$LAB_TMP/accounts"
}

storm_status() { vt --json status 2> "$LAB_TMP/err"; }

# storm_calm GUESTS CASE: nothing is open, and this case is there.
storm_calm() {
    local status=0
    [ "$(storm_status | jq -r '.status | "\(.guests) \(.open_cases)"')" = "$1 0" ] || return 1
    vt case "$2" > "$LAB_TMP/case" 2>&1 || status=$?
    [ "$status" -le 1 ]
}

# storm_calm_soon GUESTS CASE: asks once a second, for asking costs too.
storm_calm_soon() {
    local end=$((SECONDS + ${STORM_LIMIT:-600}))
    until storm_calm "$1" "$2"; do
        [ "$SECONDS" -lt "$end" ] || {
            storm_status >&2
            return 1
        }
        sleep 1
    done
}

# Processor time of all of virtrust until now, in ms: its workers' too, once they are reaped.
storm_cpu() {
    local pid
    for pid in $(pgrep -x 'virtrust-spawn|virtrustd|virtrust-watch'); do cat "/proc/$pid/stat"; done 2> /dev/null |
        awk -v tick="$(getconf CLK_TCK)" '{ sum += $14 + $15 + ($2 == "(virtrust-spawn)" ? $16 + $17 : 0) }
            END { printf "%d\n", sum * 1000 / tick }'
}

storm_last() { vt --json list | jq '[.guests[].case // 0] | max'; }

# storm_round NAME: the directory goes on, the guests go back.
storm_round() {
    local last cpu sampler began reverts watch
    storm_accounts modify "$1"
    last=$(storm_last) cpu=$(storm_cpu)
    watch=$(pgrep -x -o virtrust-watch)
    "$BENCH_BIN/bench-procs" peak 50 virtrust qemu-nbd > "$BENCH_WORK/memory" &
    sampler=$!
    [ "$1" = flow ] || kill -STOP "$watch"
    began=$(date +%s%3N)
    sed 's/.*/snapshot-revert & clean/' "$LAB_TMP/names" | guests_virsh
    reverts=$(($(date +%s%3N) - began))
    lab_note "$1: reverted in $reverts ms"
    kill -CONT "$watch"
    storm_calm_soon "$count" $((last + count))
    lab_note "$1: all were judged"
    kill "$sampler"
    wait "$sampler"
    jq -n --argjson after "$last" --argjson until "$(storm_last)" --argjson reverts "$reverts" \
        --argjson cpu $(($(storm_cpu) - cpu)) --slurpfile memory "$BENCH_WORK/memory" \
        '{after: $after, until: $until, reverts_ms: $reverts, cpu_ms: $cpu, memory: $memory[0]}' > "$BENCH_WORK/storm-$1"
}

count=$BENCH_GUESTS
seq -f "STORM%04g" "$count" > "$LAB_TMP/names"
lab_dc_start
lab_delegate
lab_libvirtd_start
storm_accounts add first
storm_ask > "$LAB_TMP/accounts"
[ "$(wc -l < "$LAB_TMP/accounts")" -eq "$count" ]
lab_note "$count accounts"
guests_make "$count" STORM "$BENCH_FIXTURE/storm-base.qcow2"
storm_hives
sed 's/.*/snapshot-create-as & clean/' "$LAB_TMP/names" | guests_virsh
lab_note "$count guests, each with a snapshot"

# The store is on the disk, as it would be.
VT_STATE=$BENCH_WORK/storm-state
mkdir -p "$VT_STATE"
vt_config observe 'policies:' '  - computer: "{name}"'
vt_start
storm_calm_soon "$count" "$count"
lab_note "all were looked at for the first time"
storm_round flow
storm_round burst
vt_stop
