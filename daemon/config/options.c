// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The tables themselves. Whoever changes one changes config/virtrust.yaml and virtrust.yaml(5) with it: a test
// compares them, sentence by sentence in the first and key by key in the second.
#include "daemon/config/config.h"
#include "daemon/config/option.h"
#include "daemon/config/value.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

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
    {"helper.push", OPTION_BOOL, AT(push_helper), "false", 0, 0, NULL, NULL,
     "Copy the helper into a guest that has none, through the guest agent."},
    {"helper.push_source", OPTION_STRING, AT(helper_push_source), VIRTRUST_LIBEXECDIR "/virtrust-helper", 0,
     0, PATH, "The helper on this host that is copied."},
    {"repair.agent_wait", OPTION_SECONDS, AT(agent_wait_s), "30m", 10 * SECOND, 20 * DAY, NULL, NULL,
     "How long a repair waits for the guest's agent before it ends as silent."},
    {"repair.clock_tolerance", OPTION_MS, AT(clock_tolerance_ms), "2s", 100, 5 * MINUTE, NULL, NULL,
     "A guest's clock that is off by more is set before the repair."},
    {"repair.tolerance", OPTION_SECONDS, AT(tolerance_s), "10m", 0, DAY, NULL, NULL,
     "Without a remembered pair: the directory's password newer than the guest's by more than this means "
     "behind."},
    {"repair.proof_wait", OPTION_SECONDS, AT(proof_wait_s), "2m", 5 * SECOND, HOUR, NULL, NULL,
     "How long to wait for the DC to show the guest's own change of the password."},
    {"history.keep_days", OPTION_COUNT, AT(keep_cases_days), "365", 1, 36500, NULL, NULL,
     "How many days closed cases are kept."},
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
    {"site", OPTION_STRING, AT(site), NULL, 0, 0, value_credential, "an Active Directory site's name",
     "The site whose domain controllers come first; left out, one of them is asked where this host is."},
    {"ldaps_ca", OPTION_STRING, AT(ldaps_ca), NULL, 0, 0, PATH,
     "Speak LDAP inside TLS, trusting this file of certificates alone; left out, Kerberos seals it."},
    {"dcs", OPTION_HOSTS, AT(dcs), NULL, 0, 0, NULL, NULL,
     "The domain controllers to speak with; left out, DNS is asked."},
    {"resets_per_hour", OPTION_COUNT, AT(resets_per_hour), "20", 1, 10000, NULL, NULL,
     "How many accounts may be reset within one hour."},
    {0},
};
#undef AT

#define AT(member) offsetof(struct config_policy, member)
const struct option policy_options[] = {
    {"match.name", OPTION_STRING, AT(match_name), NULL, 0, 0, value_text, "a pattern such as vdi-*",
     "A pattern (* ? [a-z]) for the guest's libvirt name; left out, every name."},
    {"match.title", OPTION_STRING, AT(match_title), NULL, 0, 0, value_text, "a pattern such as *desktop*",
     "A pattern for the guest's libvirt title; left out, every title."},
    {"mode", OPTION_MODE, AT(mode), NULL, 0, 0, NULL, NULL, "As mode above, for these guests."},
    {"domain", OPTION_STRING, AT(domain), NULL, 0, 0, value_host, "the name of an entry of domains",
     "The domain that they are members of; left out, the only one there is."},
    {"computer", OPTION_STRING, AT(computer), NULL, 0, 0, value_rule,
     "a computer's name, in which {name}, {title} or {name:15} (cut to 15 characters) may stand",
     "Binds each of them to the computer account of this name."},
    {"helper_push", OPTION_TRISTATE, AT(push_helper), NULL, 0, 0, NULL, NULL,
     "As helper.push above, for these guests."},
    {"look_on_every_start", OPTION_TRISTATE, AT(look_on_every_start), NULL, 0, 0, NULL, NULL,
     "As look.on_every_start above, for these guests."},
    {0},
};
