#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-helper.exe under Wine without a domain controller: its form, its words and exit codes, its service and port,
# its event source, its installer.
set -euo pipefail

bin=$VIRTRUST_BIN_DIR
exe=$bin/virtrust-helper.exe
standins=$bin/../test/standins
failed=0 checks=0

for tool in wine socat msiinfo; do
    command -v "$tool" > /dev/null || {
        echo "SKIP: $tool is not installed"
        exit 77
    }
done
[ -x "$standins/virtrust-helper.exe" ] || {
    echo "SKIP: virtrust-helper.exe and its stand-ins are not built in $standins"
    exit 77
}

tmp=$(mktemp -d)
export HOME=$tmp WINEPREFIX=$tmp/wine WINEDEBUG=-all
export STANDIN_DIR=$tmp/standin STANDIN_SCRIPT=$VIRTRUST_SOURCE_DIR/tests/wine/standin.sh STANDIN_FAULT=
export STANDIN_AGREE=$bin/../test/wine-agree STANDIN_PORT=$((20000 + RANDOM % 20000))
mkdir -p "$WINEPREFIX" "$STANDIN_DIR"

ended() {
    wineserver -k > /dev/null 2>&1 || true
    wineserver -w > /dev/null 2>&1 || true
    rm -rf "$tmp"
}
trap ended EXIT
wineserver -p300 > /dev/null 2>&1
wine cmd /c exit > "$tmp/boot" 2>&1 || {
    echo "SKIP: Wine does not start here: $(tail -n 1 "$tmp/boot")"
    exit 77
}

# A service gets its environment from the registry, as it was when Wine booted.
for name in STANDIN_DIR STANDIN_SCRIPT STANDIN_AGREE STANDIN_PORT; do
    wine reg add 'HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment' /v "$name" /d "${!name}" /f > /dev/null 2>&1
done
wineserver -k > /dev/null 2>&1 || true
wineserver -w > /dev/null 2>&1 || true
wineserver -p300 > /dev/null 2>&1

check() {
    local what=$1
    shift
    checks=$((checks + 1))
    if "$@" > "$tmp/words" 2>&1; then
        echo "ok - $what"
    else
        echo "not ok - $what (failed: $*)"
        head -n 5 "$tmp/words" | sed 's/^/  /'
        failed=$((failed + 1))
    fi
}

# exits CODE ARGS...: the program ends with this code; its words are in $tmp/out and $tmp/err.
exits() {
    local code=0 wanted=$1
    shift
    wine "$exe" "$@" > "$tmp/out" 2> "$tmp/err" < "${input:-/dev/null}" || code=$?
    [ "$code" -eq "$wanted" ] || {
        echo "exit $code"
        cat "$tmp/out" "$tmp/err"
        return 1
    }
}

