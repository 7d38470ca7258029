# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installing the laboratory's packages (packages.txt) without their services: Samba's and winbind's daemons must neither
# start now nor at the next boot on a host that did not have them. Sourced by ./dev.
#
#   lab_install PACKAGE...    services that were there before stay exactly as they were
#   lab_packages FILE         those of such a list that this host needs, one a line: "package: why"

LAB_POLICY=/usr/sbin/policy-rc.d
LAB_POLICY_MARK='# virtrust: no service starts while the laboratory is being installed'

# The comment above a group of packages is their why. A kernel is wanted as a file only, for libguestfs to make its machine
# of: a host that has one gets no second, which its boot loader might prefer at the next start.
lab_packages() {
    awk '/^$/ { why = "" } /^#/ && why == "" { why = substr($0, 3) } /^[a-z0-9]/ { print $1 ": " why }' \
        "$1" | if lab_has_kernel; then grep -v '^linux-image-'; else cat; fi
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

# policy-rc.d is Debian's own way to say "do not start"; whoever has one of his own has said what he wants. Ours also
# holds the services that were there before, for the next run to know if this one is killed.
lab_forbid_start() {
    if [ -e "$LAB_POLICY" ]; then
        mv "$LAB_POLICY" "$LAB_POLICY.before-virtrust"
    fi
    { printf '#!/bin/sh\n%s\nexit 101\n' "$LAB_POLICY_MARK" && sed 's/^/#had /' "$1"; } > "$LAB_POLICY"
    chmod 0755 "$LAB_POLICY"
}

lab_allow_start() {
    if lab_forbids_start; then
        rm -f "$LAB_POLICY"
    fi
    if [ -e "$LAB_POLICY.before-virtrust" ]; then
        mv "$LAB_POLICY.before-virtrust" "$LAB_POLICY"
    fi
}

lab_forbids_start() {
    [ -e "$LAB_POLICY" ] && grep -qF "$LAB_POLICY_MARK" "$LAB_POLICY"
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

# lab_apt CMD...: runs it to its end, whatever signal comes, in a session of its own that a terminal does not reach: dpkg
# torn in the middle leaves a broken system, and what it starts later would find nothing that forbids it.
lab_apt() {
    local status=0
    setsid "$@" >> "$log" 2>&1 < /dev/null 9<&- &
    apt=$!
    wait "$apt" || status=$?
    while kill -0 "$apt" 2> /dev/null; do
        status=0
        wait "$apt" || status=$?
    done
    return "$status"
}

# A download may end at any moment.
lab_install_caught() {
    caught=$1
    if [ -n "$downloading" ]; then
        kill "$apt" 2> /dev/null || true
    else
        printf 'interrupted: waiting until the packages at hand are installed, to leave none of them half done\n' >&2
    fi
}

lab_install_steps() {
    local get=(apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends)
    export DEBIAN_FRONTEND=noninteractive
    if [ -n "$torn" ]; then
        lab_apt dpkg --configure -a
    fi
    downloading=1
    [ -n "$caught" ] || lab_apt "${get[@]}" --download-only "$@" || return
    downloading=
    [ -n "$caught" ] || lab_apt "${get[@]}" "$@"
}

lab_install() (
    # A subshell: its traps are nobody else's. One at a time: the other would take away what forbids the start.
    exec 9< "${LAB_POLICY%/*}"
    flock 9
    log=$(mktemp)
    before=$(mktemp)
    status=0 caught='' downloading='' torn='' apt=
    trap 'lab_allow_start; rm -f "$log" "$before"' EXIT
    for signal in INT TERM HUP; do
        # shellcheck disable=SC2064 # this one
        trap "lab_install_caught $signal" "$signal"
    done
    if lab_forbids_start; then
        torn=1
        sed -n 's/^#had //p' "$LAB_POLICY" > "$before"
        lab_allow_start
    else
        lab_services > "$before"
    fi
    lab_forbid_start "$before"
    lab_install_steps "$@" || status=$?
    lab_disable_new "$before"
    if [ -n "$caught" ]; then
        trap - "$caught"
        kill -s "$caught" "$BASHPID"
    fi
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$log" >&2
        printf 'could not install the packages: apt-get ended with %s, see above\n' "$status" >&2
    fi
    exit "$status"
)
