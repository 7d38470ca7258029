#!/bin/sh
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-directory's check where no domain controller answers: what this host alone can tell is told all the same, so
# that nobody finds the next mistake only after the last one is mended.
set -u
failed=0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir state

# asked DOMAIN'S-OPTIONS
asked() {
    printf 'paths: {state: %s/state}\ndomains:\n  - {name: a.test, dcs: [127.0.0.1], principal: v@A.TEST%s}\n' \
        "$dir" "$1" > v.yaml
    printf 'type=check\nv=1\ndomain=a.test\n\n' | "$VIRTRUST_BIN_DIR/virtrust-directory" --config v.yaml > answer
}

# says WHAT SENTENCE'S-PART
says() {
    if ! grep -qF "$2" answer; then
        echo "not ok - $1: $(cat answer)"
        failed=1
    fi
}

asked ", keytab: $dir/absent"
says "the keytab that is not there" "the keytab $dir/absent cannot be read: No such file"
says "no base" "no base is configured for a.test"
asked ', credential: a.keytab, base: "OU=x,DC=a,DC=test"'
says "a credential that nobody hands over" "systemd handed no credential a.keytab over"
if grep -q 'no base' answer; then
    echo "not ok - a base is there: $(cat answer)"
    failed=1
fi
asked ''
says "no keytab" "domain a.test has no "
: > there
asked ", keytab: $dir/there"
if grep -q 'cannot be read' answer; then
    echo "not ok - a keytab is there: $(cat answer)"
    failed=1
fi
exit $failed
