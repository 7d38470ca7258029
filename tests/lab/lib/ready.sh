# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests that are up and joined within seconds. A generation in the cache is a whole world at one moment: each guest's
# disk, definition and saved memory, and the domain controller's tree that fits to them. It is made in a laboratory of
# its own (build-ready.sh) and brought back by copying the tree and restoring the guests on overlays.

lab_guest_ready() {
    local kind=joined names name
    if [ "${1-}" = --unjoined ]; then
        kind=booted
        shift
    fi
    names=("$@")
    if [ "$kind" = joined ] && [ -d "$LAB/dc" ]; then
        lab_fail "lab_guest_ready brings its own domain controller: call it before lab_dc_start"
        return 1
    fi
    lab_guest_image
    lab_cache "$kind-$(IFS=+ && printf '%s' "${names[*]}")" "$(lab_ready_key "$kind" "${names[@]}")" \
        lab_ready_build "$kind" "${names[@]}"
    local entry=$LAB_ENTRY
    if [ "$kind" = joined ]; then
        # shellcheck disable=SC2034  # for lab_dc_prepare
        LAB_DC_TREE=$entry/dc
        lab_dc_start
        lab_delegate
    fi
    lab_libvirtd_start
    for name in "${names[@]}"; do
        lab_ready_restore "$entry" "$name" || return 1
    done
    lab_note "ready: ${names[*]}"
}

# All that a saved guest depends on: its image, its DC, and the QEMU that has to understand its saved memory.
lab_ready_key() {
    local kind=$1
    shift
    lab_hash "$LAB_HERE/lib/ready.sh" "$LAB_HERE/lib/guest.sh" "$LAB_HERE/lib/libvirt.sh" "$LAB_HERE/build-ready.sh" \
        "$(lab_dc_key)" "$(lab_image_key)" "$(lab_qemu_version)" "$(lab_virt_type)" "$kind" "$@"
}

lab_ready_build() {
    # Its logs are wanted if it fails, and its /run is not ours.
    mkdir -p /var/log/lab-ready
    VIRTRUST_LAB_LOGS=/var/log/lab-ready VIRTRUST_LAB_TIMEOUT=900 "$LAB_HERE/lab" run "$LAB_HERE/build-ready.sh" "$@"
}

# A guest's clock stands where it was saved: without setting it Kerberos would refuse everything.
lab_ready_restore() {
    local entry=$1 name=$2 xml=$LAB_TMP/$2.xml
    sed "s|@JOINED@|$entry/$name.qcow2|" "$entry/$name.xml" > "$xml" &&
        qemu-img create -q -f qcow2 -F qcow2 -b "$entry/$name.qcow2" "$(lab_guest_disk "$name")" &&
        virsh -q define "$xml" > /dev/null &&
        virsh -q restore "$entry/$name.save" --xml "$xml" > /dev/null &&
        lab_guest_wait_agent "$name" 60 &&
        lab_guest_clock "$name"
}
