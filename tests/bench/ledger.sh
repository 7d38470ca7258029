# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A ledger of a hundred thousand guests and a million cases, made once through the store's own interface and kept, below
# a real virtrustd: what questions and commits cost there, beside a ledger of a hundred guests.

# shellcheck source=tests/bench/daemon.sh
. "$BENCH_HERE/daemon.sh"

LEDGER_GOAL='median <= 50 50 ms'
LEDGER_FSYNC="write and fdatasync of 4 KiB to the same file system"

# ledger_made GUESTS CASES: its directory in LEDGER.
ledger_made() {
    local key
    key=$(cat "$BENCH_HERE/ledger.c" "$BENCH_TREE"/daemon/store/*.[ch] "$BENCH_TREE/daemon/core/types.h" |
        sha256sum | cut -c 1-12)
    LEDGER=$BENCH_CACHE/ledger-$1-$2-$key
    [ -e "$LEDGER/.complete" ] && return 0
    bench_say "writing a ledger of $1 guests and $2 cases (once)"
    # A former store's are of no use any more.
    rm -rf "$BENCH_CACHE/ledger-$1-$2"-* "$BENCH_CACHE/.building-ledger"
    # virtrustd itself makes the store, for that knows its host's key.
    daemon_start "$BENCH_CACHE/.building-ledger"
    daemon_stop
    # It is no part of what is measured: nobody else is to wait for it.
    chrt --other 0 "$BENCH_BIN/bench-ledger" fill "$BENCH_CACHE/.building-ledger/state/virtrust.db" "$1" "$2"
    # It makes the guests' lines, too.
    daemon_start "$BENCH_CACHE/.building-ledger"
    daemon_calm
    daemon_stop
    touch "$BENCH_CACHE/.building-ledger/.complete"
    mv "$BENCH_CACHE/.building-ledger" "$LEDGER"
}

# ledger_daemon NAME GUESTS CASES: a virtrustd upon a copy of it, in $BENCH_WORK/NAME.
ledger_daemon() {
    local dir=$BENCH_WORK/$1
    ledger_made "$2" "$3"
    mkdir -p "$dir/state"
    cp --reflink=auto "$LEDGER/state/virtrust.db" "$LEDGER/state/host.key" "$dir/state/"
    sync -f "$dir/state"
    daemon_start "$dir"
    daemon_calm # it checks the guests' lines after a start
}

# ledger_list ROW WHAT GOAL CMD...: against the same rows read by the store's own library.
ledger_list() {
    local row=$1 what=$2 goal=$3 out=$BENCH_WORK/turns-$1
    shift 3
    if turns "$out" --rounds "$(quick 2 7)" ask "$@" +++ store "$BENCH_BIN/bench-ledger" walk "$LEDGER/state/virtrust.db"; then
        row_turns "$row" "$what" "$out" ask store "reading the same rows by the store's library, without a daemon" "$goal"
    else
        row_not "$row" "$what" "it fails: $(head -n 1 "$out.err")" "$goal"
    fi
}

ledger_lists() {
    local dir=$BENCH_WORK/large
    ledger_list ledger.list "list of all guests by the socket, from the question to the answer's last byte" \
        '' "$BENCH_BIN/bench-ask" "$dir/run" list
    ledger_list ledger.list:command "virtrust list, as a table, the whole command" "$LEDGER_GOAL" "$VT_BIN/virtrust" --config "$dir/virtrust.yaml" list
    ledger_list ledger.list:json "virtrust --json list" '' "$VT_BIN/virtrust" --config "$dir/virtrust.yaml" --json list
}

# ledger_questions NAME GUEST: by turns, into $BENCH_WORK/turns-NAME-show.
ledger_questions() {
    local config=$BENCH_WORK/$1/virtrust.yaml
    turns "$BENCH_WORK/turns-$1-show" --rounds "$(quick 3 41)" \
        show sh -c '"$0" "$@" || [ $? -eq 1 ]' "$VT_BIN/virtrust" --config "$config" show "$2" +++ \
        status sh -c '"$0" "$@"' "$VT_BIN/virtrust" --config "$config" status
}

ledger_commits() {
    "$BENCH_BIN/bench-signal" "$BENCH_WORK/$1/run" "$BENCH_WORK/$1" --rounds "$(quick 10 300)" > "$BENCH_WORK/turns-$1-commit"
}

ledger_one() {
    ledger_daemon "$1" "$2" "$3"
    [ "$1" != large ] || ledger_lists
    ledger_questions "$1" "$(printf 'vdi%06d' $(($2 / 2)))"
    ledger_commits "$1"
    daemon_stop
    rm -rf "$BENCH_WORK/$1/state"
}

# ledger_row ROW WHAT FILE NAME GOAL: the large ledger's figure against the small one's.
ledger_row() {
    row_value "$1" "$2" "$(ledger_figure large "$3" "$4")" "$(ledger_figure small "$3" "$4")" \
        "the same in a ledger of 100 guests" "${5-}"
}

ledger_figure() { jq -c --arg name "$3" 'select(.name == $name)' "$BENCH_WORK/turns-$1-$2"; }

bench_ledger() {
    local guests cases
    guests=$(quick 2000 100000) cases=$((guests * 10))
    ledger_one small 100 1000
    ledger_one large "$guests" "$cases"
    ledger_row ledger.show "virtrust show GUEST" show show
    ledger_row ledger.status "virtrust status" show status
    ledger_row ledger.commit "a signal's commit, acknowledged" commit ack
    row_turns ledger.commit:fsync "a signal's commit, acknowledged" "$BENCH_WORK/turns-large-commit" ack fsync "$LEDGER_FSYNC"
}
