# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What virtrust refuses although it may repair: a guest that is no member, that has no binding, that claims another's
# identity (by keytab, by hive, by what its helper says), that has no agent or whose agent keeps silent, and one whose
# disk looks old while its channel works. No account's key version moves in any of it, least of all the victim's.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

HELPER=/usr/libexec/virtrust/virtrust-helper
former=0

# kvno NAME: remembers its key version; unmoved NAME: it is still that one.
declare -A kvnos=()
kvno() { kvnos[$1]=$(lab_dc_kvno "$1"); }
unmoved() { [ "$(lab_dc_kvno "$1")" = "${kvnos[$1]}" ]; }

# next_case: the newest case of guest1 that is newer than the former one, once it is closed. It is left in `id`.
next_case() {
    id=$(vt_wait_new guest1 "$former")
    former=$id
    vt case "$id" > "$LAB_LOG/case-$id.txt" || true
}

# told GUEST FIELD PATTERN: of its last case.
told() { vt_told "$(vt_last_case "$1")" "$2" "$3"; }

lab_guest_ready guest1
lab_guest_install_helper guest1
for name in VICTIM KEYTHIEF HIVETHIEF SIDTHIEF DUMB; do shut_account "$name"; done
victim_sid=$(lab_dc_attr victim objectSid)
domain_sid=${victim_sid%-*}
for name in victim keythief hivethief sidthief dumb guest1; do kvno "$name"; done

# guest1 is looked at first; the others while it is worked with.
VT_AGENT_WAIT=15s vt_config repair "policies:" "  - match: {name: \"*thief\"}" "    computer: \"{name}\"" \
    "  - match: {name: dumb}" "    computer: DUMB" "  - match: {name: plain}" "    computer: KEYTHIEF"
vt_start

lab_note "disks that claim what they are not"
cd "$LAB/guests" || exit 1
shut_linux plain.img && shut_define plain "$PWD/plain.img" raw
shut_linux keythief.img 'VICTIM$' 1 && shut_define keythief "$PWD/keythief.img" raw
hive=(netbios="$LAB_NETBIOS" dns="$LAB_DOMAIN" domain_sid="$domain_sid" set_at=133203110020139115 product=WinNT)
shut_windows hivethief.img qcow2 "${hive[@]}" computer=VICTIM secret=one
shut_define hivethief "$PWD/hivethief.img" qcow2
shut_windows sidthief.img qcow2 "${hive[@]}" computer=SIDTHIEF account_sid="$victim_sid" secret=two
shut_define sidthief "$PWD/sidthief.img" qcow2
shut_linux dumb.img 'DUMB$' 1 && shut_define dumb "$PWD/dumb.img" raw --no-agent

# ---- a channel that works although the disk is old -------------------------------------------------------------------
# The keytab that the guest uses is in memory, over the one on its disk: whoever reads the disk sees the older secret.
lab_note "disk old, channel healthy"
lab_wait 300 vt_settled guest1
former=$(vt_last_case guest1)
lab_check "guest1 is in step at first sight" told guest1 verdict in-step
lab_check "it is bound by the administrator" vt bind guest1 GUEST1
lab_guest_exec guest1 sh -c 'cp -p /etc/krb5.keytab /run/live.keytab && mount --bind /run/live.keytab /etc/krb5.keytab'
lab_guest_rotate guest1
lab_guest_exec guest1 sync
lab_check "the guest's own channel works" lab_guest_trust guest1
kvno guest1
lab_guest_snapshot guest1 memory
lab_guest_revert guest1 memory
next_case
lab_check "the revert is a case" told guest1 kind revert-running
lab_check "its disk was judged behind" grep -q 'judged behind' "$LAB_LOG/case-$id.txt"
lab_check "the probe settled it: no action" told guest1 outcome no-action
lab_check "in step" told guest1 verdict in-step
lab_check "because the probe says healthy" told guest1 cause probe-healthy
lab_check "nothing was reset" unmoved guest1
lab_check "and the channel still works" lab_guest_trust guest1

# ---- no binding ------------------------------------------------------------------------------------------------------
lab_note "no binding"
lab_check "the binding is taken away" vt unbind guest1
lab_guest_exec guest1 sh -c 'umount /etc/krb5.keytab && cat /run/live.keytab > /etc/krb5.keytab'
lab_guest_exec -i guest1 sh -c "cat > $HELPER && sync" << 'LIAR'
#!/bin/sh
[ "$1" = probe ] || echo "$1" >> /root/asked
cat /root/lie
LIAR
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
kvno guest1
lab_guest_revert guest1 before
next_case
lab_check "a guest without a binding is judged" told guest1 verdict behind
lab_check "and not repaired" told guest1 outcome no-action
lab_check "it is told how to bind it" told guest1 next '*virtrust bind guest1 *'
lab_check "its account was not touched" unmoved guest1
lab_check "and trust is still broken" eval '! lab_guest_trust guest1'

