# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What libvirtd waits for at every start and stop of a guest: the hook, with the XML of a guest of ordinary size on its
# standard input, against /bin/true and against hooks that do next to nothing in a shell and in Python. The hook's
# socket has its place compiled in, so this runs in a mount namespace with a /run of its own; somebody listens there,
# and in a second turn nobody does, so that each message is spooled (to memory: the spool's disk is not measured).

bench_hook() {
    local why
    if ! why=$(have unshare); then
        row_not hook "the qemu hook" "$why" "ratio <= 1.5 1.5× /bin/true"
        return
    fi
    hook_xml > "$BENCH_WORK/guest.xml"
    hook_others
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --propagation private bash -euo pipefail -c '
        . "$BENCH_HERE/lib.sh"; . "$BENCH_HERE/hook.sh"; hook_inside'
    row_turns hook "virtrust-hook, its datagram taken by a listener" "$BENCH_WORK/hook-heard" hook true "/bin/true" \
        "ratio <= 1.5 1.5× /bin/true"
    row_turns hook.spooled "virtrust-hook when nobody listens" "$BENCH_WORK/hook-spooled" hook true "/bin/true"
    row_turns hook:sh "virtrust-hook" "$BENCH_WORK/hook-heard" hook sh "a hook in sh that only takes the XML (one cat)"
    if grep -q '"name":"python"' "$BENCH_WORK/hook-heard"; then
        row_turns hook:python "virtrust-hook" "$BENCH_WORK/hook-heard" hook python "a hook in Python that reads the XML"
    else
        row_not hook:python "virtrust-hook : a hook in Python" "python3 is not installed"
    fi
}

hook_inside() {
    local drain rounds batch turns
    rounds=$(quick 3 61) batch=$(quick 2 20)
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/spool
    mkdir -p /run/virtrust /var/spool/virtrust
    mkdir -m 0700 /var/spool/virtrust/hook
    turns=(--rounds "$rounds" --batch "$batch" --stdin "$BENCH_WORK/guest.xml"
        true /bin/true +++ hook "$VT_BIN/virtrust-hook" vdi-0042 prepare begin -)
    "$BENCH_BIN/bench-drain" /run/virtrust/hook.sock > "$BENCH_WORK/drained" &
    drain=$!
    while [ ! -S /run/virtrust/hook.sock ]; do sleep 0.01; done
    turns "$BENCH_WORK/hook-heard" "${turns[@]}" +++ sh "$BENCH_WORK/hook.sh" vdi-0042 prepare begin - \
        "${HOOK_PYTHON[@]}"
    kill "$drain"
    wait "$drain"
    rm /run/virtrust/hook.sock
    hook_all_came "$((rounds * batch + batch))"
    # The spool holds 2048 files at most: fewer runs than that.
    turns[1]=$(quick 3 31)
    turns "$BENCH_WORK/hook-spooled" "${turns[@]}"
}

# A hook that was not heard would have spooled, and another thing would have been measured.
hook_all_came() {
    [ "$(cat "$BENCH_WORK/drained")" -eq "$1" ] && return 0
    bench_say "$(cat "$BENCH_WORK/drained") of $1 of the hook's messages came"
    return 1
}

# Of hook_others, seen by the inner shell too.
HOOK_PYTHON=()
[ ! -x "$BENCH_WORK/hook.py" ] || HOOK_PYTHON=(+++ python "$BENCH_WORK/hook.py" vdi-0042 prepare begin -)

hook_others() {
    cat > "$BENCH_WORK/hook.sh" << 'EOT'
#!/bin/sh
# The least of a shell's hooks: takes the XML and looks at what happened.
cat > /dev/null
[ "$2" = prepare ] || exit 0
EOT
    chmod +x "$BENCH_WORK/hook.sh"
    [ -x /usr/bin/python3 ] || return 0
    cat > "$BENCH_WORK/hook.py" << 'EOT'
#!/usr/bin/python3
import sys
import xml.etree.ElementTree as tree
tree.fromstring(sys.stdin.read()).findtext("uuid")
EOT
    chmod +x "$BENCH_WORK/hook.py"
}

# About 7 KiB, as libvirt gives it for a desktop.
hook_xml() {
    local i
    cat << 'EOT'
<domain type='kvm' id='42'>
  <name>vdi-0042</name>
  <uuid>11111111-2222-3333-4444-555555555555</uuid>
  <genid>11111111-2222-3333-4444-666666666666</genid>
  <memory unit='KiB'>4194304</memory>
  <vcpu placement='static'>4</vcpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/vdi-0042.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
EOT
    for ((i = 0; i < 32; i++)); do
        cat << EOT
    <controller type='pci' index='$i' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='$i' port='0x$i'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x$i'/>
    </controller>
EOT
    done
    printf '  </devices>\n</domain>\n'
}
