# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks on the network, as QEMU opens them from the guest's XML: NBD over TCP and over a socket, iSCSI of a real target
# (tgt), RBD of a real Ceph cluster (one monitor, one OSD that keeps its objects in memory), each by both engines and with
# the same facts. What wants a secret is refused with its reason.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
command -v tgtd tgtadm > /dev/null || lab_skip "tgt, an iSCSI target, is not installed"
[ -e /usr/lib/x86_64-linux-gnu/qemu/block-iscsi.so ] || lab_skip "QEMU's driver for iSCSI (qemu-block-extra) is not installed"
cd "$LAB_TMP" || exit 1

looks_windows disk.raw computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 \
    account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one product=WinNT
looks_look file disk.0.type=file "disk.0.path=$PWD/disk.raw" disk.0.format=raw engine=direct

facts() { grep -vE '^(engine|doubt\.[0-9]+\.text|live)=' "$1"; }
# same NAME KEY=VALUE...: by both engines what the file itself says.
same() {
    local name=$1 engine
    shift
    for engine in direct guestfs; do
        looks_look "$name.$engine" disk.0.type=network disk.0.format=raw "$@" "engine=$engine" timeout_s=300
        diff -u <(facts file) <(facts "$name.$engine") || return 1
    done
}
# refused NAME CODE KEY=VALUE...
refused() {
    local name=$1 code=$2
    shift 2
    looks_look "$name" disk.0.type=network disk.0.format=raw "$@" engine=direct timeout_s=60
    looks_failed "$name" "$code" 3 && sed -n 's/^text=/  /p' "$name" >&2
}

lab_daemon nbd-tcp qemu-nbd --read-only --persistent --shared=8 --format=raw --bind=127.0.0.1 --port=10811 --export-name=disk disk.raw
chmod 0755 "$LAB" "$LAB_TMP" # the server of the look, which is nobody, has to find the socket
lab_daemon nbd-unix qemu-nbd --read-only --persistent --shared=8 --format=raw --socket="$PWD/nbd.sock" disk.raw
lab_wait 20 test -S nbd.sock
chmod 0777 nbd.sock
lab_wait 20 qemu-img info nbd://127.0.0.1:10811/disk
lab_check "NBD over TCP" same nbd disk.0.protocol=nbd disk.0.name=disk disk.0.host=127.0.0.1 disk.0.port=10811
lab_check "NBD over a socket of this host" same unix disk.0.protocol=nbd disk.0.transport=unix "disk.0.socket=$PWD/nbd.sock"
lab_check "a server that is not there is a reason" \
    refused away unsupported-disk disk.0.protocol=nbd disk.0.name=disk disk.0.host=127.0.0.1 disk.0.port=10812

target() { # target NUMBER NAME
    tgtadm --lld iscsi --op new --mode target --tid "$1" --targetname "$2" &&
        tgtadm --lld iscsi --op new --mode logicalunit --tid "$1" --lun 1 --backing-store "$PWD/disk.raw" &&
        tgtadm --lld iscsi --op bind --mode target --tid "$1" --initiator-address ALL
}
lab_daemon tgtd tgtd --foreground --iscsi portal=127.0.0.1:3260
lab_wait 20 tgtadm --op show --mode sys
iqn=iqn.2026-01.test.virtrust
target 1 $iqn:disk && target 2 $iqn:secret
tgtadm --lld iscsi --op new --mode account --user guest --password canary-password
tgtadm --lld iscsi --op bind --mode account --tid 2 --user guest
iscsi=(disk.0.protocol=iscsi disk.0.host=127.0.0.1 disk.0.port=3260)
lab_check "iSCSI" same iscsi "${iscsi[@]}" disk.0.name=$iqn:disk/1
lab_check "a target that is not there is a reason" refused wrong unsupported-disk "${iscsi[@]}" disk.0.name=$iqn:none/1
lab_check "a target that wants a secret is a reason" refused chap unsupported-disk "${iscsi[@]}" disk.0.name=$iqn:secret/1
lab_check "and so is one whose secret the XML names" \
    refused auth unsupported-disk "${iscsi[@]}" disk.0.name=$iqn:secret/1 disk.0.auth=1
