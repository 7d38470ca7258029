# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# More domain controllers beside dc1, each on a network device of its own, with a tree of its own:
#   lab_dcs_start           dc1 and dc2.lab.virtrust.test (10.0.2.3), which replicate with each other
#   lab_forest_start        other1.other.test (10.0.2.4): another forest, with an account and a keytab of its own
#   lab_dcs_stop dc2|other1 / lab_dcs_again dc2|other1
#   lab_dcs_attr TREE NAME ATTRIBUTE   what that DC itself holds; TREE is dc2 or other1
#   lab_dcs_reset TREE NAME PASSWORD   an administrator's reset there
#   lab_dcs_replicate       dc1 and dc2 take each other's changes now; lab_dcs_replicate_config: dc2 sites and the like
#   lab_dcs_cut / lab_dcs_heal         they take none of each other
# The two of one domain are cached as a pair: each tree knows the other.

LAB_DC2=dc2.lab.virtrust.test
LAB_DC2_IP=10.0.2.3
LAB_FOREST=other.test
LAB_FOREST_REALM=OTHER.TEST
LAB_FOREST_DC=other1.other.test
LAB_FOREST_IP=10.0.2.4
LAB_FOREST_OU=OU=Guests,DC=other,DC=test
LAB_FOREST_KEYTAB=$LAB/other1/virtrust-svc.keytab
declare -A LAB_DCS_PID=()

lab_dcs_key() {
    lab_hash "$LAB_HERE/lib/dc.sh" "$LAB_HERE/lib/dcs.sh"
}

# lab_dcs_device NAME IP: a device that only this DC listens on.
lab_dcs_device() {
    ip link show "$1" > /dev/null 2>&1 || ip link add "$1" type dummy 2> /dev/null || ip link add "$1" type veth
    ip link set "$1" up
    ip addr replace "$2/32" dev "$1"
}

# lab_dcs_options TREE DEVICE: what keeps two of them on one machine apart.
lab_dcs_options() {
    local dir=$LAB/$1
    printf '%s\n' "interfaces = $2" "bind interfaces only = yes" "dns update command = /bin/true" \
        "server services = rpc ldap cldap kdc drepl" "prefork children = 1" "pid directory = $dir/run" \
        "ncalrpc dir = $dir/ncalrpc" "winbindd socket directory = $dir/winbindd" \
        "ntp signd socket directory = $dir/ntp" "log file = $LAB_LOG/$1.%m.log" "max log size = 0" "logging = file" \
        "panic action =" "ldap server require strong auth = allow_sasl_over_tls" "rpc server dynamic port range = 49152-49400"
}

# lab_dcs_write_conf TREE DEVICE NAME REALM WORKGROUP
lab_dcs_write_conf() {
    local dir=$LAB/$1
    mkdir -p "$dir/run" "$dir/ncalrpc" "$dir/winbindd" "$dir/ntp"
    {
        printf '[global]\n'
        printf '    %s\n' "netbios name = $3" "realm = $4" "workgroup = $5" \
            "server role = active directory domain controller" "private dir = $dir/private" \
            "state directory = $dir/state" "cache directory = $dir/cache" "lock directory = $dir" \
            "binddns dir = $dir/bind-dns"
        lab_dcs_options "$1" "$2" | sed 's/^/    /'
    } > "$dir/etc/smb.conf"
}

# lab_dcs_run TREE IP
lab_dcs_run() {
    lab_daemon "samba-$1" samba -s "$LAB/$1/etc/smb.conf" -F --no-process-group
    LAB_DCS_PID[$1]=$LAB_PID
    lab_wait 60 lab_dcs_answers "$2" || lab_fail "$1 did not come up: see $LAB_LOG/samba-$1.log"
}

lab_dcs_answers() {
    ldapsearch -LLL -x -o nettimeout=2 -H "ldap://$1" -s base -b '' isSynchronized | grep -q TRUE &&
        timeout 2 bash -c ": < /dev/tcp/$1/88 && : < /dev/tcp/$1/135"
}

lab_dcs_stop() {
    lab_end "${LAB_DCS_PID[$1]}"
    sleep 1
}

