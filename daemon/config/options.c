// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables themselves. Whoever changes one changes config/virtrust.yaml and virtrust.yaml(5) with it: a test
// compares them, sentence by sentence in the first and key by key in the second.
#include "daemon/config/config.h"
#include "daemon/config/option.h"
#include "daemon/config/value.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

#define STRATEGY value_strategy, "wait, provision or credential"
#define QUIET                                                                                              \
    value_quiet, "days, times or both, and a time zone of tzdata if need be, such as Mon-Fri 08:00-18:00 " \
                 "Europe/Berlin"
#define PATH value_path, "an absolute path, such as /var/lib/virtrust"

#define AT(member) offsetof(struct config, member)
const struct option config_options[] = {
    {"mode", OPTION_MODE, AT(mode), "observe", 0, 0, NULL, NULL,
     "What virtrust may do by itself: observe (write nothing anywhere, record what it would have done), ask "
     "(wait "
     "for `virtrust approve`), repair."},
    {"paths.runtime", OPTION_STRING, AT(runtime_dir), "/run/virtrust", 0, 0, PATH, "Where the sockets lie."},
    {"paths.state", OPTION_STRING, AT(state_dir), "/var/lib/virtrust", 0, 0, PATH,
     "Where the store and the host's key lie; nobody but virtrustd may read them."},
    {"paths.spool", OPTION_STRING, AT(spool_dir), "/var/spool/virtrust/hook", 0, 0, PATH,
     "Where the qemu hook leaves what it could not deliver."},
    {"libvirt.uri", OPTION_STRING, AT(libvirt_uri), "qemu:///system", 0, 0, value_text, "a libvirt URI",
     "The libvirt that runs the guests."},
    {"look.on_first_sight", OPTION_BOOL, AT(look_on_first_sight), "true", 0, 0, NULL, NULL,
     "Look at a guest's disk when virtrust sees the guest for the first time."},
    {"look.on_every_start", OPTION_BOOL, AT(look_on_every_start), "true", 0, 0, NULL, NULL,
     "Look at a guest's disk whenever it starts: the only way to notice a restored backup or a replaced disk "
     "that "
     "libvirt knows nothing of."},
    {"look.engine", OPTION_STRING, AT(look_engine), "auto", 0, 0, value_engine, "auto, direct or guestfs",
     "Who reads the disks: direct (in milliseconds), guestfs (libguestfs' appliance, in seconds; it knows "
     "LVM, XFS, "
     "Btrfs and others), auto (direct, and guestfs where direct cannot)."},
    {"look.at_once", OPTION_COUNT, AT(looks_at_once), "0", 0, 64, NULL, NULL,
     "How many looks run at the same time; 0: as many as this host has processors."},
    {"look.appliances", OPTION_COUNT, AT(appliances_at_once), "2", 1, 16, NULL, NULL,
     "How many more, of disks that need libguestfs' appliance; each may take half a gigabyte of memory."},
    {"look.timeout", OPTION_SECONDS, AT(look_timeout_s), "3m", 10 * SECOND, HOUR, NULL, NULL,
     "How long one look may take."},
    {"look.settle", OPTION_MS, AT(settle_ms), "2s", 0, MINUTE, NULL, NULL,
     "How long it has to be quiet after the last signal of a burst before virtrust looks."},
    {"helper.path", OPTION_STRING, AT(helper_path), "/usr/libexec/virtrust/virtrust-helper", 0, 0, PATH,
     "Where the helper is installed in a Linux guest."},
    {"helper.windows_path", OPTION_STRING, AT(helper_windows_path),
     "C:\\Program Files\\virtrust\\virtrust-helper.exe", 0, 0, value_windows_path,
     "a path of Windows' with its drive, such as C:\\Program Files\\virtrust\\virtrust-helper.exe",
     "Where the helper is installed in a Windows guest: in a directory in which administrators alone may "
     "write."},
    {"helper.push", OPTION_BOOL, AT(push_helper), "false", 0, 0, NULL, NULL,
     "Copy the helper into a guest that has none, through the guest agent."},
    {"helper.push_source", OPTION_STRING, AT(helper_push_source), VIRTRUST_LIBEXECDIR "/virtrust-helper", 0,
     0, PATH, "The helper on this host that is copied into Linux guests."},
    {"helper.windows_push_source", OPTION_STRING, AT(helper_windows_push_source),
     VIRTRUST_LIBEXECDIR "/virtrust-helper.exe", 0, 0, PATH,
     "The helper on this host that is copied into Windows guests, into a directory `pushed` beside "
     "helper.windows_path."},
    {"repair.agent_wait", OPTION_SECONDS, AT(agent_wait_s), "30m", 10 * SECOND, 20 * DAY, NULL, NULL,
     "How long a repair waits for the guest's agent before it ends as silent."},
    {"repair.clock_tolerance", OPTION_MS, AT(clock_tolerance_ms), "2s", 100, 5 * MINUTE, NULL, NULL,
     "A guest's clock that is off by more is set before the repair."},
    {"repair.tolerance", OPTION_SECONDS, AT(tolerance_s), "10m", 0, DAY, NULL, NULL,
     "Without a remembered pair: the directory's password newer than the guest's by more than this means "
     "behind."},
    {"repair.proof_wait", OPTION_SECONDS, AT(proof_wait_s), "2m", 5 * SECOND, HOUR, NULL, NULL,
     "How long to wait for the DC to show the guest's own change of the password."},
    {"repair.at_once", OPTION_COUNT, AT(repairs_at_once), "16", 1, 1000, NULL, NULL,
     "How many repairs may be under way at the same time; further ones wait for their turn."},
    {"repair.per_hour", OPTION_COUNT, AT(repairs_per_hour), "0", 0, 100000, NULL, NULL,
     "How many repairs may be begun within one hour; 0: as many as the domains' own limits let."},
    {"repair.strategies", OPTION_WORDS, AT(strategies), "[wait, provision]", 0, 0, STRATEGY,
     "The ways to repair that may be used, in the order of preference: wait (a guest that is ahead heals by "
     "itself), provision (a new secret is delivered sealed), credential (a credential is lent for one "
     "call)."},
    {"repair.quiet_hours", OPTION_WORDS, AT(quiet_hours), "[]", 0, 0, QUIET,
     "Times at which nothing is repaired by itself; what is due waits for their end, and `virtrust approve` "
     "goes before them."},
    {"breaker.failures", OPTION_COUNT, AT(breaker_failures), "5", 1, 1000, NULL, NULL,
     "So many repairs of one domain or one policy that fail within the window stop all further ones of it."},
    {"breaker.share", OPTION_COUNT, AT(breaker_share), "50", 1, 100, NULL, NULL,
     "So do two or more guests that fail, when they are this percentage of its bound guests."},
    {"breaker.window", OPTION_SECONDS, AT(breaker_window_s), "1h", MINUTE, 7 * DAY, NULL, NULL,
     "The time within which failures count."},
    {"breaker.pause", OPTION_SECONDS, AT(breaker_pause_s), "15m", SECOND, DAY, NULL, NULL,
     "How long repairs are held back before one of them is let through to try."},
    {"history.keep_days", OPTION_COUNT, AT(keep_cases_days), "365", 1, 36500, NULL, NULL,
     "How many days closed cases are kept."},
    {"history.keep_quiet_days", OPTION_COUNT, AT(keep_quiet_days), "30", 1, 36500, NULL, NULL,
     "How many of these days cases are kept that say nothing: without a rollback, and all was well."},
    {"history.keep_gone_days", OPTION_COUNT, AT(keep_gone_days), "365", 1, 36500, NULL, NULL,
     "How many days a guest that is gone is remembered, once it has neither a binding nor a case."},
    {"domains", OPTION_DOMAINS, AT(domains), "[]", 0, 0, NULL, NULL,
     "The Active Directory domains whose members virtrust looks after."},
    {"policies", OPTION_POLICIES, AT(policies), "[]", 0, 0, NULL, NULL,
     "Which guest is treated how: the first entry that matches a guest decides, and what the entry leaves "
     "out is "
     "taken from above."},
    {0},
};
#undef AT

