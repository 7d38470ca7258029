# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 of virtrustd, virtrust-deliver and virtrust-directory at every fault point that a repair passes: it goes on by
# itself, ends `proven`, and AD shows exactly one reset and one rotation. Which points there are is learnt from a repair
# that is left in peace; every step that virtrustd --list-steps names has to be among them. And a `store` that nobody
# waits for any more changes nothing when it lands late.
#
# One repair is killed at every ROUNDS-th point of that sequence. All that a killed program leaves behind is in the
# store, the directory's journal, the guest and AD, and between two kills of one repair lie several committed steps: so
# each recovery is through before the next kill comes.

rounds=8
vt_faults
seal=$LAB_BIN/../test/lab-seal
[ -x "$seal" ] || lab_skip "lab-seal is not built in $LAB_BIN/../test"

policy=("policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\"")
lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "${policy[@]}"
vt_start
lab_wait 240 vt_settled guest1

# break_trust NAME: a fresh snapshot, one rotation; AD's key version is then $rotated.
break_trust() {
    former=$(vt_last_case guest1)
    lab_guest_snapshot guest1 "$1"
    lab_guest_rotate guest1
    rotated=$(lab_dc_kvno guest1)
}

# daemon_killed: how often virtrust-spawn has seen virtrustd killed.
daemon_killed() { grep -c 'virtrustd was killed by signal 9' "$LAB_LOG/virtrust.log" || true; }

# is_proven WHAT ID: what has to be so after each repair.
is_proven() {
    local what=$1 id=$2
    if [ "$(vt_case "$id" outcome)" != proven ]; then
        vt case "$id" | sed '/^  evidence/,$d' >&2 || true
    fi
    lab_check "$what: the case ends proven" test "$(vt_case "$id" outcome)" = proven
    lab_check "$what: one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
    lab_check "$what: the guest's own trust is whole" lab_guest_trust guest1
    lab_check "$what: one rollback made one case" test "$(vt_last_case guest1)" -eq "$id"
    virsh -q snapshot-delete guest1 --current
}

# ---- a repair in peace -----------------------------------------------------------------------------------------------
break_trust peace
vt_trace
lab_guest_revert guest1 peace
is_proven "in peace" "$(vt_wait_new guest1 "$former")"
mapfile -t points < <(vt_passed)
rm "$VIRTRUST_FAULT_DIR/passed"
lab_note "${#points[@]} points: ${points[*]}"

# Steps that only a repair with a waiting guest or a waiting administrator passes: the last repair below is one.
waiting=(case.awaiting-approval job.waiting-start job.waiting-agent)
held=(job.waiting-turn) # and this one what quiet hours hold back: the repair behind it
# And those of the strategy `credential`, which t-credential.sh kills at.
lent=(job.vetting job.lending)
ticket=(job.attesting) # where no rotation can be shown: it only asks, and asks again
for step in $("$LAB_BIN/virtrustd" --list-steps); do
    lab_check "$step is killed at" grep -qxF "$step" <<< "$(printf '%s\n' "${points[@]}" "${waiting[@]}" "${lent[@]}" "${held[@]}" "${ticket[@]}")"
done
for program in case job deliver directory; do
    lab_check "the points of $program.* are among them" grep -q "^$program\." <<< "$(printf '%s\n' "${points[@]}")"
done

