# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-helper.exe, by Wine, mends itself with a credential that is good for its own account alone (strategy
# `credential`): found by SID, reset over a signed and sealed bind, stored, shown. What is not its own is refused; what
# was interrupted goes on and is not done twice. A search for the secrets in what is left behind ends it.

lab_wine_start
lab_dc_start
seal=$LAB_BIN/../test/lab-seal
seek=$LAB_BIN/../test/lab-seek

token() {
    printf '%032x' "$1"
}

secret() {
    head -c 90 /dev/urandom | base64 -w 0 | tr '+/' '-_'
}

# A user who may reset this one computer, and nothing else.
grant() {
    local sid
    lab_dc_add_user repairer "$LAB_OU"
    repairer=$(secret | cut -c 1-40)
    lab_dc_reset repairer "$repairer"
    sid=$(lab_dc_attr repairer objectSid)
    lab_dc_change dsacl set --objectdn="$(lab_dc_dn "$WIN_NAME")" --action=allow --trusteedn="$(lab_dc_dn repairer)" \
        --sddl="(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;$sid)"
}

# credential TEXT: sealed to the token's key.
credential() {
    printf '%s' "$1" | "$seal" "$public" "$token"
}

# broken N: the member's password was changed behind its back; token N has a key.
broken() {
    token=$(token "$1")
    lab_wine_reset "$(secret)"
    wine_ask probe "token=$token" key=1
    live=$(wine_get live_sha256)
    public=$(wine_get public_key)
    sealed=$(credential "$LAB_NETBIOS\\repairer
$repairer")
}

repair() {
    wine_ask repair "token=$token" "expect=$live" "sealed=$sealed" "sid=$WIN_SID" "dc=$LAB_DC"
}

resets() {
    lab_wine_calls '^reset done$'
}

lab_wine_join "$(secret)"
grant

# ---- refused -------------------------------------------------------------------------------------------------------
broken 1
held=$(lab_wine_secret)
lab_check "the member is broken" wine_is channel broken
wine_ask repair "token=$token" "expect=$live" "sealed=$sealed" "dc=$LAB_DC"
lab_check "a request that names nobody is refused" wine_is reason no-sid
lab_dc_add_computer other
sid=$(lab_dc_attr other objectSid)
wine_ask repair "token=$token" "expect=$live" "sealed=$sealed" "sid=$sid" "dc=$LAB_DC"
lab_check "another's SID is refused" wine_is reason identity-mismatch
wine reg delete 'HKLM\SECURITY\Policy\PolMachineAccountS' /f > /dev/null
wine_ask repair "token=$token" "expect=$live" "sealed=$sealed" "sid=$sid" "dc=$LAB_DC"
lab_check "also where Windows keeps none of its own: by the account's name" wine_is reason identity-mismatch
wine_ask repair "token=$token" "expect=$live" "sealed=$sealed" "sid=${sid%-*}-9999" "dc=$LAB_DC"
lab_check "a SID that nobody has is refused" wine_is reason no-account
wine reg add 'HKLM\SECURITY\Policy\PolMachineAccountS' /ve /t REG_BINARY /d "$(sid_hex "$WIN_SID")" /f > /dev/null
good=$sealed
sealed=$(credential "$LAB_NETBIOS\\repairer
wrong$repairer")
repair
lab_check "a wrong credential is refused" wine_is reason credential-refused
sealed=$(credential "nonsense")
repair
lab_check "what is no credential is refused" wine_is reason bad-credential
lab_dc_add_user nobody "$LAB_OU"
lab_dc_reset nobody "$repairer"
sealed=$(credential "$LAB_NETBIOS\\nobody
$repairer")
repair
lab_check "a credential without the right is refused by the DC" wine_is reason reset-refused
sealed=$good
WIN_FAULT=ldap-no-sealing
repair
lab_check "without signing and sealing there is no login" wine_is reason no-sealing
WIN_FAULT=
lab_check "nothing was reset" test "$(resets)" -eq 0
lab_check "nothing was written" test "$(lab_wine_calls LsaSetSecret)" -eq 0

# ---- mended --------------------------------------------------------------------------------------------------------
# The attempt above left a password that the DC never took: the next one settles that first.
kvno=$(lab_dc_kvno "$WIN_NAME")
repair
lab_check "the right credential repairs" wine_is result 'done'
lab_check "by one reset" test "$(resets)" -eq 1
lab_check "which the DC shows" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
lab_check "the member logs on" lab_wine_works
lab_check "its old secret is the one before" test "$(standctl show-old)" = "$held"
wine_ask probe "token=$token" key=0
lab_check "the channel is healthy" wine_is channel healthy
repair
lab_check "a replayed token is answered" wine_is result 'done'
lab_check "and resets nothing" test "$(resets)" -eq 1

# ---- half done -----------------------------------------------------------------------------------------------------
broken 2
WIN_FAULT=lsa-write-denied
repair
lab_check "the DC took it, the LSA did not: a failure" wine_is reason access-denied
WIN_FAULT=
sealed=00
repair
lab_check "resumed without any credential" wine_is result 'done'
lab_check "and not reset again" test "$(resets)" -eq 2
lab_check "the member logs on" lab_wine_works

broken 3
WIN_FAULT=ldap-die-after-reset
repair
lab_check "ended just after the reset" test "$status" -ne 0
WIN_FAULT=
wine_ask probe "token=$(token 4)" key=1
lab_check "the next probe brings it to its end" wine_is channel healthy
lab_check "and says which verb that was" wine_is last.verb repair
lab_check "by the reset that was made" test "$(resets)" -eq 3
lab_check "the member logs on" lab_wine_works

broken 5
WIN_FAULT=ldap-reset-lost
repair
lab_check "a reset whose answer was lost is asked after, and used" wine_is result 'done'
lab_check "once" test "$(resets)" -eq 4
WIN_FAULT=

# ---- the world goes wrong ------------------------------------------------------------------------------------------
broken 6
held=$(lab_wine_secret) kvno=$(lab_dc_kvno "$WIN_NAME")
untouched() {
    lab_check "$1: the account is as it was" test "$(lab_dc_kvno "$WIN_NAME")" -eq "$kvno"
    lab_check "$1: and the secret" test "$(lab_wine_secret)" = "$held"
}
if command -v faketime > /dev/null; then
    for WIN_CLOCK in +600s -600s; do
        repair
        lab_check "a clock $WIN_CLOCK off: nothing is begun" wine_is reason clock-skew
        lab_check "a clock $WIN_CLOCK off: how much, and against whom" grep -qE "off by -?(59|60)[0-9] s from that of $LAB_DC" <<< "$answer"
        untouched "a clock $WIN_CLOCK off"
    done
    WIN_CLOCK=
else
    echo "SKIP: faketime is not installed: the clock was not put off"
fi
WIN_FAULT=lsa-denied
repair
lab_check "denied a look at the secret" wine_is reason not-readable
lab_check "which is told as that" grep -q 'access denied; the helper must run as LocalSystem' <<< "$answer"
untouched "denied a look at the secret"
WIN_FAULT=
lab_dc_stop
repair
lab_check "without a DC nothing is begun" wine_is reason no-dc
lab_dc_start
untouched "without a DC"
# Half done, and then the clock and the DC fail, too.
WIN_FAULT=lsa-write-denied
repair
lab_check "half done" wine_is reason access-denied
WIN_FAULT=
if command -v faketime > /dev/null; then
    WIN_CLOCK=+600s
    repair
    lab_check "half done, and the clock is off" wine_is reason clock-skew
    WIN_CLOCK=
fi
lab_dc_stop
repair
lab_check "half done, and no DC" wine_is reason no-dc
lab_dc_start
repair
lab_check "with it all is" wine_is result 'done'
lab_check "after one reset" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))
lab_check "the member logs on" lab_wine_works
finished=$answer
wine_ask probe "token=$(token 7)" key=1
repair
lab_check "an older token, replayed, has its own answer" test "$answer" = "$finished"
token=$(token 5) && repair
lab_check "and so has one older yet" wine_is result 'done'
token=$(token 99) && repair
lab_check "a token that nobody probed with is refused" wine_is reason no-probe
lab_check "none of them resets anything" test "$(lab_dc_kvno "$WIN_NAME")" -eq $((kvno + 1))

# ---- what is left in memory ----------------------------------------------------------------------------------------
# The helper opens what is sealed, goes as far as the login, and ends; just before its process is gone, all that it could
# write to is searched. (After the login itself Wine's own NTLM keeps copies: what Windows' keeps cannot be seen here.)
memory_of() {
    perl -e '
        my ($pid, $to) = @ARGV;
        open my $maps, "<", "/proc/$pid/maps" or die;
        open my $mem, "<:raw", "/proc/$pid/mem" or die;
        open my $out, ">:raw", $to or die;
        while (<$maps>) {
            next unless /^([0-9a-f]+)-([0-9a-f]+) rw/;
            my ($from, $end) = (hex $1, hex $2);
            sysseek $mem, $from, 0;
            while ($from < $end) {
                my $n = sysread $mem, my $buf, $end - $from < 1 << 20 ? $end - $from : 1 << 20;
                last unless $n;
                print $out $buf;
                $from += $n;
            }
        }' "$1" "$2"
}

# left_in_memory VERB: asks it, held at its end; its memory is $LAB_TMP/memory/dump.
left_in_memory() {
    local verb=$1 pid
    mkdir -p "$LAB_TMP/memory"
    WIN_FAULT=ldap-no-sealing,hold-at-end wine_ask "$verb" "token=$token" "expect=$live" "sealed=$sealed" "sid=$WIN_SID" "dc=$LAB_DC" &
    pid=$!
    lab_wait 30 test -e "$STANDIN_DIR/holding"
    memory_of "$(pgrep -f "virtrust-helper.exe $verb" | tail -n 1)" "$LAB_TMP/memory/dump"
    rm "$STANDIN_DIR/holding"
    wait "$pid"
}

in_memory() {
    printf %s "$1" > "$LAB_TMP/needle"
    ! "$seek" "$LAB_TMP/needle" "$LAB_TMP/memory" >> "$LAB_LOG/seek.log" 2>&1
}

not_in_memory() {
    ! in_memory "$1"
}

broken 7
left_in_memory repair
lab_check "the search sees the request in its memory" in_memory "$token"
lab_check "but not the credential" not_in_memory "$repairer"
given=$(secret)
sealed=$(credential "$given")
left_in_memory store
lab_check "the search sees this request, too" in_memory "$token"
lab_check "but not the secret" not_in_memory "$given"
sealed=00
WIN_FAULT=
repair

# ---- what is left behind -------------------------------------------------------------------------------------------
# Wine writes its registry as "hex:61,62,…" over many lines: joined, what seek knows as hexadecimal.
left_behind() {
    mkdir -p "$LAB_TMP/left"
    sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba}' "$WINEPREFIX/system.reg" | tr -d ',' > "$LAB_TMP/left/system.reg"
    cp "$WINEPREFIX/user.reg" "$LAB_LOG/asked.log" "$LAB_TMP/left/"
}

nowhere() {
    printf %s "$1" > "$LAB_TMP/needle"
    "$seek" "$LAB_TMP/needle" "$LAB_TMP/left" >> "$LAB_LOG/seek.log" 2>&1
}

now=$(lab_wine_secret)
wineserver -k
wineserver -w
left_behind
lab_check "the credential lies nowhere in what Wine keeps on the disk" nowhere "$repairer"
lab_check "nor does the secret" nowhere "$now"
printf %s "$now" | tee "$LAB_TMP/left/canary" > /dev/null
lab_check "where the search would have found it" test "$(nowhere "$now" || echo found)" = found
lab_done
