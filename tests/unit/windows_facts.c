// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is told of a Windows guest beside its membership, from hives made by tool.
#include "tests/unit/command.h"
#include "tests/unit/inspect_common.h"

#include "daemon/inspect/windows_facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MEMBER                                                                                    \
    "computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 " \
    "set_at=133203110020139115 secret=one product=WinNT "
#define SET "'SYSTEM:ControlSet001\\"
#define SOFT "'SOFTWARE:"
#define VERSION SOFT "Microsoft\\Windows NT\\CurrentVersion:"

static char dir[] = "/tmp/virtrust-test-XXXXXX";

// What comes out of the cage is taken by name: a fact that is not listed would be lost.
static void check_name(const char *key)
{
    for (size_t i = 0; windows_fact_names[i]; i++) {
        if (strcmp(windows_fact_names[i], key) == 0)
            return;
    }
    fail_msg("%s is not among windows_fact_names", key);
}

static void made(const char *keys, struct evidence *e)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    struct failure f = {0};

    run("rm -f %s/*; %s/../test/mkhive %s %s", dir, bin ? bin : "build/bin", dir, keys);
    evidence_init(e);
    assert_int_equal(hives_dir_read(dir, &set, &f), 0);
    assert_int_equal(windows_evidence(&set, e, &f), 0);
    for (size_t i = 0; i < e->fact_count; i++)
        check_name(e->facts[i].key);
}

static void expect(const struct evidence *e, const char *fact, const char *value)
{
    const char *is = evidence_fact_get(e, fact);

    if (!value && is)
        fail_msg("%s is %s", fact, is);
    if (value && (!is || strcmp(is, value) != 0))
        fail_msg("%s is %s, not %s", fact, is ? is : "unknown", value);
}

static bool doubted(const struct evidence *e, const char *id)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0)
            return true;
    }
    return false;
}

static void test_version(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER VERSION
         "ProductName=s:Windows Server 2022 Standard' " VERSION "CurrentBuildNumber=s:20348' " VERSION
         "UBR=d:1234' " VERSION "CurrentVersion=s:6.3' " VERSION "CurrentMajorVersionNumber=d:10' " VERSION
         "CurrentMinorVersionNumber=d:0' " VERSION "DisplayVersion=s:21H2' " VERSION
         "ReleaseId=s:2009' " VERSION "EditionID=s:ServerStandard' " VERSION "InstallationType=s:Server'",
         &e);
    expect(&e, "windows.name", "Windows Server 2022 Standard");
    expect(&e, "windows.version", "10.0");
    expect(&e, "windows.build", "20348");
    expect(&e, "windows.revision", "1234");
    expect(&e, "windows.release", "21H2");
    expect(&e, "windows.edition", "ServerStandard");
    expect(&e, "windows.installation", "Server");
    assert_int_equal(e.doubt_count, 0);
    // Windows 11 calls itself 10; older ones have a text for their version only.
    made(MEMBER VERSION "ProductName=s:Windows 10 Pro' " VERSION "CurrentBuildNumber=s:22631' " VERSION
                        "InstallationType=s:Client'",
         &e);
    expect(&e, "windows.name", "Windows 11 Pro");
    made(MEMBER VERSION "ProductName=s:Windows 7 Professional' " VERSION "CurrentVersion=s:6.1'", &e);
    expect(&e, "windows.name", "Windows 7 Professional");
    expect(&e, "windows.version", "6.1");
    expect(&e, "windows.revision", NULL);
    made(MEMBER, &e);
    expect(&e, "windows.name", NULL);
}

static void test_policy(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER "max_age=30 disable=0 " SET "Services\\Netlogon\\Parameters:RefusePasswordChange=d:1' " SOFT
                "Policies\\Microsoft\\Netlogon\\Parameters:MaximumPasswordAge=d:7' " SOFT
                "Policies\\Microsoft\\Netlogon\\Parameters:DisablePasswordChange=d:1'",
         &e);
    assert_int_equal(e.max_age_days, 30);
    expect(&e, "policy.refuse_password_change", "1");
    expect(&e, "policy.group_policy.maximum_password_age_days", "7");
    expect(&e, "policy.group_policy.disable_password_change", "1");
}

