# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may have an account: a copy that never ran is a `standby`, two UUIDs with one binding that both ran since the last
# change are `twin`s, and one UUID on two hosts is a migration. Nothing of that is repaired: not the standby, not either
# twin whatever an administrator orders, and not a guest while it migrates. Where the migration ended, it is repaired, by
# that host's own virtrust. Two libvirtds share the machine and the guest's disk, and the migration is QEMU's own.

# shellcheck source=tests/lab/lib/bubble.sh
. "$LAB_HERE/lib/bubble.sh"
# shellcheck source=tests/lab/lib/host2.sh
. "$LAB_HERE/lib/host2.sh"

known() { [ -n "$(vt_field "$1" name)" ]; }

lab_guest_ready guest1
lab_guest_install_helper guest1
mkdir -p "$BUBBLE"
bubble_guest guest1 copy
lab_guest_rotate guest1
before=$(state_of_account)
vt_config repair "policies:" "  - match: {name: guest1}" "    computer: GUEST1" "  - match: {name: copy}" "    computer: GUEST1"
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"
vt_start
lab_wait 60 known guest1
lab_wait 60 known copy
vt bind guest1 GUEST1 > /dev/null

lab_note "a copy that never ran"
repaired copy
lab_check "it is a standby" vt_told "$id" verdict standby
lab_check "for which nothing is done, though an administrator ordered it" vt_told "$id" outcome no-action
lab_check "beside the one that has run" vt_told "$id" would '*guest1*'
lab_check "the account is what it was" test "$(state_of_account)" = "$before"

lab_note "both run"
lab_guest_start copy
repaired copy
lab_check "the copy is a twin" vt_told "$id" verdict twin
lab_check "and refused" vt_told "$id" outcome refused
lab_check "exit code 6" vt_exit 6 vt case "$id"
repaired guest1
lab_check "the original, which works still, is one as well" vt_told "$id" verdict twin
lab_check "which names the copy" vt_told "$id" would '*copy*'
lab_check "the account is what it was" test "$(state_of_account)" = "$before"
virsh -q destroy copy

lab_note "the copy is off again, and the account is changed"
# Somebody resets the account: now the original is broken, too.
lab_dc_reset guest1 "$(lab_random_password)"
before=$(state_of_account)
repaired guest1
lab_check "the account was changed after both ran: the copy, which is off, is no twin of it" vt_told "$id" outcome proven
lab_check "by one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((${before% *} + 2))
before=$(state_of_account)
vt unbind copy > /dev/null
virsh -q undefine copy

lab_note "one UUID on two hosts: a migration"
host2_start
host2_virtrust
lab_dc_reset guest1 "$(lab_random_password)"
before=$(state_of_account)
# 1 MiB in a second: it runs here still, and is on its way.
lab_daemon migrate virsh migrate --live --unsafe --bandwidth 1 guest1 "$HOST2_URI" --migrateuri tcp://127.0.0.1:49500
migrate=$LAB_PID
leaving() { virsh -q domjobinfo guest1 | grep -q 'Outgoing migration'; }
lab_wait 60 leaving
former=$(vt_last_case guest1)
lab_daemon repair "$LAB_BIN/virtrust" --config "$VT_CONFIG" repair guest1
lab_wait 60 vt_newer_case guest1 "$former"
id=$VT_NEWEST
waits() { [[ $(vt_job "$id" text) == "the guest migrates;"* ]]; }
lab_wait 60 waits || vt case "$id"
lab_check "it runs here still, and migrates" leaving
lab_check "the account is what it was" test "$(state_of_account)" = "$before"
virsh -q migrate-setspeed guest1 10000
gone() { ! lab_running "$migrate"; }
lab_wait 120 gone
lab_wait 60 vt_closed "$id"
lab_check "it has left" vt_told "$id" outcome left
lab_check "the account is what it was" test "$(state_of_account)" = "$before"
lab_check "it runs on the second host" test "$(on_host2 virsh -q domstate guest1 | head -n 1)" = running
on_host2 lab_wait 60 known guest1
vt2 bind guest1 GUEST1 > /dev/null
on_host2 repaired guest1
lab_check "and is repaired by that host's virtrust" on_host2 vt_told "$id" outcome proven
lab_check "by one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((${before% *} + 2))
lab_check "its trust is whole" on_host2 lab_guest_trust guest1
lab_done
