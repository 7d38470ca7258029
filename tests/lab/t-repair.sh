# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job on real parts: a joined guest is reverted to a snapshot with memory after one rotation; virtrust, by
# itself, notices, looks, judges, repairs, and the DC shows that trust is whole.

lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
vt_start
lab_wait 240 vt_settled guest1
lab_check "the first sight ends without action" test "$(vt_field guest1 outcome)" = no-action
lab_check "and in step" test "$(vt_field guest1 verdict)" = in-step
lab_check "the policy bound it" test "$(vt_field guest1 computer)" = 'GUEST1$'
first=$(vt_last_case guest1)

lab_guest_snapshot guest1 before
lab_guest_rotate guest1
rotated=$(lab_dc_kvno guest1)
lab_guest_revert guest1 before
id=$(vt_wait_new guest1 "$first")
vt case "$id" > "$LAB_LOG/case.txt" || true
cat "$LAB_LOG/case.txt" >&2
lab_check "one case of the right kind" test "$(vt_case "$id" kind)" = revert-running
lab_check "the case ends proven" test "$(vt_case "$id" outcome)" = proven
lab_check "it was judged behind" grep -q 'judged behind' "$LAB_LOG/case.txt"
lab_check "AD shows one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "the guest's own trust is whole" lab_guest_trust guest1
lab_check "one rollback made one case" test "$(vt_last_case guest1)" -eq "$id"
lab_check "one case was opened in all" test "$id" -eq $((first + 1))
lab_done
