# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A virtrustd of the benchmark's own, without libvirt: its sockets and its store in one directory on the disk.
#
#   daemon_start DIR    starts it upon DIR (whose state/virtrust.db may be there already); returns when it answers
#   daemon_calm         returns when it has had nothing to do for a second
#   daemon_stop

DAEMON_PID=

daemon_start() {
    local dir=$1 left=600
    mkdir -p "$dir/run" "$dir/state" "$dir/spool"
    chmod 0700 "$dir/state"
    cat > "$dir/virtrust.yaml" << EOF
mode: observe
paths:
  runtime: $dir/run
  state: $dir/state
  spool: $dir/spool
look:
  settle: 0s
  on_first_sight: false
history:
  keep_days: 36500
EOF
    "$VT_BIN/virtrustd" --config "$dir/virtrust.yaml" < /dev/null > "$dir/log" 2>&1 9>&- &
    DAEMON_PID=$!
    trap daemon_stop EXIT
    until "$VT_BIN/virtrust" --config "$dir/virtrust.yaml" status > "$dir/status" 2>&1; do
        left=$((left - 1))
        if [ "$left" -le 0 ] || ! kill -0 "$DAEMON_PID" 2> /dev/null; then
            sed 's/^/bench:   /' "$dir/log" >&2
            return 1
        fi
        sleep 0.1
    done
}

daemon_calm() {
    local before='' now left=300
    until now=$(cut -d ' ' -f 14,15 "/proc/$DAEMON_PID/stat") && [ "$now" = "$before" ]; do
        before=$now left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 1
    done
}

daemon_stop() {
    [ -n "$DAEMON_PID" ] || return 0
    kill "$DAEMON_PID" 2> /dev/null || true
    wait "$DAEMON_PID" 2> /dev/null || true
    DAEMON_PID=
}
