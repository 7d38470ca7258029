# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the laboratory: many guests that are off, each with a real overlay on one real base image. The overlays lie in
# memory: what a revert costs the disk is not virtrust's.
#
#   guests_make N PREFIX [BASE]     PREFIX0001…: defined; their disks are $GUESTS_DIR/PREFIX0001.qcow2
#   guests_virsh < COMMANDS         one virsh for many commands

GUESTS_DIR=$LAB/guests

# shellcheck source=tests/bench/lib.sh
. "$BENCH_HERE/lib.sh"

guests_virsh() { virsh -q > "$LAB_TMP/virsh.out" 2>&1 || { tail -n 3 "$LAB_TMP/virsh.out" >&2; return 1; }; }

guests_xml() {
    local name=$1 disk=$2 base=$3
    cat << EOT
<domain type='qemu'>
  <name>$name</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$disk'/>
      <backingStore type='file'><format type='qcow2'/><source file='$base'/><backingStore/></backingStore>
      <target dev='vda' bus='virtio'/></disk>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
EOT
}

guests_make() {
    local n=$1 prefix=$2 base=${3:-$GUESTS_DIR/base.qcow2} name
    mkdir -p "$GUESTS_DIR" "$LAB_TMP/xml"
    [ -e "$base" ] || qemu-img create -q -f qcow2 "$base" 16M
    # An overlay of this base is the same file whatever its name is.
    qemu-img create -q -f qcow2 -b "$base" -F qcow2 "$GUESTS_DIR/.overlay"
    for name in $(seq -f "$prefix%04g" "$n"); do
        cp "$GUESTS_DIR/.overlay" "$GUESTS_DIR/$name.qcow2"
        guests_xml "$name" "$GUESTS_DIR/$name.qcow2" "$base" > "$LAB_TMP/xml/$name"
        echo "define $LAB_TMP/xml/$name"
    done > "$LAB_TMP/define"
    guests_virsh < "$LAB_TMP/define"
    [ "$(virsh list --all --name | grep -c "^$prefix")" -eq "$n" ]
}
