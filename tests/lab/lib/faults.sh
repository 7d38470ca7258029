# shellcheck shell=bash disable=SC2034
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Ending and holding virtrust's programs at their fault points (common/os/fault.h), with the build that has them.

# vt_faults: from here on the programs are those of the faults build. Ends the script with a reason without one.
vt_faults() {
    local bin=${VIRTRUST_FAULTS_BIN_DIR:-$LAB_SOURCE/build-faults/bin} program
    for program in virtrust virtrustd virtrust-spawn virtrust-watch virtrust-inspect virtrust-directory \
        virtrust-deliver virtrust-helper; do
        [ -x "$bin/$program" ] || lab_skip "no build with fault points in $bin: cmake --preset faults, then build it"
    done
    LAB_BIN=$bin
    export VIRTRUST_FAULT_DIR=$LAB/faults
    mkdir -p "$VIRTRUST_FAULT_DIR"
}

# vt_arm POINT...: each ends the first process that comes to it.
vt_arm() {
    local point
    for point in "$@"; do : > "$VIRTRUST_FAULT_DIR/$point"; done
}

# vt_fired POINT...: all of them have ended somebody.
vt_fired() {
    local point
    for point in "$@"; do
        [ ! -e "$VIRTRUST_FAULT_DIR/$point" ] || return 1
    done
}

# vt_hold POINT: the first who comes there waits; vt_held POINT: somebody does; vt_release POINT lets him go on.
vt_hold() { : > "$VIRTRUST_FAULT_DIR/$1.hold"; }
vt_held() { [ -e "$VIRTRUST_FAULT_DIR/$1.held" ]; }
vt_release() { rm "$VIRTRUST_FAULT_DIR/$1.held"; }

# vt_trace: notes every point that is passed; vt_passed [PATTERN]: those so far, in order of their first passing.
vt_trace() { : > "$VIRTRUST_FAULT_DIR/passed"; }
vt_passed() { awk '!seen[$0]++' "$VIRTRUST_FAULT_DIR/passed" | grep -E "${1-}"; }

# What virtrust-directory has done to accounts, by its own log.
vt_resets() { grep -c '^virtrust-directory: .* done: ' "$LAB_LOG/virtrust.log" || true; }
