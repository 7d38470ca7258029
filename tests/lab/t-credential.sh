# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The strategy `credential`, end to end: a broken guest is handed, for one call, a credential that may reset its own
# account and nothing else, and mends itself; the DC shows its reset and its rotation. A credential that is good for
# more, or for less, is never lent. Killed at each of its steps the repair goes on, and resets nothing twice. What was
# lent lies nowhere afterwards.

seal=$LAB_BIN/../test/lab-seal
seek=$LAB_BIN/../test/lab-seek
for tool in "$seal" "$seek"; do [ -x "$tool" ] || lab_skip "$tool is not built"; done
faults=${VIRTRUST_FAULTS_BIN_DIR:-$LAB_SOURCE/build-faults/bin}
[ ! -x "$faults/virtrustd" ] || vt_faults

reset_right=00299570-246d-11d0-a768-00aa006e0529
computers=bf967a86-0de6-11d0-a285-00aa003049e2

# user NAME: a user with a password of its own, $password, whose credential is the file $LAB_TMP/NAME.
user() {
    lab_dc_add_user "$1" "$LAB_OU"
    password=$(lab_random_password | cut -c 1-40)
    lab_dc_reset "$1" "$password"
    credential "$1" "$password"
}
# credential NAME PASSWORD
credential() {
    (umask 377 && printf '%s\\%s\n%s\n' "$LAB_NETBIOS" "$1" "$2" > "$LAB_TMP/$1.new")
    mv -f "$LAB_TMP/$1.new" "$LAB_TMP/$1"
}
# grant NAME DN ACE-FLAGS CLASS: Reset Password there.
grant() {
    lab_dc_change dsacl set --objectdn="$2" --action=allow --trusteedn="$(lab_dc_dn "$1")" \
        --sddl="(OA;$3;CR;$reset_right;$4;$(lab_dc_attr "$1" objectSid))"
}

lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair
vt_start
lab_wait 300 vt_settled guest1
vt bind guest1 GUEST1 > /dev/null
lab_dc_add_computer other
computer=$(lab_dc_dn guest1)
user one
grant one "$computer" '' ''

# break_trust: the account's password is changed behind the guest's back (no rollback: nothing is repaired by itself); its
# key version is then $rotated.
break_trust() {
    lab_dc_reset guest1 "$(lab_random_password)"
    rotated=$(lab_dc_kvno guest1)
}

# lend FILE [ARGS...]: a repair with it; its case is $id, closed.
lend() {
    local former
    former=$(vt_last_case guest1)
    vt repair guest1 --strategy credential --credential-file "$1" > "$LAB_LOG/repair.log" 2>&1 || true
    id=$(vt_wait_new guest1 "$former")
    vt case "$id" > "$LAB_LOG/case-$id.txt" || true
}

break_trust
lab_check "the guest is broken" test -z "$(lab_guest_trust guest1 > /dev/null 2>&1 && echo whole)"

