# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installing the laboratory's packages (packages.txt) without their services: Samba's and winbind's daemons must neither
# start now nor at the next boot on a host that did not have them. Sourced by ./dev.
#
#   lab_install PACKAGE...    services that were there before stay exactly as they were
#   lab_packages              those of packages.txt that this host needs, one a line: "package: why"

LAB_POLICY=/usr/sbin/policy-rc.d
LAB_POLICY_MARK='# virtrust: no service starts while the laboratory is being installed'

# The comment above a group of packages is their why. A kernel is wanted as a file only, for libguestfs to make its machine
# of: a host that has one gets no second, which its boot loader might prefer at the next start.
lab_packages() {
    awk '/^$/ { why = "" } /^#/ && why == "" { why = substr($0, 3) } /^[a-z0-9]/ { print $1 ": " why }' \
        tests/lab/packages.txt | if lab_has_kernel; then grep -v '^linux-image-'; else cat; fi
}

lab_has_kernel() {
    local kernel
    for kernel in /boot/vmlinuz-*; do
        [ ! -e "$kernel" ] || [ ! -d "/lib/modules/${kernel#/boot/vmlinuz-}" ] || return 0
    done
    return 1
}

# The names of all services that the system knows, one a line.
lab_services() {
    find /lib/systemd/system /etc/init.d -maxdepth 1 \( -name '*.service' -o -name '*.socket' -o -path '/etc/init.d/*' \) \
        -printf '%f\n' 2> /dev/null | LC_ALL=C sort -u
}

# policy-rc.d is Debian's own way to say "do not start"; whoever has one of his own has said what he wants.
lab_forbid_start() {
    if [ -e "$LAB_POLICY" ] && ! grep -qF "$LAB_POLICY_MARK" "$LAB_POLICY"; then
        mv "$LAB_POLICY" "$LAB_POLICY.before-virtrust"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$LAB_POLICY_MARK" > "$LAB_POLICY"
    chmod 0755 "$LAB_POLICY"
}

# Also mends what a killed installation left behind.
lab_allow_start() {
    if [ -e "$LAB_POLICY" ] && grep -qF "$LAB_POLICY_MARK" "$LAB_POLICY"; then
        rm -f "$LAB_POLICY"
    fi
    if [ -e "$LAB_POLICY.before-virtrust" ]; then
        mv "$LAB_POLICY.before-virtrust" "$LAB_POLICY"
    fi
}

# lab_disable_new BEFORE: what came with the packages does not start at the next boot either.
lab_disable_new() {
    local service
    lab_services | LC_ALL=C comm -13 "$1" - | while read -r service; do
        case $service in
            *@*) ;;
            *.service | *.socket)
                if command -v systemctl > /dev/null; then
                    systemctl -q disable "$service" > /dev/null 2>&1 || true
                fi
                ;;
            *)
                update-rc.d "$service" disable > /dev/null 2>&1 || true
                ;;
        esac
    done
}

lab_install() (
    # A subshell: its trap is nobody else's.
    log=$(mktemp)
    before=$(mktemp)
    status=0
    trap 'lab_allow_start; rm -f "$log" "$before"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    lab_allow_start
    lab_services > "$before"
    lab_forbid_start
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@" \
        > "$log" 2>&1 < /dev/null || status=$?
    lab_disable_new "$before"
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$log" >&2
        printf 'could not install the packages: apt-get ended with %s, see above\n' "$status" >&2
    fi
    exit "$status"
)
