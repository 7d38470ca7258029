# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Process 1 of a laboratory, started by ./lab in fresh namespaces. It hides the host's state (its libvirt, its Samba, its
# /etc, /run, /tmp and logs) behind memory file systems, sets the network up (loopback only), and runs the script in
# the background, so that it can reap whatever is orphaned meanwhile: a libvirtd whose probes are not reaped waits 40 s
# for each. When it ends, the kernel ends everything else in here and all its mounts vanish.
set -euo pipefail

mode=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.sh
. "$here/lib.sh"

# hide DIR KEEP...: an empty DIR, except that the KEEP paths below it stay reachable. They come sorted, so that one that
# lies inside another follows it, and is skipped.
hide() {
    local dir=$1 keep scratch kept=/
    shift
    [ -d "$dir" ] || return 0
    scratch=$(mktemp -d /run/hide.XXXXXX)
    mount -t tmpfs -o mode="$(stat -c %a "$dir")" tmpfs "$scratch"
    for keep in "$@"; do
        case $keep in
            "$dir"/?*)
                if [ ! -d "$keep" ] || [ "${keep#"$kept"/}" != "$keep" ] || [ "$keep" = "$kept" ]; then
                    continue
                fi
                mkdir -p "$scratch${keep#"$dir"}"
                mount --rbind "$keep" "$scratch${keep#"$dir"}"
                kept=$keep
                ;;
        esac
    done
    mount --move "$scratch" "$dir"
    rmdir "$scratch"
}

private_files() {
    local keep resolv
    resolv=$(cat /etc/resolv.conf 2> /dev/null || true)
    # Real hives of others, where there are any.
    LAB_HIVES=$(realpath -m "${VIRTRUST_HIVES:-$LAB_SOURCE/../shared/hives}")
    # What is to be kept reachable below a hidden directory has to be there.
    (umask 077 && mkdir -p "$LAB_CACHE")
    mkdir -p "$LAB_LOGS"
    mapfile -t keep < <(realpath -m "$LAB_SOURCE" "$LAB_BIN" "$LAB_CACHE" "$LAB_LOGS" "$PWD" \
        "$LAB_HIVES" \
        ${script:+"$(dirname "$script")"} | LC_ALL=C sort -u)

    mount -t tmpfs -o mode=0755 tmpfs /run
    mkdir -p "$LAB_LOG" "$LAB_TMP" "$LAB/guests" "$LAB/home" "$LAB/outside" /run/lock /run/samba
    chmod 0700 "$LAB"

    # What the builders of the cache need to reach the package mirror; descriptor 9 goes no further than this.
    printf '%s\n' "$resolv" > "$LAB/outside/resolv.conf"
    : > "$LAB/outside/net"
    mount --bind /proc/self/fd/9 "$LAB/outside/net"
    exec 9<&-

    # A copy of /etc that everybody in here may write; nothing in it of the host's guests, domain or Samba.
    mkdir "$LAB/etc"
    cp -a /etc/. "$LAB/etc/"
    rm -rf "$LAB"/etc/{libvirt,samba,krb5.conf,krb5.conf.d,krb5.keytab,resolv.conf,hosts,virtrust}
    mkdir "$LAB"/etc/{libvirt,samba}
    printf '127.0.0.1 localhost\n' > "$LAB/etc/hosts"
    : > "$LAB/etc/resolv.conf"
    mount --bind "$LAB/etc" /etc

    for dir in /tmp /var/tmp /var/log /var/lib/libvirt /var/cache/libvirt /var/lib/samba /var/cache/samba \
        /var/lib/virtrust /var/log/virtrust /dev/shm; do
        hide "$dir" "${keep[@]}"
    done
    mkdir -p /var/log/samba /var/log/libvirt

    # libvirt would move its guests into the host's control groups.
    umount -R -l /sys/fs/cgroup 2> /dev/null || true
}

private_network() {
    ip link set lo up
    ip addr add "$LAB_DC_IP/32" dev lo
}

private_environment() {
    export HOME=$LAB/home TMPDIR=/tmp LC_ALL=C.UTF-8
    export VIRTRUST_BIN_DIR=$LAB_BIN VIRTRUST_LAB_CACHE=$LAB_CACHE
    # The agent of a user's desktop and his libvirt must not be met through the environment either.
    unset XDG_RUNTIME_DIR XDG_CONFIG_HOME XDG_CACHE_HOME DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK
    unset LIBVIRT_DEFAULT_URI VIRSH_DEFAULT_CONNECT_URI KRB5_CONFIG KRB5CCNAME KRB5_KTNAME KRB5_CLIENT_KTNAME
    export LIBVIRT_DEFAULT_URI=qemu:///system
}

# Keeps the logs of a script that failed: in here they would vanish with everything else.
keep_logs() {
    local to=$LAB_LOGS/$1 log
    rm -rf "$to"
    mkdir -p "$to"
    cp -a "$LAB_LOG/." "$to/"
    for log in /var/log/*; do
        case $to/ in
            "$log"/*) ;;
            *) cp -a "$log" "$to/" ;;
        esac
    done
    printf 'lab: logs are in %s\n' "$to" >&2
}

# The script is sourced, so that it has the library at hand; its own "exit" ends the subshell.
run_script() {
    local status=0
    (
        # shellcheck source=/dev/null
        . "$script"
    ) <&8 8<&- &
    exec 8<&-
    lab_script=$!
    if [ "${VIRTRUST_LAB_TIMEOUT:-0}" -gt 0 ]; then
        (sleep "$VIRTRUST_LAB_TIMEOUT" && printf 'lab: over its %s s, ended\n' "$VIRTRUST_LAB_TIMEOUT" >&2 &&
            kill -KILL "$lab_script") < /dev/null &
    fi
    wait "$lab_script" || status=$?
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
        keep_logs "$(basename "$script" .sh)"
    fi
    exit "$status"
}

run_shell() {
    cat > "$LAB/home/.bashrc" << EOF
. /etc/bash.bashrc 2> /dev/null
. '$LAB_HERE/lib.sh'
PS1='(lab) \w# '
echo "The laboratory's functions are told in $LAB_HERE/lib.sh; leave with exit."
EOF
    bash --rcfile "$LAB/home/.bashrc" -i <&8 8<&- &
    exec 8<&-
    wait $! || exit $?
}

script=
if [ "$mode" = run ]; then
    script=$1
    exec {script_fd}< "$script"
fi
LAB_LOGS=${VIRTRUST_LAB_LOGS:-$LAB_SOURCE/build/lab-logs}
exec 8<&0 < /dev/null
private_files
if [ -n "$script" ]; then
    # A script right in /tmp, or in /run, has just been hidden too.
    if [ ! -r "$script" ]; then
        cat <&"$script_fd" > "$LAB/home/${script##*/}"
        script=$LAB/home/${script##*/}
    fi
    exec {script_fd}<&-
fi
private_network
private_environment
hostname dc1
case $mode in
    run)
        shift
        run_script "$@"
        ;;
    shell)
        run_shell
        ;;
esac
