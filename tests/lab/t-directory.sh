# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-directory against a real domain controller, without any other part of virtrust: records on its standard
# input. What it may reset and what not (AD's key version shows it each time), that a token resets once whatever
# happens to the process, and that the secret stands nowhere afterwards.

program=$LAB_BIN/virtrust-directory
[ -x "$program" ] || lab_skip "virtrust-directory is not built: $program"

lab_dc_start
lab_delegate

canary=Canary-7f3a9c-Secret
state=$LAB_TMP/state
stderr=$LAB_TMP/stderr
mkdir -p "$state"

# configure LIMIT BASE [DC]: without a DC, DNS finds them.
configure() {
    cat > "$LAB_TMP/virtrust.yaml" << END
paths:
  state: $state
domains:
  - name: $LAB_DOMAIN
    base: $2
    principal: $LAB_SVC@$LAB_REALM
    keytab: ${keytab:-$LAB_KEYTAB}
    resets_per_hour: $1
END
    [ -z "${3-}" ] || printf '    dcs: [%s]\n' "$3" >> "$LAB_TMP/virtrust.yaml"
}

# request TYPE KEY=VALUE...: the record, about $domain where that is set. The values used here need no escaping.
request() {
    printf 'type=%s\nv=1\ndomain=%s\n' "$1" "${domain:-$LAB_DOMAIN}"
    shift
    printf '%s\n' "$@" ''
}

# ask TYPE KEY=VALUE...: the answer lies in $LAB_TMP/answer.
ask() {
    request "$@" | timeout 90 "$program" --config "$LAB_TMP/virtrust.yaml" > "$LAB_TMP/answer" 2>> "$stderr"
}

answer() {
    sed -n "s/^$1=//p" "$LAB_TMP/answer"
}

# says KEY=VALUE...: the last answer has all of these lines.
says() {
    local line
    for line in "$@"; do
        grep -qxF -- "$line" "$LAB_TMP/answer" || {
            sed 's/^/# /' "$LAB_TMP/answer"
            return 1
        }
    done
}

# asked "TYPE KEY=VALUE..." LINE...
asked() {
    local -a words
    read -ra words <<< "$1"
    shift
    ask "${words[@]}" && says "$@"
}

guid_of() { lab_dc_attr "$1" objectGUID; }
sid_of() { lab_dc_attr "$1" objectSid; }

# A fresh token in $token (a subshell would forget the count).
tokens=0
fresh() {
    tokens=$((tokens + 1))
    token=$(printf '%032x' "$tokens")
}

# workstation NAME [OU]: a plain, enabled account with a password.
workstation() {
    lab_dc_add_computer "$@"
    lab_dc_reset "$1" "$(lab_random_password)"
    lab_dc_change user enable "$1\$"
}

set_uac() {
    printf 'dn: %s\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: %s\n' "$(lab_dc_dn "$1")" "$2" |
        ldbmodify -H "$LAB/dc/private/sam.ldb" > /dev/null
}

# reset NAME KVNO TOKEN SECRET
reset() {
    ask reset "guid=$(guid_of "$1")" "sid=$(sid_of "$1")" "kvno=$2" "token=$3" "secret=$4"
}

# refused NAME RULE [SECRET] [KVNO] [SID]: by that rule, and AD's key version stands still.
refused() {
    local before
    before=$(lab_dc_kvno "$1")
    fresh
    ask reset "guid=$(guid_of "$1")" "sid=${5:-$(sid_of "$1")}" "kvno=${4:-$before}" "token=$token" \
        "secret=${3:-$canary}" || return 1
    says type=reset result=refused "rule=$2" && [ "$(lab_dc_kvno "$1")" = "$before" ]
}

attempts() {
    grep -c "^[0-9]" "$state/directory/attempts.$LAB_DOMAIN" 2> /dev/null || true
}

configure 1000 "$LAB_OU"
workstation vm1
workstation elsewhere "$LAB_OTHER_OU"
workstation trusted
set_uac trusted 528384 # TRUSTED_FOR_DELEGATION
workstation transition
set_uac transition 16781312 # TRUSTED_TO_AUTH_FOR_DELEGATION
workstation off
lab_dc_disable off
lab_dc_add_user somebody
lab_dc_change ou create "OU=Sub,$LAB_OU"
workstation deep "OU=Sub,$LAB_OU"
guid=$(guid_of vm1)
sid=$(sid_of vm1)

