# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Mode observe, --dry-run, and mode ask until it is approved: a guest that is really broken is judged behind, and
# neither its account in AD, nor its disk, nor its clock is touched, and nobody speaks to its agent. The very same
# measurements show the repair afterwards, so that they would have shown one before.

# What libvirtd's log, at its most talkative, tells of commands to the guest's agent since the mark.
agent_mark() { agent_from=$(stat -c %s "$LAB_LOG/libvirtd-debug.log"); }
agent_calls() {
    tail -c +$((agent_from + 1)) "$LAB_LOG/libvirtd-debug.log" > "$LAB_TMP/agent"
    grep -c '"execute":"guest-\|execute\\":\\"guest-' "$LAB_TMP/agent" || true
}

# All that AD holds of the account: times of log-ons, counts, versions and replication stamps too.
account_is() {
    lab_dc_account guest1 > "$LAB_TMP/account"
    diff "$1" "$LAB_TMP/account" >&2
}

# What was written in the guest since the marker was, apart from its own log; the marker is older than the snapshot.
written() {
    lab_guest_exec guest1 find / -xdev -newer /root/marker \( -type f -o -type d \) ! -path '/var/log/*' \
        ! -path /root ! -path '/tmp*' ! -path '/var/tmp*'
}

# Guest minus host, in seconds.
clock_offset() {
    local there
    there=$(lab_agent guest1 '{"execute":"guest-get-time"}' | jq .return)
    printf '%s\n' "$((there / 1000000000 - $(date +%s)))"
}

# untouched WHAT: AD, agent and guest are as they were. The last one asks the agent, so the order matters.
untouched() {
    lab_check "$1: nobody spoke to the guest's agent" test "$(agent_calls)" -eq 0
    lab_check "$1: AD's account is what it was, to the last attribute" account_is "$LAB_TMP/account.before"
    lab_check "$1: the guest's keytab is what it was" test "$(lab_guest_exec guest1 sha256sum /etc/krb5.keytab)" = "$keytab"
    lab_check "$1: nothing was written in the guest" test -z "$(written | tee /dev/stderr)"
    lab_check "$1: its clock was not set" test "$(clock_offset)" -lt -4
    lab_check "$1: the helper was never run" lab_guest_exec guest1 test ! -e /var/lib/virtrust-helper
    lab_check "$1: trust is still broken" eval '! lab_guest_trust guest1'
}

lab_libvirtd_start --debug
lab_guest_ready guest1
lab_guest_install_helper guest1
policy=("policies:" "  - match: {name: \"guest*\"}" "    computer: \"{name}\"")
vt_config observe "${policy[@]}"
vt_start
lab_wait 240 vt_settled guest1
former=$(vt_last_case guest1)

lab_guest_exec guest1 sh -c 'touch /root/marker; sync'
keytab=$(lab_guest_exec guest1 sha256sum /etc/krb5.keytab)
lab_guest_snapshot guest1 before
taken=$SECONDS
lab_guest_rotate guest1
lab_check "the measurements see a rotation" test "$(lab_guest_exec guest1 sha256sum /etc/krb5.keytab)" != "$keytab"
old_enough() { [ $((SECONDS - taken)) -ge 6 ]; } # so that the guest's clock is off by more than the tolerance
lab_wait 30 old_enough
lab_dc_account guest1 > "$LAB_TMP/account.before"
kvno=$(lab_dc_kvno guest1)

# ---- observe ---------------------------------------------------------------------------------------------------------
agent_mark
lab_guest_revert guest1 before
id=$(vt_wait_new guest1 "$former")
lab_check "observe: judged behind" vt_told "$id" verdict behind
lab_check "observe: no action" vt_told "$id" outcome no-action
lab_check "observe: the case records what it would have done" vt_told "$id" would 'would have*reset*mode observe*'
lab_check "observe: and how to let it" vt_told "$id" next '*virtrust.yaml*'
lab_check "observe: no job was made" test "$(vt_job "$id" state)" = none
lab_check "observe: behind is bad news" vt_exit 1 vt wait guest1 --timeout 5
untouched observe
vt_stop

# ---- dry run ---------------------------------------------------------------------------------------------------------
vt_config repair "${policy[@]}"
vt_start
lab_note "dry run"
agent_mark
lab_dc_account guest1 > "$LAB_TMP/account.before" # the checks above have logged on
former=$(vt_last_case guest1)
lab_check "dry run: is taken" vt repair guest1 --dry-run
id=$(vt_wait_new guest1 "$former")
lab_check "dry run: judged behind" vt_told "$id" verdict behind
lab_check "dry run: no action, although mode repair" vt_told "$id" outcome no-action
lab_check "dry run: it says what it would do" vt_told "$id" would 'would have*reset*'
untouched "dry run"
vt_stop

