# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The laboratory's domain controller, and that the delegated account can do what virtrust needs and nothing more: reset
# computers below OU=Guests, sub-OUs included, but none elsewhere, no user, no domain controller.

lab_dc_start
lab_delegate

# reset_as_delegate DN: the way virtrust-directory does it, LDAP with Kerberos sealing.
reset_as_delegate() {
    local value
    value=$(printf '"%s"' "$(lab_random_password)" | iconv -t UTF-16LE | base64 -w 0)
    printf 'dn: %s\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: %s\n' "$1" "$value" |
        ldapmodify -Q -N -Y GSSAPI -O minssf=56 -H "ldap://$LAB_DC" > "$LAB_TMP/modify" 2>&1
}

# refused NAME: LDAP says insufficient access, and the key version stands still.
refused() {
    local before after
    before=$(lab_dc_kvno "$1")
    if reset_as_delegate "$(lab_dc_dn "$1")"; then
        return 1
    fi
    after=$(lab_dc_kvno "$1")
    grep -q '(50)' "$LAB_TMP/modify" && [ "$before" = "$after" ]
}

allowed() {
    local before after
    before=$(lab_dc_kvno "$1")
    reset_as_delegate "$(lab_dc_dn "$1")" || return 1
    after=$(lab_dc_kvno "$1")
    [ "$after" -gt "$before" ]
}

lab_dc_add_computer inside
lab_dc_add_computer outside "$LAB_OTHER_OU"
lab_dc_add_user somebody
lab_dc_change ou create "OU=Sub,$LAB_OU"
lab_dc_add_computer below "OU=Sub,$LAB_OU"
for name in inside outside below; do
    lab_dc_reset "$name" "$(lab_random_password)"
done

lab_check "the keytab of the delegated account works" kinit -k -t "$LAB_KEYTAB" "$LAB_SVC"
lab_check "it may reset a computer of its OU" allowed inside
lab_check "it may reset a computer of a sub-OU" allowed below
lab_check "it may not reset a computer elsewhere" refused outside
lab_check "it may not reset a user of the same OU" refused somebody
lab_check "it may not reset the domain controller" refused dc1

before=$(lab_dc_pwdlastset inside)
lab_dc_reset inside "$(lab_random_password)"
lab_check "pwdLastSet moves with a reset" test "$(lab_dc_pwdlastset inside)" -gt "$before"
lab_dc_stop
lab_check "the tree can be asked while the DC is away" lab_dc_kvno inside
lab_dc_start
lab_check "the DC comes back with the same tree" lab_dc_ldap '(sAMAccountName=inside$)' dn
lab_done