# ---- account

lab_check "an account is found by its name" asked "account name=VM1" found=1 "guid=$guid" "sid=$sid" 'name=vm1$' uac=4096 \
    "kvno=$(lab_dc_kvno vm1)" "pwd_last_set=$(lab_dc_pwdlastset vm1)" "dn=$(lab_dc_dn vm1)" "dc=$LAB_DC"
lab_check "the DC tells its clock" test -n "$(answer dc_now_us)"
lab_check "the DC tells which instance it is" test -n "$(answer dc_instance)"
lab_check "by its name with the dollar" asked "account name=vm1\$" found=1 "guid=$guid"
lab_check "by its GUID" asked "account guid=$guid" found=1 "sid=$sid"
lab_check "by its SID" asked "account sid=$sid" found=1 "guid=$guid"
lab_check "a name that nobody has is not found" asked "account name=nobody" found=0
lab_check "a user is not found" asked "account name=somebody" found=0
lab_check "a star is a character, not a wildcard" asked "account name=vm*" found=0
lab_check "a filter in a name is a name" asked "account name=x)(objectClass=*" found=0
lab_check "one outside the base is found too" asked "account name=elsewhere" found=1
lab_check "a wish for this DC is granted" asked "account name=vm1 dc=DC1" found=1 "dc=$LAB_DC"
lab_check "a wish for a stranger is not" asked "account name=vm1 dc=evil.example" found=1 "dc=$LAB_DC"
domain=other.test lab_check "another domain is not known" asked "account name=vm1" type=error code=unknown-domain

# ---- reset and login

before=$(lab_dc_kvno vm1)
fresh
lab_check "a computer of the base is reset" reset vm1 "$before" "$token" "$canary-1"
lab_check "and a login with the new password confirmed it" says type=reset result=done confirmed=1 \
    "kvno=$((before + 1))" "dc=$LAB_DC"
lab_check "AD's key version moved by one" test "$(lab_dc_kvno vm1)" -eq $((before + 1))
lab_check "the new password logs in" asked "login guid=$guid sid=$sid secret=$canary-1" type=login result=accepted
lab_check "another one does not" asked "login guid=$guid sid=$sid secret=$canary-2" type=login result=refused
lab_check "nobody logs in under another's SID" asked "login guid=$guid sid=$(sid_of deep) secret=$canary-1" type=error
attempted=$(attempts)
lab_check "the same token again is answered" reset vm1 "$before" "$token" "$canary-1"
lab_check "with what was done" says result=done "kvno=$((before + 1))"
lab_check "and resets nothing" test "$(lab_dc_kvno vm1)" -eq $((before + 1))
lab_check "nor counts" test "$(attempts)" = "$attempted"
lab_check "the token is of no use for another account" reset deep "$(lab_dc_kvno deep)" "$token" "$canary"
lab_check "and the answer says so" says result=refused rule=token-reused
before=$(lab_dc_kvno deep)
fresh
lab_check "a computer of a sub-OU is reset" reset deep "$before" "$token" "$canary-1"
lab_check "AD's key version moved by one there, too" test "$(lab_dc_kvno deep)" -eq $((before + 1))

# ---- what is refused

lab_check "refused: outside the base" refused elsewhere outside-base
lab_check "refused: a user" refused somebody not-computer
lab_check "refused: the domain controller" refused dc1 domain-controller
lab_check "refused: trusted for delegation" refused trusted trusted-for-delegation
lab_check "refused: trusted to authenticate for delegation" refused transition trusted-for-delegation
lab_check "refused: disabled" refused off disabled
lab_check "refused: another key version than AD's" refused vm1 kvno-moved "$canary" $(($(lab_dc_kvno vm1) - 1))
lab_check "refused: the GUID of one, the SID of another" refused vm1 sid-mismatch "$canary" "" "$(sid_of deep)"
lab_check "refused: 13 characters" refused vm1 secret-length 1234567890abc
lab_check "refused: no characters" asked \
    "reset guid=$guid sid=$sid kvno=$(lab_dc_kvno vm1) token=ffffffff secret=" result=refused rule=secret-length
