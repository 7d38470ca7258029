# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests whose disk cannot be read: each case says why and what would help, `virtrust inspect` and `virtrust case` end
# with 3, and no account is touched, bound or not.

# shellcheck source=tests/lab/lib/shut.sh
. "$LAB_HERE/lib/shut.sh"

# unreadable NAME CODE: its case holds this reason, in words, with a next step; nothing was done.
unreadable() {
    local name=$1 id text next code
    id=$(vt_last_case "$name")
    text=$(vt_case "$id" text)
    next=$(vt_case "$id" next)
    code=$(vt --json case "$id" | jq -r '.evidence[] | select(.source == "disk") | .code') || true
    lab_check "$name: unknown, no action" test "$(shut_verdict "$name")" = 'unknown no-action'
    lab_check "$name: the reason is $2" test "$code" = "$2"
    lab_check "$name: told in words ($text)" test "${#text}" -gt 15
    lab_check "$name: with a next step ($next)" test "${#next}" -gt 15
    lab_check "$name: its case ends with 3" vt_exit 3 vt case "$id"
}

# inspects NAME: alone, without the daemon's help, and said on stderr.
inspects() {
    lab_check "virtrust inspect $1 ends with 3" vt_exit 3 vt inspect "$1"
    lab_check "and says why in one line" test "$(grep -c '^virtrust: ..*; ..*' "$LAB_TMP/err")" -eq 1
}

lab_dc_start
lab_delegate
lab_libvirtd_start
cd "$LAB/guests" || exit 1
names=(gone cut half noise bitlocker)
for name in "${names[@]}"; do shut_account "${name^^}"; done

shut_define gone "$PWD/none.qcow2" qcow2
shut_linux sound.img 'HALF$' 1
qemu-img convert -O qcow2 sound.img half.qcow2
cp half.qcow2 cut.qcow2
truncate -s 60 cut.qcow2
shut_define cut "$PWD/cut.qcow2" qcow2
# What a full disk or an interrupted copy leaves: the header is sound, most of what it points to is not there.
truncate -s $(($(stat -c %s half.qcow2) / 4)) half.qcow2
shut_define half "$PWD/half.qcow2" qcow2
# A superblock that says ext4, and noise behind it.
head -c 32M /dev/urandom > noise.img
dd if=sound.img of=noise.img bs=1024 skip=1 seek=1 count=1 conv=notrunc status=none
shut_define noise "$PWD/noise.img" raw
truncate -s 16M bitlocker.img
printf 'label: dos\nstart=2048, type=7\n' | sfdisk -q bitlocker.img
printf '\xeb\x58\x90-FVE-FS-' | dd of=bitlocker.img bs=512 seek=2048 conv=notrunc status=none
shut_define bitlocker "$PWD/bitlocker.img" raw
if command -v cryptsetup > "$LAB_TMP/out"; then
    truncate -s 32M luks.img
    printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks.img -
    shut_define luks "$PWD/luks.img" raw
    shut_account LUKS
    names+=(luks)
else
    printf 'skip - LUKS: cryptsetup is not installed\n'
fi
shut_define stray "$PWD/none-either.qcow2" qcow2
declare -A kvnos=()
for name in "${names[@]}"; do kvnos[$name]=$(lab_dc_kvno "${name^^}"); done

vt_config repair "policies:" "  - match: {name: stray}" "    mode: repair" "  - computer: \"{name}\""
vt_start
for name in "${names[@]}" stray; do lab_wait 300 vt_settled "$name"; done
unreadable gone no-such-disk
unreadable cut unsupported-disk
unreadable half unknown-filesystem
unreadable noise unknown-filesystem
unreadable bitlocker encrypted
[ ! -e luks.img ] || unreadable luks encrypted
unreadable stray no-such-disk
lab_check "stray, which is not bound, is told how to be" grep -q 'virtrust bind stray' <<< "$(vt_case "$(vt_last_case stray)" next)"
for name in "${names[@]}"; do
    lab_check "$name is bound" test "$(vt_field "$name" computer)" = "${name^^}\$"
    lab_check "$name: its account is untouched" test "$(lab_dc_kvno "${name^^}")" = "${kvnos[$name]}"
done
vt_stop
for name in gone cut bitlocker; do inspects "$name"; done

# The administrator insists: the disk is not the gate, the guest itself is, and that one is off.
vt_start
vt repair gone > "$LAB_TMP/out"
waits() { [ "$(vt_job "$(vt_last_case gone)" state)" = waiting-start ]; }
lab_check "a repair that is asked for waits for the guest to start" lab_wait 120 waits
lab_check "and resets nothing until then" test "$(lab_dc_kvno GONE)" = "${kvnos[gone]}"
lab_done
