# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A read-only domain controller of the laboratory's domain, as in a branch office: rodc1.lab.virtrust.test, 10.0.3.4,
# whose partner is dc1. Sourced by the scripts that want one.
#   rodc_start               joins it and starts it; dc1 has to run
#   rodc_cut / rodc_heal     it takes nothing from dc1, and takes it again (each second)
#   rodc_knows NAME          it shows NAME's present password change
#   rodc_alone GUEST         from now on the guest finds this DC and no other, by any name
# No change of a single account is cached there: it passes log-ons on to dc1, as such DCs do.

LAB_RODC=rodc1.lab.virtrust.test
LAB_RODC_IP=10.0.3.4

rodc_start() {
    local options=() option
    lab_dcs_device rodc1 "$LAB_RODC_IP"
    while read -r option; do
        options+=("--option=$option")
    done < <(lab_dcs_options rodc1 rodc1)
    # Without a configuration of the host's own the join starts from a clean one.
    rm -f /etc/samba/smb.conf
    samba-tool domain join "$LAB_DOMAIN" RODC --targetdir="$LAB/rodc1" --server="$LAB_DC" --dns-backend=NONE \
        --option="netbios name=RODC1" "${options[@]}" -U "Administrator%$(cat "$LAB/dc/admin.password")" \
        > "$LAB_LOG/rodc-join.log" 2>&1 || {
        tail -n 3 "$LAB_LOG/rodc-join.log" >&2
        lab_skip "this Samba does not join a read-only domain controller"
    }
    ln -sfn "$LAB_DC_CONF" /etc/samba/smb.conf
    lab_dcs_write_conf rodc1 rodc1 RODC1 "$LAB_REALM" "$LAB_NETBIOS"
    printf '    %s\n' "dreplsrv:periodic_interval = 1" "dreplsrv:periodic_startup_interval = 1" >> "$LAB/rodc1/etc/smb.conf"
    lab_dcs_name "$LAB_DOMAIN" rodc1 A "$LAB_RODC_IP"
    printf '%s %s rodc1\n' "$LAB_RODC_IP" "$LAB_RODC" >> /etc/hosts
    lab_dcs_run rodc1 "$LAB_RODC_IP"
    # Under which clients ask for tickets: written on dc1, as everything is.
    samba_spnupdate -s "$LAB/rodc1/etc/smb.conf" --verbose > "$LAB_LOG/rodc-spn.log" 2>&1
    lab_note "the read-only domain controller answers"
}

rodc_cut() {
    lab_dcs_drs options "$LAB_DC" --dsa-option=+DISABLE_OUTBOUND_REPL
}

rodc_heal() {
    lab_dcs_drs options "$LAB_DC" --dsa-option=-DISABLE_OUTBOUND_REPL
}

rodc_knows() {
    [ "$(lab_dcs_attr rodc1 "$1" pwdLastSet)" = "$(lab_dc_pwdlastset "$1")" ]
}

rodc_alone() {
    local file=$LAB_TMP/rodc-krb5.conf
    {
        lab_krb5_conf | sed 's/dns_lookup_kdc = true/dns_lookup_kdc = false/'
        printf '[realms]\n    %s = {\n        kdc = %s\n        kpasswd_server = %s\n    }\n' "$LAB_REALM" "$LAB_RODC" "$LAB_RODC"
    } > "$file"
    lab_guest_put "$1" "$file" /etc/krb5.conf
    printf '127.0.0.1 localhost %s.%s %s\n%s %s rodc1\n' "$1" "$LAB_DOMAIN" "$1" "$LAB_RODC_IP" "$LAB_RODC" > "$file"
    lab_guest_put "$1" "$file" /etc/hosts
    # Nobody answers there: no name leads to dc1 any more.
    printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' > "$file"
    lab_guest_exec "$1" rm -f /etc/resolv.conf
    lab_guest_put "$1" "$file" /etc/resolv.conf
}