# ---- ask -------------------------------------------------------------------------------------------------------------
vt_config ask "${policy[@]}"
vt_start
lab_note "ask"
former=$(vt_last_case guest1)
lab_dc_account guest1 > "$LAB_TMP/account.before"
agent_mark
lab_guest_revert guest1 before
lab_wait 60 vt_newer_case guest1 "$former"
id=$(vt_last_case guest1)
waits() { [ "$(vt_case "$id" state)" = awaiting-approval ]; }
lab_wait 120 waits
lab_check "ask: it waits for approval, judged behind" vt_told "$id" verdict behind
lab_check "ask: it says what for" vt_told "$id" next '*virtrust approve*'
lab_check "ask: waiting for it times out with 5" vt_exit 5 vt wait "$id" --timeout 1
lab_check "ask: no second case beside it: refused" vt_exit 6 vt repair guest1
lab_check "ask: the status counts it" test "$(vt --json status | jq .status.waiting_approval)" -eq 1
untouched ask
agent_mark
batch() { vt --json approve --all --domain "$LAB_DOMAIN" "$@" | jq -c '[.count, .approved, .cases[0].id]'; }
lab_check "a batch lists it first" test "$(batch --dry-run)" = "[1,false,$id]"
lab_check "without a terminal a batch wants --yes" vt_exit 2 vt approve --all
lab_check "a batch of a policy that is none is refused" vt_exit 4 vt approve --all --policy none --yes
lab_check "still untouched: it waits" waits
lab_check "approved" test "$(batch --yes)" = "[1,true,$id]"
lab_check "proven" vt_exit 0 vt wait "$id" --timeout 240
lab_check "the same case" vt_told "$id" outcome proven
vt case "$id" > "$LAB_LOG/case.txt" || true
lab_check "it looked at everything again" grep -q 'looks at everything again' "$LAB_LOG/case.txt"
lab_check "one reset, one rotation" test "$(lab_dc_kvno guest1)" -eq $((kvno + 2))
lab_check "the measurements see the repair: agent" test "$(agent_calls)" -gt 0
account_moved() { ! account_is "$LAB_TMP/account.before" 2> "$LAB_TMP/err"; }
lab_check "the measurements see the repair: AD" account_moved
lab_check "the measurements see the repair: keytab" \
    test "$(lab_guest_exec guest1 sha256sum /etc/krb5.keytab)" != "$keytab"
lab_check "the measurements see the repair: files" test -n "$(written)"
lab_check "the measurements see the repair: clock" test "$(clock_offset)" -ge -3
lab_check "trust is whole" lab_guest_trust guest1
lab_check "what is closed cannot be approved" vt_exit 6 vt approve "$id"
vt_stop

# ---- scorecard: what observe and the dry run foretold was repaired by virtrust; what it foretells now, by hand --------
score() { vt --json scorecard --since 1h | jq -c '.score | [.predicted, .by_virtrust, .by_hand, .still, .wrong]'; }
vt_config observe "${policy[@]}"
vt_start
lab_note "scorecard"
lab_check "score: foretold once, and virtrust repaired it" test "$(score)" = "[1,1,0,0,0]"
former=$(vt_last_case guest1)
lab_guest_revert guest1 before
former=$(vt_wait_new guest1 "$former")
lab_check "score: foretold again" vt_told "$former" verdict behind
lab_check "score: nobody knows yet" test "$(vt --json scorecard | jq -r '.predictions[1].class')" = open
lab_guest_join guest1
vt repair guest1 --dry-run
id=$(vt_wait_new guest1 "$former")
lab_check "score: joined by hand, it is in step" vt_told "$id" verdict in-step
lab_check "score: that one was put right by hand" test "$(score)" = "[2,1,1,0,0]"
vt scorecard > "$LAB_LOG/scorecard.txt"
lab_check "score: told to people" grep -q 'were put right without virtrust' "$LAB_LOG/scorecard.txt"
cat "$LAB_LOG/scorecard.txt"
vt policy test guest1 > "$LAB_LOG/policy.txt"
lab_check "policy test: it decides, and why" grep -q 'name wants guest\*, is guest1' "$LAB_LOG/policy.txt"
cat "$LAB_LOG/policy.txt"
lab_done
