# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every other part of the laboratory stands on: messages, waiting, daemons, a test's result lines.

LAB_FAILURES=0
LAB_CHECKS=0

lab_note() {
    printf 'lab: %6.2f %s\n' "$(lab_age)" "$*" >&2
}

# Seconds since the laboratory was raised (LAB_BORN is set by init.sh from the same clock).
lab_age() {
    local now _
    read -r now _ < /proc/uptime
    awk -v a="$now" -v b="${LAB_BORN:-$now}" 'BEGIN { print a - b }'
}

lab_fail() {
    printf 'lab: %s\n' "$*" >&2
    return 1
}

lab_skip() {
    printf 'skip - %s\n' "$*"
    exit 77
}

lab_ok() {
    LAB_CHECKS=$((LAB_CHECKS + 1))
    printf 'ok - %s\n' "$*"
}

lab_not_ok() {
    LAB_CHECKS=$((LAB_CHECKS + 1))
    LAB_FAILURES=$((LAB_FAILURES + 1))
    printf 'not ok - %s\n' "$*"
}

# lab_check TEXT CMD...: one result line; never ends the script, so that a test tells all that is wrong.
lab_check() {
    local text=$1
    shift
    if "$@"; then
        lab_ok "$text"
    else
        lab_not_ok "$text (failed: $*)"
    fi
}

# The last line of a test.
lab_done() {
    printf '%d checks, %d failed\n' "$LAB_CHECKS" "$LAB_FAILURES"
    [ "$LAB_CHECKS" -gt 0 ] && [ "$LAB_FAILURES" -eq 0 ]
}

# lab_wait SECONDS CMD...: CMD's own output is kept back and shown only when the time is over.
lab_wait() {
    local seconds=$1 end out
    shift
    end=$((SECONDS + seconds))
    out=$LAB_TMP/wait.$BASHPID
    while ! "$@" > "$out" 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            printf 'lab: waited %s s in vain for: %s\n' "$seconds" "$*" >&2
            tail -n 5 "$out" | sed 's/^/lab:   /' >&2
            rm -f "$out"
            return 1
        fi
        sleep 0.1
    done
    rm -f "$out"
}

# lab_daemon NAME CMD...: leaves its process id in LAB_PID. Descriptors above 2 are the laboratory's own (locks of the
# cache among them) and are not handed on.
lab_daemon() {
    local name=$1
    shift
    (
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            [ "$fd" -le 2 ] || eval "exec $fd>&-"
        done
        exec "$@"
    ) < /dev/null >> "$LAB_LOG/$name.log" 2>&1 &
    # shellcheck disable=SC2034  # read by the callers
    LAB_PID=$!
}

lab_running() {
    kill -0 "$1" 2> /dev/null
}

# lab_end PID [SECONDS]: SIGTERM, then SIGKILL; returns when it is gone.
lab_end() {
    local pid=$1 left=$((${2:-10} * 20))
    kill "$pid" 2> /dev/null || return 0
    while lab_running "$pid"; do
        if [ "$left" -le 0 ]; then
            kill -KILL "$pid" 2> /dev/null || true
        fi
        left=$((left - 1))
        sleep 0.05
    done
    wait "$pid" 2> /dev/null || true
}

lab_random_password() {
    # Base64 alone may lack a class that AD's complexity rule wants.
    printf 'Aa1-%s' "$(head -c 18 /dev/urandom | base64 | tr '/+' '_.')"
}
