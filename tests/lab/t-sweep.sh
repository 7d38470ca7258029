# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `virtrust sweep` over real disks and a real directory: it finds the guests that are behind, whatever has put them
# there, repairs nothing, and asks the domain controller for many accounts together.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

lab_dc_start
lab_delegate
lab_libvirtd_start
cd "$LAB/guests" || exit 1
names=(HERD1 HERD2 HERD3 HERD4)
for name in "${names[@]}"; do shut_account "$name"; done
domain_sid=$(lab_dc_attr HERD1 objectSid)
for name in "${names[@]}"; do
    shut_windows "${name,,}.qcow2" qcow2 "netbios=$LAB_NETBIOS" "dns=$LAB_DOMAIN" "domain_sid=${domain_sid%-*}" \
        "computer=$name" "secret=of-$name" "set_at=$(($(lab_dc_pwdlastset "$name") - 20000000))" \
        "account_sid=$(lab_dc_attr "$name" objectSid)" max_age=30 product=WinNT
    shut_define "${name,,}" "$LAB/guests/${name,,}.qcow2" qcow2
done

vt_config repair "policies:" "  - computer: \"{name}\""
sed -i 's/^look:/look:\n  on_first_sight: false/' "$VT_CONFIG"
vt_start
all_known() { [ "$(vt --json list | jq '.guests | length')" -eq "${#names[@]}" ]; }
lab_wait 60 all_known

# sweep CODE ARGS...: its output lies in $LAB_TMP/swept.
sweep() {
    local status=0 code=$1
    shift
    vt sweep "$@" > "$LAB_TMP/swept" 2> "$LAB_TMP/err" || status=$?
    [ "$status" -eq "$code" ] && return 0
    sed 's/^/# /' "$LAB_TMP/swept" "$LAB_TMP/err"
    return 1
}

swept() { grep -qxF -- "$1" "$LAB_TMP/swept"; }
ends_with() { tail -n 1 "$LAB_TMP/swept" | jq -e "$1" > "$LAB_TMP/out"; }
status() { vt --json status | jq ".status.$1"; }

lab_check "nobody is behind" sweep 0
lab_check "and the sum says so" swept "4 of 4 looked at, 0 behind"
lab_check "four questions made fewer requests" test "$(status directory_requests)" -lt 4
lab_check "and all were asked" test "$(status questions_done)" -eq 4
lab_check "nothing is left waiting" test "$(status looks_waiting)" -eq 0

# Somebody resets an account: no rollback, no event, and the guest is locked out all the same.
lab_dc_reset HERD2 "$(lab_random_password)"
before=$(lab_dc_kvno HERD2)
lab_check "the next sweep finds it" sweep 1 --json
lab_check "an object a line, the sum last" ends_with '.type == "end" and .looked == 4 and .behind == 1 and .exit == 1'
lab_check "it is the one" test "$(jq -r 'select(.behind == true and .type == "looked") | .name' "$LAB_TMP/swept")" = herd2
lab_check "a pattern leaves it out" sweep 0 --only 'herd[134]'
lab_check "and counts without it" swept "3 of 3 looked at, 0 behind"
lab_check "nothing was repaired, in mode repair too" test "$(lab_dc_kvno HERD2)" -eq "$before"
lab_check "no case is left open" test "$(status open_cases)" -eq 0
lab_done
