# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A look disturbs nobody: it reads the disk of a running guest, an off guest starts during it, and however it ends
# (its limit, kill -9) nothing of it stays.

# shellcheck source=tests/lab/lib/looks.sh
. "$LAB_HERE/lib/looks.sh"
cd "$LAB_TMP"
"$LAB_BIN/virtrust-inspect" --prepare > prepared

looks_windows base.raw computer=WS1 netbios=LAB domain_sid=S-1-5-21-1-2-3 set_at=133203110020139115 secret=one product=WinNT
qemu-img create -q -f qcow2 -b base.raw -F raw middle.qcow2
qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2
disk=(disk.0.type=file "disk.0.path=$PWD/top.qcow2" disk.0.format=qcow2
    "disk.0.backing.0.path=$PWD/middle.qcow2" disk.0.backing.0.format=qcow2
    "disk.0.backing.1.path=$PWD/base.raw" disk.0.backing.1.format=raw timeout_s=300)
slow=("${disk[@]}" engine=guestfs) # libguestfs takes long enough for what is done meanwhile

# A guest that runs no instruction, but holds its image as any running guest does.
guest_start() {
    qemu-system-x86_64 -S -display none -nodefaults -machine accel=tcg -m 16 -daemonize -pidfile guest.pid \
        -drive file=top.qcow2,format=qcow2,if=none,id=d -device virtio-blk-pci,drive=d 2> guest.err
}
guest_stop() {
    lab_end "$(cat guest.pid)"
}

lab_check "a guest starts" guest_start
if qemu-img info top.qcow2 > info 2>&1; then
    lab_not_ok "its image is not locked, so this test proves nothing"
fi
looks_look running "${disk[@]}" running=1
lab_check "the disk of a running guest is read" looks_says running sam_account_name 'WS1$'
lab_check "with the doubt that it runs" looks_doubts running live
guest_stop
qemu-img snapshot -c before top.qcow2 && qemu-io -f qcow2 -c 'write -q -P 7 1M 34M' top.qcow2 && guest_start
looks_look older "${disk[@]}" snapshot=before
lab_check "a snapshot in a running guest's image, too" looks_says older sam_account_name 'WS1$'
looks_look present "${disk[@]}" engine=direct
lab_check "where the present is another" looks_says present type error
guest_stop
qemu-img snapshot -a before top.qcow2 && guest_start
guest_stop

# An off guest, started again and again while the look lasts, its base images opened for writing as well.
looks_look off "${slow[@]}" running=0 &
look=$!
starts=0 refused=0
while lab_running "$look"; do
    if guest_start; then
        starts=$((starts + 1))
        guest_stop
    else
        refused=$((refused + 1))
        cat guest.err >&2
    fi
    if ! qemu-io -f raw -c 'write -q 0 0' base.raw > io.log 2>&1 || ! qemu-io -f qcow2 -c 'write -q 0 0' middle.qcow2 > io.log 2>&1; then
        refused=$((refused + 1))
        cat io.log >&2
    fi
done
wait "$look" || true
lab_note "$starts starts during one look"
lab_check "an off guest starts at any time during a look" test "$refused" -eq 0 -a "$starts" -ge 3
lab_check "and the look has its answer" looks_says off sam_account_name 'WS1$'
lab_check "nothing is left of the looks" looks_clean

looks_look late "${slow[@]/timeout_s=300/timeout_s=2}"
lab_check "a look ends at its limit" looks_failed late timed-out 5
lab_check "and leaves nothing" looks_clean

# kill -9 at the moments that matter: before the machine, while it starts, while it works.
killed_at() {
    printf '%s\n' type=look v=1 "${slow[@]}" '' > request
    "$LAB_BIN/virtrust-inspect" < request > killed.out 2> killed.err &
    lab_wait 60 pgrep -f "$1" && sleep "$2"
    kill -KILL $! 2> /dev/null || return 1
    wait $! 2> /dev/null || true
    lab_wait 20 looks_clean
}
lab_check "kill -9 while the disk is served leaves nothing" killed_at qemu-nbd 0
lab_check "kill -9 while the machine starts leaves nothing" killed_at 'qemu-system.*guestfs' 0
lab_check "kill -9 while the machine works leaves nothing" killed_at 'qemu-system.*guestfs' 4

# The other engine ends in milliseconds: killed at any of them.
killed_fast() {
    local i
    printf '%s\n' type=look v=1 "${disk[@]}" engine=direct '' > request
    for i in $(seq 0 39); do
        "$LAB_BIN/virtrust-inspect" < request > killed.out 2> killed.err &
        sleep "0.0$((i / 10))$((i % 10))"
        kill -KILL $! 2> /dev/null || true
        wait $! 2> /dev/null || true
    done
    lab_wait 20 looks_clean
}
lab_check "kill -9 at any moment of a direct look leaves nothing" killed_fast

# Looks without a pause, while the image's owner does everything that owners do. Each answer is the guest's, or says
# why there is none.
looks_without_end() {
    local n=0
    while [ -e go ]; do
        looks_look "loop-$((n % 4))" "${disk[@]}" engine=direct > /dev/null 2>&1
        n=$((n + 1))
        grep -qE '^type=(evidence|error)$' "$LAB_TMP/loop-$(((n - 1) % 4))" || echo "look $n" >> no-answer
    done
    echo "$n" > looked
}
owner() {
    local i
    for i in 1 2 3; do
        guest_start && guest_stop && qemu-img snapshot -c "s$i" top.qcow2 && qemu-img snapshot -a "s$i" top.qcow2 &&
            qemu-img snapshot -d "s$i" top.qcow2 && qemu-io -f qcow2 -c 'write -q -P 7 35M 64k' top.qcow2 &&
            qemu-img commit -q top.qcow2 && qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2 || return 1
    done
    cp top.qcow2 spare.qcow2 && rm top.qcow2 && sleep 0.2 && mv spare.qcow2 top.qcow2
}
touch go
looks_without_end &
looks=$!
lab_check "start, snapshot, revert, write, commit and delete go on during looks" owner
rm go
wait "$looks" || true
lab_note "$(cat looked) looks meanwhile"
lab_check "every look had an answer" test ! -e no-answer -a "$(cat looked)" -ge 3
looks_look after "${disk[@]}" engine=direct
lab_check "and the guest is what it was" looks_says after sam_account_name 'WS1$'
lab_check "nothing is left of these looks, too" looks_clean
lab_check "the guest starts after all that" guest_start
guest_stop
lab_done
