# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A look by the direct engine, cage and start of the process included, against reading the same bytes of the same disk
# without understanding them. The page cache is warm for both.

# look_request ENGINE NAME: a request for virtrust-inspect in $BENCH_WORK/ENGINE-NAME; prints the file.
look_request() {
    local file=$BENCH_WORK/$1-$2
    printf '%s\n' type=look v=1 guest=11111111-2222-3333-4444-555555555555 running=0 timeout_s=600 "engine=$1" \
        disk.0.type=file disk.0.target=vda "disk.0.path=$BENCH_FIXTURE/$2.qcow2" disk.0.format=qcow2 \
        "disk.0.backing.0.path=$BENCH_FIXTURE/$2-base.qcow2" disk.0.backing.0.format=qcow2 \
        disk.0.backing.0.type=file '' > "$file"
    printf '%s\n' "$file"
}

# look_by ENGINE NAME: does it answer, and by itself? Its answer is left in $BENCH_WORK/answer.
look_by() {
    "$VT_BIN/virtrust-inspect" < "$(look_request "$1" "$2")" > "$BENCH_WORK/answer" 2> "$BENCH_WORK/answer.err" &&
        grep -q "^engine=.*$1" "$BENCH_WORK/answer"
}

# has_direct: told apart by who answers, so that a build that has only guestfs says so itself.
has_direct() {
    look_by direct security && return 0
    if grep -q '^engine=' "$BENCH_WORK/answer"; then
        echo 'the direct engine is not built in'
    else
        tr '\n' ' ' < "$BENCH_WORK/answer.err"
    fi
    return 1
}

# Range of the disk from the first of these hives to the end of the last: OFFSET LENGTH.
look_span() {
    awk -v hives=" $* " 'index(hives, " " $1 " ") {
            if (!first || $2 < first) first = $2
            if ($2 + $3 > last) last = $2 + $3
        } END { printf "%d %d\n", first, last - first }' "$BENCH_FIXTURE/extents-all"
}

# look_bases NAME HIVE...: the bare readers, as arguments of bench-turns, in LOOK_BASES.
look_bases() {
    local name=$1 offset length of start size image
    shift
    image=driver=qcow2,file.driver=file,file.filename=$BENCH_FIXTURE/$name.qcow2
    read -r offset length < <(look_span "$@")
    LOOK_BASES=(qemu-io qemu-io -r -U --image-opts "$image")
    while read -r of start size; do
        [[ " $* " != *" $of "* ]] || LOOK_BASES+=(-c "read -q $start $size")
    done < "$BENCH_FIXTURE/extents-all"
    if command -v nbdcopy > /dev/null; then
        LOOK_BASES+=(+++ nbdcopy nbdcopy -- '[' qemu-nbd -r -e 1 --image-opts
            "driver=raw,offset=$offset,size=$length,file.driver=qcow2,file.file.driver=file,file.file.filename=$BENCH_FIXTURE/$name.qcow2"
            ']' null:)
    fi
    LOOK_BASES+=(+++ dd qemu-img dd -U --image-opts
        "if=driver=raw,offset=$offset,size=$length,file.driver=qcow2,file.force-share=on,file.file.driver=file,file.file.filename=$BENCH_FIXTURE/$name.qcow2"
        of="$BENCH_WORK/dd.out" bs=1M)
}

# look_row NAME DISK PROGRAM WHAT GOAL HIVE...: what PROGRAM does with the disk, against reading these hives' bytes.
look_row() {
    local name=$1 disk=$2 program=$3 what=$4 goal=$5 request out=$BENCH_WORK/turns-$1
    shift 5
    # The extents are those of the disk with all hives: the bytes are the same ones in each.
    look_bases all "$@"
    request=$(look_request direct "$disk")
    turns "$out" --rounds "$(quick 3 41)" --warm 2 --stdin "$request" look "$program" +++ "${LOOK_BASES[@]}" || return 1
    if grep -q '"name":"nbdcopy"' "$out"; then
        row_turns "look.$name" "$what" "$out" look nbdcopy "nbdcopy of the same range from a qemu-nbd of its own" "$goal"
    else
        row_not "look.$name" "$what" "nbdcopy is not installed (libnbd-bin)" "$goal"
    fi
    row_turns "look.$name:qemu-img" "$what" "$out" look dd "qemu-img dd of the same range"
    row_turns "look.$name:qemu-io" "$what" "$out" look qemu-io "qemu-io reading just the hives' bytes"
}

LOOK_GOAL='median <= 15 15 ms'
LOOK_WHOLE_GOAL='ratio <= 1.5 1.5× the bare read'

bench_look() {
    local why look=$VT_BIN/virtrust-inspect security="a look at a disk with SECURITY alone" \
        both="a look: SECURITY and what is wanted of SYSTEM" whole="SECURITY, SYSTEM, SOFTWARE and SAM whole, through the cage"
    bench_fixture
    if ! why=$(has_direct); then
        row_not look.security "$security" "$why"
        row_not look.both "$both" "$why" "$LOOK_GOAL"
        row_not look.whole "$whole" "$why" "$LOOK_WHOLE_GOAL"
        return
    fi
    look_row security security "$look" "$security" '' SECURITY
    look_row both both "$look" "$both" "$LOOK_GOAL" SECURITY SYSTEM
    look_row whole all "$BENCH_BIN/bench-whole" "$whole" "$LOOK_WHOLE_GOAL" SECURITY SYSTEM SOFTWARE SAM
}
