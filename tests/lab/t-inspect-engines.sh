# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Both engines over every kind of disk: the same facts. Then what only one of them reads.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
cd "$LAB_TMP" || exit 1
"$LAB_BIN/virtrust-inspect" --prepare > prepared
# shellcheck source=tests/lab/lib/disks.sh
. "$LAB_HERE/lib/disks.sh"
lab_note "the disks are made"

# ---- the same facts ----

facts() { # what an engine may say otherwise: its name, and how it puts a reason that is not its own
    if grep -qx type=evidence "$1"; then grep -vE '^(engine|doubt\.[0-9]+\.text)=' "$1"; else grep -E '^(type|code|encryption|exit)=' "$1"; fi
}
same() { # same NAME KEY=VALUE...
    local name=$1
    shift
    looks_look "$name.direct" "$@" engine=direct timeout_s=300
    looks_look "$name.guestfs" "$@" engine=guestfs timeout_s=300
    diff -u <(facts "$name.direct") <(facts "$name.guestfs")
}
for file in mbr gpt logical gpt4k mbr4k logical4k damaged-hive damaged-ntfs ext2 ext3 ext4 journal damaged-ext4 zeros bitlocker; do
    disk $file.raw raw
    lab_check "both engines: $file" same $file "${keys[@]}"
done
for format in vdi vpc; do
    disk disk.$format $format
    lab_check "both engines: $format" same $format "${keys[@]}"
done
cp ntfs.volume bare-ntfs.raw
disk bare-ntfs.raw raw
lab_check "both engines: NTFS without a partition table" same bare "${keys[@]}"
disk chain.qcow2 qcow2
keys+=("disk.0.backing.0.path=$PWD/middle.qcow2" disk.0.backing.0.format=qcow2
    "disk.0.backing.1.path=$PWD/mbr.raw" disk.0.backing.1.format=raw)
lab_check "both engines: a chain of three" same chain "${keys[@]}"
disk snap.qcow2 qcow2
lab_check "both engines: a snapshot" same snap "${keys[@]}" "snapshot=before, really"
disk ext4.raw raw
keys+=(disk.1.type=file "disk.1.path=$PWD/mbr.raw" disk.1.format=raw)
lab_check "both engines: two disks with a system each" same two "${keys[@]}"

disk older.raw raw
keys+=(disk.1.type=file "disk.1.path=$PWD/mbr.raw" disk.1.format=raw)
lab_check "both engines: two Windows" same windows "${keys[@]}"
lab_check "the one written last is read" looks_says windows.direct sam_account_name 'WS1$'
lab_check "the other is told" looks_says windows.direct system.0.sam_account_name 'OLD$'
lab_check "with its date" looks_says windows.direct system.0.password.filetime 133103110020139115
lab_check "and a doubt" looks_doubts windows.direct several-systems
disk rescue.raw raw
keys+=(disk.1.type=file "disk.1.path=$PWD/mbr.raw" disk.1.format=raw)
lab_check "both engines: a rescue system before Windows" same rescue "${keys[@]}"
lab_check "the member is read" looks_says rescue.direct sam_account_name 'WS1$'
lab_check "with a doubt of its own" looks_doubts rescue.direct other-systems

lab_check "Windows by the direct engine" looks_says mbr.direct sam_account_name 'WS1$'
lab_check "from a logical partition" looks_says logical.direct sam_account_name 'WS1$'
for file in gpt4k mbr4k logical4k; do
    lab_check "in sectors of 4096 bytes: $file" looks_says $file.direct sam_account_name 'WS1$'
done
lab_check "from a snapshot that the present no longer is" looks_says snap.direct sam_account_name 'WS1$'
lab_check "Linux by the direct engine" looks_says ext4.direct password.kvno 7
lab_check "what the journal holds" looks_says journal.direct password.kvno 8
lab_check "the domain by secrets.tdb" looks_says ext4.direct domain.netbios LAB
lab_check "two systems are told" looks_doubts two.direct several-systems
lab_check "BitLocker needs no other engine" looks_says bitlocker.direct code encrypted

# ---- what one of them reads ----

disk dynamic.raw raw
looks_look dynamic "${keys[@]}" engine=direct
lab_check "a dynamic disk is not for the direct engine" looks_failed dynamic not-direct 3
looks_look dynamic "${keys[@]}" timeout_s=300
asked_both() { ! looks_says dynamic code not-direct 2> /dev/null; }
lab_check "auto asks the other one" asked_both
truncate -s 64M ldm.raw
printf 'label: gpt\nstart=2048, type=AF9B60A0-1431-4F62-BC68-3311714A69AD\n' | sfdisk -q ldm.raw
disk ldm.raw raw
looks_look ldm "${keys[@]}" timeout_s=300
lab_check "a dynamic disk that neither reads is refused" looks_failed ldm unknown-filesystem 3
lab_check "by its name" grep -q '^text=.*a dynamic disk' ldm
truncate -s 64M pool.raw
printf 'label: gpt\nstart=2048, type=E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D\n' | sfdisk -q pool.raw
disk pool.raw raw
looks_look pool "${keys[@]}" timeout_s=300
lab_check "Storage Spaces are nobody's" looks_failed pool unknown-filesystem 3
lab_check "with the reason" grep -q '^text=.*Storage Spaces' pool

# A Linux root on XFS: the same root as ext4's, put there by mkfs itself.
prototype() { # of a directory's entries, as mkfs.xfs takes them
    local entry
    for entry in "$1"/*; do
        if [ -d "$entry" ]; then
            printf '%s d--755 0 0\n' "${entry##*/}"
            prototype "$entry"
        else
            printf '%s ---600 0 0 %s\n' "${entry##*/}" "$entry"
        fi
    done
    echo '$'
}
{ printf '/none\n0 0\nd--755 0 0\n' && prototype "$PWD/root"; } > xfs.prototype
truncate -s 320M xfs.raw
mkfs.xfs -q -p xfs.prototype xfs.raw
disk xfs.raw raw
looks_look xfs "${keys[@]}" timeout_s=300
lab_check "auto asks libguestfs about XFS" looks_says xfs password.kvno 7
lab_check "and says so" grep -q '^engine=guestfs .*(direct: XFS)$' xfs
# Both on one guest: what direct knows is enough where it is a member, and no answer where it is none.
disk mbr.raw raw
keys+=(disk.1.type=file "disk.1.path=$PWD/xfs.raw" disk.1.format=raw)
looks_look beside "${keys[@]}" timeout_s=300
lab_check "a member beside XFS needs no appliance" grep -q '^engine=direct ' beside
lab_check "and says what was not read" looks_doubts beside volume-not-read
disk rescue.raw raw
keys+=(disk.1.type=file "disk.1.path=$PWD/xfs.raw" disk.1.format=raw)
looks_look behind "${keys[@]}" timeout_s=300
lab_check "behind a rescue system the appliance finds the member" looks_says behind password.kvno 7
lab_check "and tells of both" looks_doubts behind other-systems
lab_check "nothing is left" looks_clean
lab_done
