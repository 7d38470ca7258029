# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ways to learn the same from the same disk: the direct engine, the guestfs engine, and what an administrator has.

# shellcheck source=tests/bench/look.sh
. "$BENCH_HERE/look.sh"

bench_engines() {
    local disk out=$BENCH_WORK/turns-engines why=''
    local -a ways=()
    bench_fixture
    disk=$BENCH_FIXTURE/all.qcow2
    if [ "$BENCH_QUICK" = 1 ]; then
        row_not engines.guestfs "a look by the guestfs engine" "a quick run starts no machine"
        return
    fi
    if why=$(has_direct); then
        ways=(direct sh -c 'exec "$0" < "$1"' "$VT_BIN/virtrust-inspect" "$(look_request direct all)" +++)
    fi
    ways+=(guestfs sh -c 'exec "$0" < "$1"' "$VT_BIN/virtrust-inspect" "$(look_request guestfs all)")
    if have virt-cat > "$BENCH_WORK/why"; then
        ways+=(+++ virt-cat virt-cat -a "$disk" /Windows/System32/config/SECURITY)
    fi
    if have guestfish > "$BENCH_WORK/why"; then
        ways+=(+++ guestfish guestfish --ro -a "$disk" -m /dev/sda2
            download /Windows/System32/config/SECURITY /dev/null : download /Windows/System32/config/SYSTEM /dev/null)
    fi
    turns "$out" --rounds "${BENCH_ENGINE_ROUNDS:-5}" --warm 1 "${ways[@]}" || return 1
    engines_rows "$out" "$why"
}

# engines_rows FILE WHY: WHY is empty where direct was measured.
engines_rows() {
    local out=$1 base=direct basewhat="the direct engine's look at the same disk"
    if [ -n "$2" ]; then
        row_not engines.direct "a look by the direct engine" "$2" "ratio >= 500 500× faster than virt-cat"
        base=guestfs basewhat="the guestfs engine's look at the same disk"
    else
        row_turns engines.guestfs "a look by the guestfs engine" "$out" guestfs direct "$basewhat"
    fi
    engines_row virt-cat "virt-cat of SECURITY, which inspects the disk first" "$([ -n "$2" ] || echo 'ratio >= 500 500× slower than direct')"
    engines_row guestfish "guestfish --ro with a direct mount, SECURITY and SYSTEM" ''
}

engines_row() {
    local name=$1 what=$2 goal=$3
    if grep -q "\"name\":\"$name\"" "$out"; then
        row_turns "engines.$name" "$what" "$out" "$name" "$base" "$basewhat" "$goal"
    else
        row_not "engines.$name" "$what" "$name is not installed" "$goal"
    fi
}