#define AT(member) offsetof(struct config_domain, member)
const struct option domain_options[] = {
    {"name", OPTION_STRING, AT(name), NULL, 0, 0, value_host,
     "the domain's DNS name, such as corp.example.com", "The domain's DNS name."},
    {"netbios", OPTION_STRING, AT(netbios), NULL, 0, 0, value_netbios,
     "the domain's NetBIOS name, such as CORP",
     "The domain's NetBIOS name; left out, the DNS name's first label in capitals."},
    {"base", OPTION_STRING, AT(base), NULL, 0, 0, value_dn,
     "a distinguished name, such as OU=VDI,DC=corp,DC=example,DC=com",
     "Accounts outside this part of the directory are never reset; without it nothing is."},
    {"principal", OPTION_STRING, AT(principal), NULL, 0, 0, value_principal,
     "a Kerberos principal with its realm, such as virtrust@CORP.EXAMPLE.COM",
     "The delegated account: it needs Reset Password on the computers below base, and nothing more."},
    {"keytab", OPTION_STRING, AT(keytab), NULL, 0, 0, PATH,
     "The delegated account's keytab, which virtrust-directory's user alone may read."},
    {"credential", OPTION_STRING, AT(credential), NULL, 0, 0, value_credential,
     "the name of a credential of systemd, such as corp.keytab",
     "The name under which systemd hands the keytab over (LoadCredential=); where it does, it counts before "
     "keytab."},
    {"credentials", OPTION_STRING, AT(credentials), NULL, 0, 0, PATH,
     "A directory of credentials for the strategy credential: a file for each computer account, named as "
     "that "
     "(WEB1$), virtrustd's or root's alone, with a line DOMAIN\\user and a line with its password."},
    {"site", OPTION_STRING, AT(site), NULL, 0, 0, value_credential, "an Active Directory site's name",
     "The site whose domain controllers come first; left out, one of them is asked where this host is."},
    {"service", OPTION_STRING, AT(service), NULL, 0, 0, value_service,
     "a service principal without its realm, such as virtrust/host1.corp.example.com",
     "virtrust's own service principal, for which guests get tickets to prove who they are; left out, "
     "virtrust/ and this host's DNS name."},
    {"ldaps_ca", OPTION_STRING, AT(ldaps_ca), NULL, 0, 0, PATH,
     "Speak LDAP inside TLS, trusting this file of certificates alone; left out, Kerberos seals it."},
    {"dcs", OPTION_WORDS, AT(dcs), "[]", 0, 0, value_host, "a host name, such as dc1.corp.example.com",
     "The domain controllers to speak with; left out, DNS is asked."},
    {"resets_per_hour", OPTION_COUNT, AT(resets_per_hour), "20", 1, 10000, NULL, NULL,
     "How many accounts may be reset within one hour."},
    {"repairs_at_once", OPTION_COUNT, AT(repairs_at_once), "8", 1, 1000, NULL, NULL,
     "How many repairs of this domain's members may be under way at the same time."},
    {0},
};
#undef AT

