// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/windows_facts.h"

#include "daemon/inspect/hive_lookup.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { INTERFACES_MAX = 64, WINDOWS_11_BUILD = 22000 };

#define NETLOGON                             \
    {                                        \
        "Services", "Netlogon", "Parameters" \
    }
#define TCPIP                             \
    {                                     \
        "Services", "Tcpip", "Parameters" \
    }
#define TIME                                \
    {                                       \
        "Services", "W32Time", "Parameters" \
    }
#define VERSION                                     \
    {                                               \
        "Microsoft", "Windows NT", "CurrentVersion" \
    }
#define GUARD_POLICY                                      \
    {                                                     \
        "Policies", "Microsoft", "Windows", "DeviceGuard" \
    }

const char *const windows_fact_names[] = {
    "entra.joined",
    "entra.tenant",
    "guard.credential_guard",
    "guard.group_policy.credential_guard",
    "guard.group_policy.machine_identity_isolation",
    "guard.group_policy.vbs",
    "guard.isolated_secret",
    "guard.machine_identity_isolation",
    "guard.vbs",
    "guest_agent.installed",
    "guest_agent.start",
    "helper.installed",
    "helper.start",
    "hibernation.fast_startup",
    "hibernation.state",
    "last_shutdown.filetime",
    "netlogon.site",
    "netlogon.start",
    "pending",
    "policy.group_policy.disable_password_change",
    "policy.group_policy.maximum_password_age_days",
    "policy.refuse_password_change",
    "resolver.domain",
    "resolver.group_policy.search",
    "resolver.group_policy.servers",
    "resolver.hostname",
    "resolver.search",
    "resolver.servers",
    "setup.image_state",
    "time.group_policy.server",
    "time.group_policy.type",
    "time.server",
    "time.start",
    "time.type",
    "windows.build",
    "windows.edition",
    "windows.installation",
    "windows.name",
    "windows.product_type",
    "windows.release",
    "windows.revision",
    "windows.version",
    NULL,
};

// Where a fact stands twice, the first value that is there counts.
static const struct lookup system_table[] = {
    {"windows.product_type", {"Control", "ProductOptions"}, "ProductType", LOOKUP_TEXT},
    {"policy.refuse_password_change", NETLOGON, "RefusePasswordChange", LOOKUP_FLAG},
    {"netlogon.start", {"Services", "Netlogon"}, "Start", LOOKUP_START},
    {"netlogon.site", NETLOGON, "DynamicSiteName", LOOKUP_TEXT},
    {"resolver.hostname", TCPIP, "NV Hostname", LOOKUP_TEXT},
    {"resolver.hostname", TCPIP, "Hostname", LOOKUP_TEXT},
    {"resolver.domain", TCPIP, "NV Domain", LOOKUP_TEXT},
    {"resolver.domain", TCPIP, "Domain", LOOKUP_TEXT},
    {"resolver.search", TCPIP, "SearchList", LOOKUP_TEXT},
    {"time.type", TIME, "Type", LOOKUP_TEXT},
    {"time.server", TIME, "NtpServer", LOOKUP_TEXT},
    {"time.start", {"Services", "W32Time"}, "Start", LOOKUP_START},
    {"last_shutdown.filetime", {"Control", "Windows"}, "ShutdownTime", LOOKUP_TIME},
    {"guard.vbs", {"Control", "DeviceGuard"}, "EnableVirtualizationBasedSecurity", LOOKUP_FLAG},
    {"guard.credential_guard", {"Control", "Lsa"}, "LsaCfgFlags", LOOKUP_NUMBER},
    {"guard.machine_identity_isolation", {"Control", "Lsa"}, "MachineIdentityIsolation", LOOKUP_NUMBER},
    {"hibernation.fast_startup", {"Control", "Session Manager", "Power"}, "HiberbootEnabled", LOOKUP_FLAG},
    {"guest_agent.start", {"Services", "QEMU-GA"}, "Start", LOOKUP_START},
    {"guest_agent.start", {"Services", "QEMU Guest Agent"}, "Start", LOOKUP_START},
    {"helper.start", {"Services", "virtrust-helper"}, "Start", LOOKUP_START},
};

