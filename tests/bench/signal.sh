# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real virtrustd, its store on the disk, signals through its real socket: from the signal to what it commits. Against
# one write that is brought to the same disk at the same time. look.settle, the quiet that is waited for after a burst,
# is 0 here: it is chosen, not a cost.

# shellcheck source=tests/bench/daemon.sh
. "$BENCH_HERE/daemon.sh"

bench_signal() {
    local out=$BENCH_WORK/turns-signal fsync="write and fdatasync of 4 KiB to the same file system"
    daemon_start "$BENCH_WORK/signal"
    "$BENCH_BIN/bench-signal" "$BENCH_WORK/signal/run" "$BENCH_WORK/signal" --rounds "$(quick 20 1000)" > "$out"
    daemon_stop
    row_turns signal.ack "from a signal to its own commit, acknowledged" "$out" ack fsync "$fsync"
    row_turns signal.case "from a signal to the committed case (seen by the look that is asked for after the commit)" \
        "$out" case fsync "$fsync" "p99 <= 5 p99 5 ms"
}
