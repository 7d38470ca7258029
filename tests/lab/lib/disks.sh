# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks of every kind for the tests of virtrust-inspect, made in the working directory when this is sourced. Wants
# looks.sh.

# layout IMAGE VOLUME SECTOR < sfdisk's script: the volume's bytes at that sector of a disk with this table.
layout() {
    truncate -s 64M "$1"
    sfdisk -q "$1" > sfdisk.log 2>&1 || return 1
    dd if="$2" of="$1" bs=512 seek="$3" conv=notrunc,sparse status=none
}
# bytes FILE OFFSET HEX...: writes them there.
bytes() {
    local file=$1 offset=$2
    shift 2
    printf "$(printf '\\x%s' "$@")" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# written DIR: lets its SYSTEM hive have been written lately; the checksum of its first block is all of it xored.
written() {
    local sum
    sum=$(($(od -An -tu4 -j508 -N4 "$1/SYSTEM") ^ 0x01dc0000))
    bytes "$1/SYSTEM" 16 00 00 dc 01
    # shellcheck disable=SC2046  # four words
    bytes "$1/SYSTEM" 508 $(printf '%02x %02x %02x %02x' $((sum & 255)) $((sum >> 8 & 255)) $((sum >> 16 & 255)) $((sum >> 24)))
}
LOOKS_CHANGE=written looks_windows mbr.raw computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 \
    account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one product=WinNT max_age=30 disable=0 dirty=1
dd if=mbr.raw of=ntfs.volume bs=512 skip=2048 conv=sparse status=none
qemu-img create -q -f qcow2 -b mbr.raw -F raw middle.qcow2
qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 chain.qcow2
qemu-img convert -O qcow2 mbr.raw snap.qcow2
qemu-img snapshot -c 'before, really' snap.qcow2
qemu-io -c 'write -q -P 0 0 34M' snap.qcow2
qemu-img convert -O vdi mbr.raw disk.vdi
qemu-img convert -O vpc mbr.raw disk.vpc
layout gpt.raw ntfs.volume 34816 << 'T'
label: gpt
start=2048, size=32768, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE
start=34816, size=65536, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
T
layout logical.raw ntfs.volume 10240 << 'T'
label: dos
d1 : start=2048, size=2048, type=83
d2 : start=4096, size=122880, type=5
d5 : start=6144, size=1024, type=82
d6 : start=10240, size=65536, type=7
T
# layout4k IMAGE VOLUME SECTOR < fdisk's commands: the same of a disk with sectors of 4096 bytes, which sfdisk does not make.
layout4k() {
    truncate -s 64M "$1"
    fdisk -b 4096 "$1" > fdisk.log 2>&1 || return 1
    dd if="$2" of="$1" bs=4096 seek="$3" conv=notrunc,sparse status=none
}
LOOKS_NTFS_SECTOR=4096 looks_windows ntfs4k.disk computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 \
    machine_sid=S-1-5-21-7-8-9 account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one product=WinNT \
    max_age=30 disable=0 dirty=1
dd if=ntfs4k.disk of=ntfs4k.volume bs=512 skip=2048 conv=sparse status=none
printf '%s\n' g n 1 256 +1M n 2 1024 +32M w | layout4k gpt4k.raw ntfs4k.volume 1024
printf '%s\n' o n p 1 1024 +32M t 7 w | layout4k mbr4k.raw ntfs4k.volume 1024
printf '%s\n' o n p 1 256 +1M n e 2 768 '' n l 1024 +32M t 5 7 w | layout4k logical4k.raw ntfs4k.volume 1024
layout dynamic.raw ntfs.volume 2048 << 'T'
label: dos
start=2048, size=65536, type=42
T
looks_windows damaged-hive.raw computer=WS3 netbios=LAB domain_sid=S-1-5-21-1-2-3 secret=one product=WinNT
cp ntfs.volume damaged-ntfs.raw
dd if=/dev/zero of=damaged-ntfs.raw bs=4096 seek=4 count=8 conv=notrunc status=none # the $MFT's beginning

mkdir -p root/etc root/var/lib/samba/private
printf 'ID=debian\n' > root/etc/os-release
keytab() { # keytab FILE KVNO
    rm -f "$1"
    printf 'addent -password -p WS2$@LAB.TEST -k %s -e aes256-cts -s X\nnew\nwkt %s\nquit\n' "$2" "$1" | ktutil > ktutil.log
}
keytab root/etc/krb5.keytab 7
tdbtool > tdbtool.log << 'T'
create root/var/lib/samba/private/secrets.tdb
insert SECRETS/MACHINE_PASSWORD/LAB canary-password\00
insert SECRETS/MACHINE_LAST_CHANGE_TIME/LAB \00\f1\53\65
insert SECRETS/MACHINE_SEC_CHANNEL_TYPE/LAB \02\00\00\00
T
for kind in ext2 ext3 ext4; do
    truncate -s 64M $kind.raw
    mkfs.$kind -q -d root $kind.raw
done
# A newer keytab that stands in the journal only: the blocks by which two file systems differ, put there by debugfs.
keytab newer.keytab 8
cp ext4.raw newer.raw
printf 'rm /etc/krb5.keytab\nwrite newer.keytab /etc/krb5.keytab\n' | debugfs -w newer.raw > debugfs.log 2>&1
size=$(dumpe2fs -h ext4.raw 2> debugfs.log | sed -n 's/^Block size: *//p')
blocks=$({ cmp -l ext4.raw newer.raw || true; } | awk -v size="$size" '{ b = int(($1 - 1) / size); if (!(b in seen)) { seen[b]; print b } }' | sort -n)
for block in $blocks; do dd if=newer.raw bs="$size" skip="$block" count=1 status=none; done > journal.data
cp ext4.raw journal.raw
printf 'jo -c\njw -b %s journal.data\njc\n' "$(echo "$blocks" | paste -sd,)" | debugfs -w journal.raw >> debugfs.log 2>&1
cp ext4.raw damaged-ext4.raw
dd if=/dev/zero of=damaged-ext4.raw bs=1024 seek=200 count=400 conv=notrunc status=none
truncate -s 8M zeros.raw
layout bitlocker.raw zeros.raw 2048 << 'T'
label: dos
start=2048, type=7
T
printf '\xeb\x58\x90-FVE-FS-' | dd of=bitlocker.raw bs=512 seek=2048 conv=notrunc status=none

# An older Windows, and a Linux that is no member.
looks_windows older.raw computer=OLD netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-6 \
    account_sid=S-1-5-21-1-2-3-1103 set_at=133103110020139115 secret=old product=WinNT
mkdir -p rescue/etc rescue/var/lib
printf 'ID=rescue\n' > rescue/etc/os-release
truncate -s 16M rescue.raw
mkfs.ext4 -q -d rescue rescue.raw

disk() { # disk FILE FORMAT: the keys of a request for it, in $keys
    # shellcheck disable=SC2034  # its caller's
    keys=(disk.0.type=file "disk.0.path=$PWD/$1" "disk.0.format=$2" running=0)
}
