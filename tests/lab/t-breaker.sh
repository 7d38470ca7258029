# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The circuit breaker on the real thing: a DC that refuses resets opens it, what comes then is held back with the reason
# and resets nothing, its state outlives a restart, one repair tries after the pause and opens it again while the DC
# still refuses, and closes it when the DC lets it.

right=00299570-246d-11d0-a768-00aa006e0529

# The DC refuses for real: the account itself denies the delegated right; `samba-tool dsacl` knows no way back.
dc_refuses() {
    lab_dc_change dsacl set --objectdn="$(lab_dc_dn guest1)" --action=deny \
        --trusteedn="CN=$LAB_SVC,CN=Users,$LAB_BASE_DN" --sddl="(OD;;CR;$right;;$(lab_dc_attr "$LAB_SVC" objectSid))"
}
dc_lets() {
    /usr/bin/python3 - "$LAB_DC_CONF" "$LAB/dc/private/sam.ldb" "$(lab_dc_dn guest1)" "$right" << 'PY'
import re, sys
import ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

conf, path, dn, right = sys.argv[1:]
lp = LoadParm()
lp.load(conf)
db = SamDB(url=path, session_info=system_session(lp), lp=lp)
found = db.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["nTSecurityDescriptor"])[0]
sid = security.dom_sid(db.get_domain_sid())
sddl = ndr_unpack(security.descriptor, found["nTSecurityDescriptor"][0]).as_sddl(sid)
sddl = re.sub(r"\(OD;;CR;%s;;[^)]*\)" % right, "", sddl, flags=re.I)
message = ldb.Message(ldb.Dn(db, dn))
message["nTSecurityDescriptor"] = ldb.MessageElement(
    ndr_pack(security.descriptor.from_sddl(sddl, sid)), ldb.FLAG_MOD_REPLACE, "nTSecurityDescriptor")
db.modify(message)
PY
}

# breaker FIELD: of the domain's.
breaker() { vt --json breaker | jq -r --arg f "$1" '.breakers[] | select(.scope == "domain") | .[$f] // ""'; }
breaker_is() { [ "$(breaker state)" = "$1" ]; }
held() { [ "$(vt_job "$(vt_last_case guest1)" state)" = waiting-turn ]; }

# refused: the next case of guest1 ends refused by the DC.
refused() {
    id=$(vt_wait_new guest1 "$former")
    former=$id
    lab_check "case $id is refused by the DC" vt_told "$id" cause access-denied
}

configure() {
    vt_config repair "breaker: {failures: 2, share: 100, pause: $1}" "policies:" "  - name: pool" \
        "    match: {metadata: [pool=lab]}" "    computer: \"{name}\""
}

lab_guest_ready guest1
lab_guest_install_helper guest1
virsh -q metadata guest1 urn:virtrust:guest --key virtrust --set '<guest pool="lab"/>' --config --live
configure 1h
vt_start
lab_wait 240 vt_settled guest1
lab_check "the policy is found by metadata" test "$(vt_field guest1 policy)" = pool
lab_check "policy test says why" grep -q 'yes  metadata pool wants lab, is lab' <(vt policy test guest1)
former=$(vt_last_case guest1)
lab_guest_snapshot guest1 before
lab_guest_rotate guest1
rotated=$(lab_dc_kvno guest1)

# ---- it opens --------------------------------------------------------------------------------------------------------
dc_refuses
lab_guest_revert guest1 before
refused
lab_check "one failure opens nothing" breaker_is closed
lab_guest_revert guest1 before
refused
lab_check "the second one opens the domain's breaker" breaker_is open
vt breaker > "$LAB_LOG/breaker-open.txt"
lab_check "status says so" grep -q 'circuit breaker of domain .* is open' <(vt status)
vt --json doctor > "$LAB_LOG/doctor.json" || true
lab_check "doctor says so" jq -e '.findings[] | select(.id == "breaker" and .result == "bad")' "$LAB_LOG/doctor.json"
lab_check "the log says so" grep -q 'the circuit breaker of domain .* opens' "$LAB_LOG/virtrust.log"

# ---- it holds back, also over a restart ------------------------------------------------------------------------------
vt repair guest1
lab_wait 120 held
id=$(vt_last_case guest1)
lab_check "the case says what holds it back" vt_told "$id" would '*circuit breaker of domain*is open*'
vt_stop
vt_start
lab_wait 60 held
lab_check "still open after a restart" breaker_is open
lab_check "nothing was reset" test "$(lab_dc_kvno guest1)" -eq "$rotated"

# ---- an administrator closes it: the DC still refuses, and it does not open at one failure -----------------------------
lab_check "closed by an administrator" vt breaker reset "$LAB_DOMAIN"
lab_check "and the policy's own" vt breaker reset pool
lab_wait 180 vt_closed "$id"
lab_check "what it held back was tried" vt_told "$id" cause access-denied
lab_check "failures before that count no more" breaker_is closed
former=$id

# ---- half-open: one tries, fails, and then succeeds --------------------------------------------------------------------
vt_stop
configure 5s
vt_start
vt repair guest1
lab_wait 180 breaker_is open
lab_wait 60 vt_closed "$(vt_last_case guest1)"
vt repair guest1
id=$(vt_last_case guest1)
lab_wait 60 held
lab_check "the log has the one that tries" lab_wait 120 grep -q 'is half-open: this repair tries' "$LAB_LOG/virtrust.log"
lab_wait 120 vt_closed "$id"
lab_check "it failed" vt_told "$id" cause access-denied
lab_check "open again" breaker_is open
lab_check "for twice the pause" test "$(breaker trips)" -eq 2
dc_lets
vt repair guest1
id=$(vt_last_case guest1)
lab_wait 60 held
lab_wait 240 vt_closed "$id"
lab_check "the one that tries is proven" vt_told "$id" outcome proven
lab_check "and closes it" breaker_is closed
lab_check "one reset and one rotation in all" test "$(lab_dc_kvno guest1)" -eq $((rotated + 2))
lab_check "the guest's own trust is whole" lab_guest_trust guest1
grep -h 'circuit breaker' "$LAB_LOG/virtrust.log" > "$LAB_LOG/breaker.txt"
vt_stop
lab_done
