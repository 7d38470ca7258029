// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/member.h"

#include "guest-helper/windows/registry.h"
#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const wchar_t product_key[] = L"SYSTEM\\CurrentControlSet\\Control\\ProductOptions";
static const wchar_t name_key[] = L"SYSTEM\\CurrentControlSet\\Control\\ComputerName\\ComputerName";
static const wchar_t netlogon_key[] = L"SYSTEM\\CurrentControlSet\\Services\\Netlogon\\Parameters";
static const wchar_t netlogon_policy[] = L"SOFTWARE\\Policies\\Microsoft\\Netlogon\\Parameters";
static const wchar_t guard_policy[] = L"SOFTWARE\\Policies\\Microsoft\\Windows\\DeviceGuard";
static const wchar_t lsa_key[] = L"SYSTEM\\CurrentControlSet\\Control\\Lsa";
static const wchar_t isolated_key[] = L"SECURITY\\Policy\\Secrets\\$MACHINE.ACC.IUM\\CurrVal";
static const wchar_t account_key[] = L"SECURITY\\Policy\\PolMachineAccountS";

const char *member_role_name(enum member_role role)
{
    static const char *const names[] = {
        [ROLE_UNKNOWN] = "unknown",
        [ROLE_WORKSTATION] = "workstation",
        [ROLE_SERVER] = "server",
        [ROLE_DC] = "domain-controller",
    };

    return names[role];
}

static enum member_role look_role(void)
{
    static const struct {
        const char *type;
        enum member_role role;
    } types[] = {{"WinNT", ROLE_WORKSTATION}, {"ServerNT", ROLE_SERVER}, {"LanmanNT", ROLE_DC}};
    char type[64];

    if (registry_text(product_key, L"ProductType", type, sizeof type) == 0)
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
            if (wide_same(type, types[i].type))
                return types[i].role;
    return ROLE_UNKNOWN;
}

// The newest setting is policy's, and policy outranks what the registry says beside it.
static uint32_t number_of(const wchar_t *policy, const wchar_t *key, const wchar_t *name)
{
    uint32_t n = 0;

    if (registry_number(policy, name, &n) < 0 && registry_number(key, name, &n) < 0)
        return 0;
    return n;
}

// Set up in any way, or already with a secret in its own place: then $MACHINE.ACC may not be the one in use.
static bool look_isolated(void)
{
    unsigned char byte[1];
    size_t len = 0;
    int rc = registry_bytes(isolated_key, NULL, byte, sizeof byte, &len);

    return rc == 0 || rc == -E2BIG || number_of(guard_policy, lsa_key, L"MachineIdentityIsolation") != 0;
}

static void look_account(struct member *m)
{
    unsigned char sid[SID_BYTES_MAX];
    size_t len = 0;

    if (registry_bytes(account_key, NULL, sid, sizeof sid, &len) < 0 || len == 0 ||
        sid_text(sid, len, m->account_sid) < 0)
        m->account_sid[0] = '\0';
}

static void look_secret(struct member *m)
{
    int rc = lsa_domain_look(&m->domain, &m->why);

    if (rc == 0 && !m->domain.member) {
        m->state = MEMBER_NOT_JOINED;
        err_set(&m->why, 0, "this computer belongs to the workgroup %.100s", m->domain.netbios);
        return;
    }
    if (rc == 0)
        rc = lsa_secret_look(&m->secret, &m->why);
    m->state = rc == 0 ? MEMBER_JOINED : rc == -ENOENT ? MEMBER_NOT_JOINED : MEMBER_UNREADABLE;
}

struct member *member_look(const char *root)
{
    struct member *m = calloc(1, sizeof *m);

    (void)root; // there is but one registry
    if (!m)
        return NULL;
    m->role = look_role();
    m->isolated = look_isolated();
    m->rotation_forbidden = number_of(netlogon_policy, netlogon_key, L"DisablePasswordChange") != 0;
    m->maximum_age_days = number_of(netlogon_policy, netlogon_key, L"MaximumPasswordAge");
    registry_text(name_key, L"ComputerName", m->computer, sizeof m->computer - 1);
    snprintf(m->account, sizeof m->account, "%.250s$", m->computer);
    look_account(m);
    look_secret(m);
    return m;
}

struct member *member_free(struct member *m)
{
    if (m)
        secret_wipe(m, sizeof *m);
    free(m);
    return NULL;
}

bool member_joined(const struct member *m)
{
    return m->state == MEMBER_JOINED;
}

const unsigned char *member_sha256(const struct member *m)
{
    return member_joined(m) ? m->secret.object : NULL;
}

const char *member_why(const struct member *m)
{
    return m->why.text;
}

// The sealed object differs each time; what was about to be stored is told by the value.
bool member_holds(const struct member *m, const unsigned char storing[static DIGEST])
{
    return member_joined(m) && memcmp(m->secret.value, storing, DIGEST) == 0;
}

void member_facts(const struct member *m, const char *sid, struct plan_facts *f)
{
    f->lsa = true;
    f->joined = member_joined(m);
    f->not_readable = m->state == MEMBER_UNREADABLE;
    f->domain_controller = m->role != ROLE_WORKSTATION && m->role != ROLE_SERVER;
    f->isolated = m->isolated;
    f->sid_differs = sid && *m->account_sid && !wide_same(sid, m->account_sid);
    f->store_writable = f->joined && lsa_secret_writable();
}