# ---- never lent ------------------------------------------------------------------------------------------------------
# refused NAME CAUSE WHAT
refused() {
    lend "$LAB_TMP/$1"
    lab_check "$3: refused" vt_told "$id" outcome refused
    lab_check "$3: as $2" vt_told "$id" cause "$2"
    lab_check "$3: the account is as it was" test "$(lab_dc_kvno guest1)" -eq "$rotated"
}
chmod 0440 "$LAB_TMP/one"
vt repair guest1 --strategy credential --credential-file "$LAB_TMP/one" > "$LAB_TMP/said" 2>&1 && lab_not_ok "a file that others can read is taken"
lab_check "a file that others can read is not taken" grep -q 'chmod 0400' "$LAB_TMP/said"
chmod 0400 "$LAB_TMP/one"
vt repair guest1 --strategy credential > "$LAB_TMP/said" 2>&1 && lab_not_ok "without a credential something is begun"
lab_check "without a credential nothing is begun" grep -q 'no credential was handed over' "$LAB_TMP/said"
user none
refused none credential-without-right "one that may not reset the account"
cp "$LAB_TMP/one" "$LAB_TMP/keep"
good=$password
credential one "wrong$good"
refused one credential-refused "one whose password is wrong"
user another
grant another "$computer" '' ''
grant another "$(lab_dc_dn other)" '' ''
refused another credential-too-powerful "one that may reset another computer, too"
lab_check "it says which" vt_told "$id" text '*another may reset CN=other,*'
user many
grant many "$LAB_OTHER_OU" CIIO "$computers"
grant many "$computer" '' ''
refused many credential-too-powerful "one with rights below another OU"
user mighty
lab_dc_change group addmembers 'Backup Operators' mighty
grant mighty "$computer" '' ''
refused mighty credential-too-powerful "one of a mighty group"
lab_check "it says which group" vt_told "$id" text '*Backup Operators*'
user owner
lab_dc_change dsacl set --objectdn="$(lab_dc_dn other)" --action=allow --trusteedn="$(lab_dc_dn owner)" \
    --sddl="(A;;WD;;;$(lab_dc_attr owner objectSid))"
grant owner "$computer" '' ''
refused owner credential-too-powerful "one that may give itself rights over another computer"
lab_check "the helper was never asked to repair" test "$(lab_guest_exec guest1 sh -c 'ls /var/lib/virtrust-helper/*/repair 2>/dev/null | wc -l')" -eq 0

# ---- lent, once ------------------------------------------------------------------------------------------------------
# mended WHAT: what has to be so behind each repair.
mended() {
    lab_check "$1: proven" vt_told "$id" outcome proven
    lab_check "$1: the DC shows a reset and a rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
    lab_check "$1: the guest's trust is whole" lab_guest_trust guest1
}
rm -f "$LAB_TMP/one"
mv "$LAB_TMP/keep" "$LAB_TMP/one"
user last
grant last "$computer" '' ''
resets=$(vt_resets)
lend "$LAB_TMP/last"
mended "in peace"
lab_check "the host has reset nothing" test "$(vt_resets)" -eq "$resets"

# ---- killed at each step ---------------------------------------------------------------------------------------------
if [ -n "${VIRTRUST_FAULT_DIR-}" ]; then
    for points in job.vetting job.lending 'directory.vet.before deliver.repair.before' \
        'directory.vet.answered deliver.repair.started job.counting' 'deliver.repair.after job.rotating'; do
        break_trust
        read -ra armed <<< "$points"
        vt_arm "${armed[@]}"
        lend "$LAB_TMP/last"
        lab_check "killed at $points: all of them" vt_fired "${armed[@]}"
        lab_wait 30 vt_connected
        mended "killed at $points"
    done
else
    lab_note "no build with fault points in $faults: the kills are left out"
fi

# ---- nothing is left -------------------------------------------------------------------------------------------------
vt_stop
printf %s "$password" > "$LAB_TMP/needle"
mkdir -p "$LAB_TMP/plant"
cp "$LAB_TMP/last" "$LAB_TMP/plant/"
lab_check "the search finds the credential where it is" test "$("$seek" "$LAB_TMP/needle" "$LAB_TMP/plant" > /dev/null 2>&1 || echo found)" = found
lab_check "and not in virtrust's state" "$seek" "$LAB_TMP/needle" "$VT_STATE"
lab_check "nor in any log" "$seek" "$LAB_TMP/needle" "$LAB_LOG"
lab_guest_exec guest1 tar -C /var/lib -cf - virtrust-helper > "$LAB_TMP/helper.tar"
mkdir -p "$LAB_TMP/guest" && tar -C "$LAB_TMP/guest" -xf "$LAB_TMP/helper.tar"
lab_check "nor in the helper's records" "$seek" "$LAB_TMP/needle" "$LAB_TMP/guest"
lab_done
