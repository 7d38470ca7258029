# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each cause of broken trust that Samba can be brought to, provoked for real before two domain controllers that
# replicate, and asked after with `virtrust diagnose`: its stable id, the exit code, the next command. guest1 runs and is
# joined; guest2 joins under guest1's name; `steady` is off, with a keytab of its account on its disk. t-diagnose has
# what needs no second DC.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

# diagnose GUEST: the answer in $LAB_TMP/answer.json, its exit code in `code`.
diagnose() {
    code=0
    # shellcheck disable=SC2086  # nothing, or one word
    vt --json diagnose "$1" $log_on > "$LAB_TMP/answer.json" 2> "$LAB_TMP/err" || code=$?
    cp "$LAB_TMP/answer.json" "$LAB_LOG/$1-$((++asked))-$(jq -r '.diagnosis.cause // "none"' "$LAB_TMP/answer.json").json"
}
asked=0
log_on= # --log-on: the running guest tries its account's log-on

# like JSON-PATH PATTERN...: of the last answer.
like() {
    local got
    while [ $# -gt 0 ]; do
        got=$(jq -r "$1 // \"\"" "$LAB_TMP/answer.json")
        # shellcheck disable=SC2053  # a pattern
        [[ $got == $2 ]] || { printf '  %s is "%s", not "%s"\n' "$1" "$got" "$2" >&2; return 1; }
        shift 2
    done
}

# named GUEST CAUSE CODE [FIELD PATTERN]...: asks; the cause, the exit code, and other fields of the diagnosis.
named() {
    local guest=$1 cause=$2 want=$3
    shift 3
    diagnose "$guest"
    like .diagnosis.cause "$cause" || return 1
    [ "$code" -eq "$want" ] || { printf '  exit code %s, not %s\n' "$code" "$want" >&2; return 1; }
    while [ $# -gt 0 ]; do
        like ".diagnosis.$1" "$2" || return 1
        shift 2
    done
}

# beside CAUSE [FIELD PATTERN]...: it stood beside the cause in the last answer.
beside() {
    local cause=$1
    shift
    jq -e --arg c "$cause" 'any(.beside[]?; .cause == $c)' "$LAB_TMP/answer.json" > /dev/null || {
        jq -c '[.diagnosis.cause, .beside[]?.cause]' "$LAB_TMP/answer.json" >&2
        return 1
    }
    while [ $# -gt 0 ]; do
        like "(.beside[] | select(.cause == \"$cause\") | .$1)" "$2" || return 1
        shift 2
    done
}
not_beside() { ! beside "$1" 2> "$LAB_TMP/err"; }

# modify TREE: LDIF on that DC's own database.
modify() { ldbmodify -H "$LAB/$1/private/sam.ldb" > /dev/null; }

# spn TREE add|delete DN NAME
spn() { printf 'dn: %s\nchangetype: modify\n%s: servicePrincipalName\nservicePrincipalName: %s\n' "$3" "$2" "$4" | modify "$1"; }

# block PORT / unblock: guest1 reaches the DC through the host's 127.0.0.1, virtrust by the DC's own address. A rule before
# the kernel's own one of local addresses works only when that one follows it.
ip rule add pref 10 lookup local
ip rule del pref 0
block() { ip rule add pref 1 to 127.0.0.1 dport "$1" unreachable; }
unblock() { while ip rule del pref 1 2> /dev/null; do :; done; }

# in_guest WORDS: a shell's words in guest1, on its disk afterwards.
in_guest() { lab_guest_exec guest1 sh -c "$1 && sync"; }

lab_dcs_start
lab_guest_ready --unjoined guest1 guest2
mkdir -p "$LAB/guests"
shut_account STEADY
shut_linux "$LAB/guests/steady.img" 'STEADY$' "$(lab_dc_kvno STEADY)"
shut_define steady "$LAB/guests/steady.img" raw
lab_guest_join guest1
lab_guest_install_helper guest1
lab_guest_exec guest1 sync
lab_dcs_replicate
vt_config observe
sed -i "s/^look:/look:\n  on_first_sight: false/" "$VT_CONFIG"
vt_start
vt_bind steady STEADY
vt_bind guest1 GUEST1
lab_check "nothing is wrong with a guest that is off" named steady in-step 0 health whole
lab_check "nor with the one that runs" named guest1 in-step 0 health whole

lab_note "the account"
steady=$(lab_dc_dn STEADY)
lab_dc_disable STEADY
lab_dcs_replicate
lab_check "disabled" named steady account-disabled 1 action refuse command "Enable-ADAccount -Identity 'STEADY\$' *"
lab_dc_change user enable 'STEADY$'
lab_dc_move STEADY "$LAB_OTHER_OU"
lab_dcs_replicate
lab_check "moved out of the delegated OU" named steady outside-base 0 health at-risk \
    command "Move-ADObject 'CN=STEADY,$LAB_OTHER_OU' -TargetPath '$LAB_OU'*"
lab_dc_move STEADY "$LAB_OU"
lab_dcs_replicate
lab_check "and back" named steady in-step 0

lab_note "service principal names"
guest1=$(lab_dc_dn GUEST1)
for name in HOST/GUEST1 "HOST/guest1.$LAB_DOMAIN"; do
    spn dc delete "$guest1" "$name"
done
lab_dcs_replicate
lab_check "removed" named guest1 spn-missing 0 health at-risk command "setspn -S 'HOST/guest1.$LAB_DOMAIN' 'GUEST1\$'"
lab_dcs_cut
spn dc add "$guest1" "HOST/guest1.$LAB_DOMAIN"
spn dc2 add "$steady" "HOST/guest1.$LAB_DOMAIN"

lab_note "replication is cut"
lab_dcs_reset dc2 STEADY "$(lab_random_password)"
lab_check "an administrator's reset, at one DC alone" named steady changed-elsewhere 1 verdict behind \
    command "Get-ADReplicationAttributeMetadata '$steady' -Server '$LAB_DC2' *"
lab_check "beside it: the DC that differs" beside dcs-differ text "*$LAB_DC*" command 'repadmin *'
vt diagnose steady > "$LAB_LOG/steady.txt" 2> "$LAB_TMP/err" || true
lab_check "as text: a column for each" grep -q "^EVIDENCE.*guest.*ledger.*$LAB_DC" "$LAB_LOG/steady.txt"
sed 's/^/# /' "$LAB_LOG/steady.txt"
lab_dcs_heal
lab_check "healed: still changed" named steady changed-elsewhere 1
lab_check "and the DCs agree" not_beside dcs-differ
lab_check "the name that two accounts have by now" named guest1 spn-duplicate 0 \
    command "setspn -D 'HOST/guest1.$LAB_DOMAIN' 'STEADY\$'"
printf 'dn: %s\nchangetype: modify\ndelete: servicePrincipalName\n' "$steady" | modify dc
lab_dcs_replicate
lab_check "and one again" named guest1 in-step 0

lab_note "what the guest reaches"
log_on=--log-on
lab_check "its log-on works" named guest1 in-step 0
block 88
lab_check "port 88 is blocked" named guest1 dc-unreachable 1 text "*$LAB_DC*" command "for p in 88 389 445 464; *$LAB_DC*"
unblock
in_guest "cp /etc/resolv.conf /root/ && echo nameserver 10.0.2.77 > /etc/resolv.conf"
lab_check "its resolver is none of the domain's" named guest1 resolver 1 text '*10.0.2.77*' command '*_ldap._tcp.dc._msdcs*'
in_guest "cat /root/resolv.conf > /etc/resolv.conf"
lab_check "and all is well again" named guest1 in-step 0

lab_note "the guest talks with a DC that is late"
lab_dcs_cut
password=$(lab_random_password)
lab_dcs_reset dc2 GUEST1 "$password"
kvno=$(lab_dcs_attr dc2 GUEST1 msDS-KeyVersionNumber)
in_guest "cp -p /etc/krb5.keytab /root/"
printf 'addent -password -p %s -k %s -e aes256-cts-hmac-sha1-96 -s %s\n%s\nwkt %s\nquit\n' "GUEST1\$@$LAB_REALM" "$kvno" \
    "${LAB_REALM}hostguest1.$LAB_DOMAIN" "$password" "$LAB_TMP/late.keytab" | ktutil > "$LAB_TMP/ktutil.log"
lab_guest_put guest1 "$LAB_TMP/late.keytab" /etc/krb5.keytab 0600
lab_guest_exec guest1 sync
lab_check "the newest password, but not at this DC" named guest1 lagging-dc 1 text "*$LAB_DC*" command "repadmin /syncall *$LAB_DC*"
lab_dcs_heal
lab_check "healed" named guest1 in-step 0
lab_note "one DC is silent"
log_on= # a log-on would say that all is well
lab_dcs_cut
lab_guest_rotate guest1
lab_guest_exec guest1 sync
ip rule add pref 1 to "$LAB_DC_IP" dport 389 unreachable
lab_check "the guest is ahead: replication lags" named guest1 replication-lag 0 verdict ahead text "*$LAB_DC*" command 'repadmin *'
unblock
lab_dcs_heal

lab_note "the guest's clock"
lab_guest_exec guest1 date -s '+20 minutes' > "$LAB_TMP/out"
lab_check "is ahead" named guest1 guest-clock 1 command 'virsh domtime guest1 --now'
lab_guest_clock guest1

lab_note "a second machine joins under the name"
vt repair --dry-run guest2 > "$LAB_TMP/out" 2> "$LAB_TMP/err" || true
lab_guest_member guest2 join adcli join --domain="$LAB_DOMAIN" --domain-ou="$LAB_OU" --computer-name=GUEST1 \
    --host-fqdn="guest1.$LAB_DOMAIN" --login-user=Administrator --stdin-password
lab_guest_exec guest2 sync
lab_dcs_replicate
former=$(vt_last_case guest2)
vt repair --dry-run guest2 > "$LAB_TMP/out" 2> "$LAB_TMP/err" || true
vt_wait_new guest2 "$former" > "$LAB_TMP/out"
lab_check "it is named" named guest1 duplicate-name 1 text '*guest2*' command 'virtrust inspect guest2'

lab_note "what their disks say"
root=$(mktemp -d "$LAB_TMP/linux.XXXXXX")
mkdir -p "$root/etc/samba" "$root/etc/systemd/system/multi-user.target.wants" "$root/usr/lib/systemd/system" "$root/var/lib"
printf 'ID=debian\n' > "$root/etc/os-release"
printf 'passwd: files winbind\n' > "$root/etc/nsswitch.conf"
printf '[global]\n    realm = OLD.VIRTRUST.TEST\n' > "$root/etc/samba/smb.conf"
: > "$root/usr/lib/systemd/system/winbind.service"
shut_account WINBIND
lab_dcs_replicate
shut_keytab "$root/etc/krb5.keytab" 'WINBIND$' "$(lab_dc_kvno WINBIND)"
shut_define winbind "$LAB/guests/winbind.img" raw
linux_disk() { rm -f "$LAB/guests/winbind.img" && truncate -s 32M "$LAB/guests/winbind.img" && mkfs.ext4 -q -d "$root" "$LAB/guests/winbind.img"; }
linux_disk
vt_bind winbind WINBIND
lab_check "winbind does not start" named winbind user-service-disabled 1 command 'systemctl enable --now winbind'
lab_check "and is set up for another realm" beside realm-differs text '*OLD.VIRTRUST.TEST*'
ln -s /usr/lib/systemd/system/winbind.service "$root/etc/systemd/system/multi-user.target.wants/"
linux_disk
lab_check "it starts, for another realm" named winbind realm-differs 0 health at-risk

shut_account WIN
lab_dcs_replicate
# win_disk SET_AT KEY=VALUE...
sid=$(lab_dc_attr WIN objectSid)
win_disk() {
    local set_at=$1
    shift
    shut_windows "$LAB/guests/win.qcow2" qcow2 computer=WIN netbios="$LAB_NETBIOS" dns="$LAB_DOMAIN" domain_sid="${sid%-*}" \
        set_at="$set_at" product=WinNT secret=one \
        'SYSTEM:ControlSet001\Control\CloudDomainJoin\JoinInfo\0A1B:TenantId=s:6a1f' "$@"
}
win_disk "$(lab_dc_pwdlastset WIN)" 'SYSTEM:ControlSet001\Services\Netlogon:Start=d:4' disable=1
shut_define win "$LAB/guests/win.qcow2" qcow2
vt_bind win WIN
lab_check "Netlogon is disabled" named win netlogon-disabled 1 command 'Set-Service Netlogon -StartupType Automatic*'
lab_check "and so is the rotation" beside rotation-disabled text '*snapshots stay good*'
# An hour older than the account: dates nearer than some minutes prove nothing.
win_disk $(($(lab_dc_pwdlastset WIN) - 36000000000))
virsh -q snapshot-create-as win s1 > "$LAB_TMP/out"
lab_dc_reset WIN "$(lab_random_password)"
lab_dcs_replicate
former=$(vt_last_case win)
virsh -q snapshot-revert win s1
vt_wait_new win "$former" > "$LAB_TMP/out"
lab_check "a revert to a snapshot" named win rolled-back-snapshot 1 command 'virtrust repair win'
lab_check "what else went back: Entra ID's device key" beside entra-went-back command 'dsregcmd /status'

lab_note "deleted, and made anew"
lab_dc_delete STEADY
lab_dcs_replicate
lab_check "deleted" named steady account-missing 1 command 'Get-ADObject -Identity *Restore-ADObject'
lab_dc_add_computer STEADY
lab_dcs_replicate
lab_check "made anew: another GUID" named steady account-recreated 1 command 'virtrust bind steady *STEADY*'
lab_done
