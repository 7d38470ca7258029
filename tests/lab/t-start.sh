# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An old image put back while the guest is off, behind libvirt's back: no event tells of it and no hook, and neither do
# the file's inode, size and time. Only the look at every start sees it, which virtrust makes unless told otherwise.

lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
sed -i '/on_every_start/d' "$VT_CONFIG"
vt_start
lab_wait 240 vt_settled guest1
disk=$(lab_guest_disk guest1)

off() {
    lab_guest_exec guest1 sync
    virsh -q destroy guest1
}
# on: starts it; its case, closed, is $id.
on() {
    local former
    former=$(vt_last_case guest1)
    lab_guest_start guest1
    id=$(vt_wait_new guest1 "$former" 600)
    lab_guest_wait_agent guest1
    vt case "$id" | sed '/^  evidence/,$d' >&2 || true
}

off
cp "$disk" "$LAB_TMP/old.qcow2"
on
lab_check "a start is looked at by default" vt_told "$id" kind start
lab_check "a guest that is in step is left alone" vt_told "$id" outcome no-action
lab_check "it was judged by its disk" vt_told "$id" verdict in-step
lab_guest_clock guest1
lab_guest_rotate guest1
rotated=$(lab_dc_kvno guest1)
lab_check "its trust is whole after a rotation" lab_guest_trust guest1
off
# This start's look remembers the newer secret: by that the older one is known for what it is.
on
lab_check "in step with its new password, too" vt_told "$id" verdict in-step
off

touch -r "$disk" "$LAB_TMP/time"
truncate -r "$disk" "$LAB_TMP/old.qcow2"
cat "$LAB_TMP/old.qcow2" > "$disk"
touch -r "$LAB_TMP/time" "$disk"
lab_note "the old image is back"
on
lab_check "nothing but the start told of it" vt_told "$id" kind start
lab_check "it was judged behind" vt_told "$id" verdict behind
lab_check "and is repaired and proven" vt_told "$id" outcome proven
lab_check "AD shows one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "the guest's own trust is whole" lab_guest_trust guest1
lab_done
