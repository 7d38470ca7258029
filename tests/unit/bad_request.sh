#!/bin/sh
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A worker that is asked for nothing it knows says so and exits 2, whichever worker it is; an error that can be told as
# a record is.
set -u
failed=0

# refused WORKER REQUEST
refused() {
    # shellcheck disable=SC2059 # the request is a format on purpose: it holds \n
    printf "$2" | "$VIRTRUST_BIN_DIR/virtrust-$1" > answer 2> said
    status=$?
    if [ "$status" -ne 2 ] || ! [ -s said ]; then
        echo "not ok - virtrust-$1 exits $status on \"$2\" and says: $(cat said)"
        failed=1
    fi
}

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
for worker in inspect directory deliver; do
    refused "$worker" 'rubbish\n\n'
    refused "$worker" ''
done
refused inspect 'type=reboot\nv=1\n\n'
refused inspect 'type=look\nv=1\nengine=fast\ndisk.0.type=file\ndisk.0.path=/dev/null\ndisk.0.format=raw\n\n'
refused directory 'type=reboot\nv=1\n\n'
if ! grep -qx code=bad-request answer; then
    echo "not ok - virtrust-directory answers no record on a bad request: $(cat answer)"
    failed=1
fi
for request in 'type=reboot\nv=1\n\n' 'type=verb\nv=1\nguest=4c6c1b40-0000-0000-0000-00000000000a\nverb=reboot\n\n'; do
    refused deliver "$request"
    if ! grep -qx code=bad-request answer; then
        echo "not ok - virtrust-deliver answers no record on a bad request: $(cat answer)"
        failed=1
    fi
done
refused directory 'type=account\nv=1\ndomain=corp.test\nname=ws1\ndc=dc1/../x\n\n'
exit "$failed"
