# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The domain controller dies in the middle of a reset: once before the reset reaches it, and once behind it, with its
# answer lost on the way. Either way nobody can say whether the reset took: that is settled by a log-on with the new
# secret before anything else, and a second secret is never made. Both repairs end `proven`, by one reset and one
# rotation. The end is kill -9 of all of Samba at once, as a power failure would be.

vt_faults
iptables -w -n -L INPUT > /dev/null 2>&1 || lab_skip "no packet can be dropped in here: iptables does not work"
lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"
vt_start
guest_known() { [ -n "$(vt_field guest1 name)" ]; }
lab_wait 60 guest_known

# The kernel ends the connections of the dead, as it would when the machine is up again.
dc_dies() {
    pkill -KILL -f '^samba|^smbd|^winbindd|^/usr/sbin/(samba|smbd|winbindd)|^samba:' || true
    lab_wait 20 lab_dc_silent
    LAB_DC_PID=
}

# The account's reset is on its way, or has been; so often nobody could say which.
unanswered() { [ "$(grep -c 'nobody can say whether the reset took' "$LAB_LOG/virtrust.log")" -ge "$1" ]; }
answers_are_lost() { iptables -w "$1" INPUT -p tcp --sport 389 -j DROP; }
answers_arrive() { iptables -w -D INPUT -p tcp --sport 389 -j DROP; }
took() { [ "$(lab_dc_kvno guest1)" -gt "$rotated" ]; }
history_of() { vt case "$id" | sed '/^  evidence/,$d'; }

# begin: a revert whose repair is held just before it sends the reset. Its case is $id.
begin() {
    local former
    former=$(vt_last_case guest1)
    lab_guest_snapshot guest1 before
    lab_guest_rotate guest1
    rotated=$(lab_dc_kvno guest1)
    resets=$(vt_resets)
    vt_hold directory.reset.started
    lab_guest_revert guest1 before
    lab_wait 60 vt_newer_case guest1 "$former"
    id=$VT_NEWEST
    lab_wait 180 vt_held directory.reset.started
}

# ends WHAT: what has to be so after either.
ends() {
    lab_wait 240 vt_closed "$id" || true
    history_of > "$LAB_LOG/history-$id.txt" || true
    sed 's/^/# /' "$LAB_LOG/history-$id.txt"
    lab_check "$1: it ends proven" vt_told "$id" outcome proven
    lab_check "$1: one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
    lab_check "$1: the guest's own trust is whole" lab_guest_trust guest1
    lab_check "$1: one secret was made" test "$(grep -c 'new secret journalled' "$LAB_LOG/history-$id.txt")" -eq 1
    virsh -q snapshot-delete guest1 --current
}

lab_note "the domain controller dies before the reset reaches it"
begin
dc_dies
vt_release directory.reset.started
lab_wait 60 unanswered 1
lab_check "nobody can say whether it took: a log-on is asked for first" unanswered 1
lab_dc_start
ends "before"
lab_check "before: the log-on showed that it had not taken" grep -q 'the reset did not take; the same secret again' "$LAB_LOG/history-$id.txt"

lab_note "the reset took, its answer is lost, and then the domain controller dies"
begin
answers_are_lost -I
vt_release directory.reset.started
lab_wait 60 took
lab_check "the account is reset" took
dc_dies
# The kernel would hand over what the dead had still to say: the answer is lost for good when nobody waits for it.
lab_wait 60 unanswered 2
lab_check "nobody can say so: a log-on is asked for first" unanswered 2
answers_arrive
lab_dc_start
ends "behind"
lab_check "behind: the log-on showed that it had taken" grep -q 'confirmed: the DC takes the new secret' "$LAB_LOG/history-$id.txt"
lab_check "behind: it was not reset again" eval '! grep -q "the same secret again" "$LAB_LOG/history-$id.txt"'
lab_done
