#!/bin/sh
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host without libnbd: a look says which package is missing, and exits 4. In a mount namespace of its own, libnbd is
# away: by a file system laid over its directory that lacks it, or, where that cannot be had, an empty file in its place.
set -u

skip() {
    echo "skip - $1"
    exit 77
}

if [ "${1-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || skip "it needs root (a mount namespace)"
    command -v qemu-img > /dev/null || skip "qemu-img is not installed"
    unshare --mount --propagation private true 2> /dev/null || skip "no mount namespace is to be had here"
    dir=$(mktemp -d) || exit 1
    status=0
    unshare --mount --propagation private "$0" inside "$dir" || status=$?
    rm -rf "$dir"
    exit "$status"
fi

dir=$2
cd "$dir" || exit 1
library=$(ldconfig -p | sed -n 's/^[[:space:]]*libnbd\.so\.0 .*=> //p' | head -n 1)
if [ -e "$library" ]; then
    place=$(dirname "$(realpath "$library")")
    mkdir over && mount -t tmpfs tmpfs over && mkdir over/upper over/work || exit 1
    # What a layer holds as a device 0:0 is not there.
    if mknod over/upper/libnbd.so.0 c 0 0 &&
        mount -t overlay -o "lowerdir=$place,upperdir=over/upper,workdir=over/work" overlay "$place" 2> mount.log; then
        ! [ -e "$library" ] || { echo "not ok - libnbd is still there"; exit 1; }
    else
        : > empty
        mount --bind empty "$(realpath "$library")" || skip "libnbd cannot be put away: $(cat mount.log)"
    fi
fi

qemu-img create -q -f qcow2 disk.qcow2 8M || exit 1
"$VIRTRUST_BIN_DIR/virtrust-inspect" --disk disk.qcow2 --format qcow2 --engine direct > answer 2> said
status=$?
if [ "$status" -ne 4 ] || ! grep -qx code=no-engine answer || ! grep -q 'install libnbd0' said; then
    echo "not ok - without libnbd a look exits $status, answers $(tr '\n' ' ' < answer) and says: $(cat said)"
    exit 1
fi
echo "ok - $(cat said)"
