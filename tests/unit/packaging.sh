#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `cmake --install` puts into an empty root: the whole list, modes, the administrator's configuration kept; that
# the units say what daemon/README.md's table says, that systemd understands them, and that the users and directories
# come out as the programs need them. Needs $VIRTRUST_BUILD_DIR, $VIRTRUST_SOURCE_DIR, $VIRTRUST_PREFIX.
set -euo pipefail

root=$(mktemp -d)
prefix=$VIRTRUST_PREFIX
units=/lib/systemd/system
[ "$prefix" = /usr ] || units=$prefix/lib/systemd/system
failed=0
skipped=''

wrong() {
    printf 'packaging: %s\n' "$*" >&2
    failed=1
}

put() { DESTDIR=$root cmake --install "$VIRTRUST_BUILD_DIR" --prefix "$1" > "$root.log" 2>&1; }

# Installed files that stand in no list below, and listed ones that are missing.
wanted() {
    local program page
    for program in virtrust virtrustd virtrust-watch virtrust-inspect virtrust-inspect-guestfs virtrust-directory virtrust-deliver \
        virtrust-spawn virtrust-hook virtrust-helper; do
        case $program in
            virtrust) echo "$prefix/bin/$program" ;;
            *) echo "$prefix/libexec/virtrust/$program" ;;
        esac
    done
    [ ! -f "$VIRTRUST_BUILD_DIR/bin/virtrust-helper.exe" ] || echo "$prefix/libexec/virtrust/virtrust-helper.exe"
    [ ! -f "$VIRTRUST_BUILD_DIR/bin/virtrust-helper.msi" ] || echo "$prefix/share/virtrust/virtrust-helper.msi"
    for unit in virtrustd.service virtrust-watch.service virtrust-helper.service; do echo "$units/$unit"; done
    for worker in inspect directory deliver; do
        echo "$units/virtrust-$worker.socket"
        echo "$units/virtrust-$worker@.service"
    done
    for page in "$VIRTRUST_SOURCE_DIR"/docs/man/*.[1-8]; do
        echo "$prefix/share/man/man${page##*.}/${page##*/}"
    done
    echo "$prefix/lib/sysusers.d/virtrust.conf"
    echo "$prefix/lib/tmpfiles.d/virtrust.conf"
    echo "$prefix/share/doc/virtrust/examples/virtrust.yaml"
    echo /etc/virtrust/virtrust.yaml
}

check_tree() {
    put "$prefix" || {
        cat "$root.log" >&2
        wrong "cmake --install failed"
        return
    }
    diff -u --label wanted --label installed <(wanted | sort) <(cd "$root" && find . ! -type d | sed 's/^\.//' | sort) >&2 ||
        wrong "the installed files are not the wanted ones (see above)"
    find "$root" -type f -path '*bin/*' ! -perm 0755 -o -type f -path '*libexec/*' ! -perm 0755 | grep . &&
        wrong "programs above are not 0755"
    find "$root" -type f ! -path '*bin/*' ! -path '*libexec/*' ! -perm 0644 | grep . && wrong "files above are not 0644"
    grep -rl '@VIRTRUST' "$root$units" && wrong "units above have a place that was not filled in"
    return 0
}

check_kept_configuration() {
    echo '# mine' > "$root/etc/virtrust/virtrust.yaml"
    put "$prefix" || wrong "installing over an installation failed"
    grep -q '^# mine$' "$root/etc/virtrust/virtrust.yaml" || wrong "the administrator's configuration was written over"
}

check_other_prefix() {
    ! put /somewhere/else || wrong "a prefix that the units do not name was taken"
    grep -q 'CMAKE_INSTALL_PREFIX' "$root.log" || wrong "the refusal of another prefix does not say what to do"
    [ ! -e "$root/somewhere" ] || wrong "the refused prefix was written to all the same"
}

# has UNIT LINE, hasnt UNIT PATTERN
has() { grep -qxF -- "$2" "$root$units/$1" || wrong "$1 lacks: $2"; }
hasnt() { ! grep -qE -- "$2" "$root$units/$1" || wrong "$1 must not have: $2"; }

