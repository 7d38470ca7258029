# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The domain controller: a real Samba AD DC whose whole tree is $LAB/dc. Its provision is cached together with the
# two OUs and the delegated account; the random administrator password lies in the tree (admin.password).

LAB_DC_CONF=$LAB/dc/etc/smb.conf
LAB_DC_TREE=
LAB_DC_PID=

lab_dc_key() {
    lab_hash "$LAB_HERE/lib/dc.sh"
}

# Puts the cached provision in place, unless a tree (a joined guest's own one) was chosen before.
lab_dc_prepare() {
    [ ! -d "$LAB/dc" ] || return 0
    if [ -z "$LAB_DC_TREE" ]; then
        lab_cache dc "$(lab_dc_key)" lab_dc_build
        LAB_DC_TREE=$LAB_ENTRY/dc
    fi
    cp -a --sparse=auto "$LAB_DC_TREE" "$LAB/dc"
}

lab_dc_start() {
    [ -z "$LAB_DC_PID" ] || ! lab_running "$LAB_DC_PID" || return 0
    lab_dc_prepare
    lab_dc_resolver
    lab_daemon samba samba -s "$LAB_DC_CONF" -F --no-process-group
    LAB_DC_PID=$LAB_PID
    if ! lab_wait 60 lab_dc_answers; then
        lab_fail "the domain controller did not come up: see $LAB_LOG/samba.log"
        return 1
    fi
    lab_note "domain controller answers"
}

lab_dc_stop() {
    [ -n "$LAB_DC_PID" ] || return 0
    lab_end "$LAB_DC_PID"
    # The children leave by themselves when their parent's pipe closes.
    lab_wait 20 lab_dc_silent
    LAB_DC_PID=
}

lab_dc_silent() {
    ! pgrep -x 'samba|smbd|winbindd|samba: .*' > /dev/null
}

# DNS says where LDAP is, LDAP says who it is, and the KDC and the password server listen.
lab_dc_answers() {
    local srv
    lab_running "$LAB_DC_PID" || return 1
    # shellcheck disable=SC2153  # LAB_DC_IP is not LAB_DC_PID
    srv=$(dig +short +time=1 +tries=1 "@$LAB_DC_IP" SRV "_ldap._tcp.dc._msdcs.$LAB_DOMAIN")
    [ -n "$srv" ] || return 1
    ldapsearch -LLL -x -o nettimeout=2 -H "ldap://$LAB_DC_IP" -s base -b '' isSynchronized | grep -q TRUE &&
        timeout 2 bash -c ": < /dev/tcp/$LAB_DC_IP/88 && : < /dev/tcp/$LAB_DC_IP/464"
}

# /etc is the laboratory's own copy.
lab_dc_resolver() {
    ln -sfn "$LAB_DC_CONF" /etc/samba/smb.conf
    printf 'search %s\nnameserver %s\noptions timeout:2 attempts:2\n' "$LAB_DOMAIN" "$LAB_DC_IP" > /etc/resolv.conf
    printf '127.0.0.1 localhost\n%s %s dc1\n' "$LAB_DC_IP" "$LAB_DC" > /etc/hosts
    lab_krb5_conf > /etc/krb5.conf
}

# The same for host and guests; DNS finds the KDC. dns_canonicalize_hostname: there is no reverse zone.
lab_krb5_conf() {
    cat << EOF
[libdefaults]
    default_realm = $LAB_REALM
    dns_lookup_realm = false
    dns_lookup_kdc = true
    dns_canonicalize_hostname = false
    rdns = false
[domain_realm]
    .$LAB_DOMAIN = $LAB_REALM
    $LAB_DOMAIN = $LAB_REALM
EOF
}

# ---- building the tree -------------------------------------------------------------------------------------------

# $LAB/dc is where the tree will live: its path is written into it. Never called while a DC runs here.
lab_dc_build() {
    local dir=$1 dc=$LAB/dc password
    password=$(lab_random_password)
    # Without a configuration of the host's own the provision starts from a clean one.
    rm -f /etc/samba/smb.conf
    samba-tool domain provision --targetdir="$dc" --realm="$LAB_REALM" --domain="$LAB_NETBIOS" --host-name=dc1 \
        --adminpass="$password" --server-role=dc --dns-backend=SAMBA_INTERNAL --host-ip="$LAB_DC_IP" \
        --option="interfaces=lo" --option="bind interfaces only=yes" --option="dns update command=/bin/true"
    (umask 077 && printf '%s' "$password" > "$dc/admin.password")
    lab_dc_write_conf
    # The names under which clients ask for tickets (ldap/..., GC/...); the dnsupdate service would add them later.
    samba_spnupdate -s "$LAB_DC_CONF" --verbose
    lab_dc_build_delegation "$dc"
    # Once up and down: what the DC makes at its first start (its TLS key above all) belongs into the cache too.
    lab_dc_start
    lab_dc_stop
    mv "$dc" "$dir/dc"
}

# Only the services that something here asks for; the fewer, the sooner it is up.
lab_dc_write_conf() {
    local dc=$LAB/dc
    cat > "$LAB_DC_CONF" << EOF
[global]
    netbios name = DC1
    realm = $LAB_REALM
    workgroup = $LAB_NETBIOS
    server role = active directory domain controller
    server services = s3fs rpc ldap cldap kdc drepl winbindd kcc dns
    prefork children = 1
    interfaces = lo
    bind interfaces only = yes
    dns update command = /bin/true
    dns forwarder =
    rpc server dynamic port range = 49152-49400
    log file = $LAB_LOG/samba.%m.log
    max log size = 0
    logging = file
    panic action =
    private dir = $dc/private
    state directory = $dc/state
    cache directory = $dc/cache
    lock directory = $dc
    binddns dir = $dc/bind-dns
    load printers = no
    printing = bsd
    disable spoolss = yes

[sysvol]
    path = $dc/state/sysvol
    read only = no

[netlogon]
    path = $dc/state/sysvol/$LAB_DOMAIN/scripts
    read only = no
EOF
}

