# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# virtrust-helper against a real domain controller, without a guest: a member's files below a directory of their own.
# A member that fell behind is seen to be broken, takes the secret that the host has set, rotates it, and is whole; what
# must be refused is refused and changes nothing; killed at any step, it ends with exactly one rotation.

helper=$LAB_BIN/virtrust-helper
# shellcheck source=tests/lab/lib/verbs.sh
. "$LAB_HERE/lib/verbs.sh"
verbs_need "$helper"
lab_dc_start

# new_member NAME: joins NAME; its tree is $root.
new_member() {
    root=$LAB_TMP/$1
    name=$1
    mkdir -p "$root/etc" "$root/var/lib"
    KRB5CCNAME=$(lab_admin_ccache) adcli join -D "$LAB_DOMAIN" -S "$LAB_DC" --login-type=user -C \
        --computer-name="$name" --host-fqdn="$name.$LAB_DOMAIN" -O "$LAB_OU" -K "$root/etc/krb5.keytab" \
        > "$LAB_LOG/join-$name.log" 2>&1 || {
        lab_fail "adcli join: $(tail -n 3 "$LAB_LOG/join-$name.log")"
        return 1
    }
}

# ask VERB KEY=VALUE...
ask() {
    local verb=$1
    shift
    verbs_call "$helper" --root "$root" "$verb" -- "type=$verb" v=1 "$@"
}

# The keytab and the helper's records: what a verb that is refused must leave alone.
picture() {
    (cd "$root" && find . -type f | LC_ALL=C sort | xargs -r sha256sum)
}

keytab_works() {
    KRB5CCNAME=MEMORY:x kinit -k -t "$root/etc/krb5.keytab" "${name^^}\$" > "$LAB_TMP/kinit" 2>&1 ||
        KRB5CCNAME=FILE:$LAB_TMP/cc kinit -k -t "$root/etc/krb5.keytab" "$name\$" >> "$LAB_TMP/kinit" 2>&1
}

# repair TOKEN: what the host does for a broken member, until its store.
repair_to_store() {
    local secret
    ask probe "token=$1" key=1
    live=$(get live_sha256)
    public=$(get public_key)
    secret=$(host_secret)
    lab_dc_reset "$name" "$secret"
    kvno=$(lab_dc_kvno "$name")
    sealed=$(printf %s "$secret" | seal_for "$public" "$1")
}

# ---- a healthy member, and observing it ---------------------------------------------------------------------------
new_member h1
before=$(picture)
ask probe "token=$(token 1)" key=0
lab_check "a healthy member is told so" is channel healthy
lab_check "by the name of its keytab" is sam_account_name "$(klist -k "$root/etc/krb5.keytab" | sed -n 's/.* \(.*\$\)@.*/\1/p' | head -n 1)"
lab_check "with the realm" is realm "$LAB_REALM"
lab_check "with the DC that DNS names" is dc "$LAB_DC"
lab_check "with the DC's key version" is kvno "$(lab_dc_kvno h1)"
lab_check "no key was asked for, none is given" is public_key ''
lab_check "a probe without a key writes nothing" test "$before" = "$(picture)"
lab_check "and makes no directory" test ! -e "$root/var/lib/virtrust-helper"

# ---- behind, repaired ----------------------------------------------------------------------------------------------
lab_dc_reset h1 "$(host_secret)"
ask probe "token=$(token 1)" key=1
lab_check "a member whose password was changed behind its back is broken" is channel broken
lab_check "because of the password" is channel_code preauth-failed
first=$(get public_key)
ask probe "token=$(token 1)" key=1
lab_check "the same token gets the same key" is public_key "$first"

