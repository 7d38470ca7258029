# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks made to harm whoever reads them: each gets an answer, and soon, and nothing else comes of it.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
cd "$LAB_TMP"
# shellcheck source=tests/lab/lib/disks.sh
. "$LAB_HERE/lib/disks.sh"

harmless() { # harmless NAME FILE: evidence, or a reason that is the disk's own
    disk "$2" raw
    looks_look "$1" "${keys[@]}" engine=direct timeout_s=100
    grep -qx type=evidence "$1" || { looks_says "$1" exit 3 && ! grep -qE '^text=.*parser' "$1"; }
}
truncate -s 7E endless.raw
lab_check "a sparse disk of 7 EiB" harmless endless endless.raw
cp logical.raw circle.raw # the container's second link leads back to its first
bytes circle.raw $((4096 * 512 + 446 + 16 + 4)) 05 00 00 00 00 00 00 00
lab_check "logical partitions in a circle" harmless circle circle.raw
cp gpt.raw many.raw # a GPT that says it has four billion entries
bytes many.raw $((512 + 80)) ff ff ff ff
lab_check "a GPT of four billion partitions" harmless many many.raw
cp ext4.raw self.raw
printf 'rm /etc/krb5.keytab\nsymlink /etc/krb5.keytab krb5.keytab\n' | debugfs -w self.raw >> debugfs.log 2>&1
lab_check "a symbolic link to itself" harmless self self.raw
cp ext4.raw vast.raw
printf 'sif /etc/krb5.keytab size 0x7fffffffffff\n' | debugfs -w vast.raw >> debugfs.log 2>&1
lab_check "a keytab of 128 TiB" harmless vast vast.raw
lab_check "is told, not read" looks_doubts vast unreadable-file
cp ext4.raw loop.raw # its one extent is an index that leads to the block that holds it
printf 'sif /etc/krb5.keytab block[0] 0x0001f30a\nsif /etc/krb5.keytab block[1] 0x00050004\n' |
    debugfs -w loop.raw >> debugfs.log 2>&1
lab_check "extents that lead nowhere" harmless loop loop.raw
cp ntfs.volume huge-mft.raw # $MFT's data attribute grows to 2^60 bytes
for offset in 304 312 320; do bytes huge-mft.raw $((16384 + offset)) 00 00 00 00 00 00 00 10; done
lab_check "a \$MFT of an exbibyte" harmless huge-mft huge-mft.raw

# A thousand bytes of each turned over, again and again, where the file system keeps what it knows of itself.
RANDOM=4711
turned_over() { # turned_over FILE FROM LENGTH TIMES
    local i j
    for ((i = 0; i < $4; i++)); do
        cp --sparse=always "$1" turned.raw
        for ((j = 0; j < 60; j++)); do
            bytes turned.raw $(($2 + (RANDOM * 32768 + RANDOM) % $3)) "$(printf '%02x' $((RANDOM % 256)))"
        done
        disk turned.raw raw
        looks_look turned "${keys[@]}" engine=direct timeout_s=100 > /dev/null 2>&1
        if ! grep -qxE 'type=(evidence|error)' turned || grep -qxE 'code=(internal|no-engine|permission)' turned; then
            cp turned.raw "$LAB_LOG/turned-$i.raw"
            cat turned >&2
            return 1
        fi
    done
}
lab_check "forty broken NTFS volumes" turned_over ntfs.volume 16384 65536 40
lab_check "forty broken ext4 volumes" turned_over ext4.raw 1024 262144 40
lab_check "forty broken journals" turned_over journal.raw 1048576 4194304 40
lab_check "nothing is left" looks_clean
lab_done
