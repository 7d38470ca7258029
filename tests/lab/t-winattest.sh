# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Proof of possession by the shipped virtrust-helper.exe: Wine's own Kerberos package stands for Windows', with the
# tickets of the member's own log-on at a real domain controller (LocalSystem's, in Windows); virtrust-directory judges.

# shellcheck source=tests/lab/lib/prove.sh
. "$LAB_HERE/lib/prove.sh"
lab_wine_start
lab_dc_start
lab_delegate

service=virtrust/host1.$LAB_DOMAIN
token=00000000000000000000000000000001
guest1=11111111-1111-4111-8111-111111111111
guest2=22222222-2222-4222-8222-222222222222

# attest GUEST: what the helper makes of the challenge: $gss and $mic.
attest() {
    wine_ask attest "token=$token" "guest=$1" "nonce=$nonce" "target=$target" "dc=$LAB_DC" fresh=1
    gss=$(wine_get gss)
    mic=$(wine_get mic)
}

# logs_on: the tickets that Windows would have of the computer's account.
logs_on() {
    lab_wine_secret | kinit "$WIN_NAME\$@$LAB_REALM" > "$LAB_TMP/win.kinit" 2>&1
}

configure
lab_dc_change spn add "$service" "$LAB_SVC"
use_aes
lab_wine_join "$(head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_')"
export KRB5CCNAME=FILE:$LAB_TMP/system.cc

challenge $guest1
attest $guest1
lab_check "without a ticket there is no proof" wine_is result refused
lab_check "and it says why" wine_is reason channel-broken
lab_check "nothing else is given" test -z "$gss$mic"

logs_on
challenge $guest1
attest $guest1
lab_check "a member makes a token" wine_is result "done"
lab_check "which shows whose password it holds" verify $guest1
lab_check "by SID and name" says type=attested result=proven rule=ok "guest=$guest1" "sid=$WIN_SID" "name=$WIN_NAME\$"
lab_check "the same token again is refused" refused unknown-nonce $guest1
challenge $guest1
attest $guest2
lab_check "a token that names another guest is refused" refused bad-signature $guest1
challenge $guest1
target=host/$LAB_DC@$LAB_REALM
attest $guest1
target=$service@$LAB_REALM
lab_check "one for another service is refused" refused not-for-us $guest1

lab_wine_reset "$(lab_random_password)"
rm "${KRB5CCNAME#FILE:}"
lab_check "a broken member does not log on" eval '! logs_on'
challenge $guest1
attest $guest1
lab_check "and proves nothing" wine_is result refused
lab_done