static const struct lookup software_table[] = {
    {"windows.name", VERSION, "ProductName", LOOKUP_TEXT},
    {"windows.edition", VERSION, "EditionID", LOOKUP_TEXT},
    {"windows.installation", VERSION, "InstallationType", LOOKUP_TEXT},
    {"windows.release", VERSION, "DisplayVersion", LOOKUP_TEXT},
    {"windows.release", VERSION, "ReleaseId", LOOKUP_TEXT},
    {"windows.build", VERSION, "CurrentBuildNumber", LOOKUP_TEXT},
    {"windows.build", VERSION, "CurrentBuild", LOOKUP_TEXT},
    {"windows.revision", VERSION, "UBR", LOOKUP_NUMBER},
    {"policy.group_policy.maximum_password_age_days",
     {"Policies", "Microsoft", "Netlogon", "Parameters"},
     "MaximumPasswordAge",
     LOOKUP_NUMBER},
    {"policy.group_policy.disable_password_change",
     {"Policies", "Microsoft", "Netlogon", "Parameters"},
     "DisablePasswordChange",
     LOOKUP_FLAG},
    {"time.group_policy.type", {"Policies", "Microsoft", "W32Time", "Parameters"}, "Type", LOOKUP_TEXT},
    {"time.group_policy.server",
     {"Policies", "Microsoft", "W32Time", "Parameters"},
     "NtpServer",
     LOOKUP_TEXT},
    {"resolver.group_policy.servers",
     {"Policies", "Microsoft", "Windows NT", "DNSClient"},
     "NameServer",
     LOOKUP_TEXT},
    {"resolver.group_policy.search",
     {"Policies", "Microsoft", "Windows NT", "DNSClient"},
     "SearchList",
     LOOKUP_TEXT},
    {"guard.group_policy.vbs", GUARD_POLICY, "EnableVirtualizationBasedSecurity", LOOKUP_FLAG},
    {"guard.group_policy.credential_guard", GUARD_POLICY, "LsaCfgFlags", LOOKUP_NUMBER},
    {"guard.group_policy.machine_identity_isolation", GUARD_POLICY, "MachineIdentityIsolation",
     LOOKUP_NUMBER},
    {"setup.image_state",
     {"Microsoft", "Windows", "CurrentVersion", "Setup", "State"},
     "ImageState",
     LOOKUP_TEXT},
};

// Adds the addresses of a list that stands apart by spaces or commas, each once.
static void add_servers(char list[static EVIDENCE_TEXT], char *text)
{
    char *rest = text;

    for (char *one = strsep(&rest, " ,"); one; one = strsep(&rest, " ,")) {
        size_t len = strlen(one), used = strlen(list);
        const char *at = len ? strstr(list, one) : NULL;
        bool stands = at && (at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ');

        if (len == 0 || strspn(one, "0123456789abcdefABCDEF.:%") != len || stands ||
            used + 1 + len >= EVIDENCE_TEXT)
            continue;
        snprintf(list + used, EVIDENCE_TEXT - used, "%s%s", used ? " " : "", one);
    }
}

// An interface's own list, or what DHCP gave it.
static void interface_servers(const struct regf *h, uint32_t cell, char list[static EVIDENCE_TEXT])
{
    static const char *const values[] = {"NameServer", "DhcpNameServer"};
    char text[HIVE_TEXT_MAX];
    struct regf_key key;
    struct err err = {0};

    if (regf_key(h, cell, &key, &err) < 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        if (hive_tree_text(h, &key, values[i], text, &err) != 0 || !text[0])
            continue;
        add_servers(list, text);
        return;
    }
}

static void add_resolver(const struct lookup_in *in)
{
    static const char *const protocols[] = {"Tcpip", "Tcpip6"};
    char list[EVIDENCE_TEXT] = "";

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        const char *const all[] = {"Services", protocols[i], "Parameters", NULL};
        const char *const each[] = {"Services", protocols[i], "Parameters", "Interfaces", NULL};
        _cleanup_free_ uint32_t *cells = NULL;
        char text[HIVE_TEXT_MAX];
        struct regf_key key;
        struct err err = {0};
        size_t count = 0;

        if (lookup_text(in, all, "NameServer", text) == 0)
            add_servers(list, text);
        if (lookup_key(in, each, &key) != 0 || regf_subkeys(in->h, &key, &cells, &count, &err) < 0)
            continue;
        for (size_t k = 0; k < count && k < INTERFACES_MAX; k++)
            interface_servers(in->h, cells[k], list);
    }
    evidence_fact(in->e, "resolver.servers", "%s", list);
}

