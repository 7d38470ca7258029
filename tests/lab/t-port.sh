# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A guest whose agent may run no program, and then has none at all: virtrust-deliver reaches the helper's own service
# over the port org.virtrust.guest.0, for every verb, from a broken member to a rotated one. Without the service each
# verb says what it lacks.

deliver=$LAB_BIN/virtrust-deliver
# shellcheck source=tests/lab/lib/verbs.sh
. "$LAB_HERE/lib/verbs.sh"
verbs_need "$deliver" "$LAB_BIN/virtrust-helper"

lab_guest_ready guest1
uuid=$(lab_guest_uuid guest1)

ask() {
    local verb=$1
    shift
    verbs_call "$deliver" -- type=verb v=1 "guest=$uuid" "verb=$verb" "$@"
}

lab_guest_install_helper guest1
printf "<channel type='unix'><target type='virtio' name='org.virtrust.guest.0'/></channel>" > "$LAB_TMP/port.xml"
virsh -q attach-device guest1 "$LAB_TMP/port.xml" --live
port_there() {
    lab_guest_exec guest1 test -c /dev/virtio-ports/org.virtrust.guest.0
}
lab_check "the guest has the port" lab_wait 20 port_there
lab_guest_exec guest1 systemd-run -q --unit=virtrust-helper /usr/libexec/virtrust/virtrust-helper service run
# connected NAME
connected() {
    case $(virsh dumpxml guest1) in
        *"name='$1' state='connected'"*) ;;
        *) return 1 ;;
    esac
}
lab_check "the service listens at it" lab_wait 20 connected org.virtrust.guest.0

ask probe "token=$(token 1)" key=0
lab_check "with an agent the agent is used" test "$(get way)$(get channel)" = healthy
lab_guest_exec guest1 sh -c 'setsid sh -c "sleep 1; systemctl stop qemu-guest-agent" > /dev/null 2>&1 < /dev/null &'
agent_gone() {
    ! connected org.qemu.guest_agent.0
}
lab_wait 30 agent_gone

ask presence
lab_check "the helper is found without an agent" is helper present
lab_check "by its own port" is way port
lab_check "with its version" test "virtrust-helper $(get helper_version)" = "$("$LAB_BIN/virtrust-helper" --version)"

ask probe "token=$(token 1)" key=0
lab_check "without one the port" is way port
lab_check "tells the same" is channel healthy
ask clock tolerance_ms=60000 set=0
lab_check "the clock is told over the port" is set 0

secret=$(head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_')
ask probe "token=$(token 2)" key=1
live=$(get live_sha256)
public=$(get public_key)
lab_dc_reset guest1 "$secret"
kvno=$(lab_dc_kvno guest1)
sealed=$(printf %s "$secret" | "$LAB_BIN/../test/lab-seal" "$public" "$(token 2)")
ask probe "token=$(token 2)" key=1
lab_check "a broken member is told over the port" is channel broken
ask store-check "token=$(token 2)" "expect=$live"
lab_check "store-check" is ready 1
ask store "token=$(token 2)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "store" is result 'done'
live=$(get live_sha256)
ask rotate "token=$(token 2)" "expect=$live" "dc=$LAB_DC"
lab_check "rotate" is result 'done'
lab_check "which the DC shows" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))

# What an earlier host left behind in the port is passed over.
socket=$(virsh dumpxml guest1 | sed -n "s/.*path='\([^']*org.virtrust.guest.0\)'.*/\1/p" | head -n 1)
if [ -S "$socket" ] && command -v socat > /dev/null; then
    printf 'type=probe\nv=1\nid=old\ntoken=%s\nkey=0\n\ntype=pro' "$(token 2)" | socat -t 0.2 - "UNIX-CONNECT:$socket" > /dev/null || true
    ask probe "token=$(token 2)" key=0
    lab_check "half a message and a stale answer do no harm" is channel healthy
fi
lab_done