static void test_resolver_and_time(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER SET
         "Services\\Tcpip\\Parameters:NV Hostname=s:ws1' " SET
         "Services\\Tcpip\\Parameters:SearchList=s:lab.test,corp.test' " SET
         "Services\\Tcpip\\Parameters\\Interfaces\\{1}:NameServer=s:10.0.0.1,10.0.0.2' " SET
         "Services\\Tcpip\\Parameters\\Interfaces\\{1}:DhcpNameServer=s:10.9.9.9' " SET
         "Services\\Tcpip\\Parameters\\Interfaces\\{2}:DhcpNameServer=s:10.0.0.2 10.0.0.3 evil;rm' " SET
         "Services\\Tcpip6\\Parameters\\Interfaces\\{1}:NameServer=s:fd00::1' " SET
         "Services\\W32Time\\Parameters:Type=s:NT5DS' " SET
         "Services\\W32Time\\Parameters:NtpServer=s:time.test,0x9' " SET "Services\\W32Time:Start=d:4' " SOFT
         "Policies\\Microsoft\\W32Time\\Parameters:Type=s:NTP'",
         &e);
    expect(&e, "resolver.hostname", "ws1");
    expect(&e, "resolver.domain", "lab.test");
    expect(&e, "resolver.search", "lab.test,corp.test");
    expect(&e, "resolver.servers", "10.0.0.1 10.0.0.2 10.0.0.3 fd00::1");
    expect(&e, "time.type", "NT5DS");
    expect(&e, "time.server", "time.test,0x9");
    expect(&e, "time.start", "disabled");
    expect(&e, "time.group_policy.type", "NTP");
}

static void test_services(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER, &e);
    expect(&e, "guest_agent.installed", "0");
    expect(&e, "helper.installed", "0");
    expect(&e, "pending", "none");
    made(MEMBER SET "Services\\qemu-ga:Start=d:2' " SET "Services\\virtrust-helper:Start=d:3' " SET
                    "Control\\Windows:ShutdownTime=x:33d729750612cd01' " SET
                    "Control\\Session Manager\\Power:HiberbootEnabled=d:1'",
         &e);
    expect(&e, "guest_agent.installed", "1");
    expect(&e, "guest_agent.start", "automatic");
    expect(&e, "helper.start", "manual");
    expect(&e, "last_shutdown.filetime", "129779783208392499");
    expect(&e, "hibernation.fast_startup", "1");
}

static void test_pending(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER SET "Services\\Netlogon\\JoinDomain'", &e);
    expect(&e, "pending", "domain-join");
    made(MEMBER "'SYSTEM:Setup:SystemSetupInProgress=d:1' 'SYSTEM:Setup:OOBEInProgress=d:1' " SOFT
                "Microsoft\\Windows\\CurrentVersion\\Setup\\State:ImageState=s:IMAGE_STATE_GENERALIZE_RESEAL_"
                "TO_OOBE'",
         &e);
    expect(&e, "pending", "setup first-start sysprep");
    made(MEMBER SOFT "Microsoft\\Windows\\CurrentVersion\\Setup\\State:ImageState=s:IMAGE_STATE_COMPLETE'",
         &e);
    expect(&e, "pending", "none");
}

static void test_entra(void **state)
{
    static const char info[] = "Control\\CloudDomainJoin\\JoinInfo";
    struct evidence e;
    char keys[512];

    (void)state;
    made(MEMBER, &e);
    expect(&e, "entra.joined", "0");
    snprintf(keys, sizeof keys, MEMBER SET "%s'", info);
    made(keys, &e);
    expect(&e, "entra.joined", "0");
    snprintf(keys, sizeof keys, MEMBER SET "%s\\0A1B2C:UserEmail=s:x@corp.test'", info);
    made(keys, &e);
    expect(&e, "entra.joined", "1");
    expect(&e, "entra.tenant", NULL);
    snprintf(keys, sizeof keys, MEMBER SET "%s\\0A1B2C:TenantId=s:6a1f'", info);
    made(keys, &e);
    expect(&e, "entra.joined", "1");
    expect(&e, "entra.tenant", "6a1f");
}

