# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest in a branch office: the only domain controller that it finds is read-only. Its account is reset on the writable
# partner, and that host and guest see the same directory is shown through the read-only one, by a change that has to
# arrive there. While the two do not replicate, the repair waits, resets nothing, and is no failure.
#
# Samba's read-only DC does not know `replicateSingleObject` (it answers "unwilling to perform"): what is tested is that
# this is asked for, and the wait for the DC's own replication.

# shellcheck source=tests/lab/lib/rodc.sh
. "$LAB_HERE/lib/rodc.sh"

lab_guest_ready guest1
lab_guest_install_helper guest1
rodc_start
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"

# ask KEY=VALUE...: virtrust-directory's answer about the guest's account.
ask() {
    printf '%s\n' type=account v=1 "domain=$LAB_DOMAIN" "name=GUEST1\$" "$@" '' |
        "$LAB_BIN/virtrust-directory" --config "$VT_CONFIG" > "$LAB_TMP/answer"
}
answer() { sed -n "s/^$1=//p" "$LAB_TMP/answer"; }

lab_note "what the directory says of it"
ask "dc=$LAB_RODC"
lab_check "a writable domain controller answers for it" test "$(answer dc) $(answer found)" = "$LAB_DC 1"
lab_check "which says that it is read-only" test "$(answer read_only) $(answer reader)" = "1 $LAB_RODC"
lab_check "the instance is the read-only one's" test "$(answer dc_instance)" = "$(lab_dc_guid_of RODC1)"
ask dc=dc9."$LAB_DOMAIN"
lab_check "a name that is no domain controller's is none" test "$(answer dc) $(answer read_only)" = "$LAB_DC "
ask "dc=$LAB_RODC" mark=1
sed 's/^/# /' "$LAB_TMP/answer" | grep -E 'dc_usn|mark|reader' || true
lab_check "single-object replication was asked for" test -n "$(answer mark_text)$(answer dc_usn_marked)"

lab_note "a repair while the two do not replicate"
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
lab_wait 30 rodc_knows guest1
rotated=$(lab_dc_kvno guest1)
rodc_cut
lab_guest_revert guest1 before
lab_guest_wait_agent guest1 60
lab_guest_clock guest1
rodc_alone guest1
vt_start
guest_known() { [ -n "$(vt_field guest1 name)" ]; }
lab_wait 60 guest_known
former=$(vt_last_case guest1)
lab_daemon repair "$LAB_BIN/virtrust" --config "$VT_CONFIG" repair guest1
lab_wait 60 vt_newer_case guest1 "$former"
id=$VT_NEWEST
waits() { [[ $(vt_job "$id" text) == *"waits for its replication"* ]]; }
lab_wait 120 waits || vt case "$id"
lab_check "it waits" test "$(vt_case "$id" state)" = repairing
lab_check "and says for what" eval '[[ $(vt_job "$id" text) == *"$LAB_RODC is read-only"*"$LAB_DC"* ]]'
lab_check "nothing is reset" test "$(lab_dc_kvno guest1)" -eq "$rotated"

lab_note "they replicate again"
rodc_heal
lab_wait 180 vt_closed "$id"
vt case "$id" > "$LAB_LOG/case.txt" || true
sed -n '1,/evidence/s/^/# /p' "$LAB_LOG/case.txt"
lab_check "it is repaired" vt_told "$id" outcome proven
lab_check "by one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_wait 60 rodc_knows guest1
lab_check "which the read-only domain controller knows" rodc_knows guest1
lab_check "the guest's own trust is whole, through it" lab_guest_kinit guest1
lab_done
