# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A bubble: a network of its own in which a copy of the domain controller lives under the same name and address, as a
# test of a backup is made in practice. Sourced by the scripts that want one.
#   bubble_open              the network; nothing lives in it
#   bubble_copy_dc           copies the domain controller, which is down for a moment, into the bubble
#   bubble_dc_start / bubble_dc_stop    the copy
#   bubble_run CMD...        runs CMD in there
#   bubble_guest NAME COPY   defines COPY on a copy of NAME's disk as it is now, with a UUID of its own
#   bubble_move COPY in|out  defines it anew with its network in the bubble, or in the laboratory; it has to be off
# The copy finds its files where the original has its own: by a mount namespace. Guests enter by their emulator, which
# joins the bubble's network before it becomes QEMU.

BUBBLE=$LAB/bubble
BUBBLE_DC_PID=

bubble_open() {
    mkdir -p "$BUBBLE"
    lab_daemon bubble unshare --net --mount --propagation private sleep infinity
    BUBBLE_PID=$LAB_PID
    lab_wait 10 bubble_is_open
    bubble_run ip link set lo up
    bubble_run ip addr add "$LAB_DC_IP/32" dev lo
    # What two of them would fight about.
    bubble_run mount -t tmpfs tmpfs /run/samba
    printf '#!/bin/sh\nexec nsenter --target %s --net -- %s "$@"\n' "$BUBBLE_PID" "$(command -v qemu-system-x86_64)" > "$BUBBLE/qemu"
    chmod 0755 "$BUBBLE/qemu"
}

bubble_is_open() {
    [ "$(readlink "/proc/$BUBBLE_PID/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

bubble_run() {
    nsenter --target "$BUBBLE_PID" --net --mount -- "$@"
}

bubble_copy_dc() {
    lab_dc_stop
    cp -a --sparse=auto "$LAB/dc" "$BUBBLE/dc"
    lab_dc_start
    sed -i "s|log file = .*|log file = $LAB_LOG/bubble-samba.%m.log|" "$BUBBLE/dc/etc/smb.conf"
    bubble_run mount --bind "$BUBBLE/dc" "$LAB/dc"
}

bubble_dc_start() {
    lab_daemon bubble-samba nsenter --target "$BUBBLE_PID" --net --mount -- samba -s "$LAB_DC_CONF" -F --no-process-group
    BUBBLE_DC_PID=$LAB_PID
    lab_wait 60 bubble_dc_answers
}

bubble_dc_answers() {
    bubble_run ldapsearch -LLL -x -o nettimeout=2 -H "ldap://$LAB_DC_IP" -s base -b '' isSynchronized | grep -q TRUE &&
        bubble_run timeout 2 bash -c ": < /dev/tcp/$LAB_DC_IP/88"
}

bubble_dc_stop() {
    lab_end "$BUBBLE_DC_PID"
    lab_wait 20 bubble_dc_silent
}

bubble_dc_silent() {
    ! bubble_run timeout 2 bash -c ": < /dev/tcp/$LAB_DC_IP/88" 2> /dev/null
}

# bubble_usn [in]: the highest committed USN of the DC here, or of the one in the bubble.
bubble_usn() {
    local -a into=()
    [ "${1-}" != in ] || into=(bubble_run)
    "${into[@]}" ldapsearch -LLL -x -H "ldap://$LAB_DC_IP" -s base -b '' highestCommittedUSN | sed -n 's/^highestCommittedUSN: //p'
}

bubble_guest() {
    local name=$1 copy=$2 disk
    disk=$(lab_guest_disk "$copy")
    # Saved, QEMU has written all that it held of the image.
    virsh -q save "$name" "$BUBBLE/$name.save" > /dev/null
    cp --sparse=auto "$(lab_guest_disk "$name")" "$disk"
    virsh -q restore "$BUBBLE/$name.save" > /dev/null
    lab_guest_wait_agent "$name" 60
    lab_guest_clock "$name"
    virsh -q dumpxml --inactive "$name" > "$BUBBLE/$copy.xml"
    # Its kernel's command line still has the original's name: a copy calls itself the same.
    sed -i -e "s|<name>$name</name>|<name>$copy</name>|" -e '/<uuid>/d' -e '/<mac address/d' \
        -e "s|$(lab_guest_disk "$name")|$disk|" -e '/<genid>/d' -e "s|$name-console|$copy-console|" \
        -e "s|/[^']*/channel/[^']*|&|" "$BUBBLE/$copy.xml"
    virsh -q define "$BUBBLE/$copy.xml"
}

bubble_move() {
    local emulator
    case $2 in
        in) emulator=$BUBBLE/qemu ;;
        out) emulator=$(command -v qemu-system-x86_64) ;;
    esac
    virsh -q dumpxml --inactive "$1" | sed "s|<emulator>.*</emulator>|<emulator>$emulator</emulator>|" > "$BUBBLE/$1.xml"
    virsh -q define "$BUBBLE/$1.xml"
}

# repaired GUEST: an administrator's order; the case's number in `id`.
repaired() {
    local former
    former=$(vt_last_case "$1")
    vt repair "$1" > "$LAB_TMP/out" 2> "$LAB_TMP/err" || true
    id=$(vt_wait_new "$1" "$former")
    vt case "$id" > "$LAB_LOG/case-$id.txt" || true
}

state_of_account() {
    printf '%s %s' "$(lab_dc_kvno guest1)" "$(lab_dc_pwdlastset guest1)"
}
