#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs as a unit below a real systemd (boot.sh): starts virtrust as an administrator would, asks it, and then passes
# each unit's walls from inside. One line a finding goes to /verdict; "done" closes it.
set -u
exec > /verdict 2> /verdict.trace

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if "$@" >&2; then echo "ok $what"; else echo "wrong $what"; fi
}
owned() { [ "$(stat -c %U:%G:%a "$1")" = "$2" ]; }
asked() { # asked SOCKET TYPE WORD: one request to a worker, as virtrustd sends it
    runuser -u virtrust -- /ask "/run/virtrust/$1.sock" "$2" domain=example.test verb=clock \
        guest=00000000-0000-4000-8000-000000000000 timeout_s=5 | tee /dev/stderr | grep -q "$3"
}

# ---- the walls: walls.sh takes the place of a unit's program and tries ----
walls() { # walls UNIT < lines "may|may-not THING"
    local unit=$1
    cat > "/tries-$unit"
    sed -e '/^Type=/d; /^ExecStartPost/d; /^Restart/d; /^RuntimeMaxSec/d; /^Standard/d' \
        -e "s|^ExecStart=.*|Type=oneshot\nExecStart=/bin/bash /walls.sh /tries-$unit|" \
        "/lib/systemd/system/$unit.service" \
        > "/run/systemd/system/walls-${unit%@}.service"
    systemctl daemon-reload
    systemctl start "walls-${unit%@}.service" >&2
    journalctl --sync >&2
    journalctl -o cat -u "walls-${unit%@}.service" | sed -n "s/^\(ok\|wrong\) /&$unit: /p" > "/found-$unit"
    cat "/found-$unit"
    [ "$(wc -l < "/found-$unit")" -eq "$(wc -l < "/tries-$unit")" ] || echo "wrong $unit: not every wall was tried"
}

echo '<domain type="qemu"><name>guest</name><uuid>00000000-0000-4000-8000-000000000001</uuid></domain>' > /guest.xml

check users systemd-sysusers
check directories systemd-tmpfiles --create virtrust.conf
check start systemctl start virtrustd.service
check directory-of-sockets owned /run/virtrust root:virtrust-watch:1775
check watch.sock owned /run/virtrust/watch.sock virtrust:virtrust-watch:660
check control.sock owned /run/virtrust/control.sock virtrust:virtrust:660
for worker in inspect directory deliver; do check $worker.sock owned /run/virtrust/$worker.sock virtrust:virtrust:600; done
check store owned /var/lib/virtrust/virtrust.db virtrust:virtrust:600
check status virtrust status
check watcher systemctl start virtrust-watch.service
check hook.sock owned /run/virtrust/hook.sock virtrust-watch:virtrust-watch:600
check watcher-heard sh -c 'for i in $(seq 100); do virtrust status | grep -E "^ *libvirt +(lost|connected)" && exit 0; sleep 0.1; done; exit 1'
check watcher-stopped systemctl stop virtrust-watch.service
check hook /usr/libexec/virtrust/virtrust-hook guest prepare begin - < /guest.xml
check spool sh -c 'stat -c %U:%a /var/spool/virtrust/hook/[0-9]* | grep -x virtrust-watch:600'
check inspect asked inspect look '^type=error'
# Its whole way through the unit's walls: QEMU reads an image of root's, the cage is built, and parses it.
mkdir -p /tree/etc && echo ID=debian > /tree/etc/os-release && truncate -s 16M /look.raw && mkfs.ext4 -q -d /tree /look.raw
chmod 600 /look.raw
looked() {
    runuser -u virtrust -- /ask /run/virtrust/inspect.sock look engine=direct disk.0.type=file disk.0.path=/look.raw \
        disk.0.format=raw timeout_s=60 > /look.answer
    grep -qx os=linux /look.answer
}
check look looked
grep -qx os=linux /look.answer || sed 's/^/wrong look: /' /look.answer
check directory asked directory check '^type=error'
check deliver asked deliver verb '^type=error'
check restart systemctl restart virtrustd.service
check status-again virtrust status

mkdir -p /var/lib/libvirt/images /run/libvirt
echo image > /var/lib/libvirt/images/guest.qcow2
chmod 600 /var/lib/libvirt/images/guest.qcow2
for name in libvirt-sock libvirt-sock-ro; do # stand-ins: what counts is who reaches them
    printf '[Socket]\nListenStream=/run/libvirt/%s\nSocketMode=0666\n' $name > /run/systemd/system/$name.socket
    printf '[Service]\nExecStart=/bin/true\n' > /run/systemd/system/$name.service
    systemctl daemon-reload
    check "stand-in for $name" systemctl start $name.socket
done

walls virtrustd << 'T'
may-not network
may-not processes
may-not read /etc/shadow
may-not read /var/lib/libvirt/images/guest.qcow2
may-not read /var/lib/virtrust/directory/
may-not write /etc/
may-not write /var/spool/virtrust/hook/
may-not speak /run/libvirt/libvirt-sock
may-not speak /run/libvirt/libvirt-sock-ro
may read /var/lib/virtrust/virtrust.db
may write /var/lib/virtrust/
may speak /run/virtrust/deliver.sock
T
walls virtrust-watch << 'T'
may-not network
may-not read /etc/shadow
may-not read /var/lib/libvirt/images/guest.qcow2
may-not read /var/lib/virtrust/
may-not write /etc/
may-not speak /run/libvirt/libvirt-sock
may-not speak /run/virtrust/control.sock
may-not speak /run/virtrust/deliver.sock
may-not speak /run/virtrust/directory.sock
may speak /run/virtrust/watch.sock
may speak /run/libvirt/libvirt-sock-ro
may write /var/spool/virtrust/hook/
may processes
T
walls virtrust-inspect@ << 'T'
may-not network
may-not read /var/lib/virtrust/virtrust.db
may-not write /var/lib/libvirt/images/guest.qcow2
may-not write /etc/
may-not speak /run/libvirt/libvirt-sock
may-not speak /run/virtrust/control.sock
may-not speak /run/virtrust/deliver.sock
may read /var/lib/libvirt/images/guest.qcow2
may write /var/cache/virtrust/inspect/
T
walls virtrust-directory@ << 'T'
may-not read /etc/shadow
may-not read /var/lib/virtrust/virtrust.db
may-not read /var/lib/libvirt/images/guest.qcow2
may-not write /etc/
may-not speak /run/libvirt/libvirt-sock
may-not speak /run/virtrust/control.sock
may-not speak /run/virtrust/deliver.sock
may network
may write /var/lib/virtrust/directory/
T
walls virtrust-deliver@ << 'T'
may-not network
may-not read /etc/shadow
may-not read /var/lib/virtrust/virtrust.db
may-not read /var/lib/libvirt/images/guest.qcow2
may-not write /etc/
may-not speak /run/virtrust/control.sock
may-not speak /run/virtrust/directory.sock
may speak /run/libvirt/libvirt-sock
T
check nothing-failed sh -c '! systemctl --failed --no-legend | grep virtrust-[id]'
check stop systemctl stop virtrustd.service
check wal-gone test ! -e /var/lib/virtrust/virtrust.db-wal
echo 'done'