static void add_word(char list[static EVIDENCE_TEXT], const char *word)
{
    size_t used = strlen(list);

    snprintf(list + used, EVIDENCE_TEXT - used, "%s%s", used ? " " : "", word);
}

// What the next start has still to finish. "none" where nothing is.
static void add_pending(const struct lookup_in *in)
{
    static const char *const setup[] = {"Setup", NULL};
    static const char *const joins[][4] = {{"Services", "Netlogon", "JoinDomain"},
                                           {"Services", "Netlogon", "AvoidSpnSet"}};
    struct lookup_in root = *in;
    char list[EVIDENCE_TEXT] = "";
    struct regf_key key;
    bool join = false;
    uint32_t n;

    root.top = NULL;
    if (lookup_u32(&root, setup, "SystemSetupInProgress", &n) == 0 && n != 0)
        add_word(list, "setup");
    if (lookup_u32(&root, setup, "OOBEInProgress", &n) == 0 && n != 0)
        add_word(list, "first-start");
    for (size_t i = 0; i < ARRAY_SIZE(joins); i++)
        join |= lookup_key(in, joins[i], &key) == 0;
    if (join)
        add_word(list, "domain-join");
    evidence_fact(in->e, "pending", "%s", list[0] ? list : "none");
}

// The key of each registration is named by its certificate; a device has one.
static void add_entra(const struct lookup_in *in)
{
    static const char *const path[] = {"Control", "CloudDomainJoin", "JoinInfo", NULL};
    _cleanup_free_ uint32_t *cells = NULL;
    struct regf_key key, one;
    char tenant[HIVE_TEXT_MAX];
    struct err err = {0};
    size_t count = 0;

    if (lookup_key(in, path, &key) != 0) {
        evidence_fact(in->e, "entra.joined", "0");
        return;
    }
    if (regf_subkeys(in->h, &key, &cells, &count, &err) < 0)
        return;
    evidence_fact(in->e, "entra.joined", "%d", count > 0);
    if (count && regf_key(in->h, cells[0], &one, &err) == 0 &&
        hive_tree_text(in->h, &one, "TenantId", tenant, &err) == 0)
        evidence_fact(in->e, "entra.tenant", "%s", tenant);
}

void windows_facts_system(const struct regf *h, const char *control_set, struct evidence *e)
{
    const struct lookup_in in = {.h = h, .top = control_set, .hive = "SYSTEM", .e = e};
    static const char *const names[] = {"guest_agent.installed", "helper.installed"};

    lookup_facts(&in, system_table, ARRAY_SIZE(system_table));
    evidence_fact(e, names[0], "%d", evidence_fact_get(e, "guest_agent.start") != NULL);
    evidence_fact(e, names[1], "%d", evidence_fact_get(e, "helper.start") != NULL);
    add_resolver(&in);
    add_pending(&in);
    add_entra(&in);
}

