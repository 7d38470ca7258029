# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way in which libvirt moves a guest's time is recognised for what it is, and makes one case; what is no rollback
# makes none. The guests have no operating system: QEMU and libvirt are real, and the look at their disks is not the
# point here: it is cut short by its time limit, and ends with that reason.

row_xml() {
    cat << EOF
<domain type='$(lab_virt_type)'>
  <name>$1</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$(lab_guest_disk "$1")'/>
      <backingStore/><target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
EOF
}

row_disk() { qemu-img create -q -f qcow2 "$(lab_guest_disk "$1")" 64M; }

row_define() {
    row_disk "$1"
    row_xml "$1" > "$LAB_TMP/$1.xml"
    virsh -q define "$LAB_TMP/$1.xml"
}

snap() { virsh -q snapshot-create-as "$1" "$2" > /dev/null; }

# row NAME KIND: a case of this kind comes, and it is the only one.
row() {
    local name=$1 kind=$2
    if lab_wait 30 vt_newer_case "$name" "${former[$name]:-0}"; then
        lab_check "$name is recognised as $kind" test "$(vt_case "$(vt_last_case "$name")" kind)" = "$kind"
        former[$name]=$(vt_last_case "$name")
    else
        lab_not_ok "$name is recognised as $kind: no case came"
    fi
}

no_open_cases() { [ "$(vt --json status | jq .status.open_cases)" -eq 0 ]; }

declare -A former=()

lab_dc_start
lab_delegate
lab_libvirtd_start
for name in on-memory off-memory on-offline off-offline paused saved managed swapped halted; do
    row_define "$name"
done
vt_config observe
sed -i "s/^look:/look:\n  on_first_sight: false\n  timeout: 10s/" "$VT_CONFIG"
vt_start

lab_note "prepare"
for name in on-memory off-memory paused saved managed; do virsh -q start "$name"; done
for name in on-memory off-memory paused; do snap "$name" s1; done
snap on-offline s1 && virsh -q start on-offline
snap off-offline s1
virsh -q destroy off-memory
virsh -q save saved "$LAB/saved.img"
virsh -q start halted
row_disk transient && row_xml transient > "$LAB_TMP/transient.xml"
virsh -q create "$LAB_TMP/transient.xml"
snap transient s1
sleep 3
lab_check "none of this is a rollback" test "$(vt --json status | jq .status.open_cases)" -eq 0

lab_note "the rows"
virsh -q snapshot-revert on-memory s1
row on-memory revert-running
virsh -q snapshot-revert off-memory s1
row off-memory revert-started
virsh -q snapshot-revert on-offline s1
row on-offline revert-stopped
virsh -q snapshot-revert off-offline s1
row off-offline revert-offline
virsh -q snapshot-revert paused s1 --paused
row paused revert-paused
virsh -q snapshot-revert transient s1
row transient revert-transient
virsh -q restore "$LAB/saved.img"
row saved restore
virsh -q managedsave managed
sleep 2
virsh -q start managed
row managed managedsave-start
cp "$(lab_guest_disk swapped)" "$LAB_TMP/swapped.qcow2"
mv "$LAB_TMP/swapped.qcow2" "$(lab_guest_disk swapped)"
virsh -q start swapped
row swapped disk-replaced
virsh -q snapshot-create-as halted s1 --halt > /dev/null
sleep 3
lab_check "snapshot-create --halt makes no case" test "$(vt_last_case halted)" -eq 0

lab_note "one rollback, one case"
lab_wait 400 no_open_cases
for name in "${!former[@]}"; do
    lab_check "$name has one case and no more" test "$(vt --json show "$name" | jq '.cases | length')" -eq 1
done
lab_check "a managed save's start ends without action" \
    test "$(vt_case "${former[managed]}" outcome)" = no-action
lab_check "a look without result says why" \
    test -n "$(vt_case "${former[on-memory]}" text)"

lab_note "a copy that is defined here for the first time"
vt_stop
sed -i 's/on_first_sight: false/on_first_sight: true/' "$VT_CONFIG"
vt_start
row_define failover
row failover first-sight
lab_check "the others were not new" test "$(vt --json status | jq .status.open_cases)" -le 1
lab_done
