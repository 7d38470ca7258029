# shellcheck shell=bash disable=SC2034
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A Windows member of the laboratory's domain, by Wine: the shipped virtrust-helper.exe, with stand-ins for what Wine
# lacks (tests/wine/build-standins.sh). Its machine secret lies in Wine's registry; whether it is the right one a log-on
# at the domain controller decides.
#
#   lab_wine_start                  Wine is up; skips the test where it cannot be
#   lab_wine_join SECRET            makes the account $WIN_NAME$ at the DC, and Wine's machine its member
#   lab_wine_reset SECRET           an administrator's reset of that account: trust is broken
#   lab_wine_secret                 prints what the member holds now; lab_wine_works: does it log on?
#   lab_wine_calls PATTERN          how many of the stand-ins' calls were like this
#   wine_ask VERB KEY=VALUE...      asks the helper: $answer, $status; wine_get KEY; wine_is KEY VALUE
#   WIN_FAULT, WIN_CLOCK            a stand-in's fault, and faketime's offset, for the next questions

WIN_FAULT=
WIN_CLOCK=

lab_wine_start() {
    WIN_EXE=$LAB_BIN/virtrust-helper.exe
    WIN_DIR=$LAB_BIN/../test/standins
    command -v wine > /dev/null || lab_skip "wine is not installed"
    [ -x "$WIN_DIR/virtrust-helper.exe" ] || lab_skip "virtrust-helper.exe and its stand-ins are not built in $WIN_DIR"
    export WINEPREFIX=$LAB_TMP/wine WINEDEBUG=-all HOME=$LAB_TMP
    export STANDIN_DIR=$LAB_TMP/standin STANDIN_SCRIPT=$LAB_SOURCE/tests/wine/standin.sh STANDIN_FAULT=
    export STANDIN_AGREE=$LAB_BIN/../test/wine-agree
    (umask 077 && mkdir -p "$STANDIN_DIR" "$WINEPREFIX")
    wineserver -p600
    # Wine takes the computer's name from the host's when it boots.
    unshare -u sh -c 'hostname win1 && wine cmd /c exit' > "$LAB_LOG/wineboot.log" 2>&1 || {
        lab_fail "Wine does not start: $(tail -n 3 "$LAB_LOG/wineboot.log")"
        return 1
    }
    lab_note "Wine is up"
}

standctl() {
    wine "$WIN_DIR/standctl.exe" "$@" 2> /dev/null
}

lab_wine_join() {
    WIN_NAME=$(wine reg query 'HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName' /v ComputerName |
        tr -d '\r' | awk '$1 == "ComputerName" { print $3 }')
    lab_dc_add_computer "$WIN_NAME"
    lab_dc_reset "$WIN_NAME" "$1"
    WIN_SID=$(lab_dc_attr "$WIN_NAME" objectSid)
    standctl set netbios "$LAB_NETBIOS"
    standctl set dns "$LAB_DOMAIN"
    standctl set sid "${WIN_SID%-*}"
    standctl set account "$WIN_NAME\$"
    standctl set dc "$LAB_DC"
    printf '%s\n' "$1" | standctl password
    wine reg add 'HKLM\SECURITY\Policy\PolMachineAccountS' /ve /t REG_BINARY /d "$(sid_hex "$WIN_SID")" /f > /dev/null
}

# sid_hex S-1-5-21-A-B-C-R: the binary SID, as hexadecimal.
sid_hex() {
    local IFS=- part
    local -a parts
    read -ra parts <<< "$1"
    printf '01%02x%012x' $((${#parts[@]} - 3)) "${parts[2]}"
    for part in "${parts[@]:3}"; do
        printf '%02x%02x%02x%02x' $((part & 255)) $((part >> 8 & 255)) $((part >> 16 & 255)) $((part >> 24 & 255))
    done
}

lab_wine_reset() {
    lab_dc_reset "$WIN_NAME" "$1"
}

lab_wine_secret() {
    standctl show
}

lab_wine_works() {
    lab_wine_secret | KRB5CCNAME=FILE:$LAB_TMP/win.cc kinit "$WIN_NAME\$@$LAB_REALM" > "$LAB_TMP/win.kinit" 2>&1
}

lab_wine_calls() {
    grep -c -- "$1" "$STANDIN_DIR/calls" || true
}

# wine_ask VERB KEY=VALUE...
wine_ask() {
    local verb=$1 clock=()
    shift
    [ -z "$WIN_CLOCK" ] || clock=(faketime -f "$WIN_CLOCK")
    status=0
    answer=$({
        printf 'type=%s\nv=1\n' "$verb"
        printf '%s\n' "$@"
        printf '\n'
    } | STANDIN_FAULT=$WIN_FAULT "${clock[@]}" wine "$WIN_DIR/virtrust-helper.exe" "$verb" 2> "$LAB_TMP/stderr") || status=$?
    printf -- '-- %s %s (fault %s): %s\n%s\n' "$verb" "$*" "$WIN_FAULT" "$status" "$answer" >> "$LAB_LOG/asked.log"
}

wine_get() {
    sed -n "s/^$1=//p" <<< "$answer"
}

wine_is() {
    local got
    got=$(wine_get "$1")
    [ "$got" = "$2" ] || {
        printf '  %s is "%s", not "%s"; exit %s, the answer:\n%s\n' "$1" "$got" "$2" "$status" "$answer" >&2
        sed 's/^/  stderr: /' "$LAB_TMP/stderr" >&2
        return 1
    }
}
