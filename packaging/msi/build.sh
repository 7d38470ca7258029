#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh WIXL VERSION DIR: DIR/virtrust-helper.msi out of DIR/virtrust-helper.exe, if that is newer.
set -euo pipefail
wixl=$1 version=$2
dir=$(cd "$3" && pwd)
source=$(cd "$(dirname "$0")" && pwd)/virtrust-helper.wxs
msi=$dir/virtrust-helper.msi
if [ -s "$msi" ] && [ "$msi" -nt "$dir/virtrust-helper.exe" ] && [ "$msi" -nt "$source" ]; then
    exit 0
fi
cd "$dir"
"$wixl" -a x64 -D "Version=$version" -o "$msi.new" "$source"
mv "$msi.new" "$msi"
