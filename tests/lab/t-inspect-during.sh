# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What an owner does to an image in the very middle of a look by the engine direct: the look's server is stopped where it
# reads, the owner's work is done, and only then the look goes on. Nobody waits for it and nothing is refused; the look has
# its answer or its reason.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
lab_libvirtd_start
mkdir -p "$LAB/guests"
cd "$LAB/guests" || exit 1

looks_windows base.raw computer=WS1 netbios=LAB domain_sid=S-1-5-21-1-2-3 set_at=133203110020139115 secret=one product=WinNT
qemu-img create -q -f qcow2 -b "$PWD/base.raw" -F raw top.qcow2
cat > "$LAB_TMP/guest.xml" << EOT
<domain type='$(lab_virt_type)'>
  <name>guest</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$PWD/top.qcow2'/>
      <backingStore type='file'><format type='raw'/><source file='$PWD/base.raw'/><backingStore/></backingStore>
      <target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
EOT
virsh -q define "$LAB_TMP/guest.xml"
base=(disk.0.backing.0.path="$PWD/base.raw" disk.0.backing.0.format=raw)
top=(disk.0.type=file disk.0.path="$PWD/top.qcow2" disk.0.format=qcow2 "${base[@]}" engine=direct timeout_s=200)

# hold KEY=VALUE...: a look, stopped in its middle; it has no answer yet.
hold() {
    local try
    for try in $(seq 100); do
        looks_look held "$@" 2> "$LAB_TMP/held.err" &
        look=$!
        until pkill -STOP -x qemu-nbd || ! lab_running "$look"; do :; done
        sleep 0.3
        if lab_running "$look" && [ ! -s "$LAB_TMP/held" ]; then
            lab_note "held at try $try"
            return 0
        fi
        pkill -CONT -x qemu-nbd || true
        wait "$look" || true
    done
    return 1
}
# release: lets it go on; its answer is in $LAB_TMP/held.
release() {
    lab_running "$look" && pkill -CONT -x qemu-nbd && { wait "$look" || true; }
}
# during TEXT KEY=VALUE... -- CMD...
during() {
    local text=$1 keys=()
    shift
    while [ "$1" != -- ]; do keys+=("$1") && shift; done
    shift
    if ! hold "${keys[@]}"; then
        lab_not_ok "$text: no look could be held"
        return 0
    fi
    lab_check "$text goes on during a look" "$@"
    lab_check "$text: the look was under way all the time" release
    lab_check "$text: the look has an answer or a reason" grep -qE '^type=(evidence|error)$' "$LAB_TMP/held"
    lab_check "$text: which is no fault of its own" test -z "$(grep -xE 'code=(internal|no-engine|timed-out|locked)' "$LAB_TMP/held" || true)"
    lab_check "$text: nothing is left" lab_wait 20 looks_clean
}
good() { qemu-img check -q -U "$1" > "$LAB_TMP/check" 2>&1 || { cat "$LAB_TMP/check" >&2 && return 1; }; }

during "a start" "${top[@]}" -- virsh -q start guest
lab_check "what was read is the guest's" looks_says held sam_account_name 'WS1$'
during "a snapshot with memory" "${top[@]}" -- virsh -q snapshot-create-as guest s1
during "a revert" "${top[@]}" -- virsh -q snapshot-revert guest s1
during "the snapshot's delete" "${top[@]}" -- virsh -q snapshot-delete guest s1
external() { virsh -q snapshot-create-as guest "$1" --disk-only --no-metadata --diskspec "vda,file=$PWD/$1.qcow2"; }
chain() { # chain NAME: that image above the others
    above=(disk.0.type=file disk.0.path="$PWD/$1.qcow2" disk.0.format=qcow2 disk.0.backing.0.path="$PWD/top.qcow2"
        disk.0.backing.0.format=qcow2 disk.0.backing.1.path="$PWD/base.raw" disk.0.backing.1.format=raw engine=direct timeout_s=200)
}
during "an external snapshot" "${top[@]}" -- external ext1
chain ext1
during "a commit of the active layer" "${above[@]}" -- virsh -q blockcommit guest vda --active --shallow --pivot --wait
lab_check "the guest writes to the layer below" sh -c "virsh -q domblklist guest | grep -q top.qcow2"
rm ext1.qcow2
external ext2
chain ext2
during "a pull into the active layer" "${above[@]}" -- virsh -q blockpull guest vda --wait
lab_check "the guest runs on" test "$(virsh -q domstate guest | head -n 1)" = running
during "the end of the guest" disk.0.type=file disk.0.path="$PWD/ext2.qcow2" disk.0.format=qcow2 engine=direct timeout_s=200 -- \
    virsh -q destroy guest
lab_check "its image is whole" good ext2.qcow2
looks_look after disk.0.type=file disk.0.path="$PWD/ext2.qcow2" disk.0.format=qcow2 engine=direct
lab_check "and holds what it held" looks_says after sam_account_name 'WS1$'

mkdir doomed
cp ext2.qcow2 doomed/disk.qcow2
doomed=(disk.0.type=file disk.0.path="$PWD/doomed/disk.qcow2" disk.0.format=qcow2 engine=direct timeout_s=200)
during "the image's delete with its directory" "${doomed[@]}" -- rm -r doomed
lab_check "it is gone" test ! -e doomed
lab_check "and the look read it to its end" looks_says held sam_account_name 'WS1$'
looks_look gone "${doomed[@]}"
lab_check "the next look says so" looks_failed gone no-such-disk 3
lab_done