lab_check "refused: a control character" refused vm1 secret-characters "$canary%07"
lab_check "refused: an account that does not exist" asked \
    "reset guid=00000000-1111-2222-3333-444444444444 sid=$sid kvno=1 token=eeeeeeee secret=$canary" \
    result=refused rule=not-found
configure "$(attempts)" "$LAB_OU"
lab_check "refused: over the hour's limit" refused vm1 hourly-limit
configure 1000 "$LAB_BASE_DN"
lab_check "refused by the DC: the base is wider than the delegation" refused elsewhere access-denied
configure 1000 "OU=guests, $LAB_BASE_DN"
before=$(lab_dc_kvno vm1)
fresh
lab_check "a base in another spelling is the same base" reset vm1 "$before" "$token" "$canary-3"
lab_check "and the reset is done" says result=done "kvno=$((before + 1))"
configure 1000 "$LAB_OU"

# ---- vet: is a credential good for one account alone?

# lend NAME: a user with a password of its own, and its credential in $credential.
lend() {
    password=$(lab_random_password | tr -dc '[:alnum:]' | cut -c 1-40)
    lab_dc_change user create "$1" "Aa1.$password" --userou="${LAB_OU%",$LAB_BASE_DN"}"
    credential="$LAB_DOMAIN\\$1%0AAa1.$password"
}

# grant DN ACE...: what stands between ACE's two words and the SID of the one that lend made.
grant() {
    lab_dc_change dsacl set --objectdn="$2" --action=allow --trusteedn="$(lab_dc_dn "$1")" --sddl="($3;$(sid_of "$1"))"
}

# vetted LINE...: that credential, for $guid and $sid unless told otherwise.
vetted() {
    asked "vet guid=${vet_guid:-$guid} sid=${vet_sid:-$sid} credential=$credential" type=vetted "$@"
}

# mightier NAME WHAT DN ACE: besides the one account there is power over DN.
mightier() {
    lend "$1"
    grant "$1" "$(lab_dc_dn vm1)" "OA;;CR;$reset_right;"
    grant "$1" "$3" "$4"
    lab_check "vet: one that $2 is too powerful" vetted result=refused rule=credential-too-powerful
}

reset_right=00299570-246d-11d0-a768-00aa006e0529
lend sole
lab_check "vet: one without the right is told" vetted result=refused rule=credential-without-right
grant sole "$(lab_dc_dn vm1)" "OA;;CR;$reset_right;"
lab_check "vet: one that may reset this account alone is good" vetted result=good
vet_guid=$(guid_of elsewhere) vet_sid=$(sid_of elsewhere) \
    lab_check "vet: not for an account outside the base" vetted result=refused rule=outside-base
vet_guid=$(guid_of dc1) vet_sid=$(sid_of dc1) \
    lab_check "vet: nor for a domain controller" vetted result=refused rule=domain-controller
vet_sid=$(sid_of deep) lab_check "vet: nor under another's SID" vetted result=refused rule=sid-mismatch
mightier joiner "may put itself into a group of administrators (validated write)" "$(lab_dc_dn 'Domain Admins')" \
    'OA;;SW;bf9679c0-0de6-11d0-a285-00aa003049e2;'
mightier copier "may copy the domain's secrets" "$LAB_BASE_DN" 'OA;;CR;1131f6ad-9c07-11d1-f79f-00c04fc2dcd2;'
mightier holder "may change what administrators' lists are made from" "CN=AdminSDHolder,CN=System,$LAB_BASE_DN" 'A;;WD;;'
mightier ruler "may write a group policy" \
    "CN={31B2F340-016D-11D2-945F-00C04FB984F9},CN=Policies,CN=System,$LAB_BASE_DN" 'A;;WP;;'
lab_check "vet: it says which" grep -q '^text=ruler may write CN={31B2F340' "$LAB_TMP/answer"

# ---- once, whatever happens

