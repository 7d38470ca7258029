# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The cache: things that are dear to make and the same every time. An entry is a directory KIND-KEY, where KEY is the
# hash of all it was made from; it is built beside its place under a lock and renamed into it whole, and nobody writes
# it afterwards. A process that uses an entry holds a shared lock on it, so that old entries can be removed safely.

# lab_cache KIND KEY BUILDER [ARGS...]: sees that the entry exists (calling "BUILDER DIR ARGS..." if not) and leaves its
# path in LAB_ENTRY. The entry stays locked until the calling shell and its children are gone.
lab_cache() {
    local kind=$1 key=$2 lock
    shift 2
    LAB_ENTRY=$LAB_CACHE/$kind-$key
    if lab_cache_use "$LAB_ENTRY"; then
        return 0
    fi
    exec {lock}> "$LAB_CACHE/$kind.lock"
    if ! flock -n "$lock"; then
        lab_note "another laboratory is building $kind: waiting for it"
        flock "$lock"
    fi
    if ! lab_cache_use "$LAB_ENTRY"; then
        lab_note "building $kind (cached afterwards)"
        lab_cache_build "$kind" "$@" || return 1
        lab_cache_use "$LAB_ENTRY" || return 1
    fi
    lab_cache_prune "$kind"
    exec {lock}>&-
}

lab_cache_use() {
    local fd
    [ -e "$1/.complete" ] || return 1
    exec {fd}< "$1/.complete"
    flock -s "$fd"
    # The pruner may have been quicker.
    if [ ! -e "$1/.complete" ]; then
        exec {fd}<&-
        return 1
    fi
    touch "$1/.used"
}

# The builder runs in a process of its own: "set -e" would not hold inside it if our caller tests our result.
lab_cache_build() {
    local kind=$1 dir=$LAB_CACHE/.building-$1 status=0
    shift
    # The lock is ours: whatever lies here was left by a builder that died.
    rm -rf --one-file-system "$dir"
    mkdir -m 0700 "$dir"
    # shellcheck disable=SC2016  # expanded by the inner shell
    bash -euo pipefail -c '. "$0"; builder=$1; shift; "$builder" "$@"' "$LAB_HERE/lib.sh" "$1" "$dir" "${@:2}" \
        > "$LAB_LOG/build-$kind.log" 2>&1 < /dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$LAB_LOG/build-$kind.log" | sed 's/^/lab:   /' >&2
        rm -rf --one-file-system "$dir"
        lab_fail "building $kind failed (status $status), see above"
        return 1
    fi
    : > "$dir/.complete"
    # Without this a power cut could leave a complete-looking entry with empty files.
    sync -f "$dir"
    mv -T "$dir" "$LAB_ENTRY"
}

# Keeps the three entries of a kind that were used last; an entry in use is never removed.
lab_cache_prune() {
    local kind=$1 old fd
    # shellcheck disable=SC2012  # our own names: a kind and a hash
    ls -1dt "$LAB_CACHE/$kind"-*/.used 2> /dev/null | tail -n +4 | while read -r old; do
        old=${old%/.used}
        exec {fd}< "$old/.complete" || continue
        if flock -n -x "$fd"; then
            rm -f "$old/.complete"
            rm -rf --one-file-system "$old"
        fi
        exec {fd}<&-
    done
}

# lab_hash WORD...: files named by path are hashed by content; every other word as itself.
lab_hash() {
    local word
    for word in "$@"; do
        if [ -f "$word" ]; then
            sha256sum < "$word"
        else
            printf '%s\n' "$word"
        fi
    done | sha256sum | cut -c 1-16
}
