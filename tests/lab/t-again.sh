# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reverted again in mid-repair: with the new secret on its way into the guest, with it stored and not yet rotated, and
# with the rotation done and not yet proven. The repair is held just there, at a fault point, until the second revert
# has been noticed. Each time the first case ends `superseded` and the second `proven`; a secret that is in flight is
# inherited, and the account is reset anew only when the revert has lost the one that AD holds.

vt_faults
lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
vt_start
lab_wait 240 vt_settled guest1

case_is() { [ "$(vt_case "$1" "$2")" = "$3" ]; }
keytab() { lab_guest_exec guest1 sha256sum /etc/krb5.keytab; }

# begin POINT: a revert whose repair comes to POINT and is held there: $first is its case, $rotated and $resets are what
# AD's key version and the number of resets were before.
begin() {
    local former
    former=$(vt_last_case guest1)
    lab_note "held at $1"
    lab_guest_snapshot guest1 again
    lab_guest_rotate guest1
    rotated=$(lab_dc_kvno guest1)
    resets=$(vt_resets)
    vt_hold "$1"
    lab_guest_revert guest1 again
    lab_wait 60 vt_newer_case guest1 "$former"
    first=$(vt_last_case guest1)
    lab_wait 180 vt_held "$1"
}

# again: the second revert, noticed; $second is its case.
again() {
    lab_guest_revert guest1 again
    lab_wait 60 vt_newer_case guest1 "$first"
    second=$(vt_last_case guest1)
}

# ends WHAT RESETS: what has to be so in the end. Each reset is followed by its rotation.
ends() {
    lab_wait 240 vt_closed "$second" || true
    if ! case_is "$second" outcome proven; then
        vt case "$second" | sed '/^  evidence/,$d' >&2 || true
    fi
    lab_check "$1: the first case is superseded" case_is "$first" outcome superseded
    lab_check "$1: the second is the next one" test "$second" -eq $((first + 1))
    lab_check "$1: it ends proven" case_is "$second" outcome proven
    lab_check "$1: virtrust-directory tells of $2 resets" test "$(vt_resets)" -eq $((resets + $2))
    lab_check "$1: AD shows $3 changes" test "$(lab_dc_kvno guest1)" -eq $((rotated + $3))
    lab_check "$1: the guest's own trust is whole" lab_guest_trust guest1
    lab_check "$1: no third case" test "$(vt_last_case guest1)" -eq "$second"
}

# ---- the secret is on its way ----------------------------------------------------------------------------------------
# The first job's `store` is let go only when all is over: it lands late, as an orphan.
what="before the store"
begin deliver.store.before
lab_check "$what: the account was reset" test "$(lab_dc_kvno guest1)" -eq $((rotated + 1))
again
ends "$what" 1 2
before=$(keytab)
vt_trace
vt_release deliver.store.before
lab_wait 60 grep -qxF deliver.store.after "$VIRTRUST_FAULT_DIR/passed"
lab_check "$what: the orphaned store leaves the keytab alone" test "$(keytab)" = "$before"
lab_check "$what: and AD" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "$what: the guest's trust stays whole" lab_guest_trust guest1
lab_check "$what: the case stays as it was" case_is "$second" outcome proven
virsh -q snapshot-delete guest1 again

# ---- stored, not rotated ---------------------------------------------------------------------------------------------
what="before the rotation"
begin deliver.rotate.before
lab_check "$what: the account was reset" test "$(lab_dc_kvno guest1)" -eq $((rotated + 1))
lab_check "$what: the guest holds its secret" lab_guest_trust guest1
again
vt_release deliver.rotate.before
ends "$what" 1 2
virsh -q snapshot-delete guest1 again

# ---- rotated, not proven ---------------------------------------------------------------------------------------------
# virtrustd has the guest's answer and waits for the DC's, which comes only when the case it belongs to is over. The
# second revert has lost the secret that the account holds: it takes another reset.
what="before the proof"
begin deliver.rotate.after
vt_hold directory.account.before
vt_release deliver.rotate.after
lab_wait 60 vt_held directory.account.before
lab_check "$what: AD shows the rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "$what: the proof is waited for" case_is "$first" state repairing
again
vt_release directory.account.before
ends "$what" 2 4
lab_done
