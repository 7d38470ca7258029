# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The failure that virtrust is for, on real parts: a joined guest, a snapshot with memory, one rotation of the machine
# password, a revert; then the guest's trust is broken while the DC has moved on by one key version.

lab_guest_ready guest1
lab_check "a joined guest is trusted" lab_guest_trust guest1

kvno=$(lab_dc_kvno guest1)
pwdlastset=$(lab_dc_pwdlastset guest1)
lab_guest_snapshot guest1 before
lab_note "snapshot taken"
lab_guest_rotate guest1
lab_check "one rotation moves the key version by one" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))
lab_check "and pwdLastSet" test "$(lab_dc_pwdlastset guest1)" -gt "$pwdlastset"
lab_check "the rotated guest is trusted" lab_guest_trust guest1
lab_note "reverting"
lab_guest_revert guest1 before
lab_note "reverted"
lab_guest_wait_agent guest1
lab_note "agent answers"
lab_guest_clock guest1

broken() {
    ! "$@" guest1
}
lab_check "after the revert adcli testjoin fails" broken lab_guest_testjoin
lab_check "because of the password" grep -qi 'preauthentication failed\|decrypt integrity' "$LAB_TMP/testjoin"
lab_check "and kinit -k fails" broken lab_guest_kinit
lab_check "the DC still holds one key version more than the guest" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))
lab_done
