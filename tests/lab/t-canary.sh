# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A known password takes the place of the random one, in one repair that is held while it is in flight: once when the DC
# has it, once when it is in the guest and not yet answered. It is then searched for wherever it must not be: logs
# (libvirtd and the guest's agent at their most talkative), store, spool, process arguments and environments on both
# sides, the guest's journal and helper. lab-seek says which forms it knows; each is planted first and has to be found.

vt_faults
seek=$LAB_BIN/../test/lab-seek
[ -x "$seek" ] || lab_skip "lab-seek is not built in $LAB_BIN/../test"
canary=$VIRTRUST_FAULT_DIR/canary

# As the real ones are made: 120 characters of virtrust's alphabet.
{
    printf 'Ca7-'
    head -c 87 /dev/urandom | base64 -w 0 | tr '+/' '-_'
} > "$canary"

# found WHERE...: the canary is there. nowhere TEXT WHERE...: the check that it is not.
found() {
    local status=0
    "$seek" "$canary" "$@" > "$LAB_TMP/found" 2>&1 || status=$?
    [ "$status" -eq 1 ]
}
nowhere() {
    local text=$1
    shift
    lab_check "not in $text" "$seek" "$canary" "$@"
}

# ---- the search finds what is there ----------------------------------------------------------------------------------
plant=$LAB_TMP/plant
mkdir "$plant"
# form NAME CMD...: the canary by CMD, some bytes into a file of other things.
form() {
    local name=$1
    shift
    {
        head -c 5000 /dev/urandom
        "$@" < "$canary"
        head -c 5000 /dev/urandom
    } > "$plant/$name"
    lab_check "planted $name: found" found "$plant/$name"
}
wide() { iconv -f ASCII -t UTF-16LE; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
base64_after() {
    { head -c "$1" /dev/zero && cat; } | base64 -w 0
}
wide_base64_after() { wide | base64_after "$1"; }
form raw cat
form UTF-16LE wide
form hex hex
for n in 0 1 2; do
    form "base64-after-$n" base64_after "$n"
    form "base64-of-UTF-16LE-after-$n" wide_base64_after "$n"
done
form a-piece-of-it tail -c 40
head -c 100000 /dev/urandom > "$plant/none"
lab_check "where it is not, it is not found" "$seek" "$canary" "$plant/none"

# ---- one repair ------------------------------------------------------------------------------------------------------
lab_libvirtd_start --debug
lab_guest_ready guest1
lab_guest_install_helper guest1
lab_guest_exec -i guest1 sh -c 'rm -f /var/log/qemu-ga.log; mkdir -p /etc/qemu && cat > /etc/qemu/qemu-ga.conf' << 'END'
[general]
verbose=true
logfile=/var/log/qemu-ga.log
END
was=$(lab_guest_exec guest1 pidof qemu-ga)
lab_guest_exec guest1 sh -c '(sleep 0.3; systemctl restart qemu-guest-agent) > /dev/null 2>&1 &'
restarted() { [ "$(lab_guest_exec guest1 pidof qemu-ga)" -ne "$was" ]; }
lab_wait 60 restarted
lab_wait 60 lab_guest_exec guest1 test -s /var/log/qemu-ga.log
# shellcheck disable=SC2016  # expanded in the guest
lab_guest_exec guest1 setsid sh -c '(while sleep 0.3; do
    cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >> /run/processes 2> /dev/null; done) > /dev/null 2>&1 &'
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\""
vt_start
lab_wait 240 vt_settled guest1

processes=$LAB_TMP/processes
sample() { cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ >> "$processes" 2> /dev/null || true; }
(while [ ! -e "$LAB_TMP/enough" ]; do sample && sleep 0.05; done) &
sampler=$!
former=$(vt_last_case guest1)
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
rotated=$(lab_dc_kvno guest1)
vt_hold directory.reset.sent
vt_hold deliver.store.started
lab_guest_revert guest1 before

lab_wait 240 vt_held directory.reset.sent
knows_canary() { KRB5CCNAME=MEMORY:canary kinit "GUEST1\$@$LAB_REALM" < "$canary" > "$LAB_TMP/kinit" 2>&1; }
lab_check "the DC takes the canary: it stands in place of the secret" knows_canary
sample
cp -a "$VT_STATE" "$LAB_TMP/state-reset"
vt_release directory.reset.sent
lab_wait 60 vt_held deliver.store.started
sample
cp -a "$VT_STATE" "$LAB_TMP/state-store"
vt_release deliver.store.started
id=$(vt_wait_new guest1 "$former")
lab_check "the repair is proven" test "$(vt_case "$id" outcome)" = proven
lab_check "one reset and one rotation" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
touch "$LAB_TMP/enough"
wait "$sampler"

# ---- searched --------------------------------------------------------------------------------------------------------
nowhere "virtrust's logs" "$LAB_LOG/virtrust.log"
nowhere "libvirtd's log" "$LAB_LOG/libvirtd-debug.log"
nowhere "any other log" "$LAB_LOG" /var/log
nowhere "the store and what else virtrust keeps" "$VT_STATE"
nowhere "the store while the account was reset" "$LAB_TMP/state-reset"
nowhere "the store while the secret was delivered" "$LAB_TMP/state-store"
nowhere "the spool and the runtime directories" /var/spool/virtrust "$VT_RUN" "$VT_CONFIG"
nowhere "libvirt's own files and what was left behind" /run/libvirt /var/lib/libvirt /etc/libvirt /tmp /var/tmp /dev/shm
nowhere "process arguments and environments" "$processes"

printf 'type=store\nv=1\ntoken=' > "$LAB_TMP/request"
lab_check "libvirtd was talkative: the request to store stands in its log, and is found there" \
    test "$("$seek" "$LAB_TMP/request" "$LAB_LOG/libvirtd-debug.log" 2> /dev/null | sed 's/.*: //')" = base64
cp "$LAB_LOG/libvirtd-debug.log" "$plant/libvirtd-debug.log"
base64_after 1 < "$canary" >> "$plant/libvirtd-debug.log"
lab_check "had the canary been there, it would have been found" found "$plant/libvirtd-debug.log"
lab_check "the samples hold virtrust's processes" grep -aq virtrust-deliver "$processes"

# (1 is tar's word for a file that was written meanwhile.)
lab_guest_exec guest1 sh -c 'journalctl -q -a --no-pager -o export > /root/journal
    tar -czf /root/traces.tgz -C / root/journal run/processes var/log var/lib/virtrust-helper tmp var/tmp ||
        [ $? -eq 1 ]'
lab_guest_get guest1 /root/traces.tgz "$LAB_TMP/traces.tgz"
mkdir "$LAB_TMP/guest"
tar -xzf "$LAB_TMP/traces.tgz" -C "$LAB_TMP/guest"
nowhere "the guest's journal" "$LAB_TMP/guest/root/journal"
nowhere "the guest agent's log" "$LAB_TMP/guest/var/log/qemu-ga.log"
nowhere "the guest's processes" "$LAB_TMP/guest/run/processes"
nowhere "the guest's helper directory" "$LAB_TMP/guest/var/lib/virtrust-helper"
nowhere "anything else of it" "$LAB_TMP/guest"
lab_check "the guest agent was talkative" grep -aq guest-exec "$LAB_TMP/guest/var/log/qemu-ga.log"
lab_check "the guest's samples hold the helper" grep -aq virtrust-helper "$LAB_TMP/guest/run/processes"
lab_done
