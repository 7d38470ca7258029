#!/bin/bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# At rest nothing wakes: the real virtrustd and virtrust-watch with many guests defined (libvirt's own test driver)
# must not leave their sleep once, however loaded the machine is. A process that sleeps through shows it by the count
# of its voluntary context switches; whether it is slow to fall asleep does not matter.
#
#     rest.sh BINDIR SANITIZED
set -euo pipefail

bin=$1 sanitized=$2
guests=400 quiet_s=6

work=$(mktemp -d)
pids=()
cleanup() {
    [ "${#pids[@]}" -eq 0 ] || kill "${pids[@]}" 2> /dev/null || true
    wait
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    echo "rest: $*" >&2
    tail -n 5 "$work"/*.log >&2 || true
    exit 1
}

define_guests() {
    local i
    echo "<node>"
    for ((i = 0; i < guests; i++)); do
        printf "<domain type='test'><name>vdi-%d</name><uuid>4c6c1b40-0000-0000-0000-%012d</uuid>" "$i" "$i"
        printf "<memory>65536</memory><os><type>hvm</type></os></domain>\n"
    done
    echo "</node>"
}

switches() {
    awk '$1 == "voluntary_ctxt_switches:" { print $2 }' "/proc/$1/status"
}

status() {
    "$bin/virtrust" --config "$work/virtrust.yaml" --json status 2> /dev/null
}

all_known() {
    status | tr -d ' \n' | grep -q "\"guests\":$guests,"
}

# Until no process of ours moves any more; then for quiet_s.
asleep() {
    local pid before
    before=$(for pid in "${pids[@]}"; do switches "$pid"; done)
    sleep "$1"
    [ "$before" = "$(for pid in "${pids[@]}"; do switches "$pid"; done)" ]
}

mkdir "$work/run" "$work/state" "$work/spool"
define_guests > "$work/node.xml"
cat > "$work/virtrust.yaml" << END
paths: {runtime: $work/run, state: $work/state, spool: $work/spool}
libvirt: {uri: "test://$work/node.xml"}
look: {on_first_sight: false, on_every_start: false, settle: 100ms}
END
"$bin/virtrustd" --config "$work/virtrust.yaml" 2> "$work/daemon.log" &
pids+=($!)
"$bin/virtrust-watch" --config "$work/virtrust.yaml" 2> "$work/watch.log" &
pids+=($!)
for ((i = 0; i < 600; i++)); do
    all_known && break
    kill -0 "${pids[@]}" 2> /dev/null || fail "a daemon ended"
    sleep 0.1
done
all_known || {
    grep -q "test driver\|no connection driver" "$work/watch.log" && echo "SKIP: libvirt has no test driver" && exit 77
    fail "the guests are not known: $(status | head -c 400)"
}
for ((i = 0; i < 30; i++)); do
    asleep 1 && break
done
asleep "$quiet_s" || fail "something wakes although nothing happens"
echo "rest: $guests guests, $quiet_s seconds, no wake-up"
[ "$sanitized" = ON ] && exit 0
# Its own memory: how much of the shared libraries lies there besides is the page cache's affair (./dev bench tells).
own=$(awk '$1 == "RssAnon:" { print $2 }' "/proc/${pids[0]}/status")
echo "rest: virtrustd holds $own kB of its own"
[ "$own" -le 6144 ] || fail "virtrustd holds $own kB of its own memory at rest; it should be some two or three MB"