static void add_version(const struct lookup_in *in)
{
    static const char *const path[] = {"Microsoft", "Windows NT", "CurrentVersion", NULL};
    uint32_t major, minor;
    char text[HIVE_TEXT_MAX];

    // Since Windows 10 the text has stood still at 6.3.
    if (lookup_u32(in, path, "CurrentMajorVersionNumber", &major) == 0 &&
        lookup_u32(in, path, "CurrentMinorVersionNumber", &minor) == 0)
        evidence_fact(in->e, "windows.version", "%" PRIu32 ".%" PRIu32, major, minor);
    else if (lookup_text(in, path, "CurrentVersion", text) == 0)
        evidence_fact(in->e, "windows.version", "%s", text);
}

void windows_facts_software(const struct regf *h, struct evidence *e)
{
    const struct lookup_in in = {.h = h, .hive = "SOFTWARE", .e = e};

    lookup_facts(&in, software_table, ARRAY_SIZE(software_table));
    add_version(&in);
}

static struct fact *find(struct evidence *e, const char *key)
{
    for (size_t i = 0; i < e->fact_count; i++) {
        if (strcmp(e->facts[i].key, key) == 0)
            return &e->facts[i];
    }
    return NULL;
}

// Windows 11 still calls itself Windows 10 there; the build tells them apart.
static void mend_name(struct evidence *e)
{
    static const char ten[] = "Windows 10";
    struct fact *name = find(e, "windows.name");
    const char *build = evidence_fact_get(e, "windows.build");
    const char *kind = evidence_fact_get(e, "windows.installation");

    if (name && build && strtoul(build, NULL, 10) >= WINDOWS_11_BUILD &&
        (!kind || strcasecmp(kind, "Client") == 0) && strncmp(name->value, ten, sizeof ten - 1) == 0)
        name->value[sizeof ten - 2] = '1';
}

// An image that was sealed goes through its setup again when it starts, and may be joined by it.
static void mend_pending(struct evidence *e)
{
    const char *state = evidence_fact_get(e, "setup.image_state");
    struct fact *pending = find(e, "pending");

    if (!state || !pending || strncmp(state, "IMAGE_STATE_", 12) != 0 ||
        strcmp(state, "IMAGE_STATE_COMPLETE") == 0)
        return;
    if (strcmp(pending->value, "none") == 0)
        pending->value[0] = '\0';
    add_word(pending->value, "sysprep");
}

static bool is_set(const struct evidence *e, const char *fact)
{
    const char *value = evidence_fact_get(e, fact);

    return value && strcmp(value, "0") != 0;
}

void windows_facts_join(struct evidence *e)
{
    mend_name(e);
    mend_pending(e);
    if (is_set(e, "guard.isolated_secret") || is_set(e, "guard.group_policy.machine_identity_isolation") ||
        (!evidence_fact_get(e, "guard.group_policy.machine_identity_isolation") &&
         is_set(e, "guard.machine_identity_isolation")))
        evidence_doubt(e, "isolated-identity",
                       "machine identity isolation is set up: the secret in use may not be the one in "
                       "$MACHINE.ACC, and nothing that was read of that one proves anything");
}

void windows_facts_hibernation(const unsigned char *head, size_t len, struct evidence *e)
{
    static const struct {
        const char *mark, *state;
    } states[] = {{"hibr", "hibernated"}, {"rstr", "resuming"}, {"wake", "resumed"}};
    char mark[5] = "";

    for (size_t i = 0; i < 4 && len >= 4; i++)
        mark[i] = (char)tolower(head[i]);
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        if (strcmp(mark, states[i].mark) == 0)
            evidence_fact(e, "hibernation.state", "%s", states[i].state);
    }
    // A file whose beginning was wiped, or none, holds nothing.
    if (len < 4 || memcmp(head, "\0\0\0\0", 4) == 0)
        evidence_fact(e, "hibernation.state", "none");
}
