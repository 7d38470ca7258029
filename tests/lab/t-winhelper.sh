# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The shipped virtrust-helper.exe, by Wine, as a member of a real Active Directory: broken, then whole again by store and
# rotate; and everything that must be refused, or must survive an interruption.

lab_wine_start
lab_dc_start

token() {
    printf '%032x' "$1"
}

secret() {
    head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_'
}

# The machine secret and the helper's records: what a refusal must leave alone.
picture() {
    lab_wine_secret | sha256sum
    wine reg export 'HKLM\SOFTWARE\virtrust-helper' 'C:\state.reg' /y > /dev/null 2>&1 || true
    [ ! -f "$WINEPREFIX/drive_c/state.reg" ] || sha256sum < "$WINEPREFIX/drive_c/state.reg"
}

# probe_key TOKEN: a probe with a key: $live, $public.
probe_key() {
    wine_ask probe "token=$1" key=1
    live=$(wine_get live_sha256)
    public=$(wine_get public_key)
}

# host_reset TOKEN: what the host does until its store: $new, $sealed.
host_reset() {
    probe_key "$1"
    new=$(secret)
    lab_wine_reset "$new"
    sealed=$(printf %s "$new" | "$LAB_BIN/../test/lab-seal" "$public" "$1")
}

first=$(secret)
lab_wine_join "$first"

# ---- a healthy member ----------------------------------------------------------------------------------------------
wine_ask probe "token=$(token 1)" key=0
lab_check "a healthy member is told so" wine_is channel healthy
lab_check "with Netlogon's return code" wine_is netlogon_rc 0
lab_check "and the channel's status" wine_is netlogon_status 0
lab_check "with its own account's SID" wine_is account_sid "$WIN_SID"
lab_check "with the DC that DNS names" wine_is dc "$LAB_DC"
lab_check "whose four ports answer" wine_is dc_ports 88,389,445,464
lab_check "its role" wine_is role workstation
lab_check "its domain" wine_is domain "$LAB_DOMAIN"
lab_check "its clock is the DC's" test "$(wine_get clock_offset_ms | tr -d -)" -lt 2500
lab_check "the fingerprint is that of the sealed object" test "$(wine_get live_sha256)" = \
    "$(wine reg query 'HKLM\SECURITY\Policy\Secrets\$MACHINE.ACC\CurrVal' /ve | tr -d '\r' |
        awk '/REG_NONE|REG_BINARY/ { print $NF }' | xxd -r -p | sha256sum | cut -d ' ' -f 1)"
lab_check "a probe without a key writes nothing" \
    test "$(wine reg query 'HKLM\SOFTWARE\virtrust-helper' > /dev/null 2>&1 || echo absent)" = absent

# ---- broken, and stored --------------------------------------------------------------------------------------------
lab_wine_reset "$(secret)"
wine_ask probe "token=$(token 1)" key=1
lab_check "a member whose password was changed behind its back is broken" wine_is channel broken
lab_check "because access is denied" wine_is channel_code access-denied
lab_check "which the channel's status says" wine_is netlogon_status 5
lab_check "while the call itself succeeded" wine_is netlogon_rc 0
key=$(wine_get public_key)
lab_check "its records are for LocalSystem alone" grep -q '^RegSetKeySecurity 80000004 D:P(A;CI;KA;;;SY)$' "$STANDIN_DIR/calls"
wine_ask probe "token=$(token 1)" key=1
lab_check "the same token gets the same key" wine_is public_key "$key"

