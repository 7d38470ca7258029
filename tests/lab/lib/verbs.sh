# shellcheck shell=bash disable=SC2034
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Asking a program for one verb of a repair, as its caller does, and reading its answer: for the tests of virtrust-helper
# and virtrust-deliver. A script that wants it sources it: . "$LAB_HERE/lib/verbs.sh"

VERBS_SEAL=$LAB_BIN/../test/lab-seal

# verbs_need PROGRAM...: ends the script with a reason when one of them, or lab-seal, is not built.
verbs_need() {
    local program
    for program in "$@" "$VERBS_SEAL"; do
        [ -x "$program" ] || lab_skip "$program is not built"
    done
}

# verbs_call CMD... -- KEY=VALUE...: hands CMD the record; the answer in $answer, the exit code in $status, what it
# complained of in $LAB_TMP/stderr. The values used here need no escaping.
verbs_call() {
    local command=()
    while [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    shift
    status=0
    answer=$(printf '%s\n' "$@" '' | "${command[@]}" 2> "$LAB_TMP/stderr") || status=$?
}

# get KEY: a value of the answer.
get() {
    sed -n "s/^$1=//p" <<< "$answer"
}

# is KEY VALUE: does the answer hold this?
is() {
    local got
    got=$(get "$1")
    [ "$got" = "$2" ] || {
        printf '  %s is "%s", not "%s"; the answer:\n%s\n' "$1" "$got" "$2" "$answer" >&2
        sed 's/^/  stderr: /' "$LAB_TMP/stderr" >&2
        return 1
    }
}

# token N: the Nth job's.
token() {
    printf '%032x' "$1"
}

# A machine password as the host mints it.
host_secret() {
    head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_'
}

# seal_for PUBLIC TOKEN: the secret on stdin, sealed to the helper's one-use key.
seal_for() {
    "$VERBS_SEAL" "$1" "$2"
}

# verbs_faults PROGRAM: its build with fault points in $faulty, and a place to arm them; fails, and says so, without.
verbs_faults() {
    faulty=${VIRTRUST_FAULTS_BIN_DIR:-$LAB_SOURCE/build-faults/bin}/$1
    if [ ! -x "$faulty" ]; then
        lab_note "no build with fault points ($faulty): the kills are left out"
        return 1
    fi
    export VIRTRUST_FAULT_DIR=$LAB_TMP/faults
    mkdir -p "$VIRTRUST_FAULT_DIR"
}
