# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks shaped like a Windows guest's, as far as virtrust looks at them: one NTFS partition with the hives in it.

# lab_windows_disk FILE HIVEDIR [raw|qcow2] [gpt|mbr]: HIVEDIR holds SECURITY, SYSTEM, SOFTWARE, SAM and their logs in
# any case, any of them missing; they land in Windows/System32/config under their usual names.
lab_windows_disk() {
    local file=$1 hives=$2 format=${3:-qcow2} table=${4:-gpt} work status=0
    work=$(mktemp -d "$LAB_TMP/windows.XXXXXX")
    lab_windows_volume "$work" "$hives" && lab_windows_partition "$work" "$table" &&
        qemu-img convert -f raw -O "$format" "$work/disk" "$file" || status=1
    rm -rf "$work"
    return "$status"
}

# The volume is filled through ntfs-3g, in a mount namespace of its own.
lab_windows_volume() {
    local work=$1 hives=$2 size config=$1/mnt/Windows/System32/config
    size=$(du -sm --apparent-size "$hives" | cut -f 1)
    truncate -s "$((size + 32))M" "$work/volume"
    mkntfs -q -F -Q -p 2048 -L Windows "$work/volume" > /dev/null 2>&1 || lab_fail "mkntfs failed" || return 1
    mkdir "$work/mnt"
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --propagation private bash -euo pipefail -c '
        ntfs-3g -o permissions "$0/volume" "$0/mnt"
        mkdir -p "$2" "$0/mnt/Users" "$0/mnt/Windows/System32/drivers"
        for hive in "$1"/*; do
            case ${hive##*/} in
                [Ss][Ee][Cc][Uu]*|[Ss][Yy][Ss]*|[Ss][Oo][Ff]*|[Ss][Aa][Mm]*)
                    name=${hive##*/}
                    cp "$hive" "$2/${name^^}"
                    ;;
            esac
        done
        # ntfs-3g writes on in the background until it has gone.
        umount "$0/mnt"
        while pgrep -f "ntfs-3g.*$0/volume" > /dev/null; do sleep 0.05; done
    ' "$work" "$hives" "$config"
}

lab_windows_partition() {
    local work=$1 table=$2 sectors label type
    sectors=$(($(stat -c %s "$work/volume") / 512))
    case $table in
        gpt) label=gpt type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7 ;;
        mbr) label=dos type=7 ;;
        *) lab_fail "lab_windows_disk: gpt or mbr, not $table" || return 1 ;;
    esac
    truncate -s $(((2048 + sectors + 2048) * 512)) "$work/disk"
    printf 'label: %s\nstart=2048, size=%s, type=%s\n' "$label" "$sectors" "$type" | sfdisk -q "$work/disk"
    dd if="$work/volume" of="$work/disk" bs=1M seek=1 conv=notrunc,sparse status=none
}
