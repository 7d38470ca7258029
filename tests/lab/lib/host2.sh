# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A second host: a libvirtd of its own, with a name, a UUID and directories of its own, beside the first and on the same
# network and storage, so that a guest can be migrated to it; and a virtrust of its own. Sourced by the scripts that want
# one.
#   host2_start                   its libvirtd
#   host2_virtrust [YAML...]      its virtrust, in mode repair
#   host2_run CMD...              runs CMD there
#   vt2 ARGS...                   virtrust's command line there
#   on_host2 FUNCTION ARGS...     one of the laboratory's functions, with the guests of that host

HOST2=$LAB/host2
HOST2_URI="qemu+unix:///system?socket=$HOST2/run/libvirt-sock"
HOST2_CONFIG=$HOST2/virtrust.yaml

host2_start() {
    mkdir -p "$HOST2"/{run,lib,cache,etc,virtrust,state,spool}
    cp -a /etc/libvirt/. "$HOST2/etc/"
    sed -i -e "s|libvirtd-[a-z]*\.log|libvirtd2.log|" "$HOST2/etc/libvirtd.conf"
    printf 'host_uuid = "%s"\n' "$(cat /proc/sys/kernel/random/uuid)" >> "$HOST2/etc/libvirtd.conf"
    lab_daemon host2 unshare --mount --uts --propagation private sleep infinity
    HOST2_PID=$LAB_PID
    lab_wait 10 host2_is_apart
    host2_run hostname host2
    host2_run mount --bind "$HOST2/run" /run/libvirt
    host2_run mount --bind "$HOST2/lib" /var/lib/libvirt
    host2_run mount --bind "$HOST2/cache" /var/cache/libvirt
    host2_run mount --bind "$HOST2/etc" /etc/libvirt
    lab_daemon host2-libvirtd nsenter --target "$HOST2_PID" --mount --uts -- libvirtd --pid-file "$HOST2/libvirtd.pid"
    lab_wait 60 virsh -q -c "$HOST2_URI" version
    lab_note "the second host's libvirtd answers"
}

host2_is_apart() {
    [ "$(readlink "/proc/$HOST2_PID/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

host2_run() {
    nsenter --target "$HOST2_PID" --mount --uts -- "$@"
}

host2_virtrust() {
    sed -e "s|runtime: .*|runtime: $HOST2/virtrust|" -e "s|state: .*|state: $HOST2/state|" \
        -e "s|spool: .*|spool: $HOST2/spool|" "$VT_CONFIG" > "$HOST2_CONFIG"
    LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg lab_daemon host2-virtrust \
        nsenter --target "$HOST2_PID" --mount --uts -- "$LAB_BIN/virtrust-spawn" --config "$HOST2_CONFIG"
    lab_wait 60 host2_connected
}

host2_connected() {
    [ "$(vt2 --json status 2> /dev/null | jq -r .status.watch)" = connected ]
}

vt2() {
    "$LAB_BIN/virtrust" --config "$HOST2_CONFIG" "$@"
}

on_host2() {
    LIBVIRT_DEFAULT_URI=$HOST2_URI VT_CONFIG=$HOST2_CONFIG "$@"
}
