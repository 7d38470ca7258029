#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-standins.sh EXE DIR: what Wine lacks of a domain member, played by DLLs beside a copy of the helper. In that copy
# the names of five imported DLLs are replaced by others of the same length, and nothing else; each stand-in exports what
# it plays and forwards every other name that the helper imports to the DLL that it stands for.
set -euo pipefail

exe=$1 dir=$2
here=$(cd "$(dirname "$0")" && pwd)/standins
cc=x86_64-w64-mingw32-gcc
flags=(-O1 -Wall -Wextra -static -s -D__USE_MINGW_ANSI_STDIO=1 -Wno-attributes -DUNICODE -D_WIN32_WINNT=0x0601)
mkdir -p "$dir"

fresh() {
    local source
    for source in "$exe" "$0" "$here"/*; do
        [ "$dir/virtrust-helper.exe" -nt "$source" ] || return 1
    done
}
! fresh || exit 0

# imports DLL: the names that the helper takes from it.
imports() {
    x86_64-w64-mingw32-objdump -p "$exe" | awk -v dll="$1" '
        /DLL Name:/ { on = (tolower($3) == tolower(dll)) ; next }
        /^$/ { on = 0 }
        on && $2 ~ /^[0-9]+$/ && $3 != "" { print $3 }'
}

# stand_in NAME FOR SOURCE... -- LIBRARY...
stand_in() {
    local name=$1 for=$2 own
    shift 2
    local sources=()
    while [ "$1" != -- ]; do
        sources+=("$here/$1")
        shift
    done
    shift
    own=$(grep -hoE '^[A-Z]+ (NTAPI|WINAPI|__cdecl) [A-Za-z_0-9]+\(' "${sources[0]}" | sed 's/.* \([A-Za-z_0-9]*\)($/\1/' | grep -vxE 'SystemFunction036|DllMain')
    {
        printf 'LIBRARY %s.dll\nEXPORTS\n' "$name"
        printf '    %s\n' $own
        imports "$for.dll" | grep -vxF -f <(printf '%s\n' $own) | sed "s/.*/    & = $for.&/"
    } > "$dir/$name.def"
    "$cc" "${flags[@]}" -shared -o "$dir/$name.dll" "${sources[@]}" "$dir/$name.def" "$@"
}

stand_in LABSTAND advapi32 lsa.c exchange.c store.c -- -ladvapi32
stand_in NETSTAND netapi32 netlogon.c exchange.c store.c -- -lnetapi32 -ladvapi32
stand_in LDSTAND wldap32 ldap.c exchange.c -- -lwldap32
stand_in bstand bcrypt bcrypt.c exchange.c -- -lbcrypt
stand_in KRNSTAND kernel32 port.c -- -lws2_32
"$cc" "${flags[@]}" -municode -o "$dir/standctl.exe" "$here/control.c" "$here/store.c" -ladvapi32
LC_ALL=C sed 's/ADVAPI32\.dll/LABSTAND.dll/g; s/NETAPI32\.dll/NETSTAND.dll/g; s/WLDAP32\.dll/LDSTAND.dll/g; s/bcrypt\.dll/bstand.dll/g; s/KERNEL32\.dll/KRNSTAND.dll/g' \
    "$exe" > "$dir/virtrust-helper.exe"
chmod +x "$dir/virtrust-helper.exe"
cmp -s "$exe" "$dir/virtrust-helper.exe" && { echo "build-standins.sh: no import was renamed" >&2; exit 1; }
[ "$(stat -c %s "$exe")" -eq "$(stat -c %s "$dir/virtrust-helper.exe")" ]
