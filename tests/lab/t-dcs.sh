# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-directory before several domain controllers: two that replicate, and what it says while they differ, while
# one of them is dead, silent or frozen; and two forests in one configuration, each with its own account.

program=$LAB_BIN/virtrust-directory
[ -x "$program" ] || lab_skip "virtrust-directory is not built: $program"

lab_dcs_start
lab_forest_start

state=$LAB_TMP/state
stderr=$LAB_TMP/stderr
mkdir -p "$state"

# configure [OPTION...]: the laboratory's domain with these further options, and the other forest.
configure() {
    {
        printf '%s\n' "paths:" "  state: $state" "domains:"
        printf '%s\n' "  - name: $LAB_DOMAIN" "    base: $LAB_OU" "    principal: $LAB_SVC@$LAB_REALM"
        [ $# -eq 0 ] || printf '    %s\n' "$@"
        [[ $* == *keytab* || $* == *credential* ]] || printf '    %s\n' "keytab: $LAB_KEYTAB"
        printf '%s\n' "  - name: $LAB_FOREST" "    base: $LAB_FOREST_OU" "    dcs: [$LAB_FOREST_DC]" \
            "    principal: $LAB_SVC@$LAB_FOREST_REALM" "    keytab: ${forest_keytab:-$LAB_FOREST_KEYTAB}"
    } > "$LAB_TMP/virtrust.yaml"
}

# ask TYPE KEY=VALUE...: about $domain where that is set; the answer lies in $LAB_TMP/answer.
ask() {
    {
        printf 'type=%s\nv=1\ndomain=%s\n' "$1" "${domain:-$LAB_DOMAIN}"
        shift
        printf '%s\n' "$@" ''
    } | timeout 90 "$program" --config "$LAB_TMP/virtrust.yaml" > "$LAB_TMP/answer" 2>> "$stderr"
}

answer() {
    sed -n "s/^$1=//p" "$LAB_TMP/answer"
}

# says LINE...: the last answer has all of these lines.
says() {
    local line
    for line in "$@"; do
        grep -qxF -- "$line" "$LAB_TMP/answer" || {
            printf '# missing: %s\n' "$line"
            sed 's/^/# /' "$LAB_TMP/answer"
            return 1
        }
    done
}

# says_not KEY: the last answer has no such key.
says_not() {
    ! grep -q "^$1=" "$LAB_TMP/answer"
}

# of DC KEY: what the answer holds as this DC's own word.
of() {
    local at
    at=$(sed -n "s/^dcs\.\([0-9]*\)\.dc=$1\$/\1/p" "$LAB_TMP/answer")
    answer "dcs\\.$at\\.$2"
}

# asked "TYPE KEY=VALUE..." LINE...
asked() {
    local -a words
    read -ra words <<< "$1"
    shift
    ask "${words[@]}" && says "$@"
}

# names_dead DC: dc1 answered, and the other one is named with its reason.
names_dead() {
    asked "account name=vm1" type=account found=1 "dc=$LAB_DC" dcs=2 && [ "$(of "$1" code)" = dc-unreachable ] &&
        [ -n "$(of "$1" text)" ]
}

# named TREE NAME HOST: this DC lets NAME have HOST's names.
named() {
    ldbmodify -H "$LAB/$1/private/sam.ldb" > /dev/null << END
dn: $(lab_dcs_attr "$1" "$2" distinguishedName)
changetype: modify
add: servicePrincipalName
servicePrincipalName: HOST/$3.$LAB_DOMAIN
servicePrincipalName: HOST/${3^^}
-
replace: dNSHostName
dNSHostName: $3.$LAB_DOMAIN
END
}

for name in vm1 vm2 vm3; do
    lab_dc_add_computer "$name"
    lab_dc_reset "$name" "$(lab_random_password)"
    lab_dc_change user enable "$name\$"
done
named dc vm1 vm1
lab_dcs_replicate

# ---- two that agree

configure
guid=$(lab_dc_attr vm1 objectGUID)
sid=$(lab_dc_attr vm1 objectSid)
kvno=$(lab_dc_kvno vm1)
lab_check "both are found by DNS and asked" asked "account name=vm1" found=1 dcs=2 "guid=$guid" "kvno=$kvno"
lab_check "dc1 says the same as dc2" test "$(of "$LAB_DC" kvno) $(of "$LAB_DC" pwd_last_set)" = \
    "$(of "$LAB_DC2" kvno) $(of "$LAB_DC2" pwd_last_set)"
lab_check "nobody is behind" says_not behind
lab_check "they are two" test -n "$(of "$LAB_DC" dc_instance)" -a \
    "$(of "$LAB_DC" dc_instance)" != "$(of "$LAB_DC2" dc_instance)"
lab_check "with an address each" test "$(of "$LAB_DC" address) $(of "$LAB_DC2" address)" = "$LAB_DC_IP $LAB_DC2_IP"
lab_check "the account's names are told" says "spns=HOST/vm1.$LAB_DOMAIN HOST/VM1" spn_host=1 "dns_host_name=vm1.$LAB_DOMAIN"
lab_check "it lies below the base" says in_base=1
lab_check "how often its password was written" test "$(answer password_version)" -ge 1
lab_check "and that it was at dc1" says "password_changed_at=$LAB_DC"
lab_check "when it was changed last" test "$(answer when_changed_us)" -ge "$(answer when_created_us)"
lab_check "a wish for one DC asks that one alone" asked "account name=vm1 dc=$LAB_DC2" "dc=$LAB_DC2" dcs=1

# ---- two that differ

lab_dcs_cut
before=$(lab_dcs_attr dc2 vm1 msDS-KeyVersionNumber)
lab_dcs_reset dc2 vm1 "$(lab_random_password)"
lab_check "the newest password counts, wherever it is" asked "account name=vm1" "dc=$LAB_DC2" "kvno=$((before + 1))" \
    "pwd_last_set=$(lab_dcs_attr dc2 vm1 pwdLastSet)"
lab_check "who holds the old one is named" says "behind=$LAB_DC"
lab_check "with what it holds" test "$(of "$LAB_DC" kvno)" = "$before"
lab_check "where the password was changed is named" says "password_changed_at=$LAB_DC2"
lab_check "many together: each by its own newest" asked "accounts 0.guid=$guid 1.name=vm2" type=accounts "0.dc=$LAB_DC2" \
    "0.behind=$LAB_DC" "0.kvno=$((before + 1))" 1.found=1
lab_dc_add_computer fresh
lab_check "one that dc2 does not have yet is found" asked "account name=fresh" found=1 "dc=$LAB_DC" "missing=$LAB_DC2"
# A DC keeps a name from being given twice; two that know nothing of each other do not.
named dc vm2 twice
named dc2 vm3 twice
lab_dcs_heal
lab_check "another account with the same name is named" asked "account name=vm2 dc=$LAB_DC" 'spn_other=vm3$'
lab_check "after the replication nobody is behind" asked "account name=vm1" "kvno=$((before + 1))" dcs=2
lab_check "and nobody is named" says_not behind

# ---- one that does not answer

printf '10.0.2.9 dead.%s\n10.0.2.5 silent.%s\n' "$LAB_DOMAIN" "$LAB_DOMAIN" >> /etc/hosts
lab_dcs_stop dc2
lab_check "a dead one is named, and the other's word taken" names_dead "$LAB_DC2"
lab_check "also by many together" asked "accounts 0.guid=$guid 1.name=vm2" "0.dc=$LAB_DC" 1.found=1
lab_check "where it is named, too" test "$(of "$LAB_DC2" code)" = dc-unreachable
lab_check "it is left alone for a minute then" eval '[[ $(of "$LAB_DC2" text) == *"has not answered since"* ]]'
doctor_names() {
    ask check && grep -q "^item\.[0-9]*\.text=$1 has not answered since" "$LAB_TMP/answer"
}
lab_check "and doctor names it" doctor_names "$LAB_DC2"
lab_dcs_device silent 10.0.2.5
# Takes connections to both ports and says nothing.
cat > "$LAB_TMP/silent.py" << 'END'
import socket, time
sockets = []
for port in (88, 389):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("10.0.2.5", port))
    s.listen(64)
    sockets.append(s)
