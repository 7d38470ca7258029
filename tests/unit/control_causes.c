// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Causes that a laboratory cannot be brought to, as data: what the workers answer (a look at the disk, two domain
// controllers with their clocks, libvirt's definition), and what diagnose makes of it, from the first byte to the last.
#include "tests/unit/attack_engine.h"

#include "common/filetime.h"
#include "common/os/recio.h"
#include "daemon/control/diagnose.h"
#include "tests/unit/core_common.h"

#include <sys/socket.h>

#define NINE "133500000000000000" // FILETIMEs of 2024, hours apart
#define TEN "133500036000000000"
#define LINUX "os=linux joined=1 role=member sam_account_name=WS1$ domain.dns=corp.test password.kvno=3 "
#define WINDOWS "os=windows joined=1 role=member sam_account_name=WS1$ domain.dns=corp.test "
#define OFF "state=off agent=disconnected"

enum { FAR = 400 }; // seconds: more than Kerberos allows

static const struct scenario {
    const char *name, *guest, *disk, *account; // the account as both DCs show it
    int dc1_s, dc2_s;                          // how far their clocks are from the host's
    const char *dc2;                           // what dc2 says otherwise
    const char *lines[4];
} scenarios[] = {
    {"all is well", OFF, LINUX, "pwd_last_set=" NINE " kvno=3", 0, 0, "", {"cause=in-step", "exit=0"}},
    {"the host's clock",
     OFF,
     LINUX,
     "pwd_last_set=" NINE " kvno=3",
     FAR,
     FAR,
     "",
     {"cause=host-clock", "command=timedatectl timesync-status; timedatectl set-ntp true", "exit=0"}},
    {"a DC's clock",
     OFF,
     LINUX,
     "pwd_last_set=" NINE " kvno=3",
     0,
     -FAR,
     "",
     {"cause=dc-clock", "command=w32tm /monitor /computers:'dc2.corp.test'", "exit=1"}},
    {"the clock of the only one that answers",
     OFF,
     LINUX,
     "pwd_last_set=" NINE " kvno=3",
     FAR,
     0,
     "dcs.1.code=dc-unreachable dcs.1.text=dead",
     {"cause=host-or-dc-clock", "cause=dc-silent", "exit=0"}},
    {"disabled at one DC alone",
     OFF,
     LINUX,
     "pwd_last_set=" NINE " kvno=3",
     0,
     0,
     "dcs.1.found=1 dcs.1.uac=4098 dcs.1.kvno=3 dcs.1.pwd_last_set=" NINE,
     {"cause=dcs-differ", "exit=0"}},
    {"the password that only a silent DC may have",
     OFF,
     LINUX,
     "pwd_last_set=" NINE " kvno=2",
     0,
     0,
     "dcs.1.code=dc-unreachable dcs.1.text=dead",
     {"verdict=ahead", "cause=replication-lag"}},
    {"a domain controller",
     OFF,
     "os=windows joined=1 role=domain-controller",
     "pwd_last_set=" NINE,
     0,
     0,
     "",
     {"cause=domain-controller", "exit=0"}},
    {"machine identity isolation",
     OFF,
     WINDOWS "guard.isolated_secret=1 password.filetime=" NINE,
     "pwd_last_set=" NINE,
     0,
     0,
     "",
     {"cause=isolated-identity", "command=Test-ComputerSecureChannel -Verbose", "exit=0"}},
    {"a join that the next start finishes",
     OFF,
     "os=windows joined=0 role=workgroup pending=domain-join",
     "pwd_last_set=" NINE,
     0,
     0,
     "",
     {"cause=join-pending"}},
};
static const struct scenario *now; // the one that is played

static struct record *a_disk(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    return record_of("evidence", now->disk);
}

static struct record *two_dcs(struct stage *s, const struct record *request)
{
    static const char account[] = "found=1 guid=" GUID_A " sid=" SID_A
                                  " name=WS1$ uac=4096 in_base=1 spn_host=1";
    char pairs[2048], dc2[512];
    int64_t us = now_us();

    (void)s, (void)request;
    snprintf(dc2, sizeof dc2, "dcs.1.found=1 dcs.1.uac=4096 dcs.1.kvno=3 dcs.1.pwd_last_set=" NINE);
    snprintf(pairs, sizeof pairs,
             "%s %s dc=dc1.corp.test dcs=2 dcs.0.dc=dc1.corp.test dcs.0.found=1 dcs.0.uac=4096 "
             "dcs.0.guid=" GUID_A " dcs.0.name=WS1$ dcs.0.kvno=%s dcs.0.pwd_last_set=" NINE
             " dcs.0.dc_now_us=%lld dcs.1.dc=dc2.corp.test %s dcs.1.dc_now_us=%lld",
             account, now->account, strstr(now->account, "kvno=2") ? "2" : "3",
             (long long)(us + (int64_t)now->dc1_s * 1000000), now->dc2[0] ? now->dc2 : dc2,
             (long long)(us + (int64_t)now->dc2_s * 1000000));
    return record_of("account", pairs);
}

static void plays(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++) {
        struct stage *s = stage_new("look:\n  on_first_sight: false\n" STAGE_DOMAIN);
        char text[32768];

        now = &scenarios[i];
        s->workers[WORKER_INSPECT].answer = a_disk;
        s->workers[WORKER_DIRECTORY].answer = two_dcs;
        stage_signal(s, GUEST_A, "scan", now->guest);
        stage_bind(s, GUEST_A, GUID_A, SID_A, "WS1$");
        stage_ask(s, "type=diagnose\nv=1\nguest=" GUEST_A "\n\n", text, sizeof text);
        for (size_t k = 0; k < ARRAY_SIZE(now->lines) && now->lines[k]; k++) {
            char line[512];

            snprintf(line, sizeof line, "\n%s\n", now->lines[k]);
            if (!strstr(text, line))
                fail_msg("%s: no \"%s\" in:\n%s", now->name, now->lines[k], text);
        }
        stage_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plays, testing_dir_make, testing_dir_remove)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
