# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Proof of possession against a real domain controller: the helper of a member (its keytab in a directory of its own)
# and virtrust-directory, which have nothing between them here but this script, that may cheat.

# shellcheck source=tests/lab/lib/prove.sh
. "$LAB_HERE/lib/prove.sh"
helper=$LAB_BIN/virtrust-helper

lab_dc_start
lab_delegate

service=virtrust/host1.$LAB_DOMAIN
token=00000000000000000000000000000001
guest1=11111111-1111-4111-8111-111111111111
guest2=22222222-2222-4222-8222-222222222222

# member NAME: its keytab, as it would lie in that guest.
member() {
    mkdir -p "$LAB_TMP/$1/etc"
    rm -f "$LAB_TMP/$1/etc/krb5.keytab"
    lab_dc_tool domain exportkeytab "$LAB_TMP/$1/etc/krb5.keytab" --principal="${2:-$1\$}" > /dev/null
}

workstation() {
    lab_dc_add_computer "$@"
    lab_dc_reset "$1" "$(lab_random_password)"
    lab_dc_change user enable "$1\$"
    member "$1"
}

# attest NAME GUEST [NONCE] [TARGET]: what the helper of that member makes of it: $gss and $mic.
attest() {
    request attest "token=$token" "guest=$2" "nonce=${3:-$nonce}" "target=${4:-$target}" "dc=$LAB_DC" fresh=1 |
        "$helper" --root "$LAB_TMP/$1" attest > "$LAB_TMP/answer" || return 1
    gss=$(answer gss)
    mic=$(answer mic)
}

# proves NAME GUEST [KEY=VALUE...]
proves() {
    challenge "$2" && attest "$1" "$2" && verify "${@:2}" && says type=attested result=proven rule=ok
}

configure
lab_dc_change spn add "$service" "$LAB_SVC"
workstation vm1
workstation vm2
guid1=$(lab_dc_attr vm1 objectGUID)
sid1=$(lab_dc_attr vm1 objectSid)

lab_check "a nonce is given, for virtrust's own service" challenge $guest1
lab_check "the service is this host's" test "$target" = "$service@$LAB_REALM"
lab_check "the nonce has 32 bytes" test ${#nonce} = 64
attest vm1 $guest1
lab_check "an account that has not been told to use AES gets tickets that are not accepted" refused not-for-us $guest1
use_aes
challenge $guest1
lab_check "a member makes a token over it" attest vm1 $guest1
lab_check "and says that it did" says type=attestation result=done
lab_check "which shows whose password it holds" verify $guest1
lab_check "by GUID, SID and name" says type=attested result=proven rule=ok "guest=$guest1" "guid=$guid1" "sid=$sid1" \
    'name=vm1$' "owner=vm1\$@$LAB_REALM"
lab_check "the same token again is refused" refused unknown-nonce $guest1

challenge $guest1
attest vm1 $guest1
old_gss=$gss old_mic=$mic
challenge $guest1
gss=$old_gss mic=$old_mic
lab_check "an older token over a new nonce is refused" refused bad-signature $guest1

challenge $guest1
attest vm1 $guest2
lab_check "a token that names another guest is refused" refused bad-signature $guest1
challenge $guest1
attest vm1 $guest1
lab_check "a nonce is good for its own guest alone" refused other-guest $guest2
lab_check "and is not used up by the attempt of another" verify $guest1

# Another member's ticket with this member's signature, and the other way round.
challenge $guest1
attest vm1 $guest1
mine=$mic
attest vm2 $guest1
mic=$mine
lab_check "one member's ticket and another's signature are refused" refused bad-signature $guest1
lab_check "another member proves itself, and not the first" proves vm2 $guest1
lab_check "which its name shows" says 'name=vm2$'
challenge $guest1
attest vm2 $guest1
lab_check "it is refused where the binding's account is asked for" refused other-account $guest1 "guid=$guid1" "sid=$sid1"
lab_check "the account of the binding passes" proves vm1 $guest1 "guid=$guid1" "sid=$sid1"

# Other services: a ticket for the DC's own, and one that the wrong key would have to open.
challenge $guest1
attest vm1 $guest1 "$nonce" "cifs/$LAB_DC@$LAB_REALM"
lab_check "a ticket for another service is refused" refused not-for-us $guest1
lab_dc_change spn add "virtrust/other.$LAB_DOMAIN" "$LAB_SVC"
challenge $guest1
attest vm1 $guest1 "$nonce" "virtrust/other.$LAB_DOMAIN@$LAB_REALM"
lab_check "so is a signature for another of the account's own services" refused bad-signature $guest1
challenge $guest1
attest vm1 $guest1
target=virtrust/other.$LAB_DOMAIN@$LAB_REALM
lab_check "and a statement for another service" refused other-service $guest1

# Not a computer.
lab_dc_add_user somebody
lab_dc_change user create 'sly$' "$(lab_random_password)"
mkdir -p "$LAB_TMP/somebody/etc"
lab_dc_tool domain exportkeytab "$LAB_TMP/somebody/etc/krb5.keytab" --principal="somebody" > /dev/null
challenge $guest1
attest somebody $guest1 || true
lab_check "a user's keytab is no member's" says type=attestation result=refused reason=not-joined
member sly 'sly$'
challenge $guest1
attest sly $guest1
lab_check "a user whose name looks like a computer's is refused" refused not-computer $guest1

# A domain controller.
member dc1 'DC1$'
challenge $guest1
attest dc1 $guest1
lab_check "a domain controller is never bound" refused domain-controller $guest1

# Garbage.
challenge $guest1
attest vm1 $guest1
gss=${gss%????}0000
lab_check "a damaged ticket is refused" verify $guest1
lab_check "it is" says result=refused
challenge $guest1
gss=00ff00ff mic=00
lab_check "what is no token is refused" refused bad-token $guest1

# The account's state.
challenge $guest1
attest vm1 $guest1
lab_dc_disable vm1
lab_check "a disabled account is refused" refused disabled $guest1
lab_dc_change user enable 'vm1$'

# A ticket that was got before the password was last set does not show that the guest holds the newest one.
challenge $guest1
attest vm1 $guest1
lab_dc_reset vm1 "$(lab_random_password)"
lab_check "a ticket from before a reset is not fresh" refused old-ticket $guest1 fresh=1
challenge $guest1
attest vm1 $guest1 || true
lab_check "and the old password gets no new one" says type=attestation result=refused reason=channel-broken
member vm1
lab_check "the new password does" proves vm1 $guest1 fresh=1

# A virtrust with another key.
lab_dc_add_user stranger
lab_dc_tool domain exportkeytab "$LAB_TMP/stranger.keytab" --principal="stranger@$LAB_REALM" > /dev/null
sed -i "s|principal: .*|principal: stranger@$LAB_REALM|; s|keytab: .*|keytab: $LAB_TMP/stranger.keytab|" "$LAB_TMP/virtrust.yaml"
challenge $guest1
attest vm1 $guest1
lab_check "a ticket for another account's service cannot be opened" refused not-for-us $guest1
configure

lab_check "nothing of it is left but the nonces" test "$(find "$state/directory" -type f ! -name 'nonce.*' | wc -l)" = 0
lab_done