print("listening", flush=True)
time.sleep(3600)
END
lab_daemon silent python3 "$LAB_TMP/silent.py"
silent=$LAB_PID
lab_wait 20 grep -q listening "$LAB_LOG/silent.log"
configure "dcs: [silent.$LAB_DOMAIN, $LAB_DC]"
lab_check "one that takes connections and says nothing keeps nobody waiting" names_dead "silent.$LAB_DOMAIN"
lab_end "$silent"
configure "dcs: [silent.$LAB_DOMAIN, dead.$LAB_DOMAIN]"
ask account name=vm1
lab_check "when none answers, that is told" says type=error code=dc-unreachable
lab_dcs_again dc2

# ---- two forests

configure
lab_forest_tool computer create vm1 --computerou="$LAB_FOREST_OU" -H "$LAB/other1/private/sam.ldb" > /dev/null
lab_forest_tool user setpassword 'vm1$' --newpassword="$(lab_random_password)" -H "$LAB/other1/private/sam.ldb" > /dev/null
lab_forest_tool user enable 'vm1$' -H "$LAB/other1/private/sam.ldb" > /dev/null
other_guid=$(lab_dcs_attr other1 vm1 objectGUID)
other_sid=$(lab_dcs_attr other1 vm1 objectSid)
other_kvno=$(lab_dcs_attr other1 vm1 msDS-KeyVersionNumber)
lab_check "a computer of this name in the one forest" asked "account name=vm1" "guid=$guid"
domain=$LAB_FOREST lab_check "is another in the other" asked "account name=vm1" "guid=$other_guid" "dc=$LAB_FOREST_DC"
domain=$LAB_FOREST lab_check "which is reset there" asked \
    "reset guid=$other_guid sid=$other_sid kvno=$other_kvno token=0123456789abcdef secret=Correct.Horse.9" \
    result=done confirmed=1 "kvno=$((other_kvno + 1))" "dc=$LAB_FOREST_DC"
