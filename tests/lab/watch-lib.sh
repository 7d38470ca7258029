# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the laboratory's tests of the watcher share: guests that run without a system (an empty disk: the firmware finds
# nothing to boot, which is enough for libvirt to start, snapshot and revert them for real), the watcher, and the sink
# that stands where virtrustd's socket is.
#
#   watch_prepare                    libvirtd, directories
#   watch_guest NAME [PERSISTENT]    defines (yes) or only writes the XML ($LAB_TMP/NAME.xml) of a small guest
#   watch_sink [ARGS...] / watch_sink_end
#   watch_start / watch_end          the watcher; returns when its first scan has ended
#   watch_mark                       what comes after this counts
#   watch_kinds NAME SOURCE          the kinds since the mark, on one line (without agent-* and suspended-other)
#   watch_expect TEXT NAME SOURCE KINDS...     a check: exactly these kinds come
#   watch_last NAME KEY [KIND]       a key of the last signal about a guest since the mark
#   watch_scan                       asks for a scan and waits for its end

WATCH_LOG=$LAB_LOG/sink.log
WATCH_MARK=0
WATCH_PID=
WATCH_SINK_PID=
WATCH_SINK=$(dirname "$LAB_BIN")/test/watchsink

watch_prepare() {
    [ -x "$WATCH_SINK" ] || lab_skip "the tests' own programs are not built ($WATCH_SINK)"
    # The hook's spool is at its real place, which must not be the host's.
    mount -t tmpfs -o mode=0755 tmpfs /var/spool
    mkdir -p -m 0755 /run/virtrust /var/spool/virtrust
    mkdir -p -m 0700 /var/spool/virtrust/hook
    lab_libvirtd_start
}

watch_guest() {
    local name=$1 persistent=${2:-yes} disk=$LAB/guests/$1.qcow2
    qemu-img create -q -f qcow2 "$disk" 16M
    cat > "$LAB_TMP/$name.xml" << XML
<domain type='qemu'>
  <name>$name</name>
  <genid/>
  <title>Guest $name</title>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='$disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='none'/>
  </devices>
</domain>
XML
    if [ "$persistent" = yes ]; then
        virsh -q define "$LAB_TMP/$name.xml"
    fi
}

watch_sink() {
    lab_daemon watchsink "$WATCH_SINK" /run/virtrust/watch.sock "$WATCH_LOG" "$@"
    WATCH_SINK_PID=$LAB_PID
    lab_wait 10 test -S /run/virtrust/watch.sock
}

watch_sink_end() {
    lab_end "$WATCH_SINK_PID"
    WATCH_SINK_PID=
}

watch_new_lines() {
    if [ -e "$WATCH_LOG" ]; then
        tail -n "+$((WATCH_MARK + 1))" "$WATCH_LOG"
    fi
}

watch_mark() {
    WATCH_MARK=0
    if [ -e "$WATCH_LOG" ]; then
        WATCH_MARK=$(wc -l < "$WATCH_LOG")
    fi
}

# watch_seen KIND: at least one since the mark.
watch_seen() {
    watch_new_lines | cut -f 1 | grep -qx -- "$1"
}

watch_start() {
    lab_daemon watch "$LAB_BIN/virtrust-watch"
    WATCH_PID=$LAB_PID
}

watch_end() {
    lab_end "$WATCH_PID"
    WATCH_PID=
}

watch_kinds() {
    watch_new_lines | awk -F '\t' -v name="name=$1" -v source="source=$2" '{
        found = 0
        for (i = 2; i <= NF; i++)
            found += $i == name || $i == source
        # The agent comes and goes by itself; a guest that ends may or may not say that it is ending.
        if (found == 2 && $1 !~ /^agent-|^suspended-other$/)
            printf "%s%s", n++ ? " " : "", $1
    }'
}

watch_kinds_are() {
    [ "$(watch_kinds "$1" "$2")" = "$3" ]
}

# Signals come in order: once a scan that was asked for afterwards has ended, all that was to come has come.
watch_scan() {
    local before
    before=$(watch_new_lines | grep -c '^scan-end' || true)
    kill -USR1 "$WATCH_SINK_PID"
    lab_wait 30 watch_more_scans "$before"
}

watch_more_scans() {
    [ "$(watch_new_lines | grep -c '^scan-end' || true)" -gt "$1" ]
}

watch_expect() {
    local text=$1 name=$2 source=$3
    shift 3
    lab_wait 30 watch_kinds_are "$name" "$source" "$*" || true
    watch_scan || true
    if watch_kinds_are "$name" "$source" "$*"; then
        lab_ok "$text: $*"
    else
        lab_not_ok "$text: expected $*; came $(watch_kinds "$name" "$source")"
    fi
}

watch_last() {
    watch_new_lines | awk -F '\t' -v name="name=$1" -v key="$2=" -v kind="${3-}" '{
        found = 0; value = ""
        for (i = 2; i <= NF; i++) {
            if ($i == name) found = 1
            if (index($i, key) == 1) value = substr($i, length(key) + 1)
        }
        if (found && (kind == "" || kind == $1)) last = value
    } END { print last }'
}

watch_is() {
    [ "$(watch_last "$1" "$2" "${4-}")" = "$3" ]
}
