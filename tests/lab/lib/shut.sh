# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shut-off guests on disks that are made here, with whatever secret and whatever claim a test needs: they never run, but
# libvirt's definition, the look at their disk and the account in AD are real. A script that wants it sources it:
# . "$LAB_HERE/lib/shut.sh"

SHUT_MKHIVE=${VIRTRUST_MKHIVE:-$LAB_BIN/../test/mkhive}

# shut_define NAME FILE FORMAT [--no-agent]: a guest that has this one disk.
shut_define() {
    local name=$1 file=$2 format=$3 channel="<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
    [ "${4-}" != --no-agent ] || channel=
    cat > "$LAB_TMP/shut.xml" << EOT
<domain type='$(lab_virt_type)'>
  <name>$name</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='$format'/><source file='$file'/>
      <backingStore/><target dev='vda' bus='virtio'/></disk>
    $channel
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
EOT
    virsh -q define "$LAB_TMP/shut.xml"
}

# shut_keytab FILE PRINCIPAL KVNO: a keytab of one key.
shut_keytab() {
    printf 'addent -password -p %s@%s -k %s -e aes256-cts -s X\nnew\nwkt %s\nquit\n' "$2" "$LAB_REALM" "$3" "$1" |
        ktutil > "$LAB_TMP/ktutil.log"
    [ -s "$1" ]
}

# shut_linux FILE [PRINCIPAL KVNO]: a raw ext4 disk of a Linux system; without a principal it is no member.
shut_linux() {
    local root
    root=$(mktemp -d "$LAB_TMP/root.XXXXXX")
    mkdir -p "$root/etc" "$root/var/lib"
    printf 'ID=debian\n' > "$root/etc/os-release"
    [ $# -eq 1 ] || shut_keytab "$root/etc/krb5.keytab" "$2" "$3"
    rm -f "$1"
    truncate -s 32M "$1"
    mkfs.ext4 -q -d "$root" "$1"
    rm -rf "$root"
}

# shut_windows FILE FORMAT KEY=VALUE...: an NTFS disk with the hives of an invented member (keys: tests/fixtures/mkhive.c).
shut_windows() {
    local file=$1 format=$2 hives
    shift 2
    hives=$(mktemp -d "$LAB_TMP/hives.XXXXXX")
    "$SHUT_MKHIVE" "$hives" "$@" && lab_windows_disk "$file" "$hives" "$format" mbr
    local status=$?
    rm -rf "$hives"
    return "$status"
}

# shut_verdict NAME: verdict and outcome of its last case, in one line.
shut_verdict() {
    printf '%s %s\n' "$(vt_field "$1" verdict)" "$(vt_field "$1" outcome)"
}

# shut_account NAME: an enabled computer account (samba-tool leaves it disabled until it has a password).
shut_account() {
    lab_dc_add_computer "$1" && lab_dc_reset "$1" "$(lab_random_password)"
}
