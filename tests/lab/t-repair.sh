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
story=$(vt --json case "$id" | jq -r '[.steps[].about] | join(" ")')
lab_check "its history is a story" grep -qx \
    'noticed look verdict \(clock \)\?probe directory check account reset log-on key-version delivery rotation proof end' <<< "$story"
lab_check "whose end is told once" test "$(grep -c ' proven: ' "$LAB_LOG/case.txt")" -eq 1
lab_check "AD shows one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "the guest's own trust is whole" lab_guest_trust guest1
lab_check "one rollback made one case" test "$(vt_last_case guest1)" -eq "$id"
lab_check "one case was opened in all" test "$id" -eq $((first + 1))

# ---- what doctor says of the guest -----------------------------------------------------------------------------------
# doctor GUEST ID: the result of its finding ID, "" when there is none; the answer in $LAB_TMP/doctor.json.
doctor() {
    vt --json doctor "$1" > "$LAB_TMP/doctor.json" 2> /dev/null || true
    jq -r --arg id "$2" '[.findings[] | select(.id == $id) | .result][0] // ""' "$LAB_TMP/doctor.json"
}
version=$("$LAB_BIN/virtrust-helper" --version | sed 's/.* //')
lab_check "doctor finds agent and helper" test "$(doctor guest1 helper)" = good
lab_check "in its version" grep -q "virtrust-helper $version is there" "$LAB_TMP/doctor.json"
lab_guest_exec guest1 mv /usr/libexec/virtrust/virtrust-helper /root/away
lab_check "a missing helper is bad news" test "$(doctor guest1 helper)" = bad
lab_check "with the next step" grep -q 'install virtrust-helper in the guest' "$LAB_TMP/doctor.json"
lab_check "and stays missing: nothing was written" lab_guest_exec guest1 test ! -e /usr/libexec/virtrust/virtrust-helper
# shellcheck disable=SC2016  # expanded in the guest
lab_guest_exec guest1 sh -c '(sleep 0.3; kill -STOP $(pidof qemu-ga)) > /dev/null 2>&1 &'
sleep 1
lab_check "an agent that hangs is one line" test "$(doctor guest1 agent)" = bad
lab_check "and the rest is told" test "$(jq '.findings | length' "$LAB_TMP/doctor.json")" -ge 3
virsh -q destroy guest1
off() { [ "$(doctor guest1 agent)" = unknown ]; }
lab_check "a guest that is off cannot be asked" lab_wait 30 off
lab_guest_define dumb --no-agent > /dev/null
dumb() { [ "$(doctor dumb agent-channel)" = bad ]; }
lab_check "a guest without a channel is told" lab_wait 30 dumb
vt_stop
status=0
vt --json doctor > "$LAB_TMP/doctor.json" 2> "$LAB_TMP/err" || status=$?
lab_check "without virtrustd doctor exits 4" test "$status" -eq 4
lab_check "says so" grep -q 'virtrustd is not running' "$LAB_TMP/err"
lab_check "and tells of libvirt all the same" \
    jq -e '.findings[] | select(.id == "libvirt" and .result == "good")' "$LAB_TMP/doctor.json"
lab_done