# The right is the control access right "Reset Password", inherited by computer objects only: see lab_delegate.
lab_dc_build_delegation() {
    local dc=$1 sid db=$LAB/dc/private/sam.ldb
    lab_dc_tool domain passwordsettings set --max-pwd-age=0 --min-pwd-age=0 -H "$db"
    lab_dc_tool ou create "$LAB_OU" -H "$db"
    lab_dc_tool ou create "$LAB_OTHER_OU" -H "$db"
    lab_dc_tool user create "$LAB_SVC" "$(lab_random_password)" -H "$db"
    lab_dc_tool user setexpiry "$LAB_SVC" --noexpiry -H "$db"
    sid=$(lab_dc_attr "$LAB_SVC" objectSid)
    lab_dc_tool dsacl set -H "$db" --objectdn="$LAB_OU" --action=allow --trusteedn="CN=$LAB_SVC,CN=Users,$LAB_BASE_DN" \
        --sddl="(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;bf967a86-0de6-11d0-a285-00aa003049e2;$sid)"
    lab_dc_tool domain exportkeytab "$dc/${LAB_KEYTAB##*/}" --principal="$LAB_SVC@$LAB_REALM"
    chmod 0600 "$dc/${LAB_KEYTAB##*/}"
}

# samba-tool on this DC's own files.
lab_dc_tool() {
    samba-tool "$@" -s "$LAB_DC_CONF"
}

# lab_dc_change DIRECT...: samba-tool on the local database, quiet unless it fails.
lab_dc_change() {
    local out
    if ! out=$(lab_dc_tool "$@" -H "$LAB/dc/private/sam.ldb" 2>&1); then
        lab_fail "samba-tool $1 $2: $out"
        return 1
    fi
}

# ---- for scripts -------------------------------------------------------------------------------------------------

lab_delegate() {
    if [ ! -s "$LAB_KEYTAB" ]; then
        lab_fail "no keytab at $LAB_KEYTAB: call lab_dc_start first"
        return 1
    fi
    lab_note "$LAB_SVC may reset computers below $LAB_OU, keytab $LAB_KEYTAB"
}

# lab_dc_search FILTER ATTRIBUTE...: LDIF, unfolded.
lab_dc_search() {
    local filter=$1
    shift
    ldbsearch -H "$LAB/dc/private/sam.ldb" -s sub -b "$LAB_BASE_DN" "$filter" "$@" |
        sed -n '/^#/d; /^$/d; /^ref: /d; p' | sed -e ':a' -e '$!N' -e 's/\n //' -e 'ta' -e 'P' -e 'D'
}

# A name with or without the dollar, of a computer or a user.
lab_dc_filter() {
    printf '(|(sAMAccountName=%s)(sAMAccountName=%s$))' "${1%\$}" "${1%\$}"
}

lab_dc_attr() {
    local line
    line=$(lab_dc_search "$(lab_dc_filter "$1")" "$2" | grep -i -m 1 "^$2:") || {
        lab_fail "the DC has no $2 for $1"
        return 1
    }
    case $line in
        *::\ *) printf '%s' "${line#*:: }" | base64 -d ;;
        *) printf '%s\n' "${line#*: }" ;;
    esac
}

lab_dc_kvno() {
    lab_dc_attr "$1" msDS-KeyVersionNumber
}

lab_dc_pwdlastset() {
    lab_dc_attr "$1" pwdLastSet
}

lab_dc_account() {
    lab_dc_search "$(lab_dc_filter "$1")" '*' msDS-KeyVersionNumber replPropertyMetaData
}

lab_dc_dn() {
    lab_dc_attr "$1" distinguishedName
}

lab_dc_add_computer() {
    lab_dc_change computer create "${1%\$}" --computerou="${2:-$LAB_OU}"
}

# samba-tool wants the OU of a user without the base, unlike that of a computer.
lab_dc_add_user() {
    local ou=${2:-$LAB_OU}
    lab_dc_change user create "$1" "$(lab_random_password)" --userou="${ou%",$LAB_BASE_DN"}"
}

# A computer is a user to samba-tool when it is named with its dollar.
lab_dc_reset() {
    local name
    name=$(lab_dc_attr "$1" sAMAccountName)
    lab_dc_change user setpassword "$name" --newpassword="$2"
}

lab_dc_move() {
    lab_dc_change computer move "${1%\$}" "$2"
}

lab_dc_delete() {
    lab_dc_change computer delete "${1%\$}"
}

lab_dc_disable() {
    lab_dc_change user disable "$(lab_dc_attr "$1" sAMAccountName)"
}

lab_admin_ccache() {
    local cc=FILE:$LAB_TMP/admin.ccache
    if ! KRB5CCNAME=$cc klist -s; then
        # The prompt goes to stdout, which is our answer's.
        KRB5CCNAME=$cc kinit "Administrator@$LAB_REALM" < "$LAB/dc/admin.password" > /dev/null
    fi
    printf '%s\n' "$cc"
}

lab_dc_ldap() {
    local cc
    cc=$(lab_admin_ccache)
    KRB5CCNAME=$cc ldapsearch -LLL -Q -N -Y GSSAPI -o ldif-wrap=no -H "ldap://$LAB_DC" -b "$LAB_BASE_DN" "$@" | sed '/^# refldap:/d; /^$/d'
}
