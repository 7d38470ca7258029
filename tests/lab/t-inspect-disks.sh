# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Looks at real disks: Windows-shaped, Linux, encrypted, empty, damaged. No guest and no libvirt is needed.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
cd "$LAB_TMP"

lab_check "the engine can be made ready ahead" "$LAB_BIN/virtrust-inspect" --prepare

# An overlay above a raw base, as a snapshot leaves it.
looks_windows base.raw computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 \
    account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one product=WinNT max_age=30 disable=0 dirty=1
qemu-img create -q -f qcow2 -b base.raw -F raw top.qcow2
top=(disk.0.type=file "disk.0.path=$PWD/top.qcow2" disk.0.format=qcow2)
looks_look windows "${top[@]}" "disk.0.backing.0.path=$PWD/base.raw" disk.0.backing.0.format=raw running=0 timeout_s=300
lab_check "a Windows member on an overlay" looks_says windows sam_account_name 'WS1$'
lab_check "its role comes from SYSTEM" looks_says windows role member
lab_check "its set-time" looks_says windows password.filetime 133203110020139115
lab_check "its account's SID" looks_says windows account_sid S-1-5-21-1-2-3-1107
lab_check "the dirty hive is told" looks_says windows hive.security.state dirty
lab_check "with a doubt" looks_doubts windows dirty-hive
lab_check "the disk was not in use" looks_says windows live 0
"$LAB_BIN/virtrust-inspect" --hives hives > direct
lab_check "the same fingerprint as the hive's own" looks_says windows secret_sha256 "$(sed -n 's/^secret_sha256=//p' direct)"

# The newest password stands in the second log only, as Windows leaves it for up to an hour.
newest_in_log() {
    mkdir -p later
    "$LOOKS_MKHIVE" later "security=$1/SECURITY" secret=two set_at=133255110020139115 &&
        "${LOOKS_MKHIVE}log" "$1/SECURITY" LOG2=later/SECURITY
}
LOOKS_CHANGE=newest_in_log looks_windows logged.raw computer=WS3 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 \
    set_at=133203110020139115 secret=one product=WinNT
"$LAB_BIN/virtrust-inspect" --disk logged.raw --format raw --timeout 300 > logged
lab_check "a log beside a hive is replayed" looks_says logged hive.security.state replayed
lab_check "one entry of it" looks_says logged hive.security.entries_replayed 1
lab_check "the newest set-time is found there" looks_says logged password.filetime 133255110020139115
lab_check "Windows was not hibernated" looks_says logged hibernation.state none

# Hibernated, and its NTFS marked dirty, as ntfsfix leaves it for chkdsk.
looks_windows asleep.raw computer=WS4 netbios=LAB domain_sid=S-1-5-21-1-2-3 set_at=133203110020139115 secret=one product=WinNT
dd if=asleep.raw of=asleep.volume bs=512 skip=2048 conv=sparse status=none
mkdir -p asleep.mnt && ntfs-3g asleep.volume asleep.mnt
{ printf HIBR && head -c 8188 /dev/zero; } > asleep.mnt/Hiberfil.SYS
umount asleep.mnt
ntfsfix asleep.volume > ntfsfix.log 2>&1
dd if=asleep.volume of=asleep.raw bs=512 seek=2048 conv=notrunc status=none
looks_look asleep disk.0.type=file "disk.0.path=$PWD/asleep.raw" disk.0.format=raw engine=direct timeout_s=300
lab_check "a hibernated Windows on a dirty NTFS is read" looks_says asleep sam_account_name 'WS4$'
lab_check "and said to be hibernated" looks_says asleep hibernation.state hibernated

looks_look unnamed "${top[@]}"
lab_check "a backing file that only the image's header names is refused" looks_failed unnamed unsupported-disk 3
"$LAB_BIN/virtrust-inspect" --disk top.qcow2 > bare 2> bare.err || true
lab_check "on the command line too" looks_says bare code unsupported-disk

# A Linux member: keytab by krb5's tool, secrets.tdb by Samba's, on ext4 without a partition table.
mkdir -p root/etc root/var/lib/samba/private
printf 'ID=debian\n' > root/etc/os-release
printf 'addent -password -p WS2$@LAB.TEST -k 7 -e aes256-cts -s X\nnew\nwkt root/etc/krb5.keytab\nquit\n' | ktutil > ktutil.log
cat > smb.conf << EOT
[global]
workgroup = LAB
realm = LAB.TEST
security = ads
netbios name = WS2
private dir = $PWD/root/var/lib/samba/private
EOT
net -s smb.conf setdomainsid S-1-5-21-1-2-3 > net.log 2>&1
# What a join leaves, in the form that Samba's tool takes over.
tdbtool root/var/lib/samba/private/secrets.tdb > tdbtool.log << 'EOT'
insert SECRETS/MACHINE_PASSWORD/LAB old\00
insert SECRETS/MACHINE_LAST_CHANGE_TIME/LAB \01\00\00\00
insert SECRETS/MACHINE_SEC_CHANNEL_TYPE/LAB \02\00\00\00
EOT
printf 'canary-password' | net -s smb.conf changesecretpw -f -i >> net.log 2>&1
truncate -s 32M linux.raw
mkfs.ext4 -q -d root linux.raw
"$LAB_BIN/virtrust-inspect" --disk linux.raw --timeout 300 > linux
lab_check "a Linux member" looks_says linux sam_account_name 'WS2$'
lab_check "its key version" looks_says linux password.kvno 7
lab_check "its domain, by Samba" looks_says linux domain.netbios LAB
lab_check "its domain's SID, by Samba" looks_says linux domain.sid S-1-5-21-1-2-3
lab_check "that the format was guessed is told" looks_doubts linux format-guessed
lab_check "no password leaves the process" test -z "$(grep -rl canary-password linux "$LAB_LOG" || true)"