// Machine identity isolation: the secret may lie under another name, and be the only one.
static void test_isolation(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER SET "Control\\Lsa:LsaCfgFlags=d:1' " SET
                    "Control\\DeviceGuard:EnableVirtualizationBasedSecurity=d:1'",
         &e);
    expect(&e, "guard.credential_guard", "1");
    expect(&e, "guard.vbs", "1");
    expect(&e, "guard.isolated_secret", "0");
    assert_false(doubted(&e, "isolated-identity"));
    made(MEMBER "'SECURITY:Policy\\Secrets\\$MACHINE.ACC.IUM\\CurrVal:x=s:y'", &e);
    expect(&e, "guard.isolated_secret", "1");
    assert_true(doubted(&e, "isolated-identity"));
    assert_int_equal(e.joined, ANSWER_YES);
    made("computer=WS1 domain_sid=S-1-5-21-1-2-3 product=WinNT "
         "'SECURITY:Policy\\Secrets\\$MACHINE.ACC.IUM\\CurrVal:x=s:y'",
         &e);
    assert_int_equal(e.joined, ANSWER_YES);
    assert_false(e.has_secret);
    assert_true(e.filetime == 0);
    assert_true(doubted(&e, "isolated-identity"));
    // Policy outranks what stands beside it.
    made(MEMBER SOFT "Policies\\Microsoft\\Windows\\DeviceGuard:MachineIdentityIsolation=d:2'", &e);
    assert_true(doubted(&e, "isolated-identity"));
    made(MEMBER SET "Control\\Lsa:MachineIdentityIsolation=d:1' " SOFT
                    "Policies\\Microsoft\\Windows\\DeviceGuard:MachineIdentityIsolation=d:0'",
         &e);
    assert_false(doubted(&e, "isolated-identity"));
}

// What Select says is current counts, not the first set.
static void test_control_sets(void **state)
{
    struct evidence e;

    (void)state;
    made(MEMBER "max_age=30 'SYSTEM:Select:Current=d:2' "
                "'SYSTEM:ControlSet002\\Control\\ProductOptions:ProductType=s:LanmanNT' "
                "'SYSTEM:ControlSet002\\Control\\ComputerName\\ComputerName:ComputerName=s:DC1' "
                "'SYSTEM:ControlSet002\\Services\\Netlogon\\Parameters:MaximumPasswordAge=d:14' "
                "'SYSTEM:ControlSet002\\Services\\W32Time\\Parameters:Type=s:NTP' " SET
                "Services\\W32Time\\Parameters:Type=s:NT5DS'",
         &e);
    assert_int_equal(e.role, ROLE_DOMAIN_CONTROLLER);
    assert_string_equal(e.computer, "DC1");
    assert_int_equal(e.max_age_days, 14);
    expect(&e, "time.type", "NTP");
}

static void test_hibernation(void **state)
{
    static const struct {
        const char *head;
        size_t len;
        const char *state;
    } cases[] = {
        {"HIBR", 4, "hibernated"}, {"hibr", 4, "hibernated"}, {"WAKE", 4, "resumed"}, {"RSTR", 4, "resuming"},
        {"\0\0\0\0", 4, "none"},   {"", 0, "none"},           {"XXXX", 4, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct evidence e;

        evidence_init(&e);
        windows_facts_hibernation((const unsigned char *)cases[i].head, cases[i].len, &e);
        expect(&e, "hibernation.state", cases[i].state);
    }
}

// Facts stand in the record under their own names, and no more of them than there is room for.
static void test_record(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    static char keys[EVIDENCE_FACTS + 4][16];
    struct evidence e;

    (void)state;
    evidence_init(&e);
    evidence_fact(&e, "time.type", "%s", "NTP");
    evidence_fact(&e, "time.type", "%s", "again");
    evidence_fact(&e, "time.server", "%s", "");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        evidence_fact(&e, keys[i], "%zu", i);
    }
    assert_int_equal(e.fact_count, EVIDENCE_FACTS);
    r = evidence_record(&e);
    assert_string_equal(record_get(r, "time.type"), "NTP");
    assert_null(record_get(r, "time.server"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),     cmocka_unit_test(test_policy),
        cmocka_unit_test(test_services),    cmocka_unit_test(test_resolver_and_time),
        cmocka_unit_test(test_pending),     cmocka_unit_test(test_isolation),
        cmocka_unit_test(test_record),      cmocka_unit_test(test_control_sets),
        cmocka_unit_test(test_hibernation), cmocka_unit_test(test_entra),
    };
    int rc;

    if (!mkdtemp(dir))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    run("rm -rf %s", dir);
    return rc;
}
