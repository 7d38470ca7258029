# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libvirtd for the private qemu:///system. One monolithic daemon: its configuration is written here and nothing of the
# host's is read. Guests run as root in here, without a security driver or control groups, and outlive their daemon.

LAB_LIBVIRTD_PID=
LAB_LIBVIRTD_DEBUG=

# The debug log is libvirtd's most talkative (every agent command stands in it): what secrets are searched for in.
# shellcheck disable=SC2120  # scripts pass --debug
lab_libvirtd_start() {
    if [ "${1-}" = --debug ]; then
        LAB_LIBVIRTD_DEBUG=1
    fi
    if [ -n "$LAB_LIBVIRTD_PID" ] && lab_running "$LAB_LIBVIRTD_PID"; then
        return 0
    fi
    lab_libvirtd_user
    lab_libvirtd_configure
    lab_daemon libvirtd libvirtd
    LAB_LIBVIRTD_PID=$LAB_PID
    if ! lab_wait 60 lab_libvirtd_up_or_over || ! lab_running "$LAB_LIBVIRTD_PID"; then
        # The last of its errors is what it ended for.
        sed -n 's/^[^:]*:[^:]*:[^:]*: [0-9]*: error : /lab:   /p' "$LAB_LOG"/libvirtd-*.log | tail -n 3 >&2
        lab_fail "libvirtd did not come up: see libvirtd*.log"
        return 1
    fi
    lab_note "libvirtd answers"
}

lab_libvirtd_up_or_over() {
    virsh -q version || ! lab_running "$LAB_LIBVIRTD_PID"
}

# libvirtd does not start without the user and group that it was built for, whatever its configuration says. Debian's
# libvirt-daemon-system makes them; where it is not installed they are made in here, and never used.
lab_libvirtd_user() {
    getent group libvirt-qemu > /dev/null || printf 'libvirt-qemu:x:64055:\n' >> /etc/group
    getent passwd libvirt-qemu > /dev/null ||
        printf 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n' >> /etc/passwd
}

lab_libvirtd_configure() {
    local filters='3:*' file=$LAB_LOG/libvirtd-messages.log
    if [ -n "$LAB_LIBVIRTD_DEBUG" ]; then
        filters='1:*'
        file=$LAB_LOG/libvirtd-debug.log
    fi
    cat > /etc/libvirt/libvirtd.conf << EOF
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0700"
log_level = 1
log_filters = "$filters"
log_outputs = "1:file:$file"
EOF
    cat > /etc/libvirt/qemu.conf << EOF
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
EOF
}

lab_libvirtd_terminate() {
    [ -n "$LAB_LIBVIRTD_PID" ] || return 0
    lab_end "$LAB_LIBVIRTD_PID" 30
    LAB_LIBVIRTD_PID=
}

lab_libvirtd_restart() {
    lab_libvirtd_terminate
    # shellcheck disable=SC2119
    lab_libvirtd_start
}

lab_libvirtd_stop() {
    kill -STOP "$LAB_LIBVIRTD_PID"
}

lab_libvirtd_cont() {
    kill -CONT "$LAB_LIBVIRTD_PID"
}

# lab_offline_domains N [PREFIX]: what events and scans see of them is real, though none ever runs.
lab_offline_domains() {
    local n=$1 prefix=${2:-off} i disk xml=$LAB_TMP/offline.xml type
    type=$(lab_virt_type)
    for ((i = 1; i <= n; i++)); do
        disk=$LAB/guests/$prefix$i.qcow2
        qemu-img create -q -f qcow2 "$disk" 16M
        cat > "$xml" << EOF
<domain type='$type'>
  <name>$prefix$i</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='$disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>
EOF
        virsh -q define "$xml" > /dev/null
    done
    rm -f "$xml"
}