check_privileges() {
    local unit worker
    for unit in virtrustd.service virtrust-watch.service virtrust-{inspect,directory,deliver}@.service; do
        for line in NoNewPrivileges=yes LimitCORE=0 ProtectSystem=strict SystemCallArchitectures=native \
            SystemCallFilter=@system-service DevicePolicy=closed PrivateTmp=yes; do
            has "$unit" "$line"
        done
        hasnt "$unit" '^User=root|^DynamicUser'
        [ "$unit" = virtrust-inspect@.service ] || has "$unit" CapabilityBoundingSet=
        [ "$unit" = virtrust-inspect@.service ] || has "$unit" MemoryDenyWriteExecute=yes
        [ "$unit" = virtrust-directory@.service ] || has "$unit" PrivateNetwork=yes
        [ "$unit" = virtrust-directory@.service ] || has "$unit" RestrictAddressFamilies=AF_UNIX
        [ "$unit" = virtrustd.service ] || hasnt "$unit" '^ReadWritePaths=.*/var/lib/virtrust( |$)'
    done
    has virtrust-inspect@.service 'CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID'
    hasnt virtrust-inspect@.service '^ReadWritePaths='
    [ "$(sed -n 's/^User=//p' "$root$units"/*.service | sort -u | wc -l)" -eq 5 ] || wrong "a user a process: not so"
    for worker in inspect directory deliver; do
        has "virtrust-$worker.socket" "ListenStream=/run/virtrust/$worker.sock"
        has "virtrust-$worker.socket" Accept=yes
        has "virtrust-$worker.socket" SocketUser=virtrust
        has "virtrust-$worker.socket" SocketMode=0600
        has "virtrust-$worker@.service" StandardInput=socket
    done
}

# systemd-analyze only warns about what it does not understand, so every line counts; but the programs lie in our root.
check_understood() {
    local line program unit limit
    command -v systemd-analyze > /dev/null || {
        skipped="systemd-analyze is not installed"
        return
    }
    while read -r line; do
        program=$(sed -n 's/.*: Command \([^ ]*\) is not executable.*/\1/p' <<< "$line")
        [ -n "$program" ] && [ -x "$root$program" ] && continue
        case $line in *virtrust*) wrong "systemd-analyze verify: $line" ;; esac
    done < <(systemd-analyze verify --man=no --recursive-errors=no "$root$units"/virtrust* 2>&1)
    for unit in "$root$units"/*.service; do
        limit=20
        # A guest's own root, who writes its keytab and reaches its domain controller.
        [ "${unit##*/}" != virtrust-helper.service ] || limit=45
        systemd-analyze security --offline=true --no-pager --threshold=$limit "$unit" > "$root.log" 2>&1 ||
            wrong "${unit##*/} is more exposed than $limit tenths: $(tail -n 1 "$root.log")"
    done
}

# owner, group and mode of a path in the root, by the names in the root's own passwd and group.
owned() {
    local owner group
    owner=$(awk -F: -v id="$(stat -c %u "$root$1")" '$3 == id {print $1}' "$root/etc/passwd")
    group=$(awk -F: -v id="$(stat -c %g "$root$1")" '$3 == id {print $1}' "$root/etc/group")
    [ "$owner:$group:$(stat -c %a "$root$1")" = "$2" ] ||
        wrong "$1 is $owner:$group:$(stat -c %a "$root$1"), wanted $2"
}

check_users_and_directories() {
    if ! command -v systemd-sysusers > /dev/null || ! command -v systemd-tmpfiles > /dev/null; then
        skipped="${skipped:-systemd-sysusers or systemd-tmpfiles is not installed}"
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        skipped="${skipped:-giving directories to users needs root}"
        return
    fi
    printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\n' > "$root/etc/group"
    systemd-sysusers --root="$root" "$root$prefix/lib/sysusers.d/virtrust.conf" > "$root.log" 2>&1 ||
        wrong "systemd-sysusers: $(cat "$root.log")"
    for _ in first again; do
        systemd-tmpfiles --root="$root" --create "$root$prefix/lib/tmpfiles.d/virtrust.conf" > "$root.log" 2>&1 ||
            wrong "systemd-tmpfiles: $(cat "$root.log")"
        [ "$failed" -eq 0 ] || return 0
        owned /run/virtrust root:virtrust-watch:1775
        owned /var/lib/virtrust virtrust:virtrust:711
        owned /var/spool/virtrust/hook virtrust-watch:virtrust-watch:700
    done
    grep -q '^libvirt:.*:virtrust-deliver$' "$root/etc/group" || wrong "virtrust-deliver is not in the group libvirt"
    sed -n 's/^\(User\|Group\|SocketUser\|SocketGroup\|SupplementaryGroups\)=//p' "$root$units"/* | sort -u |
        while read -r name; do
            grep -q "^$name:" "$root/etc/group" || echo "$name"
        done | grep . && wrong "names above stand in a unit and are made by nobody"
    return 0
}

trap 'rm -rf "$root" "$root.log"' EXIT
check_tree
check_kept_configuration
check_other_prefix
check_privileges
check_understood
check_users_and_directories
[ "$failed" -eq 0 ] || exit 1
[ -z "$skipped" ] || {
    echo "skipped in part: $skipped"
    exit 77
}
