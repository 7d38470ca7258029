// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/hostile_guest.h"

#include "common/record.h"
#include "daemon/deliver/base64.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { CALL_MS = 15 };

static uint32_t rng;
static int64_t skipped_ms; // how far this file's clock is ahead
static unsigned calls;
static virError last;
static char sent[8192]; // what was written to the port last
static size_t sent_len;

void hostile_begin(uint32_t seed)
{
    rng = seed;
    calls = 0;
}

int64_t hostile_ms(void)
{
    return skipped_ms;
}

uint32_t hostile_some(uint32_t below)
{
    rng = rng * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(rng >> 8) * below >> 24);
}

static void pass(int64_t ms)
{
    calls++;
    skipped_ms += ms;
    assert_true(calls < HOSTILE_CALLS_MAX);
}

// ---- time ----------------------------------------------------------------------------------------------------------

int clock_gettime(clockid_t id, struct timespec *ret)
{
    long rc = syscall(SYS_clock_gettime, id, ret);

    if (id == CLOCK_MONOTONIC)
        ret->tv_sec += skipped_ms / 1000;
    return (int)rc;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    (void)left;
    pass((int64_t)t->tv_sec * 1000 + t->tv_nsec / 1000000);
    return 0;
}

// ---- libvirt -------------------------------------------------------------------------------------------------------

static const char *const texts[] = {"some words", "", "line\nline", "\xff\xfe\x1b[2J"};

static int fails(void)
{
    static const int codes[] = {VIR_ERR_NO_DOMAIN,
                                VIR_ERR_OPERATION_INVALID,
                                VIR_ERR_ARGUMENT_UNSUPPORTED,
                                VIR_ERR_OPERATION_TIMEOUT,
                                VIR_ERR_AGENT_UNRESPONSIVE,
                                VIR_ERR_AGENT_UNSYNCED,
                                VIR_ERR_RPC,
                                VIR_ERR_SYSTEM_ERROR,
                                VIR_ERR_OPERATION_DENIED,
                                VIR_ERR_INTERNAL_ERROR,
                                0};

    last.code = codes[hostile_some(ARRAY_SIZE(codes))];
    last.message = hostile_some(4) ? (char *)(uintptr_t)texts[hostile_some(ARRAY_SIZE(texts))] : NULL;
    return -1;
}

virConnectPtr virConnectOpen(const char *uri)
{
    (void)uri;
    return virInitialize() == 0 ? (virConnectPtr)&last : NULL; // the functions that are libvirt's own need it
}
int virConnectClose(virConnectPtr c)
{
    (void)c;
    return 0;
}
int virConnectIsAlive(virConnectPtr c)
{
    (void)c;
    return (int)hostile_some(2);
}
virDomainPtr virDomainLookupByUUIDString(virConnectPtr c, const char *uuid)
{
    (void)uuid;
    if (hostile_some(100) == 0)
        return fails() ? NULL : NULL;
    return (virDomainPtr)c;
}
int virDomainFree(virDomainPtr d)
{
    (void)d;
    return 0;
}
int virDomainGetState(virDomainPtr d, int *state, int *reason, unsigned flags)
{
    (void)d;
    (void)reason;
    (void)flags;
    *state = hostile_some(50) ? VIR_DOMAIN_RUNNING : VIR_DOMAIN_PAUSED;
    return hostile_some(100) ? 0 : fails();
}
// libvirt's word, and so never odd: no job, one of any kind, or a failure.
int virDomainGetJobStats(virDomainPtr d, int *kind, virTypedParameterPtr *list, int *n, unsigned flags)
{
    int room = 0;

    (void)d, (void)flags;
    if (hostile_some(20) == 0)
        return fails();
    *kind = (int)hostile_some(VIR_DOMAIN_JOB_CANCELLED + 1);
    *list = NULL;
    *n = 0;
    if (*kind == VIR_DOMAIN_JOB_NONE)
        return 0;
    return virTypedParamsAddInt(list, n, &room, VIR_DOMAIN_JOB_OPERATION,
                                (int)hostile_some(VIR_DOMAIN_JOB_OPERATION_DUMP + 1));
}

char *virDomainGetXMLDesc(virDomainPtr d, unsigned flags)
{
    static const char *const xml[] = {
        "<target name='org.qemu.guest_agent.0' state='connected'/>",
        "<target name='org.virtrust.guest.0' state='connected'/>",
        "<target name='org.qemu.guest_agent.0' state='connected'/><target name='org.virtrust.guest.0' "
        "state='connected'/>",
        "<target name='org.qemu.guest_agent.0' state='disconnected'/><target name='org.virtrust.guest.0' "
        "state='connected'/>",
        "<target name='org.qemu.guest_agent.0'",
    };

    (void)d, (void)flags;
    return hostile_some(50) ? strdup(xml[hostile_some(ARRAY_SIZE(xml))]) : NULL;
}
virErrorPtr virGetLastError(void)
{
    return last.code || last.message ? &last : NULL;
}
void virSetErrorFunc(void *data, virErrorFunc f)
{
    (void)data;
    (void)f;
}
int virDomainAgentSetResponseTimeout(virDomainPtr d, int s, unsigned flags)
{
    (void)d;
    (void)s;
    (void)flags;
    return 0;
}
int virDomainSetTime(virDomainPtr d, long long s, unsigned ns, unsigned flags)
{
    (void)d;
    (void)s;
    (void)ns;
    (void)flags;
    pass(CALL_MS);
    return hostile_some(2) ? 0 : fails();
}

