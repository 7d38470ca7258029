# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# In the laboratory: a thousand guests that are off, all of virtrust, and time in which nothing happens.

# shellcheck source=tests/bench/lab-guests.sh
. "$BENCH_HERE/lab-guests.sh"

known() { [ "$(vt --json status 2> /dev/null | jq -r .status.guests)" -eq "$1" ]; }

count=$(quick 20 1000)
lab_libvirtd_start
guests_make "$count" rest
vt_config observe
sed -i 's/^look:$/look:\n  on_first_sight: false/' "$VT_CONFIG"
vt_start
lab_wait 300 known "$count"
# What came with the start settles: the burst of every guest, the connection's first keepalive.
sleep "$(quick 3 20)"
"$BENCH_BIN/bench-procs" rest "$(quick 5 60)" virtrust libvirtd > "$BENCH_WORK/rest"
vt_stop
