# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A copy that is restored into an isolated network must never break production. The copy of a guest lives in a bubble
# beside a copy of its domain controller: same name, same address, same identity, and the account's present password;
# the guest is an older one, so its channel there is broken. virtrust reaches production, and everything tells it to
# reset the account: a binding, a broken channel, an administrator's own order. It judges `other-directory`, and the
# account keeps its key version. Then the same without any domain controller in the bubble; then the copy with a route to
# production, where the original runs: a twin; and last the very same guest alone in the open, where it is repaired.

# shellcheck source=tests/lab/lib/bubble.sh
. "$LAB_HERE/lib/bubble.sh"

trusts_copy() { lab_guest_exec restored adcli testjoin --domain="$LAB_DOMAIN"; }

lab_guest_ready guest1
lab_guest_install_helper guest1
lab_guest_exec guest1 sync
bubble_open
bubble_guest guest1 restored
lab_guest_rotate guest1
lab_check "the original's trust is whole" lab_guest_trust guest1
# The original is elsewhere from here on: this host knows nothing of it.
virsh -q dumpxml --inactive guest1 > "$BUBBLE/guest1.xml"
virsh -q save guest1 "$BUBBLE/guest1.save" > /dev/null
virsh -q undefine guest1 --snapshots-metadata
bubble_copy_dc
bubble_dc_start
lab_note "the copy of the domain controller answers in the bubble"
lab_check "copy and original are at the same USN" test "$(bubble_usn)" = "$(bubble_usn in)"
bubble_move restored in
lab_guest_start restored
lab_guest_wait_agent restored 300
lab_guest_clock restored
lab_check "in the bubble the copy's channel is broken" eval '! trusts_copy > "$LAB_TMP/testjoin" 2>&1'
before=$(state_of_account)

VT_AGENT_WAIT=20s vt_config repair "policies:" "  - match: {name: restored}" "    computer: GUEST1"
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"
vt_start
known() { [ -n "$(vt_field restored name)" ]; }
lab_wait 60 known

lab_note "a copy of the DC that was taken just now; nothing has been changed since"
repaired restored
lab_check "it is bound to the production account" test "$(vt_field restored computer)" = 'GUEST1$'
lab_check "other-directory" vt_told "$id" verdict other-directory
lab_check "refused, though an administrator ordered it" vt_told "$id" outcome refused
lab_check "in words" vt_told "$id" text '*two copies of one domain controller*'
lab_check "with what to do" vt_told "$id" next '?*'
lab_check "exit code 6" vt_exit 6 vt case "$id"
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"
lab_check "diagnose names it" eval \
    'vt --json diagnose restored > "$LAB_TMP/diagnose.json" 2> "$LAB_TMP/err"; jq -e ".diagnosis.cause == \"other-directory\"" "$LAB_TMP/diagnose.json"'
sed 's/^/# /' "$LAB_LOG/case-$id.txt"

lab_note "production goes on"
lab_dc_add_computer elsewhere
repaired restored
lab_check "other-directory again" vt_told "$id" verdict other-directory
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"

lab_note "the copy goes on, and is ahead"
for n in 1 2 3 4 5 6 7 8 9 10; do
    bubble_run samba-tool computer create "more$n" -s "$LAB_DC_CONF" -H "$LAB/dc/private/sam.ldb" > /dev/null
done
repaired restored
lab_check "other-directory, too" vt_told "$id" verdict other-directory
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"

lab_note "no route to a domain controller"
bubble_dc_stop
repaired restored
lab_check "without a domain controller nothing is repaired" vt_told "$id" outcome failed
lab_check "the reason is told" vt_told "$id" text '*DC*'
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"

lab_note "a route to production, where the original runs"
lab_guest_exec restored sync
virsh -q destroy restored
bubble_move restored out
lab_guest_start restored
virsh -q define "$BUBBLE/guest1.xml"
virsh -q restore "$BUBBLE/guest1.save"
lab_guest_wait_agent guest1 60
lab_guest_clock guest1
original_known() { [ -n "$(vt_field guest1 name)" ]; }
lab_wait 60 original_known
vt bind guest1 GUEST1 > /dev/null
lab_guest_wait_agent restored 300
lab_guest_clock restored
lab_check "the copy reaches production, and its channel is broken there" eval '! trusts_copy > "$LAB_TMP/testjoin" 2>&1'
repaired restored
lab_check "it is a twin" vt_told "$id" verdict twin
lab_check "refused, though an administrator ordered it" vt_told "$id" outcome refused
lab_check "which names the original" vt_told "$id" would '*guest1*'
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"
lab_check "and the original's trust is whole" lab_guest_trust guest1
sed 's/^/# /' "$LAB_LOG/case-$id.txt"
virsh -q destroy guest1
repaired restored
lab_check "also when the original was shut down just now: it ran since the last change" vt_told "$id" verdict twin
lab_check "the production account is what it was" test "$(state_of_account)" = "$before"

lab_note "the same guest alone in production"
vt unbind guest1 > /dev/null
repaired restored
lab_check "in the open it is repaired" vt_told "$id" outcome proven
lab_check "by one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq "$((${before% *} + 2))"
lab_check "and its trust is whole" trusts_copy
lab_done
