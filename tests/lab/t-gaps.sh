# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A revert is noticed although somebody was away: libvirt's daemon restarted or standing still, all of virtrust stopped;
# and a guest that is renamed or undefined while its case is open. Each makes one case, of the right kind, that says so.
# At the end the hook: a disk whose contents were replaced in place, of which libvirt knows nothing.
#
# The guests have no operating system, and their disks begin like XFS: a look at them is one by libguestfs, cut short by
# its time limit, for here it only has to last. (Migration away needs a second host: it is shown by the scenario tests, on
# the same signals.)

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

declare -A former=()

disk() { printf '%s/guests/%s.qcow2\n' "$LAB" "$1"; }

guest() {
    printf XFSB > "$LAB_TMP/xfs.img"
    truncate -s 64M "$LAB_TMP/xfs.img"
    qemu-img convert -O qcow2 "$LAB_TMP/xfs.img" "$(disk "$1")"
    shut_define "$1" "$(disk "$1")" qcow2
}

snap() { virsh -q snapshot-create-as "$1" "$2" > "$LAB_TMP/out"; }

mark() { former[$1]=$(vt_last_case "$1"); }

kind_of() { vt_case "$(vt_last_case "$1")" kind; }

# noticed GUEST WHAT KIND...: a new case comes, of one of these kinds.
noticed() {
    local name=$1 what=$2 kind
    shift 2
    if ! lab_wait 90 vt_newer_case "$name" "${former[$name]:-0}"; then
        lab_not_ok "$what: noticed (no case came)"
        return
    fi
    kind=$(kind_of "$name")
    lab_check "$what: noticed as $kind" grep -qwF -- "$kind" <<< "$*"
}

# one GUEST WHAT: all that was to come has come: there is still one new case, and it is closed.
one() {
    local cases
    cases=$({ vt --json show "$1" 2> "$LAB_TMP/err" || true; } | jq --argjson f "${former[$1]:-0}" '[.cases[] | select(.id > $f)] | length')
    lab_check "$2: one case" test "$cases" -eq 1
}

# all_seen: the watcher is connected, its scan is through, and no burst is left to settle.
no_open_cases() { [ "$(vt --json status | jq .status.open_cases)" -eq 0 ]; }
lost() { [ "$(vt --json status 2> "$LAB_TMP/err" | jq -r .status.watch)" = lost ]; }

lab_dc_start
lab_delegate
lab_libvirtd_start
for name in restarted killed stalled gone gone-off gone-same renamed undefined swapped; do guest "$name"; done
vt_config observe
sed -i "s/^look:/look:\n  on_first_sight: false\n  timeout: 10s/" "$VT_CONFIG"
for name in restarted killed stalled gone; do virsh -q start "$name"; done
for name in restarted killed stalled gone gone-off gone-same renamed undefined; do snap "$name" s1; done
snap gone-off s2
vt_start
lab_check "none of this is a rollback" test "$(vt --json status | jq .status.open_cases)" -eq 0

lab_note "libvirt's daemon restarts right after a revert"
virsh -q snapshot-revert restarted s1
lab_libvirtd_restart
noticed restarted "libvirtd restarted" revert-running

lab_note "it dies in the middle of one"
# The revert may have come through or not; what must not be is a second case, or none for a guest that was reverted.
qemu_of() { pgrep -f "guest=$1,"; }
old_qemu=$(qemu_of killed)
virsh -q snapshot-revert killed s1 > "$LAB_LOG/killed-virsh.log" 2>&1 &
virsh_pid=$!
new_qemu() { local pid; pid=$(qemu_of killed) && [ "$pid" != "$old_qemu" ]; }
begun() { new_qemu || ! kill -0 "$virsh_pid"; }
lab_wait 30 begun
kill -KILL "$LAB_LIBVIRTD_PID"
wait "$virsh_pid" || true
lab_wait 60 lost
lab_libvirtd_start
lab_wait 60 vt_connected
reason=$(virsh -q domstate killed --reason)
if grep -q 'from snapshot' <<< "$reason"; then
    noticed killed "libvirtd killed during the revert" revert-running revert-missed
else
    lab_ok "libvirtd killed during the revert: it did not take place ($reason)"