# Encrypted ones. BitLocker is told by its boot sector alone.
truncate -s 16M bitlocker.raw
printf 'label: dos\nstart=2048, type=7\n' | sfdisk -q bitlocker.raw
printf '\xeb\x58\x90-FVE-FS-' | dd of=bitlocker.raw bs=512 seek=2048 conv=notrunc status=none
looks_look bitlocker disk.0.type=file "disk.0.path=$PWD/bitlocker.raw" disk.0.format=raw timeout_s=300
lab_check "BitLocker is told" looks_failed bitlocker encrypted 3
lab_check "by its name" looks_says bitlocker encryption bitlocker
if command -v cryptsetup > /dev/null; then
    truncate -s 32M luks.raw
    printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks.raw -
    looks_look luks disk.0.type=file "disk.0.path=$PWD/luks.raw" disk.0.format=raw timeout_s=300
    lab_check "LUKS is told" looks_failed luks encrypted 3
    lab_check "by its name" looks_says luks encryption luks
    # The Linux member on LUKS, made by QEMU, which needs no device mapper for that. Its key is looked for in every
    # process while it is used.
    printf 'canary-passphrase' > right.key
    printf 'canary-passphrase\n' > line.key
    printf 'canary-of-another' > wrong.key
    head -c 2000 /dev/zero | tr '\0' x > large.key
    # QEMU times its key derivation by the thread's processor time, and gives up when the clock did not tick meanwhile.
    luks_make() { qemu-img convert -f raw -O luks --object secret,id=key,file=right.key -o key-secret=key,iter-time=10 "$@"; }
    lab_wait 60 luks_make linux.raw locked.raw
    while [ ! -e looked ]; do
        grep -l 'canary[-]' /proc/[0-9]*/cmdline /proc/[0-9]*/environ >> shown 2> /dev/null || true
        sleep 0.5
    done &
    looks_look locked disk.0.type=file "disk.0.path=$PWD/locked.raw" disk.0.format=raw "key_file=$PWD/line.key" timeout_s=300
    touch looked
    wait
    lab_check "a member on LUKS with its key" looks_says locked sam_account_name 'WS2$'
    lab_check "that it is encrypted" looks_says locked encryption luks
    lab_check "by the engine that direct hands over to" grep -q '^engine=guestfs .*(direct: LUKS)$' locked
    lab_check "the key is in no command line and no environment" test ! -s shown
    looks_look wrong disk.0.type=file "disk.0.path=$PWD/locked.raw" disk.0.format=raw "key_file=$PWD/wrong.key" timeout_s=300
    lab_check "with another key" looks_failed wrong wrong-key 3
    lab_check "it is told that it is LUKS" looks_says wrong encryption luks
    luks_cli() { # luks_cli CODE KEY: `virtrust inspect` ends so
        local code=0
        "$LAB_BIN/virtrust" inspect --disk locked.raw --format raw --key-file "$2" --json > cli.json 2> cli.err || code=$?
        [ "$code" -eq "$1" ] && [ "$(jq -r .exit cli.json)" -eq "$1" ]
    }
    lab_check "without the key file" luks_cli 4 none.key
    lab_check "it is told which" grep -q 'none.key cannot be read' cli.err
    lab_check "with one that is too large" luks_cli 4 large.key
    lab_check "no key leaves the process" test -z "$(grep -rl canary- locked wrong cli.json cli.err "$LAB_LOG" || true)"
else
    printf 'skip - LUKS: cryptsetup is not installed\n'
fi

# Nothing to read, and a hive that is broken. The other disk's sound file system must not be taken for the system.
truncate -s 8M zeros.raw
looks_look zeros disk.0.type=file "disk.0.path=$PWD/zeros.raw" disk.0.format=raw timeout_s=300
lab_check "an empty disk" looks_failed zeros unknown-filesystem 3
looks_windows damaged.raw computer=WS3 netbios=LAB domain_sid=S-1-5-21-1-2-3 secret=one product=WinNT
mkdir -p mnt
ntfs-3g -o offset=1048576 damaged.raw mnt 2> /dev/null || {
    dd if=damaged.raw of=damaged.part bs=512 skip=2048 conv=sparse status=none
    ntfs-3g damaged.part mnt
}
printf garbage | dd of=mnt/WINDOWS/system32/Config/security bs=1 seek=4128 conv=notrunc status=none
umount mnt
[ ! -e damaged.part ] || dd if=damaged.part of=damaged.raw bs=512 seek=2048 conv=notrunc,sparse status=none
looks_look damaged disk.0.type=file "disk.0.path=$PWD/damaged.raw" disk.0.format=raw \
    disk.1.type=file "disk.1.path=$PWD/none.raw" disk.1.format=raw timeout_s=300
lab_check "a damaged hive" looks_failed damaged damaged-hive 3

looks_look none running=0
lab_check "a guest without a disk" looks_failed none no-disk 3
looks_look gone disk.0.type=file disk.0.path=/no/such.raw disk.0.format=raw
lab_check "a disk that is gone" looks_failed gone no-such-disk 3
lab_check "no look left anything behind" looks_clean
lab_done
