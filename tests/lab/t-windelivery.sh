# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Delivery to a guest that answers like Windows: a real libvirt domain, whose real agent channel is tied (by a relay in a
# Linux guest) to tests/wine/winga, which speaks as QEMU's agent does on Windows and runs the shipped
# virtrust-helper.exe by Wine, as a member of the laboratory's domain. virtrust-deliver finds the helper where the msi
# puts it, and brings the member from broken to rotated; crashes, floods and blocked commands are told apart.

deliver=$LAB_BIN/virtrust-deliver
winga=$LAB_BIN/../test/winga
# shellcheck source=tests/lab/lib/verbs.sh
. "$LAB_HERE/lib/verbs.sh"
verbs_need "$deliver" "$LAB_BIN/virtrust-helper"
[ -x "$winga" ] || lab_skip "winga is not built in $winga (no mingw)"
command -v wine > /dev/null || lab_skip "wine is not installed"

lab_guest_ready guest1
uuid=$(lab_guest_uuid guest1)
lab_wine_start
secret() {
    head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_'
}
lab_wine_join "$(secret)"
mkdir -p "$WINEPREFIX/drive_c/Program Files/virtrust"
cp "$WIN_DIR"/*.dll "$WIN_DIR/virtrust-helper.exe" "$WINEPREFIX/drive_c/Program Files/virtrust/"

ask() {
    local verb=$1
    shift
    verbs_call "$deliver" -- type=verb v=1 "guest=$uuid" "verb=$verb" "$@"
}

export WINGA_ALTERS=$LAB_TMP/alters # while it is there, what is written is altered
lab_daemon winga "$winga" 4444
lab_guest_exec guest1 systemd-run -q --unit=relay bash -c 'sleep 1
systemctl stop qemu-guest-agent
exec 3<> /dev/tcp/10.0.2.2/4444 4<> /dev/virtio-ports/org.qemu.guest_agent.0
cat <&3 >&4 &
while :; do cat <&4 >&3; sleep 0.1; done'
windows_answers() {
    ask presence timeout_s=10 && [ "$(get agent_os)" = windows ]
}
lab_check "the guest answers like Windows" lab_wait 60 windows_answers
lab_check "its helper is found where the msi puts it" is helper present

ask probe "token=$(token 1)" key=0
lab_check "a healthy member" is channel healthy
lab_check "of Windows" is os windows
lab_check "through Windows' agent" is agent_os windows
ask probe "token=$(token 1)" key=0 'helper_windows=C:\nowhere\virtrust-helper.exe'
lab_check "a helper that is not there is missed" is code no-helper

# Brought there. (The stand-ins' own DLLs have to lie beside it, as they lie beside the installed one.)
drive="$WINEPREFIX/drive_c"
mkdir -p "$drive/Tools/virtrust/pushed"
cp "$WIN_DIR"/*.dll "$drive/Tools/virtrust/pushed/"
printf 'helper:\n  windows_push_source: %s\n' "$(realpath "$WIN_DIR/virtrust-helper.exe")" > "$LAB_TMP/push.yaml"
brought() {
    verbs_call "$deliver" --config "$LAB_TMP/push.yaml" -- type=verb v=1 "guest=$uuid" verb=probe "token=$(token 1)" key=0 push=1 \
        'helper_windows=C:\Tools\virtrust\virtrust-helper.exe'
}
sum=$(sha256sum < "$WIN_DIR/virtrust-helper.exe")
pushed="$drive/Tools/virtrust/pushed/virtrust-helper-${sum:0:16}.exe"
brought
lab_check "a helper that is missing is brought there by the agent" is pushed 1
lab_check "and run" is channel healthy
lab_check "whole" cmp "$WIN_DIR/virtrust-helper.exe" "$pushed"
lab_check "with nothing half-done beside it" test ! -e "$pushed.part"
before=$(stat -c '%i %Y' "$pushed")
brought
lab_check "the next time it is used again" test "$(get channel) $(stat -c '%i %Y' "$pushed")" = "healthy $before"
printf x >> "$pushed"
brought
lab_check "what was altered there is not run" is code push-refused
lab_check "and left for its administrator to look at" test -e "$pushed"
rm "$pushed"
touch "$LAB_TMP/alters"
brought
lab_check "a helper that arrives altered is not run either" is code push-refused
lab_check "and gets no name" test ! -e "$pushed"
rm "$LAB_TMP/alters"
brought
lab_check "after which a whole one is brought over it" is channel healthy

ask probe "token=$(token 1)" key=0 'helper_windows=C:\crash.exe'
lab_check "an exception that comes back as a signal" is code helper-failed
lab_check "is told as one" grep -q 'signal 3221225477' <<< "$(get text)"
ask probe "token=$(token 1)" key=0 'helper_windows=C:\flood.exe'
lab_check "nine megabytes of output, cut short by the agent" is code helper-failed
ask probe "token=$(token 1)" key=0
lab_check "after which the guest still answers" is channel healthy

lab_wine_reset "$(secret)"
ask probe "token=$(token 2)" key=1
lab_check "a broken member" is channel broken
live=$(get live_sha256)
public=$(get public_key)
new=$(secret)
lab_wine_reset "$new"
kvno=$(lab_dc_kvno "$WIN_NAME")
sealed=$(printf %s "$new" | "$LAB_BIN/../test/lab-seal" "$public" "$(token 2)")
ask store-check "token=$(token 2)" "expect=$live"
lab_check "store-check" is ready 1
ask store "token=$(token 2)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "store" is result 'done'
live=$(get live_sha256)
lab_check "the member holds what the host has set" test "$(lab_wine_secret)" = "$new"
ask rotate "token=$(token 2)" "expect=$live" "dc=$LAB_DC"
lab_check "rotate" is result 'done'
lab_check "which the DC shows" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
lab_check "and the member logs on with what the host never saw" lab_wine_works

# With a credential that may reset this one account, lent for one call (strategy `credential`).
lab_dc_add_user repairer "$LAB_OU"
repairer=$(secret | cut -c 1-40)
lab_dc_reset repairer "$repairer"
lab_dc_change dsacl set --objectdn="$(lab_dc_dn "$WIN_NAME")" --action=allow --trusteedn="$(lab_dc_dn repairer)" \
    --sddl="(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;$(lab_dc_attr repairer objectSid))"
lab_wine_reset "$(secret)"
ask probe "token=$(token 3)" key=1
lab_check "broken again" is channel broken
live=$(get live_sha256)
sealed=$(printf '%s\\repairer\n%s' "$LAB_NETBIOS" "$repairer" | "$LAB_BIN/../test/lab-seal" "$(get public_key)" "$(token 3)")
kvno=$(lab_dc_kvno "$WIN_NAME")
ask repair "token=$(token 3)" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "repair for nobody in particular is refused" is reason no-sid
for again in '' ', asked again'; do
    ask repair "token=$(token 3)" "expect=$live" "sealed=$sealed" "sid=$WIN_SID" "dc=$LAB_DC"
    lab_check "repair$again" is result 'done'
    lab_check "by one reset$again" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
done
lab_check "and the member logs on" lab_wine_works
ask clock tolerance_ms=600000 set=0
lab_check "its clock is told" is set 0
wineserver -k
lab_done
