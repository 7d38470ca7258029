# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests of virtrust-inspect: disks made without a guest, looks, and what a look may leave behind. A script that
# wants it sources it: . "$LAB_HERE/lib/looks.sh"

LOOKS_MKHIVE=${VIRTRUST_MKHIVE:-$LAB_BIN/../test/mkhive}
lab_guestfs

# looks_windows IMAGE KEY=VALUE...: a raw disk with one NTFS partition that holds the hives of an invented member.
# $LOOKS_CHANGE, a command, may change the directory of the hives before they are copied.
# $LOOKS_NTFS_SECTOR is how large NTFS believes the disk's sectors are.
# Directories and files are spelled unlike Windows does it, for case does not matter there.
looks_windows() {
    local image=$1 volume=$1.part mnt=$LAB_TMP/mnt
    shift
    mkdir -p "$mnt" "$LAB_TMP/hives"
    rm -f "$LAB_TMP"/hives/*
    "$LOOKS_MKHIVE" "$LAB_TMP/hives" "$@" || return 1
    ${LOOKS_CHANGE:-:} "$LAB_TMP/hives" || return 1
    truncate -s 32M "$volume"
    mkntfs -q -F -s "${LOOKS_NTFS_SECTOR:-512}" -p "$((1048576 / ${LOOKS_NTFS_SECTOR:-512}))" "$volume" > "$LAB_TMP/mkntfs" 2>&1 || return 1
    ntfs-3g "$volume" "$mnt" || return 1
    mkdir -p "$mnt/WINDOWS/system32/Config"
    (cd "$LAB_TMP/hives" && for f in *; do cp "$f" "$mnt/WINDOWS/system32/Config/${f,,}"; done)
    umount "$mnt" || return 1
    truncate -s 36M "$image"
    printf 'label: dos\nstart=2048, type=7\n' | sfdisk -q "$image" || return 1
    dd if="$volume" of="$image" bs=512 seek=2048 conv=notrunc,sparse status=none
    rm -f "$volume"
}

# looks_look NAME KEY=VALUE...: one look; the answer is $LAB_TMP/NAME, its exit code $LOOKS_CODE.
looks_look() {
    local name=$1
    shift
    LOOKS_CODE=0
    { printf 'type=look\nv=1\n' && printf '%s\n' "$@" && echo; } |
        "$LAB_BIN/virtrust-inspect" > "$LAB_TMP/$name" 2> "$LAB_LOG/$name.err" || LOOKS_CODE=$?
    lab_note "look $name: exit $LOOKS_CODE"
}

# looks_says NAME KEY VALUE: does the answer hold this?
looks_says() {
    grep -qxF "$2=$3" "$LAB_TMP/$1" && return 0
    printf '%s has %s\n' "$1" "$(grep "^$2=" "$LAB_TMP/$1" || echo "no $2")" >&2
    return 1
}

looks_doubts() {
    grep -qx "doubt\.[0-9]*\.id=$2" "$LAB_TMP/$1"
}

looks_failed() {
    looks_says "$1" type error && looks_says "$1" code "$2" && [ "$LOOKS_CODE" -eq "$3" ] &&
        grep -q '^text=.' "$LAB_TMP/$1" && grep -q '^next=.' "$LAB_TMP/$1"
}

# No process of a look, no directory, no socket. In here nobody else makes any.
looks_clean() {
    ! pgrep -f 'virtrust-inspect|qemu-nbd|guestfs|supermin' > "$LAB_TMP/left" &&
        [ -z "$(find /tmp /var/tmp -maxdepth 1 \( -name 'virtrust-look*' -o -name 'libguestfs*' -o -name 'guestfs.*' \))" ]
}
