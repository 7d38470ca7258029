#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The installed tree below a real systemd: the units start, the sockets have their owners, the workers answer, and
# every wall holds when it is tried from inside. In an overlay of this system with namespaces of its own; nothing of
# it stays. Needs $VIRTRUST_BUILD_DIR and $VIRTRUST_PREFIX.
set -euo pipefail
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

skip() {
    echo "skipped: $*"
    exit 77
}

if [ "${1-}" != inside ]; then
    [ "$(id -u)" -eq 0 ] || skip "a system of its own needs root"
    [ "$VIRTRUST_PREFIX" = /usr ] || skip "this build is not for /usr"
    for tool in systemd-nspawn runuser; do
        command -v $tool > /dev/null || skip "$tool is not installed"
    done
    for program in virtrust virtrustd virtrust-watch virtrust-inspect virtrust-directory virtrust-deliver; do
        [ -x "$VIRTRUST_BUILD_DIR/bin/$program" ] || skip "$program is not built"
    done
    unshare --mount --propagation private true 2> /dev/null || skip "mount namespaces are not allowed here"
    exec unshare --mount --propagation private "$here/boot.sh" inside
fi

base=$(mktemp -d)
trap 'umount -R "$base" 2> /dev/null || true; rmdir "$base"' EXIT
mount -t tmpfs -o size=1g overlay "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$base/root" 2> /dev/null ||
    skip "this root cannot be overlaid"
root=$base/root

DESTDIR=$root cmake --install "$VIRTRUST_BUILD_DIR" > "$base/install.log"
install -m 755 "$here/inside.sh" "$here/walls.sh" "$root/"
install -m 755 "$VIRTRUST_BUILD_DIR/test/packaging-ask" "$root/ask"
rm -rf "$root"/var/lib/virtrust "$root"/var/spool/virtrust "$root/etc/machine-id"
touch "$root/etc/machine-id"
cat > "$root/etc/systemd/system/virtrust-test.target" << 'T'
[Unit]
Requires=basic.target virtrust-test.service
T
cat > "$root/etc/systemd/system/virtrust-test.service" << 'T'
[Unit]
After=basic.target
[Service]
Type=oneshot
ExecStart=/inside.sh
ExecStopPost=/bin/systemctl poweroff --force --force
TimeoutStartSec=120
T
# What this host starts of itself is no business of the test's.
for unit in sockets.target timers.target paths.target; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# A container of this systemd's does not know the calls of Landlock, which a unit may use.
timeout 150 systemd-nspawn -q --register=no --keep-unit --private-network -D "$root" -b --console=pipe \
    --system-call-filter='landlock_create_ruleset landlock_restrict_self' systemd.unit=virtrust-test.target < /dev/null > "$base/console" 2>&1 || true

if [ ! -s "$root/verdict" ]; then
    cat "$base/console"
    skip "systemd does not boot in a container here (see above)"
fi
grep -v '^ok ' "$root/verdict" | grep -v '^done$' > "$base/findings" || true
if [ -s "$base/findings" ] || ! grep -q '^done$' "$root/verdict"; then
    cat "$root/verdict" "$root/verdict.trace"
    echo "packaging: the lines with wrong above, or an end before its time"
    exit 1
fi
echo "$(grep -c '^ok ' "$root/verdict") findings, all as wanted"