host_reset "$(token 1)"
kvno=$(lab_dc_kvno "$WIN_NAME")
lab_check "the member's secret does not log on" test "$(lab_wine_works && echo works)" = ''
wine_ask store-check "token=$(token 1)" "expect=$live"
lab_check "store-check: ready" wine_is ready 1
before=$(picture)
wrong=$(printf %064d 0)
wine_ask store "token=$(token 1)" "expect=$wrong" "sealed=$sealed" "dc=$LAB_DC"
lab_check "store over another fingerprint is refused" wine_is reason changed
wine_ask store "token=$(token 2)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "store with an unknown token is refused" wine_is reason no-probe
lab_check "and nothing has changed" test "$before" = "$(picture)"
other=$(secret | "$LAB_BIN/../test/lab-seal" "$public" "$(token 1)")
wine_ask store "token=$(token 1)" "expect=$live" "sealed=$other" "dc=$LAB_DC"
lab_check "a secret that the DC does not take is refused" wine_is reason wrong-secret
wine_ask store "token=$(token 1)" "expect=$live" "sealed=${sealed%??}00" "dc=$LAB_DC"
lab_check "an altered blob is refused" wine_is reason not-for-me
WIN_FAULT=ldap-no-sealing
wine_ask store "token=$(token 1)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "without signing and sealing there is no login" wine_is reason no-sealing
WIN_FAULT=
lab_check "the LSA was not asked to write" test "$(lab_wine_calls LsaSetSecret)" -eq 0
lab_check "and holds what it held" test "$(lab_wine_secret)" = "$first"

wine_ask store "token=$(token 1)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "the right secret is stored" wine_is result 'done'
stored=$answer live=$(wine_get live_sha256)
lab_check "the LSA holds it" test "$(lab_wine_secret)" = "$new"
lab_check "and as its old one what was current" test "$(standctl show-old)" = "$first"
lab_check "it logs on" lab_wine_works
lab_check "Netlogon was sent to the named DC" test "$(lab_wine_calls "I_NetLogonControl2 5 level 2 $LAB_NETBIOS.$LAB_DC")" -ge 1
wine_ask probe "token=$(token 1)" key=0
lab_check "the channel is healthy" wine_is channel healthy
lab_check "the fingerprint is the one that was answered" wine_is live_sha256 "$live"
lab_check "the probe tells of the last verb" wine_is last.verb store
before=$(picture)
wine_ask store "token=$(token 1)" "expect=$wrong" "sealed=$sealed" "dc=$LAB_DC"
lab_check "a replayed token is answered from the record" test "$answer" = "$stored"
lab_check "and changes nothing" test "$before" = "$(picture)"
lab_check "the LSA was written once" test "$(lab_wine_calls LsaSetSecret)" -eq 1

# ---- rotated -------------------------------------------------------------------------------------------------------
wine_ask rotate "token=$(token 1)" "expect=$live" "dc=$LAB_DC"
lab_check "it rotates" wine_is result 'done'
rotated=$answer
lab_check "which the DC's key version shows" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
lab_check "what the host knew is worthless" test "$(lab_wine_secret)" != "$new"
lab_check "what the member made logs on" lab_wine_works
wine_ask rotate "token=$(token 1)" "expect=$live" "dc=$LAB_DC"
lab_check "a replayed rotation is answered from the record" test "$answer" = "$rotated"
lab_check "and makes no second one" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
wine reg add 'HKLM\SOFTWARE\Policies\Microsoft\Netlogon\Parameters' /v DisablePasswordChange /t REG_DWORD /d 1 /f > /dev/null
probe_key "$(token 3)"
lab_check "a policy against rotation is told" wine_is rotation forbidden
wine_ask rotate "token=$(token 3)" "expect=$live"
lab_check "and obeyed" wine_is reason rotation-forbidden
wine reg delete 'HKLM\SOFTWARE\Policies\Microsoft\Netlogon\Parameters' /f > /dev/null
wine_ask store "token=$(token 1)" "expect=$live" "sealed=$sealed"
lab_check "an older token's finished store is still its record" test "$answer" = "$stored"

