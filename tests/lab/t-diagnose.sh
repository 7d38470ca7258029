# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `virtrust diagnose` over guests that are off, with real keytabs on their disks and accounts in a real directory, and
# one that runs: one cause after the other is provoked, and named, with the command that mends it. Nothing is written
# by asking.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

# guest NAME COMPUTER: an off guest whose keytab is at the account's version.
guest() {
    shut_account "$2"
    shut_linux "$LAB/guests/$1.img" "$2\$" "$(lab_dc_kvno "$2")"
    shut_define "$1" "$LAB/guests/$1.img" raw
}

# diagnose NAME: the answer in $LAB_TMP/$1.json, its exit code in `code`.
diagnose() {
    code=0
    vt --json diagnose "$1" > "$LAB_TMP/answer.json" 2> "$LAB_TMP/err" || code=$?
    cp "$LAB_TMP/answer.json" "$LAB_LOG/$1-$(jq -r '.diagnosis.cause // "none"' "$LAB_TMP/answer.json").json"
}

# named GUEST CAUSE CODE [FIELD PATTERN]...: the cause, the exit code, and other fields of the diagnosis.
named() {
    local guest=$1 cause=$2 want=$3 got
    shift 3
    diagnose "$guest"
    got=$(jq -r '.diagnosis.cause // "none"' "$LAB_TMP/answer.json")
    if [ "$got" != "$cause" ] || [ "$code" -ne "$want" ]; then
        printf '  it is %s, exit code %s: %s\n' "$got" "$code" "$(jq -c .diagnosis "$LAB_TMP/answer.json")" >&2
        return 1
    fi
    while [ $# -gt 0 ]; do
        got=$(jq -r --arg f "$1" '.diagnosis[$f] // ""' "$LAB_TMP/answer.json")
        # shellcheck disable=SC2053  # a pattern
        [[ $got == $2 ]] || { printf '  %s is "%s"\n' "$1" "$got" >&2; return 1; }
        shift 2
    done
}

# beside CAUSE: it stood beside the cause in the last answer.
beside() { jq -e --arg c "$1" 'any(.beside[]?; .cause == $c)' "$LAB_TMP/answer.json" > /dev/null; }

# dc_says FIELD: what the DC's column of the last answer has.
dc_says() {
    jq -r --arg f "$1" --arg d "$LAB_DC" '.sides[] | select(.side == $d) | .[$f] | tostring' "$LAB_TMP/answer.json"
}

# written: a picture of all that virtrust keeps.
written() { find "$VT_STATE" -type f -exec sha256sum {} + | sort; }

modify() { ldbmodify -H "$LAB/dc/private/sam.ldb" > /dev/null; }

lab_guest_ready guest1
mkdir -p "$LAB/guests"
guest steady STEADY
guest copy COPY
guest reverted REVERTED
qemu-img convert -f raw -O qcow2 "$LAB/guests/reverted.img" "$LAB/guests/reverted.qcow2"
virsh -q undefine reverted
shut_define reverted "$LAB/guests/reverted.qcow2" qcow2
cp "$LAB/guests/steady.img" "$LAB/guests/clone.img"
shut_define clone "$LAB/guests/clone.img" raw
vt_config observe
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"
vt_start
lab_check "it is bound" vt_bind steady STEADY

lab_note "in step"
lab_check "the same key version: in step" named steady in-step 0 verdict in-step health whole
before=$(written)
diagnose steady
lab_check "asking writes nothing" test "$(written)" = "$before"
lab_check "and makes no case" test "$(vt_last_case steady)" = 0
lab_check "the DC's column has its key version" test "$(dc_says kvno)" = "$(lab_dc_kvno steady)"
lab_check "and says where the password was changed" test "$(dc_says password_changed_at)" = "$LAB_DC"

lab_note "changed elsewhere"
lab_dc_reset steady "$(lab_random_password)"
lab_check "an administrator's reset is told as one" named steady changed-elsewhere 1 verdict behind \
    command "Get-ADReplicationAttributeMetadata 'CN=STEADY,$LAB_OU' -Server '$LAB_DC' *" rule observe action record

lab_note "disabled"
lab_dc_disable steady
lab_check "a disabled account, and how to enable it" named steady account-disabled 1 action refuse \
    command "Enable-ADAccount -Identity 'STEADY\$' -Server '$LAB_DC'"
lab_dc_change user enable 'STEADY$'

lab_note "moved"
lab_dc_move steady "$LAB_OTHER_OU"
lab_check "still diagnosed after it was moved" named steady changed-elsewhere 1
lab_check "beside it: outside of the delegated OU" beside outside-base
lab_dc_move steady "$LAB_OU"
diagnose steady
lab_check "not when it is back" eval '! beside outside-base'

lab_note "SPNs"
modify << END
dn: CN=COPY,$LAB_OU
changetype: modify
replace: dNSHostName
dNSHostName: copy.$LAB_DOMAIN
END
lab_check "it is bound" vt_bind copy COPY
modify << END
dn: CN=STEADY,$LAB_OU
changetype: modify
add: servicePrincipalName
servicePrincipalName: HOST/copy.$LAB_DOMAIN
END
lab_check "another account has its host SPN" named copy spn-duplicate 0 health at-risk command 'setspn *STEADY*'
lab_check "and itself it has none" beside spn-missing

lab_note "rolled back"
lab_check "it is bound" vt_bind reverted REVERTED
virsh -q snapshot-create-as reverted s1 > "$LAB_TMP/out"
lab_dc_reset reverted "$(lab_random_password)"
virsh -q snapshot-revert reverted s1
lab_wait 60 vt_settled reverted
lab_check "a revert to a snapshot" named reverted rolled-back-snapshot 1 verdict behind rollback revert-offline \
    command 'virtrust repair reverted'

lab_note "cloned"
vt repair --dry-run clone > "$LAB_TMP/out" 2> "$LAB_TMP/err"
lab_wait 60 vt_settled clone
diagnose steady
lab_check "another guest with the same secret is named" beside clone

lab_note "the clock of a guest that runs"
lab_check "it is bound" vt_bind guest1 GUEST1
lab_check "nothing is wrong with it" named guest1 in-step 0 state running
lab_guest_exec guest1 date -s '+20 minutes' > "$LAB_TMP/out"
lab_check "its clock is" named guest1 guest-clock 1 command 'virsh domtime guest1 --now'
lab_guest_clock guest1

lab_note "deleted, and made anew"
lab_dc_delete steady
lab_check "a deleted account" named steady account-missing 1 command 'Get-ADObject -Identity *Restore-ADObject'
lab_dc_add_computer STEADY
lab_check "one that was made anew" named steady account-recreated 1 command 'virtrust bind steady *STEADY*'

lab_note "the DC is away"
lab_dc_stop
lab_check "without a DC nothing is claimed" named steady no-directory 0 health unknown
lab_dc_start

lab_note "as text"
vt diagnose steady > "$LAB_LOG/steady.txt" 2> "$LAB_TMP/err" || true
lab_check "the text has the columns" grep -q "^EVIDENCE.*GUEST\|^EVIDENCE.*guest.*ledger.*$LAB_DC" "$LAB_LOG/steady.txt"
lab_check "times are UTC" grep -q '20..-..-..T..:..:..Z (now)' "$LAB_LOG/steady.txt"
lab_check "no colours" eval "! grep -q $'\x1b' '$LAB_LOG/steady.txt'"
sed 's/^/# /' "$LAB_LOG/steady.txt"
lab_done