fi

lab_note "it stands still"
lab_libvirtd_stop
virsh -q snapshot-revert stalled s1 > "$LAB_LOG/stalled-virsh.log" 2>&1 &
virsh_pid=$!
lab_wait 120 lost
lab_ok "a libvirtd that stands still is told by the status"
lab_libvirtd_cont
wait "$virsh_pid" || lab_guest_revert stalled s1 # virsh gives up too
noticed stalled "libvirtd stalled" revert-running revert-missed
lab_wait 60 vt_connected

lab_note "all of virtrust is away"
lab_wait 200 no_open_cases
vt_stop
virsh -q snapshot-revert gone s1
virsh -q snapshot-revert gone-off s1
virsh -q snapshot-revert gone-same s1
vt_start
noticed gone "virtrust away, running to memory" revert-missed
noticed gone-off "virtrust away, off to offline" revert-missed
# It was the current snapshot before: nothing but the file itself tells, and that not whether time went back.
noticed gone-same "virtrust away, off to the current snapshot" disk-changed
lab_check "gone-same: the case says what is known" grep -q 'written while the guest was off' \
    <<< "$(vt --json case "$(vt_last_case gone-same)" 2> "$LAB_TMP/err")"
for name in gone gone-off; do
    vt case "$(vt_last_case "$name")" > "$LAB_LOG/$name.txt" 2> "$LAB_TMP/err" || true
    lab_check "$name: the case says that nobody listened" grep -q 'while virtrust was not listening' "$LAB_LOG/$name.txt"
done
lab_check "what was known before makes no case again" test "$(vt --json status | jq .status.open_cases)" -eq 3

lab_note "renamed and undefined in the middle of a case"
for name in renamed undefined; do
    virsh -q snapshot-revert "$name" s1
    noticed "$name" "$name" revert-offline
done
renamed=$(vt_last_case renamed) undefined=$(vt_last_case undefined)
virsh -q snapshot-delete renamed s1 # libvirt renames no guest that has snapshots
virsh -q domrename renamed another
renamed_told() { vt case "$renamed" 2> "$LAB_TMP/err" | grep -q 'renamed from renamed to another'; }
lab_check "the case tells the rename" lab_wait 30 renamed_told
lab_check "the guest goes by its new name" test "$(vt_last_case another)" = "$renamed"
virsh -q undefine undefined --snapshots-metadata
left() { vt_closed "$undefined"; }
lab_check "the case of the undefined guest ends" lab_wait 30 left
lab_check "it left" vt_told "$undefined" outcome left
lab_check "and says why" vt_told "$undefined" would '*undefined*'
lab_wait 200 no_open_cases
lab_check "the renamed guest's case went on to its end" vt_told "$renamed" outcome no-action
former[another]=0
for name in restarted stalled gone gone-off gone-same another; do one "$name" "$name"; done
[ "$(vt_last_case killed)" = 0 ] || one killed killed

lab_note "the hook, and a disk written in place"
vt --json hook install > "$LAB_LOG/hook.json"
lab_check "the hook is installed" test "$(jq -r .state "$LAB_LOG/hook.json")" = installed
lab_check "it says that the daemon has to be reloaded" test "$(jq .reload "$LAB_LOG/hook.json")" = true
kill -HUP "$LAB_LIBVIRTD_PID"
lab_wait 30 virsh -q list
mark swapped
# The contents of another image, into the very same file: no event tells of it, and the inode is the same.
qemu-img create -q -f qcow2 "$LAB_TMP/other.qcow2" 64M
qemu-io -f qcow2 -c 'write -q -P 7 0 1M' "$LAB_TMP/other.qcow2"
cat "$LAB_TMP/other.qcow2" > "$(disk swapped)"
virsh -q start swapped
noticed swapped "a disk written in place" disk-changed
lab_check "which is no witness of a rollback" vt_told "$(vt_last_case swapped)" witnessed false
lab_wait 200 no_open_cases
one swapped "a disk written in place"
lab_check "the hook is removed" vt hook remove
lab_check "and gone" test ! -e /etc/libvirt/hooks/qemu.d/virtrust
lab_done