repair_to_store "$(token 1)"
kvno_reset=$kvno
wrong=$(printf %064d 0)
ask store-check "token=$(token 1)" "expect=$live"
lab_check "store-check: ready" is ready 1
before=$(picture)
ask store-check "token=$(token 1)" "expect=$wrong"
lab_check "store-check with another fingerprint: not ready" is reason changed
ask store "token=$(token 1)" "expect=$wrong" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "store with another fingerprint is refused" is reason changed
ask store "token=$(token 2)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "store with an unknown token is refused" is reason no-probe
lab_check "and nothing changed" test "$before" = "$(picture)"
other=$(host_secret | seal_for "$public" "$(token 1)")
ask store "token=$(token 1)" "expect=$live" "sealed=$other" "kvno=$kvno" "dc=$LAB_DC"
lab_check "a secret that the DC does not take is refused" is reason wrong-secret
ask store "token=$(token 1)" "expect=$live" "sealed=${sealed%??}00" "kvno=$kvno" "dc=$LAB_DC"
lab_check "an altered blob is refused" is reason not-for-me
cp -p "$root/etc/krb5.keytab" "$LAB_TMP/whole.keytab"
truncate -s 40 "$root/etc/krb5.keytab"
ask store "token=$(token 1)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "a keytab that is cut short is not called missing" is reason not-readable
lab_check "but by its name" grep -q 'krb5.keytab' <<< "$(get text)"
cp -p "$LAB_TMP/whole.keytab" "$root/etc/krb5.keytab"
lab_check "the keytab is as it was" grep -qF "$(sha256sum < "$root/etc/krb5.keytab" | cut -d ' ' -f 1)" <<< "$before"

chmod 0640 "$root/etc/krb5.keytab"
chown root:backup "$root/etc/krb5.keytab"
ask store "token=$(token 1)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "the right secret is stored" is result 'done'
live=$(get live_sha256)
stored=$answer
lab_check "with the DC's key version" is kvno "$kvno_reset"
lab_check "owner and mode of the keytab stay" test "$(stat -c '%a %U:%G' "$root/etc/krb5.keytab")" = '640 root:backup'
lab_check "the keytab works" keytab_works
lab_check "the one-use key is gone" test ! -e "$root/var/lib/virtrust-helper/t-$(token 1)/key"
lab_check "the service principals have the new key, too" grep -Eq "^ *$kvno_reset +host/h1" \
    <<< "$(klist -k "$root/etc/krb5.keytab")"
before=$(picture)
ask store "token=$(token 1)" "expect=$wrong" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "the same store again is answered from the record" test "$answer" = "$stored"
lab_check "and changes nothing" test "$before" = "$(picture)"

ask rotate "token=$(token 1)" "expect=$live" "dc=$LAB_DC"
lab_check "it rotates" is result 'done'
lab_check "which the DC's key version shows" test "$(lab_dc_kvno h1)" -eq $((kvno_reset + 1))
lab_check "as the helper says" is kvno $((kvno_reset + 1))
rotated=$answer
live=$(get live_sha256)
lab_check "the keytab works after the rotation" keytab_works
lab_check "no password waits" test ! -e "$root/var/lib/virtrust-helper/t-$(token 1)/pending"
ask rotate "token=$(token 1)" "expect=$live" "dc=$LAB_DC"
lab_check "the same rotation again is answered from the record" test "$answer" = "$rotated"
lab_check "and does not rotate" test "$(lab_dc_kvno h1)" -eq $((kvno_reset + 1))
ask probe "token=$(token 1)" key=1
lab_check "the member is healthy" is channel healthy
lab_check "it holds what was told" is live_sha256 "$live"
lab_check "the last verb is told" is last.verb rotate
lab_check "the keys of the version before are kept" grep -Eq "^ *$kvno_reset " <<< "$(klist -k "$root/etc/krb5.keytab")"
lab_check "older ones are not" test "$(klist -k "$root/etc/krb5.keytab" | awk '$1 ~ /^[0-9]+$/ { print $1 }' | sort -u | wc -l)" -eq 2

# ---- a newer token retires the older -------------------------------------------------------------------------------
ask probe "token=$(token 10)" key=1
ask probe "token=$(token 11)" key=1
before=$(picture)
ask rotate "token=$(token 10)" "expect=$live"
lab_check "a retired token's verb is refused" is reason superseded
ask probe "token=$(token 10)" key=1
lab_check "its late probe gets no key" is superseded 1
lab_check "and changes nothing" test "$before" = "$(picture)"