says() { grep -q -- "$1" "$tmp/$2"; }
state() { wine sc query virtrust-helper 2> /dev/null | grep -q "$1"; }
waits() {
    local left=100
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

# ---- its form ------------------------------------------------------------------------------------------------------
check "it is smaller than 500 KB" test "$(stat -c %s "$exe")" -lt 512000
dlls=$(x86_64-w64-mingw32-objdump -p "$exe" | sed -n 's/.*DLL Name: //p' | tr '[:upper:]' '[:lower:]' | sort | tr '\n' ' ')
check "it needs Windows' own DLLs alone" test "$dlls" = \
    'advapi32.dll bcrypt.dll kernel32.dll msvcrt.dll netapi32.dll secur32.dll wldap32.dll ws2_32.dll '
check "addresses are random, data does not run" test \
    "$(x86_64-w64-mingw32-objdump -p "$exe" | grep -cE 'HIGH_ENTROPY_VA|DYNAMIC_BASE|NX_COMPAT')" -eq 3

# ---- words ---------------------------------------------------------------------------------------------------------
check "--version" exits 0 --version
check "--help" exits 0 --help
check "which names every verb" grep -qzE 'probe.*store-check.*store .*rotate.*repair.*clock.*service' "$tmp/out"
check "nothing" exits 2
check "a verb that is none" exits 2 format
check "with a sentence" says 'is right' err
check "no request" exits 2 probe
printf 'type=probe\nv=1\ntoken=' > "$tmp/cut"
input=$tmp/cut
check "a request that is cut short" exits 2 probe
printf 'rubbish\n\n' > "$tmp/rubbish"
input=$tmp/rubbish
check "a request that is none" exits 2 probe
printf 'type=probe\nv=1\ntoken=NO\n\n' > "$tmp/token"
input=$tmp/token
check "a token that is none" exits 2 probe
printf 'type=clock\nv=1\nnow_us=%s000000\ntolerance_ms=60000\nset=1\n\n' "$(date +%s)" > "$tmp/clock"
input=$tmp/clock
check "the clock" exits 0 clock
check "is right and stays" says '^set=0' out
sed 's/$/\r/' "$tmp/clock" > "$tmp/typed"
input=$tmp/typed
check "a request with lines as Windows ends them" exits 0 clock
check "is the same" says '^set=0' out
input=

# ---- the service ---------------------------------------------------------------------------------------------------
service() { wine "$standins/virtrust-helper.exe" service "$@" 2> "$tmp/err"; }
source_key='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\virtrust-helper'
token=$(printf %032d 7)
{
    printf 'an old answer, cut sh\n\n\n\ntype=probe\nv=1\nid=a\ntoken=%s\nkey=0\n\n' "$token"
    waits grep -q '^id=a$' "$tmp/port" > /dev/null
    printf '\n\ntype=format\nv=1\nid=b\n\ntype=probe\nv=1\nid=c\ntoken=bad\n\n'
    waits grep -q '^id=c$' "$tmp/port" > /dev/null
    sleep 0.5
} | timeout 40 socat -t1 - "TCP-LISTEN:$STANDIN_PORT,reuseaddr,bind=127.0.0.1" > "$tmp/port" 2> "$tmp/socat" &
host=$!
check "service install" service install
check "it runs" waits state RUNNING
check "its path is quoted" sh -c "wine reg query 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\virtrust-helper' /v ImagePath | grep -q '\"Z:.*virtrust-helper.exe\" service run'"
check "as LocalSystem, at every start" sh -c "wine sc qc virtrust-helper 2> /dev/null | grep -q LocalSystem || wine reg query 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\virtrust-helper' /v ObjectName | grep -q LocalSystem"
check "its event source is registered" wine reg query "$source_key" /v EventMessageFile
wait "$host" || true
check "it answered on the port" grep -q '^id=a$' "$tmp/port"
check "with the probe's own record" grep -q '^out=type=probe%0av=1%0aos=windows' "$tmp/port"
check "a verb that is none is not answered" test "$(grep -c '^id=b$' "$tmp/port")" -eq 0
check "a bad request is answered with its exit code" grep -qz 'id=c.exit=2.text=virtrust-helper: the request' "$tmp/port"
check "a second install is fine" service install
check "service remove" service remove
check "it is gone" waits sh -c "! wine sc query virtrust-helper 2> /dev/null | grep -q STATE"
check "so is the event source" sh -c "! wine reg query '$source_key' > /dev/null 2>&1"
check "a second remove is fine" service remove

# ---- the installer -------------------------------------------------------------------------------------------------
msi=$bin/virtrust-helper.msi
if [ -s "$msi" ]; then
    program="$WINEPREFIX/drive_c/Program Files/virtrust/virtrust-helper.exe"
    check "the msi is for x64" sh -c "msiinfo suminfo '$msi' | grep -q 'Template: x64;1033'"
    check "it installs a service" sh -c "msiinfo export '$msi' ServiceInstall | grep -q 'virtrust-helper.*service run'"
    check "and stops and removes it" sh -c "msiinfo export '$msi' ServiceControl | grep -q virtrust-helper"
    check "it upgrades what is older" sh -c "msiinfo export '$msi' Upgrade | grep -q '{'"
    check "and replaces a file that has a version, as Wine would anyhow" \
        sh -c "msiinfo export '$msi' Property | grep -q '^REINSTALLMODE.amus'"
    check "msiexec /i" wine msiexec /i "Z:$msi" /qn
    check "the program is there" test -s "$program"
    check "and is the one that was built" cmp "$program" "$exe"
    check "its service runs" waits state RUNNING
    check "its event source is registered" wine reg query "$source_key" /v EventMessageFile
    rm -f "$program"
    # What /fa stands for; Wine's msiexec knows the long form only.
    check "a repair" wine msiexec /i "Z:$msi" REINSTALL=ALL REINSTALLMODE=amus /qn
    check "brings the program back" test -s "$program"
    mkdir "$tmp/newer"
    cp "$exe" "$tmp/newer"
    check "a newer one is built, in a folder named as people name them" \
        sh -c "cd '$tmp' && '$VIRTRUST_SOURCE_DIR/packaging/msi/build.sh' wixl 99.0.0 newer"
    check "and upgrades" wine msiexec /i "Z:$tmp/newer/virtrust-helper.msi" /qn
    versions=$(wine reg query 'HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall' /s 2> /dev/null | tr -d '\r' |
        grep -A9 'virtrust guest helper' | awk '/DisplayVersion/ { print $3 }')
    check "the older one's place" test "$versions" = 99.0.0
    check "with its service" waits state RUNNING
    check "msiexec /x" wine msiexec /x "Z:$tmp/newer/virtrust-helper.msi" /qn
    check "the program is gone" test ! -e "$program"
    check "its service, too" waits sh -c "! wine sc query virtrust-helper 2> /dev/null | grep -q RUNNING"
fi

echo "$checks checks, $failed failed"
[ "$failed" -eq 0 ]
