#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ./dev demo: raises the laboratory and lets demo-story.sh tell the story in it.
set -euo pipefail
here=$(cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")" && pwd)

[ "$(id -u)" = 0 ] || {
    echo 'demo: raising a laboratory needs root; run `sudo ./dev demo`' >&2
    exit 4
}
cat << 'TXT'
virtrust: a guest is reverted, its trust breaks, and virtrust mends it.

A private laboratory is raised now, in its own mount, network and process namespaces: a Samba AD domain controller, a
libvirtd, and a Linux guest that is a member of the domain. It does not meet your libvirt, guests, ports or domain, and
leaves nothing behind but its cache. The first run makes that cache (a small Debian for the guest): some minutes.
TXT
exec "$here/lab" run "$here/demo-story.sh"