# ---- a helper that claims another account ----------------------------------------------------------------------------
# Everything else in its answer is what a repair would go on with.
lie() {
    {
        printf 'type=probe\nv=1\nos=linux\njoined=1\nchannel=broken\nchannel_code=bad-password\ndc_reachable=1\ndc=%s\n' "$LAB_DC"
        printf 'live_sha256=%064d\n' 7
        printf 'public_key=%s\n' "$public"
        printf '%s\n' "$@"
        printf '\n'
    } | lab_guest_exec -i guest1 sh -c 'cat > /root/lie'
}
# A point of the curve (its generator), as a one-use key is one.
public=046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5

lab_note "lies"
lab_check "it is bound again" vt bind guest1 GUEST1
own_sid=$(lab_dc_attr guest1 objectSid)
lie 'sam_account_name=VICTIM$' "account_sid=$own_sid" "domain=$LAB_DOMAIN"
lab_check "a repair is asked for" vt repair guest1
next_case
lab_check "a helper that names another computer: identity-mismatch" told guest1 verdict identity-mismatch
lab_check "refused" told guest1 outcome refused
lab_check "with the claim in words" told guest1 text '*VICTIM$*GUEST1$*'
lab_check "and what to do" told guest1 next '?*'
lab_check "its exit code says refused" vt_exit 6 vt wait guest1

lie 'sam_account_name=GUEST1$' "account_sid=$victim_sid" "domain=$LAB_DOMAIN"
vt repair guest1 > "$LAB_TMP/out"
next_case
lab_check "a helper that names another SID: identity-mismatch" told guest1 verdict identity-mismatch
lab_check "refused, too" told guest1 outcome refused
lab_check "the liar was asked for nothing more" lab_guest_exec guest1 test ! -e /root/asked
lab_check "the victim's key version is what it was" unmoved victim
lab_check "and the bound one's" unmoved guest1

# ---- an agent that keeps silent --------------------------------------------------------------------------------------
lab_note "silence"
lab_guest_exec guest1 sh -c '(sleep 0.3; systemctl stop qemu-guest-agent) > /dev/null 2>&1 &'
gone() { ! virsh -q qemu-agent-command guest1 '{"execute":"guest-ping"}' --timeout 2; }
lab_wait 30 gone
vt repair guest1 > "$LAB_TMP/out"
waits() { [ "$(vt_job "$(vt_last_case guest1)" state)" = waiting-agent ]; }
lab_check "the job waits for the agent" lab_wait 90 waits
next_case
lab_check "and ends silent when its time is over" told guest1 outcome silent
lab_check "it says what to start" told guest1 next '*qemu-guest-agent*'
lab_check "which is bad news" vt_exit 1 vt case "$id"
lab_check "nothing was reset for a guest that would not have heard of it" unmoved guest1

# ---- the shut-off guests were looked at meanwhile --------------------------------------------------------------------
for name in plain keythief hivethief sidthief dumb; do lab_wait 300 vt_settled "$name"; done
lab_check "a guest that is not joined is no member" test "$(shut_verdict plain)" = 'not-a-member no-action'
for name in keythief hivethief sidthief; do
    lab_check "$name: identity-mismatch, refused" test "$(shut_verdict "$name")" = 'identity-mismatch refused'
    lab_check "$name was bound to its own account" test "$(vt_field "$name" computer)" = "${name^^}\$"
    lab_check "$name: the case names the claim" told "$name" text '*claims*'
    lab_check "$name: and what to do" told "$name" next '?*'
    lab_check "$name: no job was made" test "$(vt_job "$(vt_last_case "$name")" state)" = none
    lab_check "$name: its own account was not touched" unmoved "$name"
done
lab_check "without an agent channel: behind, no action" test "$(shut_verdict dumb)" = 'behind no-action'
lab_check "it says which channel is missing" told dumb next '*org.qemu.guest_agent.0*'
lab_check "its account was not touched" unmoved dumb
lab_check "the victim was never touched" unmoved victim
lab_check "an unbound victim cannot be had by binding to nothing" vt_exit 1 vt bind plain NOBODY
lab_done