#define AT(member) offsetof(struct config_policy, member)
const struct option policy_options[] = {
    {"name", OPTION_STRING, AT(name), NULL, 0, 0, value_policy_name,
     "a name of letters, digits, - _ ., such as desktops",
     "What this entry is called in answers; left out, policy- and its place."},
    {"match.name", OPTION_STRING, AT(match_name), NULL, 0, 0, value_pattern,
     "a pattern such as vdi-* or vdi-[0-9]*",
     "A pattern (* ? [a-z]) for the guest's libvirt name; left out, every name."},
    {"match.title", OPTION_STRING, AT(match_title), NULL, 0, 0, value_pattern, "a pattern such as *desktop*",
     "A pattern for the guest's libvirt title; left out, every title."},
    {"match.metadata", OPTION_WORDS, AT(match_metadata), "[]", 0, 0, value_metadata,
     "a key and a pattern, such as pool=vdi-* or {http://example.com/ns}server/owner=it",
     "Keys of its libvirt metadata with a pattern for their value, all of which have to match: of virtrust's "
     "own "
     "element, or behind a {namespace} of any other."},
    {"match.domain", OPTION_STRING, AT(match_domain), NULL, 0, 0, value_host,
     "the name of an entry of domains", "The domain of the account that it is bound to; left out, any."},
    {"match.ou", OPTION_STRING, AT(match_ou), NULL, 0, 0, value_ou,
     "a distinguished name, such as OU=VDI,DC=corp,DC=example,DC=com, or a pattern",
     "Where in the directory that account lies: below this part of it, or a pattern for its whole name."},
    {"match.role", OPTION_STRING, AT(match_role), NULL, 0, 0, value_role,
     "member, workgroup or domain-controller", "What its disk says that it is."},
    {"mode", OPTION_MODE, AT(mode), NULL, 0, 0, NULL, NULL, "As mode above, for these guests."},
    {"domain", OPTION_STRING, AT(domain), NULL, 0, 0, value_host, "the name of an entry of domains",
     "The domain that they are members of; left out, the only one there is."},
    {"computer", OPTION_STRING, AT(computer), NULL, 0, 0, value_rule,
     "a computer's name, in which {name}, {title} or {name:15} (cut to 15 characters) may stand",
     "Binds each of them to the computer account of this name."},
    {"bind", OPTION_STRING, AT(bind), NULL, 0, 0, value_bind, "by-proof",
     "by-proof: a healthy guest binds itself by proving that it holds its account's secret; instead of "
     "computer."},
    {"strategies", OPTION_WORDS, AT(strategies), "[]", 0, 0, STRATEGY,
     "As repair.strategies above, for these guests."},
    {"limits.at_once", OPTION_COUNT, AT(at_once), NULL, 1, 1000, NULL, NULL,
     "How many of these guests may be under repair at the same time; left out, the limits above."},
    {"limits.per_hour", OPTION_COUNT, AT(per_hour), NULL, 1, 100000, NULL, NULL,
     "How many repairs of these guests may be begun within one hour; left out, the limits above."},
    {"quiet_hours", OPTION_WORDS, AT(quiet_hours), "[]", 0, 0, QUIET,
     "As repair.quiet_hours above, for these guests."},
    {"discarded", OPTION_TRISTATE, AT(discarded), NULL, 0, 0, NULL, NULL,
     "Their disks are discarded when they stop, in a way that libvirt does not know of: they are never "
     "repaired."},
    {"helper_push", OPTION_TRISTATE, AT(push_helper), NULL, 0, 0, NULL, NULL,
     "As helper.push above, for these guests."},
    {"look_on_every_start", OPTION_TRISTATE, AT(look_on_every_start), NULL, 0, 0, NULL, NULL,
     "As look.on_every_start above, for these guests."},
    {"look_key_file", OPTION_STRING, AT(look_key_file), NULL, 0, 0, PATH,
     "The file that holds the passphrase of these guests' LUKS volumes, for root alone to read; left out, "
     "such "
     "disks stay unknown."},
    {0},
};