// ---- what a lying helper says --------------------------------------------------------------------------------------

static const char *const answers[] = {
    "type=probe\nv=1\ntoken=" HOSTILE_TOKEN "\njoined=1\nchannel=broken\n\n",
    "type=probe\nv=1\njoined=1\nguest=other\nverb=store\nevil=1\nway=port\npushed=1\n\n",
    "type=result\nv=1\nverb=store\ntoken=" HOSTILE_TOKEN "\nresult=done\n\n",
    "type=result\nv=1\nresult=done\nresult=failed\n\n",
    "type=check\nv=1\nready=1\n\n",
    "type=clock\nv=1\noffset_ms=12\nset=0\n\n",
    "type=clock\nv=1\noffset_ms=%00%00\n\n",
    "type=attestation\nv=1\nresult=done\ngss=zz\nmic=00\n\n",
    "type=probe\nv=2\n\n",
    "type=probe\nv=1\njoined=1\n\ntype=probe\nv=1\n\n",
    "type=probe\nv=1\njoined=1\n",
    "virtrust-helper 9.9\n",
    "virtrust-helper \x1b[2J\n",
    "d41d8cd98f00b204e9800998ecf8427e  x\n",
    "",
};

static char *helper_says(size_t *ret_len)
{
    size_t pad = hostile_some(40) ? 0 : 700 * 1024;
    char *text = NULL;
    int n = pad ? asprintf(&text, "type=probe\nv=1\ncomputer=%0*d\n\n", (int)pad, 7)
                : asprintf(&text, "%s", answers[hostile_some(ARRAY_SIZE(answers))]);

    assert_true(n >= 0);
    if (n > 0 && hostile_some(6) == 0)
        text[hostile_some((uint32_t)n)] = (char)hostile_some(256);
    *ret_len = hostile_some(8) ? (size_t)n : hostile_some((uint32_t)n + 1);
    return text;
}

// ---- the agent -----------------------------------------------------------------------------------------------------

static char *status_reply(void)
{
    static const char *const ends[] = {"\"exitcode\":0",           "\"exitcode\":4",       "\"exitcode\":7",
                                       "\"exitcode\":-1",          "\"signal\":9",         "\"signal\":\"x\"",
                                       "\"exitcode\":99999999999", "\"signal\":3221225477"};
    _cleanup_free_ char *out = NULL, *code = NULL;
    size_t len = 0;
    char *reply = NULL;

    if (hostile_some(3) == 0)
        return strdup("{\"return\":{\"exited\":false}}");
    out = helper_says(&len);
    code = base64_encode(out, len);
    if (hostile_some(20) == 0)
        memset(code, '!', strlen(code));
    assert_true(asprintf(&reply, "{\"return\":{\"exited\":true,%s%s%s%s%s}}",
                         hostile_some(2) ? ends[0] : ends[hostile_some(ARRAY_SIZE(ends))],
                         hostile_some(10) ? ",\"out-data\":\"" : ",\"err-data\":\"", code, "\"",
                         hostile_some(10) ? "" : ",\"out-truncated\":true") >= 0);
    return reply;
}

static const char all_commands[] =
    "{\"return\":{\"version\":\"7.2\",\"supported_commands\":[{\"name\":\"guest-exec\",\"enabled\":true},"
    "{\"name\":\"guest-exec-status\",\"enabled\":true},{\"name\":\"guest-file-open\",\"enabled\":true},"
    "{\"name\":\"guest-file-close\",\"enabled\":true},{\"name\":\"guest-file-read\",\"enabled\":true},"
    "{\"name\":\"guest-file-write\",\"enabled\":true}]}}";

static char *fitting_reply(const char *command)
{
    static const char *const blocked =
        "{\"return\":{\"supported_commands\":[{\"name\":\"guest-exec\",\"enabled\":false}]}}";

    if (strstr(command, "\"guest-info\""))
        return strdup(hostile_some(5) ? all_commands : blocked);
    if (strstr(command, "\"guest-get-osinfo\""))
        return strdup(hostile_some(2) ? "{\"return\":{\"id\":\"mswindows\"}}"
                                      : "{\"return\":{\"id\":\"debian\"}}");
    if (strstr(command, "\"guest-exec\""))
        return strdup("{\"return\":{\"pid\":42}}");
    if (strstr(command, "\"guest-exec-status\""))
        return status_reply();
    if (strstr(command, "\"guest-file-write\""))
        return strdup(hostile_some(2) ? "{\"return\":{\"count\":49152,\"eof\":false}}"
                                      : "{\"return\":{\"count\":1}}");
    if (strstr(command, "\"guest-file-read\""))
        return strdup(hostile_some(4) ? "{\"return\":{\"buf-b64\":\"f0U=\",\"eof\":false}}"
                                      : "{\"return\":{\"buf-b64\":\"\",\"eof\":true}}");
    return strdup(hostile_some(2) ? "{\"return\":1000}" : "{\"return\":{}}");
}

