// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The table of causes. Order is meaning: what says more stands before what says less, and the last row of each verdict
// holds always. The probe outranks the disk: what only a live guest can tell stands before what dates suggest.
#include "daemon/core/causerows.h"

#define V(name) (1u << VERDICT_##name)

// Verdicts that a probe, a clock or a setting may explain: the password itself is right, or nobody knows.
enum { OPEN = V(IN_STEP) | V(UNKNOWN), STALE = V(BEHIND) | V(CHANGED_ELSEWHERE) };

#define DIRECTORY_AND_DISK (FROM_DIRECTORY | FROM_DISK)

const struct cause_row cause_rows[] = {
    // ---- a domain controller ----
    {"dc-reverted-unguarded", V(DOMAIN_CONTROLLER), false, CONFIDENCE_LIKELY, HEALTH_BROKEN,
     FROM_LIBVIRT | FROM_HISTORY, when_rolled_without_genid, subject_rollback,
     "a domain controller was rolled back (%c), and without <genid/> in its XML it could not notice: expect "
     "USN "
     "rollback; isolate it, demote it by force and promote it again",
     PLACE_GUEST, "Get-WinEvent -FilterHashtable @{LogName='Directory Service'; Id=2095,1113,1115}"},
    {"dc-reverted-guarded", V(DOMAIN_CONTROLLER), false, CONFIDENCE_LIKELY, HEALTH_AT_RISK,
     FROM_LIBVIRT | FROM_HISTORY, when_rolled_with_genid, subject_rollback,
     "a domain controller was rolled back (%c); it has a <genid/>, by which it resets its invocation id and "
     "replicates again",
     PLACE_GUEST, "Get-WinEvent -FilterHashtable @{LogName='Directory Service'; Id=2170,1109,2095}"},
    {"dc-reverted", V(DOMAIN_CONTROLLER), false, CONFIDENCE_POSSIBLE, HEALTH_BROKEN, FROM_HISTORY,
     when_rolled, subject_rollback,
     "a domain controller was rolled back (%c), and it is not known whether it has a <genid/>", PLACE_GUEST,
     "Get-WinEvent -FilterHashtable @{LogName='Directory Service'; Id=2095,2170,1109}"},
    {"domain-controller", V(DOMAIN_CONTROLLER), false, CONFIDENCE_CERTAIN, HEALTH_WHOLE, 0, when_always, NULL,
     "%t", PLACE_NOWHERE, ""},

    // ---- who is it ----
    {"join-pending", V(NOT_A_MEMBER), false, CONFIDENCE_LIKELY, HEALTH_UNKNOWN, FROM_DISK, when_join_pending,
     NULL, "%g is not joined yet: its next start has to finish a join or a setup", PLACE_HOST,
     "virsh start %G"},
    {"not-joined", V(NOT_A_MEMBER), false, CONFIDENCE_CERTAIN, HEALTH_WHOLE, 0, when_always, NULL, "%t",
     PLACE_NOWHERE, ""},
    {"joined-to-other-domain", V(IDENTITY_MISMATCH), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_DISK,
     when_other_domain, NULL, "%t: it was joined to another domain, or its disk is another guest's",
     PLACE_HOST, "virtrust unbind %G"},
    {"account-renamed", V(IDENTITY_MISMATCH), false, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, DIRECTORY_AND_DISK,
     when_renamed, subject_sam,
     "the computer was renamed: the bound account is now called %c, in the guest and in the directory",
     PLACE_HOST, "virtrust bind %G %C"},
    {"other-identity", V(IDENTITY_MISMATCH), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, 0, when_always,
     subject_sam, "%t: find out whose disk this is; bind it anew only if the guest is right", PLACE_HOST,
     "virtrust bind %G %C"},

    // ---- the account ----
    {"account-recreated", V(ACCOUNT_MISSING) | V(ACCOUNT_RECREATED), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN,
     FROM_DIRECTORY, when_recreated, NULL,
     "the account %a was deleted and made anew: one of that name is there, with another GUID and SID; bind "
     "the guest "
     "to it, then repair or join it again",
     PLACE_HOST, "virtrust bind %G %S"},
    {"no-such-account", V(ACCOUNT_MISSING), false, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, FROM_DIRECTORY,
     when_unbound, NULL, "no account is bound to %g, and the directory has no computer account %a",
     PLACE_DIRECTORY, "Get-ADComputer -Identity %A"},
    {"account-missing", V(ACCOUNT_MISSING), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, 0, when_always, NULL,
     "the bound account %a is in the directory no more, and none of its name: bring it back from the recycle "
     "bin, or "
     "join the guest again",
     PLACE_DIRECTORY, "Get-ADObject -Identity %I -IncludeDeletedObjects | Restore-ADObject"},
    {"account-replaced", V(ACCOUNT_RECREATED), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, 0, when_always, NULL,
     "%t", PLACE_HOST, "virtrust bind %G %S"},
    {"account-disabled", V(ACCOUNT_DISABLED), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, 0, when_always, NULL,
     "the account %a is disabled in %d: nobody can log on until it is enabled", PLACE_DIRECTORY,
     "Enable-ADAccount -Identity %A -Server %D"},
    {"other-directory", V(OTHER_DIRECTORY), false, CONFIDENCE_LIKELY, HEALTH_UNKNOWN, 0, when_always, NULL,
     "the guest and this host see two different directories: it runs in an isolated network with a copy of a "
     "domain "
     "controller",
     PLACE_NOWHERE, ""},
    {"standby", V(STANDBY), false, CONFIDENCE_LIKELY, HEALTH_WHOLE, 0, when_always, NULL,
     "this is a copy that never ran beside its original", PLACE_NOWHERE, ""},

    // ---- copies ----
    {"clone-after-join", V(TWIN), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_DISK | FROM_OTHERS,
     when_clone, subject_clone,
     "%g and %c hold the very same machine secret: one was copied from the other after it had joined; the "
     "first that "
     "rotates locks the other out. Keep one; generalise the copy (sysprep) and join it under a name of its "
     "own",
     PLACE_HOST, "virsh shutdown %C"},
    {"twin", V(TWIN), false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, 0, when_always, subject_twin,
     "%c is bound to the same account %a and has run since: two machines share one account", PLACE_HOST,
     "virsh shutdown %C"},

    // ---- a probe that says that all is well outranks dates ----
    {"probe-healthy", STALE | V(AHEAD) | V(UNKNOWN), false, CONFIDENCE_CERTAIN, HEALTH_WHOLE,
     FROM_PROBE | FROM_DIRECTORY, when_probe_healthy, NULL,
     "the guest's own probe found its secure channel healthy after the directory's last change",
     PLACE_NOWHERE, ""},

    // ---- behind ----
    {"recurring", STALE | V(RECURRING), true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_HISTORY, when_recurring,
     subject_count,
     "the guest went back to the very same secret %c times: its image or snapshot re-breaks it; repair it "
     "once, then "
     "make that snapshot anew, or set DisablePasswordChange in the image",
     PLACE_HOST, "virtrust repair %G && virsh snapshot-create-as %G after-repair"},
    {"recurring-again", V(RECURRING), false, CONFIDENCE_LIKELY, HEALTH_BROKEN, 0, when_always, NULL, "%t",
     PLACE_HOST, "virtrust repair %G"},
    {"duplicate-name", STALE, false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_DIRECTORY | FROM_OTHERS,
     when_double_name, subject_double,
     "%c calls itself %a, too, and set its own secret when the directory's password changed: it joined under "
     "this name "
     "and took the account over. Rename one of the two and join it again",
     PLACE_HOST, "virtrust inspect %C"},
    {"rolled-back-snapshot", STALE, false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_HISTORY, when_reverted,
     subject_rollback, "the guest was reverted to a snapshot (%c), and holds the password of that time: %t",
     PLACE_HOST, "virtrust repair %G"},
    {"rolled-back-restore", STALE, false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_HISTORY, when_restored,
     subject_rollback, "the guest was restored from a saved state (%c): %t", PLACE_HOST,
     "virtrust repair %G"},
    {"rolled-back-disk", STALE, false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_HISTORY, when_replaced,
     subject_rollback,
     "the guest's disk was replaced by an older one, as by a restore from a backup (%c): %t", PLACE_HOST,
     "virtrust repair %G"},
    {"rolled-back", STALE, false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_HISTORY, when_rolled,
     subject_rollback, "the guest's time went back (%c): %t", PLACE_HOST, "virtrust repair %G"},
    {"rolled-back-unseen", STALE, false, CONFIDENCE_CERTAIN, HEALTH_BROKEN, DIRECTORY_AND_DISK | FROM_LEDGER,
     when_rolled_unseen, NULL,
     "the guest holds a secret that it had already followed by a newer one: its disk is an old backup, a "
     "replica or a "
     "storage snapshot, although nobody saw the rollback",
     PLACE_HOST, "virtrust repair %G"},
    {"changed-while-off", STALE, false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_DIRECTORY | FROM_LIBVIRT,
     when_changed_while_off, subject_changed,
     "somebody else changed the password (%c), while %g was off: an administrator reset it, or another "
     "machine joined "
     "as %a",
     PLACE_DIRECTORY,
     "Get-ADReplicationAttributeMetadata %N -Server %D -Properties pwdLastSet, unicodePwd, dNSHostName"},
    {"changed-while-running", STALE, false, CONFIDENCE_POSSIBLE, HEALTH_BROKEN, FROM_DIRECTORY | FROM_LIBVIRT,
     when_changed_while_running, subject_changed,
     "the password was changed (%c) while %g may have run, and the guest does not hold it: a rotation that "
     "it lost, an "
     "administrator's reset, or another machine that joined as %a",
     PLACE_DIRECTORY,
     "Get-ADReplicationAttributeMetadata %N -Server %D -Properties pwdLastSet, unicodePwd, dNSHostName"},
    {"changed-elsewhere", STALE, false, CONFIDENCE_POSSIBLE, HEALTH_BROKEN, 0, when_always, subject_changed,
     "the directory's password was changed (%c), and no rollback of %g was seen: %t", PLACE_DIRECTORY,
     "Get-ADReplicationAttributeMetadata %N -Server %D -Properties pwdLastSet, unicodePwd, dNSHostName"},

    // ---- ahead ----
    {"dc-restored", V(AHEAD), false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_DIRECTORY | FROM_LEDGER,
     when_dc_restored, NULL,
     "the directory shows an older password than it was proven to have: a domain controller was restored or "
     "rolled back",
     PLACE_DIRECTORY, "dcdiag /s:%D /test:replications /test:kccevent"},
    {"replication-lag", V(AHEAD), false, CONFIDENCE_LIKELY, HEALTH_AT_RISK, FROM_DIRECTORY, when_dc_unasked,
     subject_unasked,
     "the guest's password is newer than the DCs that answered know; %c did not answer, and may have it. It "
     "heals "
     "itself by replication",
     PLACE_DIRECTORY, "repadmin /replsummary"},
    {"ahead", V(AHEAD), false, CONFIDENCE_POSSIBLE, HEALTH_UNKNOWN, 0, when_always, NULL, "%t",
     PLACE_DIRECTORY, "repadmin /replsummary"},

    // ---- the password is right, or nobody knows: what else keeps people out ----
    {"lagging-dc", V(IN_STEP), false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_PROBE | FROM_DIRECTORY,
     when_lagging_dc, subject_probe_dc,
     "the guest talks with %c, which does not know its newest password yet: replication is late",
     PLACE_DIRECTORY, "repadmin /syncall %P /AdeP"},
    {"guest-clock", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_CLOCKS | FROM_DIRECTORY,
     when_guest_clock, subject_clock,
     "the guest's clock is %c this host's, and the DCs agree with the host: Kerberos allows 300 s",
     PLACE_HOST, "virsh domtime %G --now"},
    {"host-clock", OPEN, true, CONFIDENCE_LIKELY, HEALTH_AT_RISK, FROM_DIRECTORY, when_host_clock, NULL,
     "this host's own clock differs from the others by more than the 300 s that Kerberos allows", PLACE_HOST,
     "timedatectl timesync-status; timedatectl set-ntp true"},
    {"dc-clock", OPEN, true, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_DIRECTORY, when_dc_clock,
     subject_dc_clock, "the clock of %c differs from the others by more than the 300 s that Kerberos allows",
     PLACE_DIRECTORY, "w32tm /monitor /computers:%P"},
    {"host-or-dc-clock", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY,
     when_host_or_dc_clock, subject_dc_clock,
     "the clocks of this host and of %c differ by more than the 300 s that Kerberos allows; which one is "
     "wrong is not "
     "known",
     PLACE_HOST, "timedatectl timesync-status"},
    {"some-clock", OPEN, true, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_PROBE, when_some_clock, NULL,
     "the guest's probe met a clock that differs by more than Kerberos allows: %p", PLACE_HOST,
     "virsh domtime %G --pretty"},
    {"netlogon-stopped", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_PROBE, when_netlogon_stopped,
     NULL, "the Netlogon service does not run in the guest", PLACE_GUEST, "Start-Service Netlogon"},
    {"netlogon-disabled", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_DISK, when_netlogon_off, NULL,
     "the Netlogon service is disabled in the guest", PLACE_GUEST,
     "Set-Service Netlogon -StartupType Automatic; Start-Service Netlogon"},
    {"user-service-disabled", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_DISK, when_users_off,
     subject_users,
     "the guest has its users looked up by %c (nsswitch.conf), and this service does not start", PLACE_GUEST,
     "systemctl enable --now %C"},
    {"realm-differs", OPEN, true, CONFIDENCE_LIKELY, HEALTH_AT_RISK, FROM_DISK, when_realm_differs,
     subject_realm,
     "the guest's keytab is of %d, but its services are set up for the realm %c, and log on there",
     PLACE_GUEST, "grep -Ein 'realm|ad_domain' /etc/samba/smb.conf /etc/sssd/sssd.conf"},
    {"resolver", OPEN, true, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_PROBE | FROM_DISK | FROM_DIRECTORY,
     when_resolver, subject_resolvers,
     "the guest finds no DC, and none of its name servers (%c) is one: let it ask the domain's", PLACE_GUEST,
     "Resolve-DnsName -Type SRV _ldap._tcp.dc._msdcs.%d\n"
     "cat /etc/resolv.conf; resolvectl query --type=SRV _ldap._tcp.dc._msdcs.%d"},
    {"dc-unreachable", OPEN, true, CONFIDENCE_CERTAIN, HEALTH_BROKEN, FROM_PROBE, when_dc_unreachable,
     subject_probe_dc, "the guest does not reach %c (it needs ports 53, 88, 135, 389, 445 and 464): %p",
     PLACE_GUEST,
     "88, 389, 445, 464 | ForEach-Object { Test-NetConnection %P -Port $_ }\n"
     "for p in 88 389 445 464; do timeout 3 bash -c 'echo > /dev/tcp/$0/$1' %C $p && echo $p open; done"},
    {"isolated-identity", V(UNKNOWN), true, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, FROM_DISK, when_isolated,
     NULL,
     "machine identity isolation is set up in the guest: the secret in use lies where no look reaches it",
     PLACE_GUEST, "Test-ComputerSecureChannel -Verbose"},
    {"probe-broken", OPEN, false, CONFIDENCE_LIKELY, HEALTH_BROKEN, FROM_PROBE, when_probe_broken, NULL,
     "the guest's own probe found its secure channel broken: %p", PLACE_HOST, "virtrust repair %G"},
    {"spn-duplicate", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY, when_spn_twice,
     subject_spn_other, "%c has this computer's host SPN: Kerberos to it fails until it is taken away there",
     PLACE_DIRECTORY, "setspn -D %H %P"},
    {"spn-missing", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY, when_spn_missing,
     subject_spn, "the account %a lacks the service principal name %c: Kerberos to this computer fails",
     PLACE_DIRECTORY, "setspn -S %P %A"},
    {"clone", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DISK | FROM_OTHERS, when_clone,
     subject_clone,
     "%g and %c hold the very same machine secret: one was copied from the other after it had joined, and "
     "the first "
     "that rotates locks the other out; if both are to run, generalise the copy (sysprep) and join it under "
     "a name of "
     "its own",
     PLACE_HOST, "virtrust diagnose %C"},
    {"outside-base", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY, when_outside_base,
     subject_base, "the account %a was moved out of %c, where virtrust may reset: it can repair it no more",
     PLACE_DIRECTORY, "Move-ADObject %N -TargetPath %P"},
    {"dcs-differ", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY, when_dcs_differ,
     subject_differing,
     "the DCs do not agree about the account %a: %c and %n show different states; replication is late, or "
     "cut",
     PLACE_DIRECTORY, "repadmin /replsummary; repadmin /syncall %D /AdeP"},
    {"rotation-disabled", V(IN_STEP), true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DISK, when_rotation_off,
     NULL,
     "policy forbids the guest to rotate its password: snapshots stay good, but who once learnt the secret "
     "keeps it",
     PLACE_NOWHERE, ""},
    {"rotation-overdue", V(IN_STEP), true, CONFIDENCE_LIKELY, HEALTH_WHOLE, FROM_DISK | FROM_LIBVIRT,
     when_rotation_due, subject_age,
     "nothing is broken: the guest's password is %c days old because it was off; it rotates soon after its "
     "next start",
     PLACE_NOWHERE, ""},

    // ---- nobody knows ----
    {"encrypted", V(UNKNOWN), false, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, 0, when_encrypted, NULL,
     "%t: only the running guest can tell", PLACE_HOST, "virtrust repair --dry-run %G"},
    {"not-read", V(UNKNOWN), false, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, 0, when_unread, NULL, "%t",
     PLACE_HOST, "virtrust inspect %G"},
    {"no-directory", V(UNKNOWN), false, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, 0, when_no_directory, NULL, "%t",
     PLACE_HOST, "virtrust doctor"},
    {"undecided", V(UNKNOWN), false, CONFIDENCE_CERTAIN, HEALTH_UNKNOWN, 0, when_always, NULL, "%t",
     PLACE_HOST, "virtrust repair --dry-run %G"},
    {"in-step", V(IN_STEP), false, CONFIDENCE_CERTAIN, HEALTH_WHOLE, 0, when_always, NULL, "%t",
     PLACE_NOWHERE, ""},

    // ---- beside any cause ----
    {"dc-silent", 0, true, CONFIDENCE_CERTAIN, HEALTH_AT_RISK, FROM_DIRECTORY, when_dc_unasked,
     subject_unasked, "not every DC answered: %c", PLACE_HOST, "virtrust doctor"},
    {"laps-went-back", 0, true, CONFIDENCE_LIKELY, HEALTH_AT_RISK, FROM_DIRECTORY, when_laps, NULL,
     "Windows LAPS keeps a local administrator's password of this computer: the guest went back, and may "
     "hold an older "
     "one than the directory shows",
     PLACE_GUEST, "Reset-LapsPassword"},
    {"bitlocker-went-back", 0, true, CONFIDENCE_LIKELY, HEALTH_AT_RISK, FROM_DISK, when_bitlocker, NULL,
     "the guest's disk is BitLocker's and went back: its protectors and the vTPM's state may not fit any "
     "more; keep the "
     "recovery key at hand",
     PLACE_GUEST, "manage-bde -protectors -get C:"},
    {"vtpm-went-back", 0, true, CONFIDENCE_POSSIBLE, HEALTH_AT_RISK, FROM_LIBVIRT, when_tpm, NULL,
     "the guest went back, and its TPM's state, which the host keeps apart from the disks, may be of another "
     "time: what is sealed to it (disk keys, Windows Hello, Credential Guard, a device key) may not open any "
     "more",
     PLACE_GUEST,
     "Get-Tpm; manage-bde -status\n"
     "journalctl -b -u 'systemd-cryptsetup@*'"},
    {"entra-went-back", 0, true, CONFIDENCE_POSSIBLE, HEALTH_AT_RISK, FROM_DISK, when_entra, NULL,
     "the guest is registered in Entra ID, and went back: its device key may be one that was replaced since; "
     "if DeviceAuthStatus is not SUCCESS, leave (dsregcmd /leave) and let it register again",
     PLACE_GUEST, "dsregcmd /status"},
};

const size_t cause_rows_count = sizeof cause_rows / sizeof *cause_rows;
