// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/netlogon.h"

#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <dsgetdc.h>
#include <errno.h>
#include <lmaccess.h>
#include <lmapibuf.h>
#include <stdio.h>
#include <string.h>

static void copy_name(const wchar_t *from, char ret[static NETLOGON_NAME])
{
    while (from && *from == L'\\')
        from++;
    wide_to_utf8(from, from ? wcslen(from) : 0, ret, NETLOGON_NAME);
}

int netlogon_find_dc(const char *domain, struct dc *ret, struct err *err)
{
    static const ULONG flags = DS_DIRECTORY_SERVICE_REQUIRED | DS_WRITABLE_REQUIRED | DS_RETURN_DNS_NAME;
    DOMAIN_CONTROLLER_INFOW *info = NULL;
    wchar_t name[WIDE_NAME];
    DWORD rc = wide_of(domain, name, WIDE_NAME) < 0 ? ERROR_INVALID_DOMAINNAME
                                                    : DsGetDcNameW(NULL, name, NULL, NULL, flags, &info);

    if (rc != ERROR_SUCCESS)
        return err_set(err, -EHOSTUNREACH,
                       "no writable domain controller of %.200s is found (Windows error %lu)", domain,
                       (unsigned long)rc);
    copy_name(info->DomainControllerName, ret->name);
    copy_name(info->DcSiteName, ret->site);
    copy_name(info->ClientSiteName, ret->client_site);
    copy_name(info->DnsForestName, ret->forest);
    NetApiBufferFree(info);
    return 0;
}

// What a number says about the channel. Access denied as the *channel's* status is the DC's word for a wrong password;
// as the *call's* return code it would be our own lack of rights.
static const struct {
    uint32_t number;
    enum channel_state state;
    const char *code;
} table[] = {
    {ERROR_SUCCESS, CHANNEL_HEALTHY, "ok"},
    {ERROR_ACCESS_DENIED, CHANNEL_BROKEN, "access-denied"},
    {ERROR_TRUSTED_RELATIONSHIP_FAILURE, CHANNEL_BROKEN, "trust-failed"},
    {ERROR_TRUSTED_DOMAIN_FAILURE, CHANNEL_BROKEN, "trusted-domain-failed"},
    {ERROR_NO_TRUST_LSA_SECRET, CHANNEL_BROKEN, "no-lsa-secret"},
    {ERROR_NO_TRUST_SAM_ACCOUNT, CHANNEL_UNKNOWN, "no-account"},
    {ERROR_NO_LOGON_SERVERS, CHANNEL_UNKNOWN, "no-dc"},
    {ERROR_NO_SUCH_DOMAIN, CHANNEL_UNKNOWN, "no-dc"},
    {RPC_S_SERVER_UNAVAILABLE, CHANNEL_UNKNOWN, "no-dc"},
    {ERROR_TIME_SKEW, CHANNEL_UNKNOWN, "clock-skew"},
    {ERROR_NETLOGON_NOT_STARTED, CHANNEL_UNKNOWN, "netlogon-stopped"},
    {ERROR_ACCOUNT_DISABLED, CHANNEL_UNKNOWN, "account-disabled"},
    {ERROR_NOT_SUPPORTED, CHANNEL_UNKNOWN, "not-supported"},
};

void netlogon_classify(struct channel *c)
{
    uint32_t number = c->rc != 0 ? c->rc : c->status;

    c->state = CHANNEL_UNKNOWN;
    c->code = "other";
    if (c->rc == ERROR_ACCESS_DENIED) {
        c->code = "not-permitted";
        return;
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].number == number) {
            c->state = table[i].state;
            c->code = table[i].code;
            return;
        }
    }
}

// Of a verification the first status is the answer; the second may still be that of the last use.
static void read_info(const NETLOGON_INFO_2 *info, struct channel *c)
{
    c->status = info->netlog2_pdc_connection_status;
    if (c->status == 0)
        c->status = info->netlog2_tc_connection_status;
    copy_name(info->netlog2_trusted_dc_name, c->dc);
}

static struct channel control(DWORD function, DWORD level, const char *data)
{
    struct channel c = {.rc = ERROR_INVALID_DOMAINNAME};
    wchar_t wide[WIDE_NAME], *name = wide;
    void *info = NULL;

    if (wide_of(data, wide, WIDE_NAME) == 0)
        c.rc = I_NetLogonControl2(NULL, function, level, (LPBYTE)&name, (LPBYTE *)&info);
    if (c.rc == 0 && info && level == 2)
        read_info(info, &c);
    if (info)
        NetApiBufferFree(info);
    netlogon_classify(&c);
    return c;
}

struct channel netlogon_verify(const char *domain)
{
    return control(NETLOGON_CONTROL_TC_VERIFY, 2, domain);
}

struct channel netlogon_rediscover(const char *domain, const char *dc)
{
    char data[2 * NETLOGON_NAME];

    snprintf(data, sizeof data, "%s%s%s", domain, dc ? "\\" : "", dc ? dc : "");
    return control(NETLOGON_CONTROL_REDISCOVER, 2, data);
}

struct channel netlogon_change_password(const char *domain)
{
    return control(NETLOGON_CONTROL_CHANGE_PASSWORD, 1, domain);
}

const char *netlogon_text(const struct channel *c, char *ret, size_t size)
{
    snprintf(ret, size, "%s: Netlogon's return code %lu, the channel's status %lu%s%.100s", c->code,
             (unsigned long)c->rc, (unsigned long)c->status, *c->dc ? ", by " : "", c->dc);
    return ret;
}
