# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The laboratory's own tools, which other tests lean on: what a guest answers comes back unchanged, files arrive whole,
# a rotation is one rotation with winbind too, a Windows-shaped disk holds its hives, a stalled libvirtd is stalled.

# Two guests, neither of them joined yet.
lab_guest_ready --unjoined guest1 guest2
lab_dc_start

exec_passes_all() {
    local out status=0
    out=$(printf 'a\0b\n' | lab_guest_exec -i guest1 sh -c 'od -An -tx1; echo err >&2; exit 7' 2> "$LAB_TMP/err") ||
        status=$?
    [ "$out" = ' 61 00 62 0a' ] && [ "$status" -eq 7 ] && [ "$(cat "$LAB_TMP/err")" = err ]
}

exec_odd_arguments() {
    # shellcheck disable=SC2016  # the guest is to see it as it is
    [ "$(lab_guest_exec guest2 printf '%s|' 'a b' '' '$HOME' "'\"\\" --x)" = "a b||\$HOME|'\"\\|--x|" ]
}

copies() {
    head -c 200000 /dev/urandom > "$LAB_TMP/there"
    lab_guest_put guest1 "$LAB_TMP/there" /root/deep/er/file 0750
    lab_guest_get guest1 /root/deep/er/file "$LAB_TMP/back"
    cmp "$LAB_TMP/there" "$LAB_TMP/back" && [ "$(lab_guest_exec guest1 stat -c %a /root/deep/er/file)" = 750 ]
}

no_such_program() {
    local status=0
    lab_guest_exec guest1 /no/such/program 2> /dev/null || status=$?
    [ "$status" -eq 125 ]
}

lab_check "stdin, stdout, stderr and the exit code pass through the agent" exec_passes_all
lab_check "arguments arrive as they are" exec_odd_arguments
lab_check "a file goes into the guest and comes back" copies
lab_check "what cannot be started is told apart from what fails" no_such_program
lab_check "each guest has its own name" test "$(lab_guest_exec guest2 hostname)" = guest2

lab_guest_join guest1
lab_guest_winbind guest1
kvno=$(lab_dc_kvno guest1)
lab_guest_rotate guest1
lab_check "a rotation with winbind is one rotation" test "$(lab_dc_kvno guest1)" -eq $((kvno + 1))
lab_check "after it winbind trusts" lab_guest_exec guest1 wbinfo -t
lab_check "and Kerberos" lab_guest_trust guest1
lab_dc_reset guest1 "$(lab_random_password)"
untrusted() {
    ! lab_guest_trust guest1
}
lab_check "a reset by an administrator breaks trust" untrusted

mkdir "$LAB_TMP/hives"
head -c 20000 /dev/urandom > "$LAB_TMP/hives/Security"
head -c 900000 /dev/urandom > "$LAB_TMP/hives/SYSTEM"
head -c 5000 /dev/urandom > "$LAB_TMP/hives/security.LOG1"
# windows_disk FORMAT TABLE: the hives are found again in the volume that begins at 1 MiB.
windows_disk() {
    lab_windows_disk "$LAB_TMP/windows.img" "$LAB_TMP/hives" "$1" "$2"
    qemu-img convert -f "$1" -O raw "$LAB_TMP/windows.img" "$LAB_TMP/windows.raw"
    sfdisk -l "$LAB_TMP/windows.raw" | grep -q "Disklabel type: $3" || return 1
    dd if="$LAB_TMP/windows.raw" of="$LAB_TMP/volume" bs=1M skip=1 status=none
    mkdir -p "$LAB_TMP/mnt"
    ntfs-3g -o ro "$LAB_TMP/volume" "$LAB_TMP/mnt" 2> /dev/null
    local config=$LAB_TMP/mnt/Windows/System32/config status=0
    cmp "$LAB_TMP/hives/Security" "$config/SECURITY" && cmp "$LAB_TMP/hives/SYSTEM" "$config/SYSTEM" &&
        cmp "$LAB_TMP/hives/security.LOG1" "$config/SECURITY.LOG1" || status=1
    umount "$LAB_TMP/mnt"
    return "$status"
}
lab_check "a Windows-shaped disk, qcow2 and GPT" windows_disk qcow2 gpt gpt
lab_check "a Windows-shaped disk, raw and MBR" windows_disk raw mbr dos

lab_offline_domains 5
lab_check "shut-off guests are there" test "$(virsh -q list --all | grep -c 'off[1-5] *shut off')" -eq 5
lab_libvirtd_stop
stalled() {
    ! timeout 3 virsh -q list > /dev/null 2>&1
}
lab_check "a stopped libvirtd does not answer" stalled
lab_libvirtd_cont
lab_check "a continued one does" virsh -q version
lab_libvirtd_restart
lab_check "running guests survive its restart" lab_guest_exec guest2 true
lab_done
