#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A quick run of the benchmark, and its JSON's shape: every row is measured or says why not, has a base and its goal's
# limit, and nothing in it is a wish.
set -euo pipefail
here=$(cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")" && pwd)
json=$(mktemp)
trap 'rm -f "$json"' EXIT

status=0
"$here/run" --quick --json "$json" || status=$?
[ "$status" -eq 0 ] || exit "$status"

shape='
.schema == 1 and .quick == true and (.at | test("^[0-9-]+T[0-9:]+Z$"))
and (.machine | (.cpu | type) == "string" and .cores > 0 and (.load_before | test("^[0-9.]+ ")))
and (.rows | length) >= 20
and ([.rows[].row] | length == (unique | length))
and all(.rows[]; (.row | type) == "string" and (.what | type) == "string"
    and (has("not_measured") or (.n > 0 and .median >= 0 and (.unit | type) == "string"))
    and ((has("goal") | not) or (.goal.limit | type) == "number"))
and all(.rows[] | select(has("ratio")); .base.median > 0 and .ratio.median > 0)
'
jq -e "$shape" "$json" > /dev/null || {
    echo "the JSON does not have its shape:"
    jq . "$json"
    exit 1
}
printf '%s rows, %s of them not measured\n' "$(jq '.rows | length' "$json")" "$(jq '[.rows[] | select(has("not_measured"))] | length' "$json")"
