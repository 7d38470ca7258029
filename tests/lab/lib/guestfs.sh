# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What libguestfs makes once of this host's kernel and programs, to look at disks with, in the cache: /var/tmp, its usual
# place, is private to each laboratory.

# lab_guestfs: from here on LIBGUESTFS_CACHEDIR is one that is ready.
lab_guestfs() {
    lab_cache guestfs "$(lab_guestfs_key)" lab_guestfs_build
    export LIBGUESTFS_CACHEDIR=$LAB_ENTRY
}

# lab_guestfs_lazily: the same if it is there; else what a look may make of it vanishes with the laboratory. Most looks
# need none.
lab_guestfs_lazily() {
    LIBGUESTFS_CACHEDIR=$LAB_CACHE/guestfs-$(lab_guestfs_key)
    if ! lab_cache_use "$LIBGUESTFS_CACHEDIR"; then
        LIBGUESTFS_CACHEDIR=$LAB/guestfs
        mkdir -p "$LIBGUESTFS_CACHEDIR"
    fi
    export LIBGUESTFS_CACHEDIR
}

# It is made anew when any package has changed, or it would be by each laboratory for itself.
lab_guestfs_key() {
    lab_hash "$(stat -c %Y /var/lib/dpkg/status 2> /dev/null)" "$(stat -c '%n %Y' /boot/vmlinuz-* 2> /dev/null)"
}

lab_guestfs_build() {
    LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg LIBGUESTFS_CACHEDIR=$1 "$LAB_BIN/virtrust-inspect" --prepare
}