lab_check "and not here" test "$(lab_dc_kvno vm1)" -eq $((before + 1))
lab_check "each forest has its own list of resets" test -s "$state/directory/attempts.$LAB_FOREST" -a \
    ! -s "$state/directory/attempts.$LAB_DOMAIN"

# ---- is the account too powerful?

forest_db=$LAB/other1/private/sam.ldb
# power RESULT [WORD]: the item of `check` about it.
power() {
    local at
    domain=$LAB_FOREST ask check || return 1
    at=$(sed -n 's/^item\.\([0-9]*\)\.id=power$/\1/p' "$LAB_TMP/answer")
    says "item.$at.result=$1" && grep -q "^item\.$at\.text=.*${2-}" "$LAB_TMP/answer"
}
lab_check "an account with the least right is good" power good
lab_forest_tool group addmembers "Domain Admins" "$LAB_SVC" -H "$forest_db" > /dev/null
lab_check "one of Domain Admins is too powerful" power bad "Domain Admins"
lab_forest_tool group removemembers "Domain Admins" "$LAB_SVC" -H "$forest_db" > /dev/null
lab_check "and is good again without" power good
lab_forest_tool dsacl set -H "$forest_db" --objectdn="$LAB_FOREST_OU" --action=allow \
    --trusteedn="CN=$LAB_SVC,CN=Users,DC=other,DC=test" \
    --sddl="(A;CI;WP;;;$(lab_dcs_attr other1 "$LAB_SVC" objectSid))" > /dev/null
lab_check "one that may write the computers' attributes, too" power bad "computers of the base"

# ---- other ways in

mkdir -m 0700 "$LAB_TMP/credentials"
cp "$LAB_KEYTAB" "$LAB_TMP/credentials/corp.keytab"
configure "credential: corp.keytab"
CREDENTIALS_DIRECTORY=$LAB_TMP/credentials lab_check "the keytab may be a credential of systemd" \
    asked "account name=vm1" found=1
ask account name=vm1
lab_check "which is missed where it is not handed over" says type=error code=keytab
before=$(lab_dc_kvno vm1)
configure "ldaps_ca: $LAB/dc2/private/tls/ca.pem" "dcs: [$LAB_DC2]"
lab_check "LDAP inside TLS, by the DC's own authority" asked "account name=vm1" found=1 "kvno=$before"
ask check
lab_check "which has answered again, and is not remembered as silent" eval '! doctor_names "$LAB_DC2"'
lab_check "a reset goes there, too" asked \
    "reset guid=$guid sid=$sid kvno=$before token=0123456789abcde1 secret=Correct.Horse.9" result=done confirmed=1
configure "ldaps_ca: $LAB/dc/private/tls/ca.pem" "dcs: [$LAB_DC]"
ask account name=vm1
lab_check "one that wants sealing besides is told" says type=error code=not-sealed
configure "ldaps_ca: $LAB/dc/private/tls/ca.pem" "dcs: [$LAB_DC2]"
ask account name=vm1
lab_check "another authority is not believed" says type=error
lab_check "and the reason told" grep -q "inside TLS failed" "$LAB_TMP/answer"
configure "ldaps_ca: $LAB_TMP/none.pem" "dcs: [$LAB_DC]"
ask account name=vm1
lab_check "no file of authorities: told" says type=error code=config

