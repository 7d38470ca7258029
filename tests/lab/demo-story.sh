# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The story of ./dev demo, told inside the laboratory. Every line that says that something is so comes from asking it.

chapter() { printf '\n== %s\n' "$*"; }
tell() { printf '   %s  %s\n' "$(date +%H:%M:%S)" "$*"; }

# show TEXT CMD...: runs the guest's own check and shows what it said.
show_trust() {
    local what=$1 out status=0
    shift
    "$@" || status=$?
    out=$(grep -v "^ *$" "$LAB_TMP/${1#lab_guest_}" | tail -n 1 || true)
    printf '   %s  guest$ %-16s %s\n' "$(date +%H:%M:%S)" "$what" \
        "$([ "$status" -eq 0 ] && printf 'works' || printf "FAILS: %s" "$out")"
    return "$status"
}

chapter "the laboratory"
lab_guest_ready guest1
lab_guest_install_helper guest1
vt_config repair "policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\"        # the binding rule"
vt_start
tell "domain controller, libvirtd, guest1 (joined, $(lab_virt_type)) and virtrust are up, mode repair"
tell "virtrust has never seen guest1: it looks at its disk once (this takes some seconds)"
lab_wait 240 vt_settled guest1
first=$(vt_last_case guest1)
tell "guest1 is $(vt_field guest1 verdict), bound to $(vt_field guest1 computer) by the policy"

chapter "what happens every day"
lab_guest_snapshot guest1 golden
tell "snapshot 'golden' taken, with memory; AD's key version of GUEST1\$ is $(lab_dc_kvno guest1)"
lab_guest_rotate guest1
rotated=$(lab_dc_kvno guest1)
tell "the guest has rotated its machine password once, as members do; AD's key version is $rotated"
lab_guest_revert guest1 golden
tell "guest1 was reverted to 'golden'"
broken=0
show_trust 'adcli testjoin' lab_guest_testjoin guest1 || broken=$((broken + 1))
show_trust 'kinit -k' lab_guest_kinit guest1 || broken=$((broken + 1))
if [ "$broken" -ne 2 ]; then
    # virtrust may have been quicker than the two checks: then the case says so, and the story is true all the same.
    tell "(the checks were made after virtrust had mended it: $broken of 2 saw it broken)"
fi

chapter "what virtrust did, by itself"
id=$(vt_wait_new guest1 "$first") || {
    vt list
    lab_fail "virtrust did not close a case in time"
}
vt case "$id" | sed '/^  evidence/,$d; s/^/   /' || true
after=$(lab_dc_kvno guest1)

chapter "what the others say"
tell "the domain controller: key version $rotated before, $after now (one reset, one rotation)"
show_trust 'adcli testjoin' lab_guest_testjoin guest1
show_trust 'kinit -k' lab_guest_kinit guest1
[ "$(vt_case "$id" outcome)" = proven ] || lab_fail "the case did not end proven"
[ "$after" -eq $((rotated + 2)) ] || lab_fail "AD's key version moved by $((after - rotated)), not by 2"
[ "$broken" -eq 2 ] || lab_fail "the guest's trust was not seen broken"
printf '\nproven after %s.\n' "$(vt --json case "$id" | jq -r '.cases[0] |
    (.closed | sub("\\.[0-9]+Z$"; "Z") | fromdate) - (.opened | sub("\\.[0-9]+Z$"; "Z") | fromdate) | "\(.) s"')"