# ---- the world goes wrong ------------------------------------------------------------------------------------------
host_reset "$(token 4)"
WIN_FAULT=lsa-denied
wine_ask probe "token=$(token 4)" key=0
lab_check "a helper without rights over the secret says so" wine_is channel_code unreadable
WIN_FAULT=netlogon-call-denied
wine_ask probe "token=$(token 4)" key=0
lab_check "a call that is denied is not a broken channel" wine_is channel unknown
lab_check "and is told apart" wine_is channel_code not-permitted
WIN_FAULT=netlogon-stopped
wine_ask probe "token=$(token 4)" key=0
lab_check "a stopped Netlogon is told" wine_is channel_code netlogon-stopped
WIN_FAULT=lsa-write-denied
held=$(lab_wine_secret)
wine_ask store "token=$(token 4)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "a secret that cannot be written is a failure" wine_is reason access-denied
lab_check "that leaves the old one" test "$(lab_wine_secret)" = "$held"
WIN_FAULT=lsa-die-before
wine_ask store "token=$(token 4)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "ended just before the writing" test "$status" -ne 0
WIN_FAULT=lsa-die-after
wine_ask store "token=$(token 4)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "ended just after the writing" test "$status" -ne 0
writes=$(lab_wine_calls LsaSetSecret)
WIN_FAULT=
wine_ask store "token=$(token 4)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "the same token then comes to its end" wine_is result 'done'
lab_check "without a second writing" test "$(lab_wine_calls LsaSetSecret)" -eq "$writes"
lab_check "the old one beside it is the true old one" test "$(standctl show-old)" = "$held"
lab_check "and the member is whole" lab_wine_works
live=$(wine_get live_sha256)
kvno=$(lab_dc_kvno "$WIN_NAME")
WIN_FAULT=netlogon-die-after
wine_ask rotate "token=$(token 4)" "expect=$live"
lab_check "a rotation that was ended after Netlogon's work" test "$status" -ne 0
WIN_FAULT=
wine_ask rotate "token=$(token 4)" "expect=$live"
lab_check "is shown, and not made again" wine_is result 'done'
lab_check "as the DC's key version shows" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))

host_reset "$(token 5)"
before=$(picture)
if command -v faketime > /dev/null; then
    WIN_CLOCK=+600s
    wine_ask probe "token=$(token 5)" key=0
    lab_check "a clock that is ten minutes off is told" test "$(wine_get clock_offset_ms)" -gt 500000
    wine_ask store "token=$(token 5)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
    lab_check "nothing is stored under such a clock" wine_is reason clock-skew
    WIN_CLOCK=
else
    echo "SKIP: faketime is not installed: the clock was not put off"
fi
lab_dc_stop
wine_ask probe "token=$(token 5)" key=0
lab_check "without a DC the channel is unknown" wine_is channel unknown
lab_check "for there is none" wine_is channel_code no-dc
wine_ask store "token=$(token 5)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "a store without its DC fails" wine_is reason no-dc
lab_check "with a sentence" test -n "$(wine_get text)"
lab_check "and leaves the secret alone" test "$(head -n 1 <<< "$before")" = "$(lab_wine_secret | sha256sum)"
lab_dc_start
wine_ask store "token=$(token 5)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "it is stored once the DC is back" wine_is result 'done'

# ---- never touched -------------------------------------------------------------------------------------------------
product='HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions'
live=$(wine_get live_sha256)
before=$(lab_wine_secret)
wine reg add "$product" /v ProductType /d LanmanNT /f > /dev/null
wine_ask probe "token=$(token 6)" key=1
lab_check "a domain controller says that it is one" wine_is role domain-controller
for verb in store-check store rotate repair; do
    wine_ask "$verb" "token=$(token 6)" "expect=$live" "sealed=$sealed" "sid=$WIN_SID"
    lab_check "and refuses $verb" wine_is reason domain-controller
done
wine reg add "$product" /v ProductType /d WinNT /f > /dev/null
guard='HKLM\SOFTWARE\Policies\Microsoft\Windows\DeviceGuard'
wine reg add "$guard" /v MachineIdentityIsolation /t REG_DWORD /d 2 /f > /dev/null
wine_ask probe "token=$(token 6)" key=1
lab_check "an isolated machine identity is told" wine_is channel_code isolated
for verb in store-check store rotate repair; do
    wine_ask "$verb" "token=$(token 6)" "expect=$live" "sealed=$sealed" "sid=$WIN_SID"
    lab_check "and refuses $verb" wine_is reason isolated
done
wine reg delete "$guard" /f > /dev/null
lab_check "neither changed anything" test "$(lab_wine_secret)" = "$before"

wineserver -k
lab_done