# A server that takes any password in the clear, and no Kerberos: all that it is sent is written down.
cat > "$LAB_TMP/clear.py" << 'END'
import socket, sys, threading
def pass_on(one, other):
    while True:
        data = one.recv(65536)
        if not data:
            break
        other.sendall(data)
def kdc():
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("10.0.2.5", 88)); s.listen(16)
    while True:
        c, _ = s.accept(); up = socket.create_connection((sys.argv[1], 88))
        threading.Thread(target=pass_on, args=(c, up), daemon=True).start()
        threading.Thread(target=pass_on, args=(up, c), daemon=True).start()
threading.Thread(target=kdc, daemon=True).start()
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("10.0.2.5", 389)); s.listen(16)
print("listening", flush=True)
while True:
    c, _ = s.accept()
    while True:
        data = c.recv(65536)
        if not data:
            break
        print(data.hex(), flush=True)
        number = data[4 + (data[1] & 0x7f if data[1] & 0x80 else 0)]
        # a bind's answer: authMethodNotSupported, "Kerberos is not spoken here"
        c.sendall(bytes([0x30, 12, 2, 1, number, 0x61, 7, 10, 1, 7, 4, 0, 4, 0]))
END
ldbmodify -H "$LAB/dc/private/sam.ldb" > /dev/null << END
dn: $(lab_dc_dn vm3)
changetype: modify
add: servicePrincipalName
servicePrincipalName: ldap/silent.$LAB_DOMAIN
END
lab_daemon clear python3 "$LAB_TMP/clear.py" "$LAB_DC_IP"
clear=$LAB_PID
lab_wait 20 grep -q listening "$LAB_LOG/clear.log"
configure "dcs: [silent.$LAB_DOMAIN]"
ask account name=vm1
lab_check "a server without sealing is given up" says type=error
ask reset "guid=$guid" "sid=$sid" "kvno=$before" token=0123456789abcde2 secret=Canary-7f3a9c-Secret
lab_check "also for a reset" says type=error
lab_end "$clear"
lab_check "having been sent a ticket" grep -q 475353415049 "$LAB_LOG/clear.log"
lab_check "and no bind but Kerberos'" test -z "$(grep -vE 'listening|475353415049|4200$' "$LAB_LOG/clear.log" || true)"
lab_check "nor the secret" test -z "$(grep "$(printf Canary-7f3a9c | od -An -tx1 | tr -d ' \n')" "$LAB_LOG/clear.log" || true)"

# ---- sites

# The authority that is not believed has made dc2 one that does not answer, for a minute.
rm -f "$state/directory/silent.$LAB_DOMAIN"
configure
lab_check "a host whose site is not known asks all" asked "account name=vm1" dcs=2
lab_dcs_name "_msdcs.$LAB_DOMAIN" _ldap._tcp.Far._sites.dc SRV "$LAB_DC2 389 0 100"
configure "site: Far"
for _ in 1 2 3 4 5 6; do
    lab_check "the configured site's DC comes first" asked "account name=vm1" dcs=2 "dcs.0.dc=$LAB_DC2"
done
samba-tool sites create Near -s "$LAB_DC_CONF" -H "$LAB/dc/private/sam.ldb" > /dev/null
samba-tool sites subnet create 10.0.2.0/24 Near -s "$LAB_DC_CONF" -H "$LAB/dc/private/sam.ldb" > /dev/null
lab_dcs_replicate_config
lab_dcs_name "_msdcs.$LAB_DOMAIN" _ldap._tcp.Near._sites.dc SRV "$LAB_DC2 389 0 100"
configure
for _ in 1 2 3 4 5 6; do
    lab_check "a DC tells the site, whose DC comes first" asked "account name=vm1" dcs=2 "dcs.0.dc=$LAB_DC2"
done
configure "site: Nowhere"
lab_check "a site that nobody knows hides no DC" asked "account name=vm1" dcs=2
forest_keytab=$LAB_KEYTAB configure
domain=$LAB_FOREST ask account name=vm1
lab_check "the one's keytab opens nothing in the other" says type=error code=keytab
lab_check "and its own domain is asked as before" asked "account name=vm1" found=1
lab_done
