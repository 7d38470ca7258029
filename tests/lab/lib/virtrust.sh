# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust itself in the laboratory: its real programs, started by virtrust-spawn, with the delegated account's keytab.

VT_CONFIG=$LAB/virtrust.yaml
VT_STATE=$LAB/state
VT_RUN=/run/virtrust

# vt_config MODE [YAML...]: writes the configuration; further arguments are lines of it.
vt_config() {
    local mode=$1
    shift
    # The spool's place is compiled into the hook: it must not be the host's.
    mountpoint -q /var/spool || mount -t tmpfs tmpfs /var/spool
    mkdir -p /var/spool/virtrust/hook "$VT_STATE" "$VT_RUN"
    cat > "$VT_CONFIG" << EOF
mode: $mode
paths:
  runtime: $VT_RUN
  state: $VT_STATE
  spool: /var/spool/virtrust/hook
look:
  settle: ${VT_SETTLE:-1s}
  # A test starts its guests without wanting a case of each start; VT_STARTS=true leaves it at its default.
  on_every_start: ${VT_STARTS:-false}
repair:
  agent_wait: ${VT_AGENT_WAIT:-180s}
domains:
  - name: $LAB_DOMAIN
    netbios: $LAB_NETBIOS
    base: $LAB_OU
    principal: $LAB_SVC@$LAB_REALM
    keytab: $LAB_KEYTAB
    resets_per_hour: ${VT_RESETS:-100}
EOF
    [ $# -eq 0 ] || printf '%s\n' "$@" >> "$VT_CONFIG"
}

# vt_start: all of virtrust; returns when it answers and has seen the guests.
vt_start() {
    local watcher=${1-}
    lab_guestfs_lazily
    LIBGUESTFS_BACKEND=direct LIBGUESTFS_BACKEND_SETTINGS=force_tcg \
        lab_daemon virtrust "$LAB_BIN/virtrust-spawn" --config "$VT_CONFIG"
    VT_PID=$LAB_PID
    [ "$watcher" = --no-wait ] || lab_wait 60 vt_connected
}

vt_stop() {
    lab_end "$VT_PID"
}

# vt_bind GUEST ACCOUNT: a guest that was defined just now is known as soon as the watcher has told of it.
vt_bind() {
    lab_wait 60 vt bind "$1" "$2"
}

vt_connected() {
    [ "$(vt --json status 2> /dev/null | jq -r .status.watch)" = connected ]
}

# vt ARGS...: the command line.
vt() {
    "$LAB_BIN/virtrust" --config "$VT_CONFIG" "$@"
}

# vt_field GUEST FIELD: of `virtrust list`.
vt_field() {
    vt --json list | jq -r --arg g "$1" --arg f "$2" '.guests[]? | select(.name == $g) | .[$f] // ""'
}

# vt_last_case GUEST: the number of its newest case, 0 when it has none.
vt_last_case() {
    local id
    id=$(vt_field "$1" case)
    printf '%s\n' "${id:-0}"
}

# vt_newer_case GUEST FORMER: succeeds once there is a case that is newer than FORMER; its number is then $VT_NEWEST.
# (virtrustd may be gone again by the next question.)
vt_newer_case() {
    VT_NEWEST=$(vt_last_case "$1")
    [ "$VT_NEWEST" -gt "$2" ]
}

# vt_case ID FIELD: of the case itself.
vt_case() {
    { vt --json case "$1" 2> "$LAB_TMP/case.err" || true; } | jq -r --arg f "$2" '.cases[0][$f] | if . == null then "" else . end'
}

vt_closed() {
    [ "$(vt_case "$1" state)" = closed ]
}

# vt_wait_new GUEST FORMER [SECONDS]: waits for a newer case than FORMER to be closed; prints its number.
vt_wait_new() {
    lab_wait 60 vt_newer_case "$1" "$2" >&2 || return 1
    local id=$VT_NEWEST
    lab_wait "${3:-240}" vt_closed "$id" >&2 || return 1
    printf '%s\n' "$id"
}

# vt_settled GUEST: no open case, and one that is closed.
vt_settled() {
    local id
    id=$(vt_last_case "$1")
    [ "$id" != 0 ] && vt_closed "$id"
}

# vt_kill NAME: kill -9 of one of its programs (virtrust-spawn starts it again).
vt_kill() {
    pkill -KILL -x "${1:0:15}"
}

# vt_told ID FIELD PATTERN: does the case say this?
vt_told() {
    local got
    got=$(vt_case "$1" "$2")
    # shellcheck disable=SC2053  # a pattern
    [[ $got == $3 ]] && return 0
    printf '  %s of case %s is "%s"\n' "$2" "$1" "$got" >&2
    return 1
}

# vt_exit CODE CMD...: ends CMD with this exit code? Its output is in $LAB_TMP/out and $LAB_TMP/err.
vt_exit() {
    local want=$1 got=0
    shift
    "$@" > "$LAB_TMP/out" 2> "$LAB_TMP/err" || got=$?
    [ "$got" -eq "$want" ] && return 0
    printf '  exit code %s, not %s: %s\n' "$got" "$want" "$(cat "$LAB_TMP/err")" >&2
    return 1
}

# vt_job ID FIELD: of the case's job, "none" without one.
vt_job() {
    { vt --json case "$1" 2> "$LAB_TMP/case.err" || true; } | jq -r --arg f "$2" '.job[$f] // "none"'
}
