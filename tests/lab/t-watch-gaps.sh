# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the watcher must not miss although somebody was away: itself, virtrustd, or libvirt's daemon, ended or standing
# still. Also its one-shot answers, damaged spool files, and that it does nothing while nothing happens.

# shellcheck source=tests/lab/watch-lib.sh
. "$LAB_HERE/watch-lib.sh"
watch_prepare

SPOOL=/var/spool/virtrust/hook
install -D -m 0755 "$LAB_BIN/virtrust-hook" /etc/libvirt/hooks/qemu.d/virtrust
kill -HUP "$LAB_LIBVIRTD_PID"
lab_wait 30 virsh -q list

spooled() {
    find "$SPOOL" -type f ! -name '*.bad' | wc -l
}

spool_is_empty() {
    [ "$(spooled)" -eq 0 ]
}

watch_guest g
virsh -q snapshot-create-as g off
virsh -q start g
virsh -q snapshot-create-as g mem

# The watcher is away: the hook spools, the scan shows what the events would have told.
rm -f "$SPOOL"/*
virsh -q snapshot-revert g mem
lab_check "without a watcher the hook spools its five calls" test "$(spooled)" -eq 5
printf 'type=hook\nv=1\nguest=x' > "$SPOOL/1-1"
printf 'no record\n\n' > "$SPOOL/2-2"
printf 'type=other\nv=1\n\n' > "$SPOOL/3-3"
mkfifo "$SPOOL/4-4"
watch_sink
watch_start
lab_wait 30 watch_seen scan-end
watch_expect "the spool is read in order" g hook hook-stopped hook-release hook-prepare hook-start hook-started
lab_check "and emptied once it is acknowledged" lab_wait 10 spool_is_empty
lab_check "damaged files are set aside" test "$(find "$SPOOL" -name '*.bad' | wc -l)" -eq 4
lab_check "the scan says: from the snapshot" watch_is g state_reason from-snapshot scan
lab_check "the scan names the snapshot" watch_is g snapshot mem scan
lab_check "the scan says when it was made" test -n "$(watch_last g snapshot_created_us scan)"
lab_check "the scan says: running" watch_is g state running scan
lab_check "the scan tells the XML's time" test -n "$(watch_last g xml_mtime_us scan)"
lab_check "the scan tells the title" watch_is g title "Guest g" scan
lab_check "the scan tells the disk" watch_is g disk.0.path "$LAB/guests/g.qcow2" scan
lab_check "the scan tells the disk's format" watch_is g disk.0.format qcow2 scan

watch_end
watch_mark
virsh -q snapshot-revert g off
watch_start
lab_wait 30 watch_seen scan-end
lab_check "a revert to an offline snapshot, watcher away: off" watch_is g state off scan
lab_check "and the snapshot" watch_is g snapshot off scan

# virtrustd is away, and does not acknowledge.
watch_sink_end
watch_mark
virsh -q snapshot-revert g mem
virsh -q snapshot-revert g off
watch_sink --no-ack
lab_wait 30 watch_kinds_are g event "started-from-snapshot resumed-from-snapshot defined-from-snapshot stopped-from-snapshot defined-from-snapshot"
lab_ok "what happened without virtrustd is sent when it comes"
watch_sink_end
watch_mark
watch_sink
watch_expect "what was not acknowledged is sent again" g event \
    started-from-snapshot resumed-from-snapshot defined-from-snapshot stopped-from-snapshot defined-from-snapshot
watch_sink_end
watch_mark
watch_sink
watch_scan
watch_expect "and what was is not" g event

# libvirt's daemon restarts.
watch_mark
lab_libvirtd_terminate
lab_wait 30 watch_seen connection-lost
lab_ok "the lost connection is told"
lab_libvirtd_start
lab_wait 60 watch_seen scan-end
lab_check "the new connection is told, then scanned" \
    test "$(watch_new_lines | cut -f 1 | grep -E '^(conn|scan)' | uniq | tr '\n' ' ')" = \
    "connection-lost connected scan-begin scan scan-end "
watch_mark
virsh -q snapshot-revert g mem
watch_expect "events come again" g event started-from-snapshot resumed-from-snapshot defined-from-snapshot

# It reverts while nobody is connected: a second libvirtd life in which only virsh takes part.
watch_mark
kill -STOP "$WATCH_PID"
lab_libvirtd_terminate
lab_libvirtd_start
virsh -q snapshot-revert g off
kill -CONT "$WATCH_PID"
lab_wait 60 watch_seen scan-end
lab_check "a revert while the watcher was cut off is in the scan" watch_is g snapshot off scan
lab_check "and the guest's state" watch_is g state_reason from-snapshot scan

# libvirt's daemon stands still: nobody asks it by the clock, for it can revert nothing meanwhile; but once somebody wants
# to know, the connection is given up, virtrustd hears it, requests are still answered, and all comes back by itself.
watch_mark
kill -USR2 "$WATCH_SINK_PID"
lab_wait 30 watch_seen checked
lab_check "a question whether libvirt is there is answered" grep -q 'libvirt=1' <(watch_new_lines | grep '^checked')
watch_mark
lab_libvirtd_stop
kill -USR2 "$WATCH_SINK_PID"
lab_wait 90 watch_seen connection-lost
lab_ok "a daemon that stands still is told"
lab_check "and it is the answer" grep -q 'libvirt=0' <(watch_new_lines | grep '^checked')
watch_sink_end
watch_mark
watch_sink --describe g
lab_wait 30 watch_seen error
lab_check "a request meanwhile is answered with an error" grep -q 'code=no-libvirt' <(watch_new_lines)
lab_libvirtd_cont
lab_wait 90 watch_seen scan-end
watch_mark
virsh -q snapshot-revert g mem
watch_expect "afterwards events come again" g event started-from-snapshot resumed-from-snapshot defined-from-snapshot

# A stop that is short does not cost the connection.
watch_mark
lab_libvirtd_stop
sleep 2
lab_libvirtd_cont
virsh -q snapshot-revert g off
watch_expect "a short stall loses nothing" g event stopped-from-snapshot defined-from-snapshot
lab_check "and keeps the connection" test "$(watch_new_lines | grep -c '^connection-lost')" -eq 0

# It freezes behind an event, so that the question about that guest hangs.
watch_mark
virsh -q snapshot-revert g mem
watch_expect "before the freeze" g event started-from-snapshot resumed-from-snapshot defined-from-snapshot
watch_mark
kill -STOP "$WATCH_PID"
virsh -q snapshot-revert g off
lab_libvirtd_stop
kill -CONT "$WATCH_PID"
lab_wait 90 watch_seen connection-lost
lab_ok "a daemon that freezes behind an event is told"
lab_libvirtd_cont
lab_wait 90 watch_seen scan-end
lab_check "and the scan shows what was reverted" watch_is g snapshot off scan

# A client that does not read is not dropped, however long: libvirtd keeps its events.
watch_mark
kill -STOP "$WATCH_PID"
virsh -q snapshot-revert g mem
sleep 40
virsh -q snapshot-revert g off
kill -CONT "$WATCH_PID"
watch_expect "a watcher that was stopped for forty seconds hears all" g event started-from-snapshot \
    resumed-from-snapshot defined-from-snapshot stopped-from-snapshot defined-from-snapshot
lab_check "and is still connected" test "$(watch_new_lines | grep -c '^connection-lost')" -eq 0

# Describing on request.
watch_sink_end
watch_mark
watch_sink --describe g
lab_wait 30 watch_seen described
lab_check "virtrustd may ask for a description" grep -q 'snapshot=off' <(watch_new_lines | grep '^described')
uuid=$(virsh domuuid g | tr -d '\n')
"$LAB_BIN/virtrust-watch" --describe g > "$LAB_TMP/name"
"$LAB_BIN/virtrust-watch" --describe "$uuid" > "$LAB_TMP/uuid"
lab_check "--describe by name and UUID is the same" cmp "$LAB_TMP/name" "$LAB_TMP/uuid"
lab_check "--describe tells the state" grep -qx 'state=off' "$LAB_TMP/name"
status=0
"$LAB_BIN/virtrust-watch" --describe nobody > "$LAB_TMP/none" 2> "$LAB_TMP/why" || status=$?
lab_check "--describe of nobody: 3 and a sentence" test "$status:$(grep -c nobody "$LAB_TMP/why")" = 3:1
"$LAB_BIN/virtrust-watch" --doctor > "$LAB_TMP/doctor"
lab_check "--doctor: libvirt answers" grep -A 1 -qx 'item.0.id=libvirt' "$LAB_TMP/doctor"
lab_check "--doctor: the hook is installed" grep -q 'virtrust is installed' "$LAB_TMP/doctor"
lab_check "--doctor: a record for the guest" grep -qx "guest=$uuid" "$LAB_TMP/doctor"
status=0
lab_libvirtd_terminate
"$LAB_BIN/virtrust-watch" --describe g > "$LAB_TMP/none" 2> "$LAB_TMP/why" || status=$?
lab_check "--describe without libvirt: 4 and a sentence" test "$status:$(wc -l < "$LAB_TMP/why")" = 4:1
status=0
"$LAB_BIN/virtrust-watch" --doctor > "$LAB_TMP/doctor" 2> "$LAB_TMP/why" || status=$?
lab_check "--doctor without libvirt: bad news, said in the record too" \
    test "$status:$(grep -cx 'item.0.result=bad' "$LAB_TMP/doctor")" = 1:1
lab_libvirtd_start

# Many guests at once.
lab_wait 60 watch_seen connected
for i in $(seq 60); do
    watch_guest "many$i"
done
watch_scan
watch_mark
watch_scan
lab_check "a scan names every guest" test "$(watch_new_lines | grep -c '^scan	')" -eq 61
watch_mark
for i in $(seq 60); do
    printf 'snapshot-create-as many%s s\nsnapshot-revert many%s s\n' "$i" "$i"
done | virsh -q > "$LAB_LOG/many.log" 2>&1
many_reverts() {
    [ "$(watch_new_lines | grep -c '^defined-from-snapshot')" -eq 60 ]
}
lab_check "sixty reverts, sixty signals" lab_wait 60 many_reverts

# At rest it does nothing at all: not one of its threads leaves its sleep, for longer than libvirt's own keepalive waits.
virsh -q destroy g 2> "$LAB_TMP/none" || true
watch_scan
watch_switches() {
    cat "/proc/$WATCH_PID/task/"*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'
}
# What comes with the end of what was done before settles first.
watch_settled() {
    local before
    before=$(watch_switches)
    sleep 3
    [ "$before" = "$(watch_switches)" ]
}
lab_wait 60 watch_settled
before=$(watch_switches)
sleep 30
after=$(watch_switches)
lab_check "it sleeps while nothing happens ($((after - before)) wake-ups in thirty seconds)" test "$after" -eq "$before"
watch_end
lab_check "its socket is gone with it" test ! -e /run/virtrust/hook.sock
lab_done