# ---- killed ----------------------------------------------------------------------------------------------------------
for ((round = 0; round < rounds; round++)); do
    armed=()
    for ((i = round; i < ${#points[@]}; i += rounds)); do armed+=("${points[i]}"); done
    what="killed at ${armed[*]}"
    lab_note "$what"
    break_trust "round$round"
    before=$(daemon_killed)
    vt_arm "${armed[@]}"
    lab_guest_revert guest1 "round$round"
    id=$(vt_wait_new guest1 "$former")
    # What is killed at the very end closes its case first.
    lab_wait 30 vt_fired "${armed[@]}" || true
    lab_check "$what: all of them" vt_fired "${armed[@]}"
    daemons=$(printf '%s\n' "${armed[@]}" | grep -Ec '^(signal$|case\.|job\.)' || true)
    lab_wait 30 vt_connected
    lab_check "$what: virtrustd was started again $daemons times" test "$(daemon_killed)" -eq $((before + daemons))
    is_proven "$what" "$id"
done

# ---- killed while the administrator, the guest's start and its agent are waited for ----------------------------------
what="killed while waiting"
lab_note "$what"
vt_stop
vt_config ask "${policy[@]}"
vt_start
break_trust waiting
vt_arm "${waiting[@]}"
before=$(daemon_killed)
lab_guest_revert guest1 waiting
virsh -q managedsave guest1
lab_wait 60 vt_newer_case guest1 "$former"
id=$VT_NEWEST
lab_wait 120 vt_fired case.awaiting-approval
lab_wait 30 vt_connected
lab_check "$what: nothing was reset without approval" test "$(lab_dc_kvno guest1)" -eq "$rotated"
vt approve "$id"
lab_wait 120 vt_fired job.waiting-start
lab_wait 30 vt_connected
virsh -q start guest1 --paused
lab_wait 120 vt_fired job.waiting-agent
lab_wait 30 vt_connected
virsh -q resume guest1
lab_wait 120 vt_closed "$id"
lab_check "$what: virtrustd was started again 3 times" test "$(daemon_killed)" -eq $((before + 3))
is_proven "$what" "$id"
vt_stop

# ---- killed while it is held back ------------------------------------------------------------------------------------
what="killed while held back"
lab_note "$what"
vt_config repair "${policy[@]}" "    quiet_hours: [Mon-Sun]"
vt_start
break_trust held
vt_arm "${held[@]}"
before=$(daemon_killed)
lab_guest_revert guest1 held
lab_wait 120 vt_fired "${held[@]}"
lab_wait 30 vt_connected
lab_check "$what: virtrustd was started again" test "$(daemon_killed)" -eq $((before + 1))
lab_check "$what: nothing was reset in quiet hours" test "$(lab_dc_kvno guest1)" -eq "$rotated"
vt_stop
vt_config repair "${policy[@]}"
vt_start
lab_wait 60 vt_newer_case guest1 "$former"
id=$VT_NEWEST
lab_wait 180 vt_closed "$id"
is_proven "$what" "$id"
vt_stop

# ---- an orphaned store lands late ------------------------------------------------------------------------------------
# The hand-over is played by hand: the first job's probe, its reset, and before its store arrives a second job's probe.
uuid=$(lab_guest_uuid guest1)

# ask VERB KEY=VALUE...: virtrust-deliver's answer in $answer.
ask() {
    answer=$({
        printf 'type=verb\nv=1\nguest=%s\nverb=%s\n' "$uuid" "$1"
        printf '%s\n' "${@:2}" ''
    } | "$LAB_BIN/virtrust-deliver" --config "$VT_CONFIG")
}
get() { sed -n "s/^$1=//p" <<< "$answer"; }
keytab() { lab_guest_exec guest1 sha256sum /etc/krb5.keytab; }

older=$(printf %032x 1)
newer=$(printf %032x 2)
ask probe "token=$older" key=1
live=$(get live_sha256)
public=$(get public_key)
secret=$(lab_random_password)
lab_dc_reset guest1 "$secret"
kvno=$(lab_dc_kvno guest1)
about=("expect=$live" "kvno=$kvno" "dc=$LAB_DC")
orphan=("token=$older" "sealed=$(printf %s "$secret" | "$seal" "$public" "$older")" "${about[@]}")
ask probe "token=$newer" key=1
public=$(get public_key)
before=$(keytab)
ask store "${orphan[@]}"
lab_check "an orphaned store is refused" test "$(get result)" = refused
lab_check "because a newer probe has retired it" test "$(get reason)" = superseded
lab_check "and the keytab is as it was" test "$(keytab)" = "$before"
ask store "token=$newer" "sealed=$(printf %s "$secret" | "$seal" "$public" "$newer")" "${about[@]}"
lab_check "the newer job's store is done" test "$(get result)" = 'done'
lab_check "and the guest's trust is whole" lab_guest_trust guest1
before=$(keytab)
ask store "${orphan[@]}"
lab_check "the orphan is refused after it, too" test "$(get result)" = refused
ask rotate "token=$older" "expect=$(get live_sha256)" "dc=$LAB_DC"
lab_check "and so is its rotation" test "$(get result)" = refused
lab_check "the keytab is as it was" test "$(keytab)" = "$before"
lab_check "AD's key version is as it was" test "$(lab_dc_kvno guest1)" -eq "$kvno"
lab_done
