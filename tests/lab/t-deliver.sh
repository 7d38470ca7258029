# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-deliver and a real guest: the clock, the helper installed and pushed, a whole repair through the agent, and
# every way in which a guest can fail to answer, each told apart.

deliver=$LAB_BIN/virtrust-deliver
helper=$LAB_BIN/virtrust-helper
installed=/usr/libexec/virtrust/virtrust-helper
# shellcheck source=tests/lab/lib/verbs.sh
. "$LAB_HERE/lib/verbs.sh"
verbs_need "$deliver" "$helper"

lab_guest_ready guest1
uuid=$(lab_guest_uuid guest1)
config=$LAB_TMP/virtrust.yaml
printf 'helper:\n  push_source: %s\n' "$helper" > "$config"

# ask VERB KEY=VALUE...
ask() {
    local verb=$1
    shift
    verbs_call "$deliver" --config "$config" -- type=verb v=1 "guest=$uuid" "verb=$verb" "$@"
}

# at_most KEY N: its absolute value.
at_most() {
    local got
    got=$(get "$1")
    [ -n "$got" ] && [ "${got#-}" -le "$2" ]
}

guest_sum() {
    lab_guest_exec guest1 sh -c "cat $1 | sha256sum"
}

# ---- the clock -------------------------------------------------------------------------------------------------------
lab_agent guest1 '{"execute":"guest-set-time","arguments":{"time":'"$(($(date +%s) - 3600))"'000000000}}' > /dev/null
ask clock tolerance_ms=2000 set=0
lab_check "a clock that is an hour behind is told" test "$(get offset_ms)" -lt -3590000
lab_check "and left alone when not asked to set it" is set 0
ask clock tolerance_ms=7200000 set=1
lab_check "within the tolerance it is left alone, too" is set 0
ask clock tolerance_ms=2000 set=1
lab_check "else it is set" is set 1
ask clock tolerance_ms=2000 set=1
lab_check "and then right" at_most offset_ms 2000

# ---- no helper, pushing ----------------------------------------------------------------------------------------------
ask probe "token=$(token 1)" key=0 "helper=$installed" push=0
lab_check "no helper installed: told" is code no-helper
ask presence "helper=$installed"
lab_check "presence tells it, too" is helper missing
lab_check "and that programs may be started" is exec 1
lab_check "and nothing was made in the guest" lab_guest_exec guest1 test ! -e /var/lib/virtrust-helper
ask probe "token=$(token 1)" key=0 "helper=$installed" push=1
lab_check "with push it is brought there and run" is channel healthy
lab_check "which is told" is pushed 1
pushed=$(lab_guest_exec guest1 sh -c 'echo /var/lib/virtrust-helper/bin/*')
lab_check "it is the host's very file" test "$(guest_sum "$pushed")" = "$(sha256sum < "$helper")"
lab_check "in a directory of root's alone" test "$(lab_guest_exec guest1 stat -c %a /var/lib/virtrust-helper/bin "$pushed" |
    tr '\n' ' ')" = '700 700 '
inode=$(lab_guest_exec guest1 stat -c %i "$pushed")
ask probe "token=$(token 1)" key=0 "helper=$installed" push=1
lab_check "the next time it is there" is pushed 1
lab_check "and not written again" test "$inode" = "$(lab_guest_exec guest1 stat -c %i "$pushed")"
lab_guest_exec guest1 sh -c "echo altered >> $pushed"
ask probe "token=$(token 1)" key=0 "helper=$installed" push=1
lab_check "a file that is not what was pushed is neither run nor overwritten" is code push-refused
lab_guest_exec guest1 rm -r /var/lib/virtrust-helper

# ---- a helper that lies ----------------------------------------------------------------------------------------------
lying() {
    lab_guest_exec -i guest1 sh -c 'cat > /root/liar && chmod 755 /root/liar'
    ask probe "token=$(token 1)" key=0 helper=/root/liar push=0 "timeout_s=${1:-30}"
}
lying <<< $'#!/bin/sh\necho hello'
lab_check "an answer that is no record" is code helper-failed
lying <<< $'#!/bin/sh\nyes | head -c 2000000'
lab_check "an answer beyond every measure" is code helper-failed
lying <<< $'#!/bin/sh\necho "no; $(id -u)" >&2; exit 4'
lab_check "a helper that cannot work" is code helper-failed
lab_check "with its own sentence" grep -q 'no; 0' <<< "$answer"
lying <<< $'#!/bin/sh\nkill -9 $$'
lab_check "a helper that is killed" is code helper-failed
lying 3 <<< $'#!/bin/sh\nexec sleep 60'
lab_check "a helper that does not end in time" is code agent-timeout
lying <<< $'#!/bin/sh\nprintf "type=probe\\nv=1\\njoined=1\\nguest=other\\nverb=store\\n\\n"'
lab_check "keys that are not a probe's own do not pass" test "$(grep -c '^verb=\|^guest=' <<< "$answer")" = 1
lab_guest_exec guest1 sh -c 'printf "not a program" > /root/liar'
ask probe "token=$(token 1)" key=0 helper=/root/liar push=1
lab_check "a file that is no program is not taken for a missing one" is code helper-failed

