# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Windows-shaped guests that are shut off, bound to real accounts: a pair is remembered, time goes on (a newer secret on
# the disk, AD's password changed), and an offline revert, of which libvirt tells by a single event, brings the older
# disk back. It is noticed and judged behind against the ledger. A real hive does the same where one is at hand
# ($VIRTRUST_HIVES or ../shared/hives); without SYSTEM the role is unknown; a domain controller is refused.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

# evidence GUEST KEY: of its last case's look at the disk, "" unknown.
evidence() {
    { vt --json case "$(vt_last_case "$1")" 2> "$LAB_TMP/err" || true; } |
        jq -r --arg k "$2" '.evidence[] | select(.source == "disk") | getpath($k / ".") // .[$k] // ""'
}

evidence_is() {
    local got
    got=$(evidence "$1" "$2")
    [ "$got" = "$3" ] && return 0
    printf '  %s of %s is "%s"\n' "$2" "$1" "$got" >&2
    return 1
}

# doubts GUEST ID: does that look doubt this?
doubts() {
    { vt --json case "$(vt_last_case "$1")" 2> "$LAB_TMP/err" || true; } |
        jq -e --arg id "$2" '[.evidence[] | select(.source == "disk") | .. | strings] | index($id) != null' > "$LAB_TMP/out"
}

told() { vt_told "$(vt_last_case "$1")" "$2" "$3"; }

# look GUEST: an administrator looks, and nothing is written; returns when the case is closed.
look() {
    local former
    former=$(vt_last_case "$1")
    vt repair "$1" --dry-run > "$LAB_TMP/out"
    vt_wait_new "$1" "$former" > "$LAB_TMP/out"
}

# contents GUEST RAW: the disk's present contents become RAW's; its snapshots stay.
contents() {
    qemu-io -f qcow2 -c "write -q -s $2 0 $(stat -c %s "$2")" "$LAB/guests/$1.qcow2"
}

# revert GUEST: off → offline. The new case is waited for.
revert() {
    local former
    former=$(vt_last_case "$1")
    virsh -q snapshot-revert "$1" s1
    vt_wait_new "$1" "$former" > "$LAB_TMP/out"
}

lab_dc_start
lab_delegate
lab_libvirtd_start
cd "$LAB/guests" || exit 1
names=(WINMOVED WINOLDER NOSYSTEM WINDC)
for name in "${names[@]}"; do shut_account "$name"; done
domain_sid=$(lab_dc_attr WINMOVED objectSid)
domain_sid=${domain_sid%-*}

# hive COMPUTER SECRET [KEY=VALUE...]: the hives' content; a member's password is set moments before AD's.
hive() {
    printf '%s\n' "netbios=$LAB_NETBIOS" "dns=$LAB_DOMAIN" "domain_sid=$domain_sid" "computer=$1" "secret=$2" \
        "set_at=$(($(lab_dc_pwdlastset "$1") - 20000000))" "account_sid=$(lab_dc_attr "$1" objectSid)" max_age=30 "${@:3}"
}

# guest NAME HIVE...: a disk of these hives and a guest upon it.
guest() {
    shut_windows "$1.qcow2" qcow2 "${@:2}" && shut_define "$1" "$LAB/guests/$1.qcow2" qcow2
}

mapfile -t hives < <(hive WINMOVED one product=WinNT)
guest winmoved "${hives[@]}"
mapfile -t hives < <(hive WINOLDER one product=WinNT)
guest winolder "${hives[@]}"
mapfile -t hives < <(hive NOSYSTEM one)
guest nosystem "${hives[@]}"
mapfile -t hives < <(hive WINDC one product=LanmanNT)
guest windc "${hives[@]}"

real=
if command -v xz > "$LAB_TMP/out" && [ -r "$LAB_HIVES/member-rotated/SECURITY.xz" ]; then
    real=1
    # Its domain gets the laboratory's name: virtrust-directory speaks to no DC of another domain. All else stays, the
    # sealed secret and its date of 2016 among it.
    xz -dc "$LAB_HIVES/member-rotated/SECURITY.xz" > "$LAB_TMP/real-security"
    guest real "security=$LAB_TMP/real-security" "dns=$LAB_DOMAIN"
    shut_account STUDENT-PC8
