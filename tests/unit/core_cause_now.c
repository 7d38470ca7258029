// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Each cause on both sides of its boundary: the guest's probe, what it reaches, the clocks.
#include "tests/unit/core_cause_bench.h"

enum { MINUTE = 60, HOUR = 3600 };

static void probe_says(struct cause_facts *f, enum tri healthy, const char *code)
{
    f->probe = (struct probe_facts){.known = true,
                                    .at_us = f->now_us,
                                    .healthy = healthy,
                                    .dc_reachable = TRI_YES,
                                    .may_rotate = TRI_YES,
                                    .has_fingerprint = true};
    memcpy(f->probe.fingerprint, f->evidence.guest.fingerprint, HASH);
    snprintf(f->probe.code, sizeof f->probe.code, "%s", code);
    snprintf(f->probe.dc, sizeof f->probe.dc, "dc2.corp.test");
}

static void probes(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    probe_says(&f, TRI_NO, "preauth-failed");
    expect_cause(&f, "probe-broken");
    f.dcs[1] = view("DC2.corp.test");
    f.dcs[1].side.pwd_last_set = at(-HOUR * second);
    f.dcs_count = 2;
    expect_cause(&f, "lagging-dc");
    f.dcs[1].side.pwd_last_set = at(0);
    expect_cause(&f, "probe-broken");
    f.probe.fingerprint[0] ^= 1; // it spoke of another secret
    expect_cause(&f, "in-step");
    probe_says(&f, TRI_NO, "preauth-failed");
    f.probe.at_us = noon; // before the directory's last change
    expect_cause(&f, "in-step");
    probe_says(&f, TRI_UNKNOWN, "netlogon-stopped");
    expect_cause(&f, "netlogon-stopped");
    probe_says(&f, TRI_UNKNOWN, "other");
    expect_cause(&f, "in-step");

    f = facts();
    fall_behind(&f, 30 * MINUTE * second);
    f.now_us = noon + HOUR * second;
    probe_says(&f, TRI_YES, "ok");
    expect_cause(&f, "probe-healthy");
    f.rolled = true;
    f.rollback = ROLLBACK_REVERT_RUNNING;
    f.rolled_us = f.probe.at_us + 1;
    expect_cause(&f, "rolled-back-snapshot");
}

static void reachability(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    probe_says(&f, TRI_UNKNOWN, "no-dc");
    expect_cause(&f, "dc-unreachable");
    assert_string_equal(command_of(&f, "dc-unreachable"),
                        "88, 389, 445, 464 | ForEach-Object { Test-NetConnection 'dc2.corp.test' -Port $_ }");
    f.disk.windows = TRI_NO;
    assert_non_null(strstr(command_of(&f, "dc-unreachable"), "/dev/tcp"));
    snprintf(f.disk.resolvers, sizeof f.disk.resolvers, "192.0.2.1 10.0.0.22");
    expect_cause(&f, "dc-unreachable"); // the DCs' addresses are not known
    snprintf(f.dcs[0].more.address, sizeof f.dcs[0].more.address, "10.0.0.2");
    expect_cause(&f, "resolver");
    snprintf(f.disk.resolvers, sizeof f.disk.resolvers, "192.0.2.1 10.0.0.2");
    expect_cause(&f, "dc-unreachable");
    f.probe.known = false;
    expect_cause(&f, "in-step");
    f.disk.netlogon_off = TRI_YES;
    expect_cause(&f, "netlogon-disabled");
    f.disk.netlogon_off = TRI_UNKNOWN;
    expect_cause(&f, "in-step");
}

static void linux_settings(void **state)
{
    struct cause_facts f = facts();

    (void)state;
    f.disk.windows = TRI_NO;
    snprintf(f.disk.users_service, sizeof f.disk.users_service, "winbind");
    expect_cause(&f, "in-step");
    f.disk.users_off = TRI_NO;
    expect_cause(&f, "in-step");
    f.disk.users_off = TRI_YES;
    expect_cause(&f, "user-service-disabled");
    assert_string_equal(command_of(&f, "user-service-disabled"), "systemctl enable --now winbind");
    f.disk.users_off = TRI_UNKNOWN;
    snprintf(f.disk.realm, sizeof f.disk.realm, "corp.TEST");
    expect_cause(&f, "in-step");
    snprintf(f.disk.realm, sizeof f.disk.realm, "OLD.TEST");
    expect_cause(&f, "realm-differs");
    probe_says(&f, TRI_UNKNOWN, "no-dc");
    snprintf(f.disk.resolvers, sizeof f.disk.resolvers, "192.0.2.1");
    snprintf(f.dcs[0].more.address, sizeof f.dcs[0].more.address, "10.0.0.2");
    f.disk.realm[0] = '\0';
    expect_cause(&f, "resolver");
    assert_string_equal(command_of(&f, "resolver"),
                        "cat /etc/resolv.conf; resolvectl query --type=SRV _ldap._tcp.dc._msdcs.corp.test");
}

static void clocks(void **state)
{
    const int64_t limit = 300 * second;
    struct cause_facts f = facts();

    (void)state;
    f.has_clock = true;
    f.clock_us = -limit;
    expect_cause(&f, "in-step");
    f.clock_us = -limit - 1;
    expect_cause(&f, "guest-clock");
    assert_string_equal(command_of(&f, "guest-clock"), "virsh domtime vm1 --now");
    f.dcs[0].more.clock_us = -limit - 1; // guest and DC agree against the host
    expect_cause(&f, "host-clock");
    f.clock_us = 0;
    expect_cause(&f, "dc-clock");
    f.has_clock = false;
    expect_cause(&f, "host-or-dc-clock");
    f.dcs[1] = view("dc2.corp.test");
    f.dcs_count = 2;
    expect_cause(&f, "dc-clock");
    f.dcs[1].more.clock_us = -limit - 1;
    expect_cause(&f, "host-clock");
    f.dcs[0].more.has_clock = f.dcs[1].more.has_clock = false;
    expect_cause(&f, "in-step");
    probe_says(&f, TRI_UNKNOWN, "clock-skew");
    expect_cause(&f, "some-clock");
    // A wrong clock stands beside another cause, too.
    f = facts();
    fall_behind(&f, HOUR * second);
    f.has_clock = true;
    f.clock_us = 2 * limit;
    expect_cause(&f, "changed-elsewhere");
    expect_beside(&f, "guest-clock", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probes),
        cmocka_unit_test(reachability),
        cmocka_unit_test(linux_settings),
        cmocka_unit_test(clocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