# ---- what a probe tells when a password would not help -------------------------------------------------------------
lab_dc_disable h1
ask probe "token=$(token 11)" key=0
lab_check "a disabled account is not called broken" is channel_code account-disabled
lab_dc_delete h1
ask probe "token=$(token 11)" key=0
lab_check "nor is one that is missing" is channel_code account-missing
lab_check "the channel is unknown then" is channel unknown
root=$LAB_TMP/nobody
mkdir -p "$root"
ask probe "token=$(token 1)" key=0
lab_check "a guest without a keytab is not joined" is joined 0

# ---- bad requests ---------------------------------------------------------------------------------------------------
ask probe token=../../etc key=1
lab_check "a token that is none is a bad request" test "$status" -eq 2
lab_check "with one sentence" test "$(wc -l < "$LAB_TMP/stderr")" -eq 1
status=0
printf 'rubbish\n\n' | "$helper" --root "$root" probe 2> "$LAB_TMP/stderr" || status=$?
lab_check "so is rubbish" test "$status" -eq 2
# ---- Samba keeps a copy --------------------------------------------------------------------------------------------
# samba_member NAME: joined by Samba's own tool, all its files below $root. SMB_CONF_PATH is exported, since the helper
# starts `net` in its turn.
samba_member() {
    root=$LAB_TMP/$1
    name=$1
    mkdir -p "$root"/etc/samba "$root"/var/lib/samba/private "$root"/run
    cat > "$root/etc/samba/smb.conf" << EOF
[global]
    netbios name = ${1^^}
    workgroup = $LAB_NETBIOS
    realm = $LAB_REALM
    security = ads
    kerberos method = dedicated keytab
    dedicated keytab file = $root/etc/krb5.keytab
    private dir = $root/var/lib/samba/private
    state directory = $root/var/lib/samba
    cache directory = $root/var/lib/samba
    lock directory = $root/run
    pid directory = $root/run
EOF
    export SMB_CONF_PATH=$root/etc/samba/smb.conf
    {
        net ads join -S "$LAB_DC" --no-dns-updates -U Administrator createcomputer=Guests < "$LAB/dc/admin.password" &&
            net ads keytab create -S "$LAB_DC" -P
    } > "$LAB_LOG/join-$1.log" 2>&1 || {
        lab_fail "net ads join: $(tail -n 3 "$LAB_LOG/join-$1.log")"
        return 1
    }
}

samba_password() {
    tdbdump -k "SECRETS/MACHINE_PASSWORD/$LAB_NETBIOS" "$root/var/lib/samba/private/secrets.tdb" | sed 's/\\00$//'
}

samba_works() {
    samba_password | KRB5CCNAME=FILE:$LAB_TMP/cc kinit "${name^^}\$" > "$LAB_TMP/kinit" 2>&1
}

samba_member h3
ask probe "token=$(token 1)" key=0
lab_check "Samba's member: its keystore is told" is keystore winbind
lab_check "and it is healthy" is channel healthy
repair_to_store "$(token 1)"
ask probe "token=$(token 1)" key=0
lab_check "reset behind its back, it is broken" is channel broken
ask store "token=$(token 1)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC"
lab_check "the secret is stored" is result 'done'
live=$(get live_sha256)
lab_check "in Samba's secrets, too" samba_works
ask rotate "token=$(token 1)" "expect=$live" "dc=$LAB_DC"
lab_check "it rotates" is result 'done'
lab_check "Samba's secrets follow" samba_works
lab_check "the keytab follows" keytab_works
ask probe "token=$(token 1)" key=0
lab_check "it is healthy by both" is channel_code ok
cp "$root/etc/krb5.keytab" "$LAB_TMP/stale.keytab"
ask probe "token=$(token 2)" key=1
ask rotate "token=$(token 2)" "expect=$(get live_sha256)"
cp "$LAB_TMP/stale.keytab" "$root/etc/krb5.keytab"
ask probe "token=$(token 1)" key=0
lab_check "a keytab that Samba left behind does not make the trust broken" is channel_code keytab-stale
lab_check "the channel is healthy then" is channel healthy
unset SMB_CONF_PATH

# ---- killed at every step ------------------------------------------------------------------------------------------
if ! verbs_faults virtrust-helper; then
    lab_done
    exit
fi
helper=$faulty