lab_dcs_again() {
    case $1 in
        dc2) lab_dcs_run dc2 "$LAB_DC2_IP" ;;
        other1) lab_dcs_run other1 "$LAB_FOREST_IP" ;;
    esac
}

# ---- the pair ----

lab_dcs_start() {
    lab_cache dcs "$(lab_dcs_key)" lab_dcs_build
    # shellcheck disable=SC2034  # for lab_dc_prepare
    LAB_DC_TREE=$LAB_ENTRY/dc
    cp -a --sparse=auto "$LAB_ENTRY/dc2" "$LAB/dc2"
    lab_dcs_device dc2 "$LAB_DC2_IP"
    lab_dc_start
    printf '%s %s dc2\n' "$LAB_DC2_IP" "$LAB_DC2" >> /etc/hosts
    lab_dcs_write_conf dc2 dc2 DC2 "$LAB_REALM" "$LAB_NETBIOS"
    lab_dcs_run dc2 "$LAB_DC2_IP"
    lab_note "the second domain controller answers"
}

# $LAB/dc and $LAB/dc2 are where the trees will live: their paths are written into them.
lab_dcs_build() {
    local dir=$1 options=() option
    lab_dcs_device dc2 "$LAB_DC2_IP"
    lab_dc_start
    printf '%s %s dc2\n' "$LAB_DC2_IP" "$LAB_DC2" >> /etc/hosts
    while read -r option; do
        options+=("--option=$option")
    done < <(lab_dcs_options dc2 dc2)
    # Without a configuration of the host's own the join starts from a clean one.
    rm -f /etc/samba/smb.conf
    samba-tool domain join "$LAB_DOMAIN" DC --targetdir="$LAB/dc2" --server="$LAB_DC" --dns-backend=NONE \
        --option="netbios name=DC2" "${options[@]}" -U "Administrator%$(cat "$LAB/dc/admin.password")"
    ln -sfn "$LAB_DC_CONF" /etc/samba/smb.conf
    lab_dcs_write_conf dc2 dc2 DC2 "$LAB_REALM" "$LAB_NETBIOS"
    lab_dcs_names
    lab_dcs_run dc2 "$LAB_DC2_IP"
    samba_spnupdate -s "$LAB/dc2/etc/smb.conf" --verbose
    lab_dcs_replicate
    lab_dcs_stop dc2
    lab_dc_stop
    mv "$LAB/dc" "$dir/dc"
    mv "$LAB/dc2" "$dir/dc2"
}

# What dc2 would register for itself. A site's names stand beside the domain's.
lab_dcs_names() {
    local zone name guid
    zone=_msdcs.$LAB_DOMAIN
    guid=$(lab_dc_guid_of DC2)
    for name in _ldap._tcp.dc _ldap._tcp.Default-First-Site-Name._sites.dc; do
        lab_dcs_name "$zone" "$name" SRV "$LAB_DC2 389 0 100"
    done
    lab_dcs_name "$LAB_DOMAIN" dc2 A "$LAB_DC2_IP"
    lab_dcs_name "$zone" "$guid" CNAME "$LAB_DC2"
}

# The join may have written some of them already.
lab_dcs_name() {
    samba-tool dns add "$LAB_DC" "$@" -U "Administrator%$(cat "$LAB/dc/admin.password")" > "$LAB_TMP/dns" 2>&1 ||
        grep -q ALREADY_EXISTS "$LAB_TMP/dns" || {
        cat "$LAB_TMP/dns"
        return 1
    }
}

lab_dc_guid_of() {
    ldbsearch -H "$LAB/dc/private/sam.ldb" -s base \
        -b "CN=NTDS Settings,CN=$1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,$LAB_BASE_DN" \
        objectGUID | sed -n 's/^objectGUID: //p'
}

lab_dcs_drs() {
    samba-tool drs "$@" -U "Administrator%$(cat "$LAB/dc/admin.password")" > "$LAB_TMP/drs" 2>&1 || {
        cat "$LAB_TMP/drs"
        return 1
    }
}

lab_dcs_replicate() {
    lab_dcs_drs replicate "$LAB_DC" "$LAB_DC2" "$LAB_BASE_DN"
    lab_dcs_drs replicate "$LAB_DC2" "$LAB_DC" "$LAB_BASE_DN"
}

