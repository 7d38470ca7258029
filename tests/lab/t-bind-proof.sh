# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest binds itself: the delegated account is prepared by the very commands that `virtrust doctor --delegation`
# prints, a policy says `bind: by-proof`, and a real guest shows by a Kerberos ticket which account it holds. Then it is
# not believed when it holds another one, not asked while its trust is broken, and repaired by the binding that it made.

lab_guest_ready guest1 guest2
lab_guest_install_helper guest1
service=virtrust/host1.$LAB_DOMAIN
vt_config repair "policies:" "  - match: {name: \"guest1\"}" "    bind: by-proof"
sed -i "s|^    keytab:.*|&\n    service: $service|" "$VT_CONFIG"

# ---- the delegation, as printed; the account, its expiry and its right are part of the laboratory
vt doctor --delegation > "$LAB_LOG/delegation.txt"
lab_check "the commands are printed for both kinds of directory" grep -q '^dsacls ' "$LAB_LOG/delegation.txt"
lab_check "with the base" grep -qF "$LAB_OU" "$LAB_LOG/delegation.txt"
samba() { sed -n '/^# Samba/,$p' "$LAB_LOG/delegation.txt" | grep -E "$1"; }
lab_check "the service principal is registered as printed" eval "$(samba '^samba-tool spn')"
lab_check "the ciphers as printed" eval "$(samba enctypes | sed "s/-U Administrator/-U 'Administrator%$(cat "$LAB/dc/admin.password")'/")"
lab_check "which the directory holds" test "$(lab_dc_attr "$LAB_SVC" msDS-SupportedEncryptionTypes)" = 24
lab_check "the right is given as printed, again" eval "$(samba '^(sid|dn)='; samba dsacl)"
lab_check "and the keytab is the same" eval "$(samba exportkeytab | sed "s|virtrust.keytab|$LAB_TMP/again.keytab|")"

# ---- the first binding
vt_start
bound() { [ "$(vt_field "$1" computer)" = "$2" ]; }
lab_check "the guest is bound by proof" lab_wait 240 bound guest1 'GUEST1$'
vt --json bindings > "$LAB_TMP/bindings.json"
lab_check "which the binding says" test "$(jq -r '.bindings[0].how' "$LAB_TMP/bindings.json")" = proof
lab_check "to the object that the DC knows" test "$(jq -r '.bindings[0].guid' "$LAB_TMP/bindings.json")" = "$(lab_dc_attr guest1 objectGUID)"
lab_check "a guest of no such policy is not" test -z "$(vt_field guest2 computer)"
lab_check "nothing was written in the guest" lab_guest_exec guest1 test ! -e /var/lib/virtrust-helper
lab_check "an administrator asks another" eval '! vt bind guest2 --by-proof 2> "$LAB_TMP/none"'
lab_check "which has no helper" grep -q 'no binding was made' "$LAB_TMP/none"
lab_guest_install_helper guest2
lab_check "with one it binds" vt bind guest2 --by-proof
lab_check "to its own account" bound guest2 'GUEST2$'
lab_check "again is the same" vt bind guest2 --by-proof

# ---- the binding is what a repair goes by
first=$(vt_last_case guest1)
lab_wait 240 vt_settled guest1
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
lab_guest_revert guest1 before
id=$(vt_wait_new guest1 "$first")
lab_check "the guest is repaired by that binding" test "$(vt_case "$id" outcome)" = proven
vt case "$id" > "$LAB_LOG/case.txt" || true

# ---- where policy forbids the rotation, a fresh ticket is the proof; a stand-in around the helper says that it does
lab_guest_exec -i guest1 sh -e << 'END'
cd /usr/libexec/virtrust
mv virtrust-helper real
printf '%s\n' '#!/bin/sh' '/usr/libexec/virtrust/real "$@" | sed s/^rotation=allowed$/rotation=forbidden/' > virtrust-helper
chmod 0755 virtrust-helper
END
lab_guest_snapshot guest1 forbidden
lab_guest_rotate guest1
kvno=$(lab_dc_kvno guest1)
lab_guest_revert guest1 forbidden
former=$id
id=$(vt_wait_new guest1 "$former")
vt case "$id" > "$LAB_LOG/ticket.txt" || true
lab_check "a fresh ticket is the proof" test "$(vt_case "$id" outcome)" = proven
lab_check "which the case says" grep -q 'a fresh ticket of .* shows that the guest holds' "$LAB_LOG/ticket.txt"
lab_check "and that the host's copy is live" grep -q 'sealed copy is live' "$LAB_LOG/ticket.txt"
lab_check "one reset and no rotation" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))
lab_check "the guest's own trust is whole" lab_guest_trust guest1
lab_dc_tool spn delete "$service" "$LAB_SVC" > /dev/null
lab_guest_revert guest1 forbidden
former=$id
id=$(vt_wait_new guest1 "$former")
vt case "$id" > "$LAB_LOG/claim.txt" || true
lab_check "where no ticket can be shown it is a claim" test "$(vt_case "$id" outcome)" = claimed
lab_check "which says why" grep -q 'no ticket shows it' "$LAB_LOG/claim.txt"
lab_check "mended by the copy, without a reset" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))
lab_dc_change spn add "$service" "$LAB_SVC"
lab_guest_exec guest1 mv /usr/libexec/virtrust/real /usr/libexec/virtrust/virtrust-helper

# ---- a guest whose trust is broken has nothing to show
vt unbind guest1
lab_dc_reset guest1 "$(lab_random_password)"
lab_check "a broken guest is not bound" eval '! vt bind guest1 --by-proof 2> "$LAB_TMP/broken"'
lab_check "and says why" grep -qi 'preauth\|password' "$LAB_TMP/broken"
lab_check "it has no binding" test -z "$(vt_field guest1 computer)"

# ---- another account than the binding's: an alarm, and nothing changes
lab_guest_get guest1 /etc/krb5.keytab "$LAB_TMP/guest1.keytab"
lab_guest_put guest1 "$LAB_TMP/guest1.keytab" /root/krb5.keytab.mine
lab_guest_get guest2 /etc/krb5.keytab "$LAB_TMP/guest2.keytab"
vt bind guest1 GUEST1
lab_guest_put guest1 "$LAB_TMP/guest2.keytab" /etc/krb5.keytab
lab_guest_exec guest1 sync # the host looks at the disk
rc=0
vt bind guest1 --by-proof 2> "$LAB_TMP/differs" || rc=$?
lab_check "a proof of another account is refused by a safety rule" test "$rc" = 6
lab_check "which tells whose it is" grep -q 'GUEST2\$' "$LAB_TMP/differs"
lab_check "the binding stays" bound guest1 'GUEST1$'
lab_check "the alarm is in the journal" grep -q 'proves that it holds the account GUEST2' "$LAB_LOG/virtrust.log"
lab_check "and a case looks at it" lab_wait 120 eval '[ "$(vt_field guest1 verdict)" = identity-mismatch ]'
lab_done