# points LIST VERB: the fault points of a verb, from the plan's own list of steps.
points() {
    {
        echo started
        tr '\n' ' ' < "$LAB_SOURCE/guest-helper/plan.c" | grep -o " $1\[\] = {[^}]*}" | grep -o 'STEP_[A-Z]*' |
            sed 's/STEP_//; /END/d' | tr '[:upper:]' '[:lower:]'
        printf 'recorded\nwiped\n'
    } | sed "s/^/helper.$2./"
}

# killed POINT VERB KEY=VALUE...: runs the verb, which must die there.
killed() {
    local point=$1
    shift
    touch "$VIRTRUST_FAULT_DIR/$point"
    ask "$@"
    if [ "$status" -ne 137 ] || [ -e "$VIRTRUST_FAULT_DIR/$point" ]; then
        rm -f "$VIRTRUST_FAULT_DIR/$point"
        printf '  %s: status %s, answer: %s\n' "$point" "$status" "$answer" >&2
        return 1
    fi
}

new_member h2
n=100
for point in $(points store_fresh store); do
    n=$((n + 1))
    repair_to_store "$(token $n)"
    request=("token=$(token $n)" "expect=$live" "sealed=$sealed" "kvno=$kvno" "dc=$LAB_DC")
    lab_check "killed at $point" killed "$point" store "${request[@]}"
    ask store "${request[@]}"
    lab_check "then the same store ends done" is result 'done'
    lab_check "and shows the DC's key version" is kvno "$(lab_dc_kvno h2)"
    lab_check "and the keytab works" keytab_works
done
for point in $(points rotate_fresh rotate) helper.rotate.settle; do
    n=$((n + 1))
    ask probe "token=$(token $n)" key=1
    request=("token=$(token $n)" "expect=$(get live_sha256)" "dc=$LAB_DC")
    kvno=$(lab_dc_kvno h2)
    if [ "$point" = helper.rotate.settle ]; then
        lab_check "killed first after the change" killed helper.rotate.change rotate "${request[@]}"
    fi
    lab_check "killed at $point" killed "$point" rotate "${request[@]}"
    ask rotate "${request[@]}"
    lab_check "then the same rotation ends done" is result 'done'
    lab_check "with exactly one new key version" test "$(lab_dc_kvno h2)" -eq $((kvno + 1))
    lab_check "and the keytab works" keytab_works
    lab_check "and no password waits" test ! -e "$root/var/lib/virtrust-helper/t-$(token $n)/pending"
done

# A rotation whose job was given up: the next job's probe brings it to its end, for the DC has taken its password.
ask probe "token=$(token 200)" key=1
request=("token=$(token 200)" "expect=$(get live_sha256)" "dc=$LAB_DC")
kvno=$(lab_dc_kvno h2)
lab_check "killed after the DC took the password" killed helper.rotate.change rotate "${request[@]}"
ask probe "token=$(token 201)" key=0
lab_check "a probe without a key sees a broken channel" is channel broken
ask probe "token=$(token 201)" key=1
lab_check "a newer token's probe settles it" is channel healthy
lab_check "without another change" test "$(lab_dc_kvno h2)" -eq $((kvno + 1))
# The same before the DC was asked: nothing to bring to an end, and nothing stays.
live=$(get live_sha256)
lab_check "killed before the DC was asked" killed helper.rotate.mint rotate "token=$(token 201)" "expect=$live" \
    "dc=$LAB_DC"
ask probe "token=$(token 202)" key=1
lab_check "then the next probe forgets the password" test ! -e "$root/var/lib/virtrust-helper/t-$(token 201)/pending"
lab_check "and the member holds what it held" is live_sha256 "$live"

# Two at once: the lock makes one of them wait, and then it finds the work done.
kvno=$(lab_dc_kvno h2)
request=("token=$(token 202)" "expect=$live" "dc=$LAB_DC")
(ask rotate "${request[@]}" && printf '%s' "$answer" > "$LAB_TMP/first") &
ask rotate "${request[@]}"
wait $!
lab_check "two at once give one answer" test "$answer" = "$(cat "$LAB_TMP/first")"
lab_check "and one rotation" test "$(lab_dc_kvno h2)" -eq $((kvno + 1))
lab_done