lab_check "of which libvirt's readers do not learn" grep -q '^text=.*asks for a secret' auth
lab_check "nobody is left at the target" test -z "$(tgtadm --lld iscsi --op show --mode target --tid 1 | grep 'Initiator:' || true)"
# ---- Ceph ------------------------------------------------------------------------------------------------------------
ceph_start() {
    local id
    mkdir -p ceph/mon ceph/osd
    id=$(cat /proc/sys/kernel/random/uuid)
    export CEPH_CONF=$PWD/ceph/ceph.conf
    cat > "$CEPH_CONF" << EOT
[global]
fsid = $id
mon host = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
run dir = $PWD/ceph
admin socket = $PWD/ceph/\$name.asok
log file = $PWD/ceph/\$name.log
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
mon allow pool size one = true
[mon.a]
mon data = $PWD/ceph/mon
mon addr = 127.0.0.1:6789
[osd.0]
osd objectstore = memstore
osd data = $PWD/ceph/osd
memstore device bytes = 268435456
EOT
    monmaptool --create --add a 127.0.0.1:6789 --fsid "$id" ceph/monmap &&
        ceph-mon --mkfs -i a --monmap ceph/monmap --setuser root --setgroup root || return 1
    lab_daemon ceph-mon ceph-mon -i a --foreground --setuser root --setgroup root
    ceph_mon=$LAB_PID
    lab_wait 60 timeout 10 ceph osd create && ceph-osd -i 0 --mkfs --setuser root --setgroup root || return 1
    ceph_osd_up && lab_wait 60 timeout 20 ceph osd pool create vms 1 &&
        lab_wait 120 ceph_serves && timeout 300 rbd import disk.raw vms/guest
}
# An OSD that is quicker than the monitor's first map ends with "wrong fsid"; systemd would start it again.
ceph_osd_up() {
    local tries
    for tries in 1 2 3 4 5; do
        lab_daemon "ceph-osd.$tries" ceph-osd -i 0 --foreground --setuser root --setgroup root
        ceph_osd=$LAB_PID
        lab_wait 120 ceph_up_or_ended && ceph_up && return
    done
    return 1
}
ceph_up() { timeout 20 ceph osd stat | grep -q ' 1 up'; }
ceph_up_or_ended() { ! kill -0 "$ceph_osd" || ceph_up; }
# Without a manager (none is needed here) nobody tells whether the pool is served: something is written to see it.
ceph_serves() { timeout 20 rados --pool vms put probe "$CEPH_CONF"; }
if command -v ceph-mon > /dev/null && command -v ceph-osd > /dev/null && command -v rbd > /dev/null && [ -e /usr/lib/x86_64-linux-gnu/qemu/block-rbd.so ]; then
    ceph_fails() {
        tail -n 5 "$LAB_LOG/ceph.log"
        timeout 20 ceph -s
        tail -n 5 ceph/*.log
        cp ceph/*.log "$LAB_LOG"
        return 1
    }
    ceph_begins() { ceph_start > "$LAB_LOG/ceph.log" 2>&1 || ceph_fails >&2; }
    lab_check "a Ceph cluster" ceph_begins
    rbd=(disk.0.protocol=rbd disk.0.host=127.0.0.1 disk.0.port=6789)
    unset CEPH_CONF
    lab_check "RBD" same rbd "${rbd[@]}" disk.0.name=vms/guest
    lab_check "an image that is not there is a reason" refused norbd unsupported-disk "${rbd[@]}" disk.0.name=vms/none
    lab_end "$ceph_osd"
    lab_end "$ceph_mon"
else
    printf 'skip - RBD: ceph-mon, ceph-osd, ceph-common or qemu-block-extra is not installed\n'
fi

lab_end "$(pgrep -x tgtd | head -n 1)"
for pid in $(pgrep -x qemu-nbd); do lab_end "$pid"; done
lab_check "nothing is left" looks_clean
lab_done