# once KVNO TOKEN: asked again after the kill, the same token ends done, and AD shows one reset in all.
once() {
    reset vm1 "$1" "$2" "$canary-$2" && says result=done && [ "$(lab_dc_kvno vm1)" -eq $(($1 + 1)) ] &&
        asked "login guid=$guid sid=$sid secret=$canary-$2" result=accepted
}

killed_after() {
    local before pid
    before=$(lab_dc_kvno vm1)
    request reset "guid=$guid" "sid=$sid" "kvno=$before" "token=$2" "secret=$canary-$2" > "$LAB_TMP/request"
    "$program" --config "$LAB_TMP/virtrust.yaml" < "$LAB_TMP/request" > /dev/null 2>> "$stderr" &
    pid=$!
    sleep "$1"
    kill -KILL "$pid" 2> /dev/null || true
    wait "$pid" 2> /dev/null || true
    once "$before" "$2"
}

for delay in 0.005 0.015 0.020 0.025 0.030 0.035 0.040 0.050 0.060; do
    fresh
    lab_check "killed $delay s after its start, a reset happens once" killed_after "$delay" "$token"
done

killed_at() {
    local before
    before=$(lab_dc_kvno vm1)
    touch "$LAB_TMP/faults/$1"
    VIRTRUST_FAULT_DIR=$LAB_TMP/faults reset vm1 "$before" "$2" "$canary-$2" || true
    [ ! -e "$LAB_TMP/faults/$1" ] && once "$before" "$2"
}

# A build with fault points takes the file away and dies; any other one leaves it.
has_faults() {
    fresh
    touch "$LAB_TMP/faults/directory.reset.recorded"
    VIRTRUST_FAULT_DIR=$LAB_TMP/faults reset vm1 0 "$token" "$canary" 2> /dev/null || true
    [ ! -e "$LAB_TMP/faults/directory.reset.recorded" ]
}