static char *odd_reply(void)
{
    static const char *const odd[] = {"",
                                      "{",
                                      "null",
                                      "[]",
                                      "{\"return\":null}",
                                      "{\"return\":{\"pid\":\"x\"}}",
                                      "{\"return\":{\"pid\":-1}}",
                                      "{\"return\":-9223372036854775808}",
                                      "{\"return\":9223372036854775807}",
                                      "{\"return\":{\"exited\":true}}",
                                      "{\"return\":{\"exited\":1}}",
                                      "{\"return\":{\"count\":-5}}",
                                      "{\"error\":{\"class\":\"GenericError\"}}"};
    char *big;

    if (hostile_some(200))
        return strdup(odd[hostile_some(ARRAY_SIZE(odd))]);
    big = malloc(10 * 1024 * 1024 + 1);
    assert_non_null(big);
    memset(big, hostile_some(2) ? ' ' : '[', 10 * 1024 * 1024);
    big[10 * 1024 * 1024] = '\0';
    return big;
}

char *virDomainQemuAgentCommand(virDomainPtr d, const char *command, int timeout, unsigned flags)
{
    (void)d;
    (void)flags;
    assert_in_range(timeout, 1, 30);
    pass(hostile_some(30) ? CALL_MS : (int64_t)timeout * 1000);
    if (hostile_some(25) == 0)
        return fails() ? NULL : NULL;
    return hostile_some(25) ? fitting_reply(command) : odd_reply();
}

// ---- the port ------------------------------------------------------------------------------------------------------

virStreamPtr virStreamNew(virConnectPtr c, unsigned flags)
{
    (void)flags;
    sent_len = 0;
    return hostile_some(100) ? (virStreamPtr)c : NULL;
}
int virDomainOpenChannel(virDomainPtr d, const char *name, virStreamPtr s, unsigned flags)
{
    (void)d;
    (void)name;
    (void)s;
    (void)flags;
    return hostile_some(50) ? 0 : fails();
}
int virStreamAbort(virStreamPtr s)
{
    (void)s;
    return 0;
}
int virStreamFree(virStreamPtr s)
{
    (void)s;
    return 0;
}
int virStreamSend(virStreamPtr s, const char *data, size_t len)
{
    size_t n = hostile_some(4) ? len : 1 + hostile_some((uint32_t)len);

    (void)s;
    pass(0);
    if (hostile_some(100) == 0)
        return -1;
    assert_true(sent_len + n < sizeof sent);
    memcpy(sent + sent_len, data, n);
    sent_len += n;
    sent[sent_len] = '\0';
    return (int)n;
}

// The id that was asked for, or an older one.
static int answer_of_port(char *ret, size_t room)
{
    const char *id = strstr(sent, "\nid=");
    size_t len = 0;
    _cleanup_free_ char *out = helper_says(&len);
    _cleanup_record_ struct record *r = record_new(hostile_some(20) ? "ran" : "probe");
    _cleanup_free_ char *text = NULL;
    char own[33] = "0123456789abcdef0123456789abcdef";

    if (id && hostile_some(2))
        memcpy(own, id + 4, 32);
    record_add(r, "id", own);
    record_add(r, "exit", hostile_some(8) ? "0" : "4096");
    record_add(r, "text", hostile_some(2) ? NULL : "a\x1b[2J");
    record_add_bytes(r, "out", out, len);
    if (record_encode(r, &text, &len) < 0)
        return 0;
    len = len < room ? len : room;
    memcpy(ret, text, len);
    return (int)len;
}

int virStreamRecv(virStreamPtr s, char *data, size_t room)
{
    static const char half[] = "\n\ntype=ran\nv=1\nid=";
    size_t n = 1 + hostile_some((uint32_t)room);

    (void)s;
    pass(hostile_some(10) ? CALL_MS : HOSTILE_RECEIVE_S * 1000);
    switch (hostile_some(6)) {
    case 0:
        return hostile_some(2) ? 0 : -1;
    case 1:
        memset(data, '\n', n);
        return (int)n;
    case 2:
        for (size_t i = 0; i < n; i++)
            data[i] = (char)hostile_some(256);
        return (int)n;
    case 3:
        memcpy(data, half, sizeof half - 1);
        return sizeof half - 1;
    default:
        memcpy(data, "\n\n", 2);
        return 2 + answer_of_port(data + 2, room - 2);
    }
}
