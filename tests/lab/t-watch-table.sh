# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way in which a guest may come back from the past, done to real guests of a real libvirtd: which signals come, in
# which order; first without the hook, then with it.

# shellcheck source=tests/lab/watch-lib.sh
. "$LAB_HERE/watch-lib.sh"
watch_prepare
watch_sink
watch_start
lab_wait 30 watch_seen scan-end

# row TEXT NAME EVENTS HOOKS COMMAND...: the hook's part is only looked at once it is installed.
HOOKED=no
row() {
    local text=$1 name=$2 events=$3 hooks=$4
    shift 4
    watch_mark
    "$@" > "$LAB_LOG/row.log" 2>&1 || lab_not_ok "$text: $*: $(cat "$LAB_LOG/row.log")"
    # shellcheck disable=SC2086  # lists of words
    watch_expect "$text, events" "$name" event $events
    if [ "$HOOKED" = yes ]; then
        # shellcheck disable=SC2086
        watch_expect "$text, hook" "$name" hook $hooks
    fi
}

replace_disk_and_start() {
    local disk=$LAB/guests/g.qcow2
    cp "$disk" "$disk.new"
    mv "$disk.new" "$disk"
    virsh start g
}

START="hook-prepare hook-start hook-started"
STOP="hook-stopped hook-release"

rows() {
    row "define" g "defined-added" "" watch_guest g
    row "snapshot of a guest that is off" g "" "" virsh snapshot-create-as g off
    row "cold start" g "resumed started-booted" "$START" virsh start g
    row "snapshot with memory" g "paused resumed" "" virsh snapshot-create-as g mem
    row "running to a snapshot with memory" g \
        "stopped-from-snapshot started-from-snapshot resumed-from-snapshot defined-from-snapshot" "$STOP $START" \
        virsh snapshot-revert g mem
    lab_check "it runs, from the snapshot" watch_is g state_reason from-snapshot defined-from-snapshot
    lab_check "the snapshot is named" watch_is g snapshot mem
    row "running to an offline snapshot" g "stopped-from-snapshot defined-from-snapshot" "$STOP" \
        virsh snapshot-revert g off
    lab_check "it is off" watch_is g state off
    row "off to an offline snapshot" g "defined-from-snapshot" "" virsh snapshot-revert g off
    row "off to a snapshot with memory" g "started-from-snapshot resumed-from-snapshot defined-from-snapshot" \
        "$START" virsh snapshot-revert g mem
    row "running to a snapshot with memory, paused" g \
        "stopped-from-snapshot started-from-snapshot paused-from-snapshot defined-from-snapshot" "$STOP $START" \
        virsh snapshot-revert g mem --paused
    lab_check "it is paused" watch_is g state paused
    row "resume" g "resumed" "" virsh resume g
    row "save to a file" g "paused stopped-saved" "$STOP" virsh save g "$LAB/guests/g.save"
    row "restore" g "started-restored resumed-from-snapshot" "hook-restore $START" \
        virsh restore "$LAB/guests/g.save"
    row "managed save" g "paused stopped-saved" "$STOP" virsh managedsave g
    lab_check "the managed save is seen" watch_is g managedsave 1
    row "start after a managed save" g "started-restored resumed-from-snapshot" "hook-restore $START" virsh start g
    lab_check "the managed save is gone" watch_is g managedsave 0
    row "snapshot --halt, which is no rollback" g "paused stopped-from-snapshot" "$STOP" \
        virsh snapshot-create-as g halted --halt
    before=$(watch_last g disk.0.inode)
    row "disk replaced while off, then started" g "resumed started-booted" "$START" replace_disk_and_start
    lab_check "the other inode is told" test "$(watch_last g disk.0.inode)" != "$before"
    row "destroy" g "stopped" "$STOP" virsh destroy g
    row "rename: the new name" h "defined-renamed" "" virsh domrename g h
    watch_mark
    virsh -q domrename h g
    watch_expect "rename back: the old name" h event undefined-renamed
    row "undefine" g "undefined" "" virsh undefine --snapshots-metadata g

    watch_guest t no
    row "transient guest started" t "resumed started-booted" "$START" virsh create "$LAB_TMP/t.xml"
    lab_check "it is not persistent" watch_is t persistent 0
    row "transient guest, snapshot with memory" t "paused resumed" "" virsh snapshot-create-as t mem
    row "transient guest reverted" t "stopped-from-snapshot started-from-snapshot resumed-from-snapshot" \
        "$STOP $START" virsh snapshot-revert t mem --force
    row "transient guest ended" t "stopped" "$STOP" virsh destroy t
    rm -f "$LAB/guests/"*
}

rows

# The first hook of all is not called before the daemon is reloaded; then it is, and its removal harms nobody.
install -D -m 0755 "$LAB_BIN/virtrust-hook" /etc/libvirt/hooks/qemu.d/virtrust
HOOKED=yes
watch_guest first
watch_scan # what tells of the definition has come, and does not count
row "before the reload no hook is called" first "resumed started-booted" "" virsh start first
virsh -q destroy first
kill -HUP "$LAB_LIBVIRTD_PID"
lab_wait 30 virsh -q list
sleep 1
watch_mark
virsh -q start first
watch_expect "after the reload it is" first hook hook-prepare hook-start hook-started
lab_check "the hook tells the genid" test -n "$(watch_last first genid hook-prepare)"
lab_check "the hook tells the disk's inode" test -n "$(watch_last first disk.0.inode hook-prepare)"
virsh -q destroy first
virsh -q undefine first

rows

watch_guest last
watch_scan
rm /etc/libvirt/hooks/qemu.d/virtrust
row "after its removal guests start as before" last "resumed started-booted" "" virsh start last
virsh -q destroy last
watch_end
lab_check "the watcher ends well" grep -q . "$LAB_LOG/watch.log"
lab_done