mkdir "$LAB_TMP/faults"
if has_faults; then
    mapfile -t points < <(grep -ohE 'fault_point\("[^"]+"\)' "$LAB_SOURCE"/daemon/directory/*.c | cut -d '"' -f 2)
    for point in "${points[@]}"; do
        fresh
        lab_check "killed at $point, a reset happens once" killed_at "$point" "$token"
    done
else
    lab_note "this build has no fault points: killed by time alone"
fi

before=$(lab_dc_kvno vm1)
for i in 1 2 3; do
    fresh
    request reset "guid=$guid" "sid=$sid" "kvno=$before" "token=$token" "secret=$canary-$i" |
        "$program" --config "$LAB_TMP/virtrust.yaml" > "$LAB_TMP/answer.$i" 2>> "$stderr" &
    racers[i]=$!
done
wait "${racers[@]}"
lab_check "of three at once for one account, one is done" \
    test "$(cat "$LAB_TMP"/answer.[123] | grep -cx result=done)" -eq 1
lab_check "and two are refused" test "$(cat "$LAB_TMP"/answer.[123] | grep -cx rule=kvno-moved)" -eq 2
lab_check "AD shows one" test "$(lab_dc_kvno vm1)" -eq $((before + 1))

# The requester reads nothing and is gone before the answer.
deserted() {
    local before
    before=$(lab_dc_kvno vm1)
    request reset "guid=$guid" "sid=$sid" "kvno=$before" "token=$1" "secret=$canary-$1" > "$LAB_TMP/request"
    { "$program" --config "$LAB_TMP/virtrust.yaml" < "$LAB_TMP/request" 2>> "$stderr" || true; } | true
    lab_wait 20 test "$(lab_dc_kvno vm1)" -eq $((before + 1)) && once "$before" "$1"
}

fresh
lab_check "a reset whose requester has gone is finished and written down" deserted "$token"

# ---- when something is wrong

# broken CODE "TYPE KEY=VALUE...": an error with this code and a next step.
broken() {
    local -a words
    read -ra words <<< "$2"
    { ask "${words[@]}" || [ $? -eq 2 ]; } && says type=error "code=$1" && [ -n "$(answer next)" ] && [ -n "$(answer text)" ]
}

lab_check "check finds nothing wrong" ask check
lab_check "and says so of each item" test "$(grep -c '^item.*result=good' "$LAB_TMP/answer")" -ge 6 -a \
    "$(grep -cE '^item.*result=(bad|unknown)' "$LAB_TMP/answer")" -eq 0

# judged ID RESULT [WORD]: an item of check.
judged() {
    local at
    ask check || return 1
    at=$(sed -n "s/^item\.\([0-9]*\)\.id=$1\$/\1/p" "$LAB_TMP/answer")
    says "item.$at.result=$2" && grep -q "^item\.$at\.text=.*${3-}" "$LAB_TMP/answer"
}

allow() { # allow DN ACE: to the delegated account
    lab_dc_change dsacl set --objectdn="$1" --action=allow --trusteedn="$(lab_dc_dn "$LAB_SVC")" \
        --sddl="($2;$(sid_of "$LAB_SVC"))"
}

change_svc() { # change_svc LDIF-LINE...
    { printf 'dn: %s\nchangetype: modify\n' "$(lab_dc_dn "$LAB_SVC")" && printf '%s\n' "$@"; } |
        ldbmodify -H "$LAB/dc/private/sam.ldb" > /dev/null
}

computer=bf967a86-0de6-11d0-a285-00aa003049e2
lab_check "the delegated account may reset the base's computers" judged reset good "looked at"
lab_check "and nothing else" judged reach good
lab_check "no other host has left a trace on it" judged sharing good
configure 1000 "$LAB_OTHER_OU"
lab_check "of a base that was not delegated it may reset none" judged reset bad "elsewhere"
lab_check "and then it reaches beyond the base" judged reach bad "OU=Guests"
configure 1000 "$LAB_OU"
lab_dc_change spn add virtrust/host9.$LAB_DOMAIN "$LAB_SVC"
lab_check "another host's service principal is a trace" judged sharing bad "host9.$LAB_DOMAIN"
lab_dc_change spn delete virtrust/host9.$LAB_DOMAIN "$LAB_SVC"
change_svc 'replace: info' "info: virtrust: last compared with a guest's directory from host8.$LAB_DOMAIN at 2026-01-02T03:04:05Z (1-2)"
lab_check "and so is its mark" judged sharing bad "host8.$LAB_DOMAIN has used it at 2026-01-02T03:04:05Z"
lab_check "which a mark of this host does not hide" asked "account guid=$guid dc=$LAB_DC mark=1" found=1
lab_check "for it repeats it" judged sharing bad "host8.$LAB_DOMAIN"
change_svc 'delete: info'

# The account itself, with its keytab and without virtrust-directory between: what the DC lets it do.
raw_reset() {
    local quoted
    quoted=$(printf '"Aa1.%s"' "$(lab_random_password)" | iconv -t UTF-16LE | base64 -w 0)
    export KRB5CCNAME=FILE:$LAB_TMP/svc.ccache
    kinit -k -t "$LAB_KEYTAB" "$LAB_SVC@$LAB_REALM" &&
        printf 'dn: %s\nchangetype: modify\nreplace: unicodePwd\nunicodePwd:: %s\n' "$(lab_dc_dn "$1")" "$quoted" |
        ldapmodify -Q -N -Y GSSAPI -H "ldap://$LAB_DC" > /dev/null 2>&1
}
not_reset() { # by nobody's rule but the DC's
    local before rc=0
    before=$(lab_dc_pwdlastset "$1")
    (raw_reset "$1") || rc=$?
    [ "$rc" = 50 ] && [ "$(lab_dc_pwdlastset "$1")" = "$before" ] # insufficientAccessRights
}
lab_check "the account resets a computer of its OU" raw_reset deep
unset KRB5CCNAME
for name in elsewhere dc1 somebody Administrator krbtgt "$LAB_SVC"; do
    lab_check "it cannot reset $name" not_reset "$name"
done

allow "$LAB_OTHER_OU" "OA;CIIO;CR;$reset_right;$computer"
lab_check "a right over another OU is too powerful" judged reach bad "OU=Other"
keytab=$LAB_TMP/none.keytab configure 1000 "$LAB_OU"
lab_check "no keytab: told" broken keytab "account name=vm1"
keytab=$LAB_TMP/virtrust.yaml configure 1000 "$LAB_OU"
lab_check "something else instead of a keytab: told" broken keytab "account name=vm1"
lab_check "check tells it as an item with a next step" ask check
lab_check "which is bad" grep -qE '^item\.[0-9]+\.result=bad' "$LAB_TMP/answer"
configure 1000 "$LAB_OU"
chmod 0755 "$state/directory"
fresh
before=$(lab_dc_kvno vm1)
lab_check "a state directory open to others: told" broken state \
    "reset guid=$guid sid=$sid kvno=$before token=$token secret=$canary"
chmod 0700 "$state/directory"
cp "$state/directory/attempts.$LAB_DOMAIN" "$LAB_TMP/kept"
printf 'garbage\n' >> "$state/directory/attempts.$LAB_DOMAIN"
lab_check "a damaged list of resets: told, nothing is reset" broken state \
    "reset guid=$guid sid=$sid kvno=$before token=$token secret=$canary"
cp "$LAB_TMP/kept" "$state/directory/attempts.$LAB_DOMAIN"
lab_check "a request that is none: told" broken bad-request "reboot name=vm1"
lab_check "AD's key version stood still" test "$(lab_dc_kvno vm1)" = "$before"

# A reset whose end is not known stays unknown while the DC is away, and is settled when it is back.
fresh
lab_check "one more reset" reset vm1 "$before" "$token" "$canary-last"
sed -i '$s/ done / started /' "$state/directory/attempts.$LAB_DOMAIN"
lab_dc_stop
lab_check "DC and DNS away: told" broken dns "account name=vm1"
configure 1000 "$LAB_OU" "$LAB_DC"
lab_check "the DC away: told" broken dc-unreachable "account name=vm1"
lab_check "with host and port" grep -q "^text=$LAB_DC:389 " "$LAB_TMP/answer"
lab_check "a fresh reset is an error: nothing was written" broken dc-unreachable \
    "reset guid=$guid sid=$sid kvno=$before token=dddddddd secret=$canary"
lab_check "an unfinished one is unknown" reset vm1 "$before" "$token" "$canary-last"
lab_check "and not an error" says type=reset result=unknown
lab_dc_start
lab_check "with the DC back it is asked again" reset vm1 "$before" "$token" "$canary-last"
lab_check "and was done, once" says result=done "kvno=$((before + 1))"

# A DC that takes connections and says nothing: the answer comes all the same (the 90 s of `ask` are not reached).
signal_dc() {
    local process frozen=1
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/exe")" = "$(command -v samba)" ] || continue
        kill "$1" "${process#/proc/}"
        frozen=0
    done
    return "$frozen"
}

lab_check "a frozen DC is asked" signal_dc -STOP
lab_check "and told of, with a next step" broken dc-unreachable "account name=vm1"
signal_dc -CONT

# ---- many accounts by one search

many=(0.name=vm1 "1.guid=$guid" "2.sid=$sid" 3.name=missing 4.guid=nonsense)
for i in 5 6 7 8 9 10 11 12; do
    lab_dc_add_computer "herd$i" > /dev/null
    many+=("$i.name=HERD$i\$")
done
lab_check "thirteen are asked for together" ask accounts "${many[@]}"
lab_check "by one search" says type=accounts searches=1
lab_check "each has its own answer" says "0.guid=$guid" "1.sid=$sid" "2.guid=$guid" 3.found=0 5.found=1 \
    "12.guid=$(guid_of herd12)" "12.kvno=$(lab_dc_kvno herd12)"
lab_check "a bad name is its own fault" says 4.code=bad-request
lab_check "as when it is asked for alone" asked "account guid=$guid" "kvno=$(answer 0.kvno)" \
    "pwd_last_set=$(answer 0.pwd_last_set)"

# ---- secrets

lab_check "the secret stands in no message and in no file" \
    test -z "$(grep -rlaE 'Canary-7f3a9c|C.a.n.a.r.y.-.7.f.3' "$stderr" "$state" "$LAB_TMP"/answer* || true)"
lab_check "no reset without a line for the journal" grep -q "account=$guid done" "$stderr"
lab_done