# ---- the real thing --------------------------------------------------------------------------------------------------
lab_guest_install_helper guest1
ask presence "helper=$installed"
lab_check "presence finds the helper" is helper present
lab_check "and its version" is helper_version "$("$helper" --version | sed 's/^virtrust-helper //')"
lab_check "and leaves nothing in the guest" lab_guest_exec guest1 test ! -e /var/lib/virtrust-helper
ask presence helper=/bin/true
lab_check "another program is not taken for it" is helper unknown
ask probe "token=$(token 1)" key=0 "helper=$installed" push=1
lab_check "the installed helper comes first" is pushed 0
lab_check "the guest's system is told" is agent_os linux
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
lab_guest_revert guest1 before
lab_guest_wait_agent guest1
ask clock tolerance_ms=2000 set=1
kvno=$(lab_dc_kvno guest1)
ask probe "token=$(token 2)" key=1 "helper=$installed" push=0
lab_check "after the revert the probe says broken" is channel broken
live=$(get live_sha256)
public=$(get public_key)
secret=$(host_secret)
lab_dc_reset guest1 "$secret"
sealed=$(printf %s "$secret" | seal_for "$public" "$(token 2)")
ask store-check "token=$(token 2)" "expect=$live" "helper=$installed"
lab_check "store-check: ready" is ready 1
store=("token=$(token 2)" "expect=$live" "sealed=$sealed" "kvno=$(lab_dc_kvno guest1)" "dc=$LAB_DC" "helper=$installed")
if verbs_faults virtrust-deliver; then
    whole=$deliver
    deliver=$faulty
    for point in before started after; do
        touch "$VIRTRUST_FAULT_DIR/deliver.store.$point"
        ask store "${store[@]}"
        lab_check "killed at deliver.store.$point" test "$status" -eq 137
    done
    deliver=$whole
fi
ask store "${store[@]}"
lab_check "stored" is result 'done'
live=$(get live_sha256)
lab_check "the guest is trusted" lab_guest_trust guest1
ask rotate "token=$(token 2)" "expect=$live" "dc=$LAB_DC" "helper=$installed"
lab_check "rotated" is result 'done'
lab_check "the DC shows one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((kvno + 2))
lab_check "the guest is trusted" lab_guest_trust guest1
ask probe "token=$(token 2)" key=0 "helper=$installed"
lab_check "and healthy" is channel healthy
lab_check "nothing of the secret stands in the guest's journal" \
    test "$(lab_guest_exec guest1 sh -c 'journalctl -q --no-pager 2> /dev/null' | grep -cFe "$secret")" = 0

# ---- who does not answer ---------------------------------------------------------------------------------------------
lab_guest_exec -i guest1 sh -c 'mkdir -p /etc/qemu && cat > /etc/qemu/qemu-ga.conf' << 'EOF'
[general]
block-rpcs=guest-exec
blacklist=guest-exec
EOF
lab_guest_snapshot guest1 open
lab_guest_exec guest1 sh -c '(sleep 0.3; systemctl restart qemu-guest-agent) > /dev/null 2>&1 &'
blocked() {
    ask probe "token=$(token 3)" key=0 "helper=$installed" timeout_s=5
    is code exec-blocked
}
lab_check "guest-exec is not allowed: told" lab_wait 30 blocked
ask presence "helper=$installed"
lab_check "presence says so" is exec 0
lab_check "and sees the helper's file all the same" is helper present
ask presence "helper=$installed-not"
lab_check "or that it is not there" is helper missing
lab_guest_revert guest1 open
lab_guest_wait_agent guest1
# shellcheck disable=SC2016  # expanded in the guest
lab_guest_exec guest1 sh -c '(sleep 0.3; kill -STOP $(pidof qemu-ga)) > /dev/null 2>&1 &'
sleep 1
ask probe "token=$(token 3)" key=0 "helper=$installed" timeout_s=8
lab_check "an agent that hangs" is code agent-timeout
ask presence "helper=$installed" timeout_s=3
lab_check "which presence says within its time" is code agent-timeout
lab_guest_revert guest1 open
lab_guest_wait_agent guest1
lab_guest_exec guest1 sh -c '(sleep 0.3; systemctl stop qemu-guest-agent) > /dev/null 2>&1 &'
away() {
    ask probe "token=$(token 3)" key=0 "helper=$installed" timeout_s=5
    is code no-agent
}
lab_check "an agent that is not there" lab_wait 30 away
lab_libvirtd_stop
ask probe "token=$(token 3)" key=0 "helper=$installed" timeout_s=1
lab_libvirtd_cont
lab_check "a libvirtd that is stalled does not stall the answer" is code agent-timeout
virsh -q suspend guest1
ask probe "token=$(token 3)" key=0
lab_check "a paused guest" is code guest-off
virsh -q destroy guest1
ask probe "token=$(token 3)" key=0
lab_check "a guest that is off" is code guest-off
uuid=$(lab_guest_define dumb --no-agent)
lab_guest_start dumb
ask clock
lab_check "a guest without a channel" is code no-agent
lab_check "with what is missing" grep -q channel <<< "$(get text)"
virsh -q destroy dumb
uuid=11111111-2222-3333-4444-555555555555
ask clock
lab_check "a guest that is gone" is code guest-gone
ask format
lab_check "a verb that is none" test "$(get type)" = error
lab_done
