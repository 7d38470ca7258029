# shellcheck shell=bash disable=SC2034
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The laboratory's library: everything a laboratory script may call. `lab run` sources it before the script.
# Every function returns non-zero and says why on stderr when it fails; scripts run under `set -euo pipefail`.
#
# Domain controller (lib/dc.sh)
#   lab_dc_start                    Samba AD DC dc1.lab.virtrust.test on 10.0.2.2, from the cached provision;
#                                   returns when LDAP, Kerberos and DNS answer. Everybody's resolver is this DC
#   lab_dc_stop                     stops it (for "the DC is away" tests); lab_dc_start brings the same tree back
#   lab_delegate                    OU=Guests, OU=Other, and virtrust-svc with *Reset Password* on the computers of
#                                   OU=Guests alone; its keytab is $LAB_KEYTAB. (Part of the cache: costs nothing)
#   lab_dc_add_computer NAME [OU]   a plain workstation account, in OU=Guests when no OU DN is given
#   lab_dc_add_user NAME [OU]       a user account with a random password
#   lab_dc_reset NAME PASSWORD      an administrator's reset of a computer's (or user's) password
#   lab_dc_attr NAME ATTRIBUTE      one attribute's value, as the DC itself holds it (no network)
#   lab_dc_kvno NAME                msDS-KeyVersionNumber
#   lab_dc_pwdlastset NAME          pwdLastSet, raw (100 ns since 1601)
#   lab_dc_account NAME             all attributes, LDIF
#   lab_dc_dn NAME                  the distinguished name
#   lab_dc_move NAME OU / lab_dc_delete NAME / lab_dc_disable NAME
#   lab_dc_ldap ARGS...             ldapsearch as Administrator, sealed (GSSAPI)
#   lab_admin_ccache                makes and prints a credential cache of Administrator
#
# More domain controllers (lib/dcs.sh): a second one of the domain, another forest: told there
#
# libvirt (lib/libvirt.sh)
#   lab_libvirtd_start [--debug]    libvirtd for qemu:///system, private; --debug logs at its most talkative to
#                                   $LAB_LOG/libvirtd-debug.log
#   lab_libvirtd_restart, lab_libvirtd_terminate, lab_libvirtd_stop (SIGSTOP), lab_libvirtd_cont (SIGCONT)
#   lab_offline_domains N [PREFIX]  N shut-off guests off1..offN with small real qcow2 images
#
# Guests (lib/image.sh, lib/guest.sh, lib/ready.sh)
#   lab_guest_ready [--unjoined] NAME...  from nothing to running (and joined) guests, DC and libvirtd included, as
#                                   fast as the cache allows. Call it before lab_dc_start, not after
#   lab_guest_image                 sees that the base image, the kernel and the initrd are in the cache
#   lab_guest_define NAME [--genid] [--memory MiB] [--no-agent]   overlay and definition; prints the UUID
#   lab_guest_start NAME            starts it; lab_guest_wait_agent NAME waits for its agent
#   lab_guest_exec [-i] NAME CMD... runs it through the agent: the guest's stdout, stderr, exit code; -i passes stdin
#   lab_guest_put NAME LOCAL REMOTE [MODE]      copies a file into the guest
#   lab_guest_get NAME REMOTE LOCAL             and one out of it
#   lab_guest_clock NAME            sets the guest's clock from the host's
#   lab_guest_join NAME             adcli join into OU=Guests
#   lab_guest_rotate NAME           one rotation of the machine password, by the guest itself
#   lab_guest_trust NAME            0 when adcli testjoin and kinit -k both succeed
#   lab_guest_winbind NAME          joins by Samba's own means (secrets.tdb) and turns winbind on
#   lab_guest_install_helper NAME   $VIRTRUST_BIN_DIR/virtrust-helper to /usr/libexec/virtrust/ in the guest
#   lab_guest_snapshot NAME SNAP / lab_guest_revert NAME SNAP     snapshot with memory; revert to it
#   lab_guest_disk NAME / lab_guest_uuid NAME
#
# virtrust itself (lib/virtrust.sh), its programs ended and held at fault points (lib/faults.sh): told there
#
# A Windows member played by Wine (lib/wine.sh): told there
#
# Disks (lib/windows.sh, lib/guestfs.sh)
#   lab_guestfs                     sees that what libguestfs needs is in the cache
#   lab_windows_disk FILE HIVEDIR [raw|qcow2] [gpt|mbr]   an NTFS disk with Windows/System32/config/{SECURITY,...}
#
# General (lib/base.sh)
#   lab_wait SECONDS CMD...         polls until CMD succeeds; says what it waited for when it does not
#   lab_daemon NAME CMD...          starts CMD in the background, log in $LAB_LOG/NAME.log; prints nothing; $LAB_PID
#   lab_ok TEXT / lab_not_ok TEXT / lab_check TEXT CMD... / lab_done    a test's lines and its exit code
#   lab_skip REASON                 ends the script with 77
#   lab_note TEXT                   a line on stderr with the time since the laboratory was raised
#
# Variables: $LAB (private directory, gone afterwards), $LAB_LOG (kept when the script fails), $LAB_TMP, $LAB_CACHE,
# $LAB_SOURCE (the tree), $LAB_BIN (virtrust's programs), $LAB_REALM, $LAB_DOMAIN, $LAB_NETBIOS, $LAB_DC, $LAB_DC_IP,
# $LAB_BASE_DN, $LAB_OU, $LAB_OTHER_OU, $LAB_SVC, $LAB_KEYTAB, $LAB_HIVES (real hives of others; may not be there).

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_SOURCE=$(cd "$LAB_HERE/../.." && pwd)
LAB=/run/virtrust-lab
LAB_LOG=$LAB/log
LAB_TMP=$LAB/tmp
LAB_CACHE=${VIRTRUST_LAB_CACHE:-/var/cache/virtrust-lab}
LAB_BIN=${VIRTRUST_BIN_DIR:-$LAB_SOURCE/build/bin}

LAB_REALM=LAB.VIRTRUST.TEST
LAB_DOMAIN=lab.virtrust.test
LAB_NETBIOS=LABVT
LAB_DC=dc1.lab.virtrust.test
LAB_DC_IP=10.0.2.2
LAB_BASE_DN=DC=lab,DC=virtrust,DC=test
LAB_OU=OU=Guests,$LAB_BASE_DN
LAB_OTHER_OU=OU=Other,$LAB_BASE_DN
LAB_SVC=virtrust-svc
LAB_KEYTAB=$LAB/dc/virtrust-svc.keytab

for lab_part in base cache dc dcs libvirt image guest ready windows wine guestfs virtrust faults; do
    # shellcheck source=/dev/null
    . "$LAB_HERE/lib/$lab_part.sh"
done
unset lab_part