else
    printf 'skip - real hives: there is no %s\n' "$LAB_HIVES/member-rotated/SECURITY.xz"
fi

vt_config observe "policies:" "  - match: {name: real}" "    computer: STUDENT-PC8" "  - computer: \"{name}\""
vt_start
guests=(winmoved winolder nosystem windc)
[ -z "$real" ] || guests+=(real)
for name in "${guests[@]}"; do lab_wait 300 vt_settled "$name"; done

lab_note "what each of them is"
lab_check "a Windows member" evidence_is winmoved os windows
lab_check "by SYSTEM's word" evidence_is winmoved role member
lab_check "bound by the policy" test "$(vt_field winmoved computer)" = 'WINMOVED$'
lab_check "two dates that close tell nothing yet" told winmoved cause too-close
lab_check "and nothing is done" told winmoved outcome no-action
lab_check "without SYSTEM the role is unknown" evidence_is nosystem role unknown
lab_check "which is a doubt" doubts nosystem no-system-hive
lab_check "and no verdict is taken from its date" told nosystem verdict unknown
lab_check "a domain controller is told by SYSTEM" evidence_is windc role domain-controller
lab_check "judged as what it is, whatever its binding says" told windc verdict domain-controller
lab_check "refused" told windc outcome refused
lab_check "with what to do" told windc next '*USN rollback*'

lab_note "time goes on, then back"
for name in winmoved winolder; do virsh -q snapshot-create-as "$name" s1 > "$LAB_TMP/out"; done
# winmoved: AD's password changes (its rotation), and nobody looks until the disk is old again.
lab_dc_reset WINMOVED "$(lab_random_password)"
# winolder: the second pair is seen, too.
lab_dc_reset WINOLDER "$(lab_random_password)"
mapfile -t hives < <(hive WINOLDER two product=WinNT)
shut_windows newer.img raw "${hives[@]}"
contents winolder "$PWD/newer.img"
first=$(evidence winolder secret_sha256)
look winolder
lab_check "the newer secret is another one" test "$(evidence winolder secret_sha256)" != "$first"
lab_check "and no reason for alarm" told winolder verdict unknown
declare -A kvnos=()
for name in "${names[@]}"; do kvnos[$name]=$(lab_dc_kvno "$name"); done

revert winolder
lab_check "winolder: the revert is noticed for what it is" told winolder kind revert-offline
lab_check "winolder: the old secret is there again" evidence_is winolder secret_sha256 "$first"
lab_check "winolder: behind" told winolder verdict behind
lab_check "winolder: for the ledger knows a newer secret" told winolder cause older-secret
lab_check "winolder: observed, not repaired" told winolder would 'would have*'
lab_check "winolder: one case for the revert" test "$(vt --json show winolder | jq '.cases | length')" -eq 3
revert winmoved
lab_check "winmoved: the revert is noticed" told winmoved kind revert-offline
lab_check "winmoved: behind" told winmoved verdict behind
lab_check "winmoved: for the directory moved on from the remembered pair" told winmoved cause directory-moved
for name in "${names[@]}"; do
    lab_check "$name: its account is what it was" test "$(lab_dc_kvno "$name")" = "${kvnos[$name]}"
done

if [ -n "$real" ]; then
    lab_note "a real hive"
    lab_check "its computer is read" evidence_is real computer STUDENT-PC8
    lab_check "its domain's short name is read" evidence_is real domain.netbios INTERNAL
    lab_check "its set-time is read" evidence_is real password.filetime 131230852838165380
    lab_check "no SYSTEM came with it" evidence_is real role unknown
    virsh -q snapshot-create-as real s1 > "$LAB_TMP/out"
    lab_dc_reset STUDENT-PC8 "$(lab_random_password)"
    revert real
    lab_check "its revert is noticed" told real kind revert-offline
    lab_check "behind" told real verdict behind
    lab_check "against the ledger" told real cause directory-moved
fi
lab_done