lab_dcs_replicate_config() {
    lab_dcs_drs replicate "$LAB_DC2" "$LAB_DC" "CN=Configuration,$LAB_BASE_DN"
}

lab_dcs_cut() {
    lab_dcs_drs options "$LAB_DC" --dsa-option=+DISABLE_INBOUND_REPL
    lab_dcs_drs options "$LAB_DC2" --dsa-option=+DISABLE_INBOUND_REPL
}

lab_dcs_heal() {
    lab_dcs_drs options "$LAB_DC" --dsa-option=-DISABLE_INBOUND_REPL
    lab_dcs_drs options "$LAB_DC2" --dsa-option=-DISABLE_INBOUND_REPL
    lab_dcs_replicate
}

# ---- another forest ----

lab_forest_start() {
    lab_dcs_device other1 "$LAB_FOREST_IP"
    lab_cache forest "$(lab_dcs_key)" lab_forest_build
    [ -d "$LAB/other1" ] || cp -a --sparse=auto "$LAB_ENTRY/other1" "$LAB/other1"
    printf '%s %s other1\n' "$LAB_FOREST_IP" "$LAB_FOREST_DC" >> /etc/hosts
    lab_dcs_run other1 "$LAB_FOREST_IP"
    lab_note "the other forest answers"
}

lab_forest_build() {
    local dir=$1 tree=$LAB/other1 db=$LAB/other1/private/sam.ldb sid
    rm -f /etc/samba/smb.conf
    samba-tool domain provision --targetdir="$tree" --realm="$LAB_FOREST_REALM" --domain=OTHER --host-name=other1 \
        --adminpass="$(lab_random_password)" --server-role=dc --dns-backend=NONE --host-ip="$LAB_FOREST_IP" \
        --option="interfaces=other1" --option="bind interfaces only=yes" --option="dns update command=/bin/true"
    lab_dcs_write_conf other1 other1 OTHER1 "$LAB_FOREST_REALM" OTHER
    samba_spnupdate -s "$tree/etc/smb.conf" --verbose
    lab_forest_tool ou create "$LAB_FOREST_OU" -H "$db"
    lab_forest_tool user create "$LAB_SVC" "$(lab_random_password)" -H "$db"
    lab_forest_tool user setexpiry "$LAB_SVC" --noexpiry -H "$db"
    sid=$(lab_dcs_attr other1 "$LAB_SVC" objectSid)
    lab_forest_tool dsacl set -H "$db" --objectdn="$LAB_FOREST_OU" --action=allow \
        --trusteedn="CN=$LAB_SVC,CN=Users,DC=other,DC=test" \
        --sddl="(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;bf967a86-0de6-11d0-a285-00aa003049e2;$sid)"
    lab_forest_tool domain exportkeytab "$tree/virtrust-svc.keytab" --principal="$LAB_SVC@$LAB_FOREST_REALM"
    [ ! -d "$LAB/dc" ] || ln -sfn "$LAB_DC_CONF" /etc/samba/smb.conf
    mv "$tree" "$dir/other1"
}

lab_forest_tool() {
    samba-tool "$@" -s "$LAB/other1/etc/smb.conf"
}

# ---- what one of them holds ----

lab_dcs_attr() {
    local line
    line=$(ldbsearch -H "$LAB/$1/private/sam.ldb" "$(lab_dc_filter "$2")" "$3" | sed -e ':a' -e '$!N' -e 's/\n //' -e 'ta' -e 'P' -e 'D' |
        grep -i -m 1 "^$3:") || {
        lab_fail "$1 has no $3 for $2"
        return 1
    }
    printf '%s\n' "${line#*: }"
}

lab_dcs_reset() {
    samba-tool user setpassword "$(lab_dcs_attr "$1" "$2" sAMAccountName)" --newpassword="$3" \
        -s "$LAB/$1/etc/smb.conf" -H "$LAB/$1/private/sam.ldb" > "$LAB_TMP/reset" 2>&1 || {
        cat "$LAB_TMP/reset"
        return 1
    }
}
