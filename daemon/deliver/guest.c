// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/guest.h"

#include "common/os/fault.h"

#include <errno.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COMMAND_S = 30, POLL_FIRST_MS = 20, POLL_LAST_MS = 500 };

// A channel as libvirt's own XML has it: is there one, and is somebody at its other end?
struct channel {
    bool there, connected;
};

struct guest {
    virConnectPtr connection;
    virDomainPtr domain;
    const char *verb;
    int64_t deadline_ms;
    struct channel agent, port;
};

static const char start_agent[] = "start qemu-guest-agent in the guest";

int fail_set(struct fail *fail, const char *code, const char *next, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&fail->text, -1, format, args);
    va_end(args);
    fail->code = code;
    fail->next = next;
    return -1;
}

int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t guest_left_ms(const struct guest *g)
{
    int64_t left = g->deadline_ms - now_ms();

    return left > 0 ? left : 0;
}

// libvirt's own words, on one line. Never its debug log: that holds whole commands.
static const char *words(void)
{
    const virError *e = virGetLastError();

    return e && e->message && *e->message ? e->message : "no reason given";
}

static int code_of_last(void)
{
    const virError *e = virGetLastError();

    return e ? e->code : 0;
}

static void silent(void *data, virErrorPtr error)
{
    (void)data, (void)error;
}

static int connect_failed(const char *uri, struct fail *fail)
{
    static const int denied[] = {VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_AUTH_UNAVAILABLE,
                                 VIR_ERR_OPERATION_DENIED, VIR_ERR_ACCESS_DENIED};

    for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
        if (code_of_last() == denied[i])
            return fail_set(fail, "permission", "let virtrust-deliver connect to libvirt read-write",
                            "libvirt at %s: %.300s", uri, words());
    return fail_set(fail, "internal", "is libvirt's daemon running?", "libvirt at %s: %.300s", uri, words());
}

static struct channel channel_of(const char *xml, const char *name)
{
    char attribute[64];
    const char *at, *end, *state;

    snprintf(attribute, sizeof attribute, "name='%s'", name);
    at = xml ? strstr(xml, attribute) : NULL;
    end = at ? strchr(at, '>') : NULL;
    state = at ? strstr(at, "state='connected'") : NULL;
    return (struct channel){.there = at != NULL, .connected = state && end && state < end};
}

static int check_state(struct guest *g, struct fail *fail)
{
    _cleanup_free_ char *xml = NULL;
    int state = 0;

    if (virDomainGetState(g->domain, &state, NULL, 0) < 0)
        return fail_set(fail, code_of_last() == VIR_ERR_NO_DOMAIN ? "guest-gone" : "internal",
                        "look with `virsh list --all`", "%.300s", words());
    if (state != VIR_DOMAIN_RUNNING && state != VIR_DOMAIN_BLOCKED)
        return fail_set(fail, "guest-off", "start or resume the guest", "the guest does not run");
    xml = virDomainGetXMLDesc(g->domain, 0);
    g->agent = channel_of(xml, "org.qemu.guest_agent.0");
    g->port = channel_of(xml, GUEST_PORT);
    return 0;
}

static int check_agent(const struct guest *g, struct fail *fail)
{
    if (!g->agent.there)
        return fail_set(fail, "no-agent", "add a channel org.qemu.guest_agent.0 to the guest's XML",
                        "the guest has no channel for an agent");
    if (!g->agent.connected)
        return fail_set(fail, "no-agent", start_agent, "no agent is connected in the guest");
    return 0;
}

static struct guest *guest_new(const char *verb, int64_t deadline_ms)
{
    struct guest *g = calloc(1, sizeof *g);

    if (g)
        *g = (struct guest){.verb = verb, .deadline_ms = deadline_ms};
    return g;
}

int guest_open(const char *uri, const char *uuid, const char *verb, int64_t deadline_ms, struct guest **ret,
               struct fail *fail)
{
    _cleanup_guest_ struct guest *g = guest_new(verb, deadline_ms);

    if (!g)
        return fail_set(fail, "internal", "free some memory", "out of memory");
    virSetErrorFunc(NULL, silent);
    g->connection = virConnectOpen(uri);
    if (!g->connection)
        return connect_failed(uri, fail);
    g->domain = virDomainLookupByUUIDString(g->connection, uuid);
    if (!g->domain) {
        bool gone = code_of_last() == VIR_ERR_NO_DOMAIN || code_of_last() == VIR_ERR_INVALID_ARG;

        return fail_set(fail, gone ? "guest-gone" : "internal", "look with `virsh list --all`", "%.300s",
                        words());
    }
    if (check_state(g, fail) < 0 || (!g->port.connected && check_agent(g, fail) < 0))
        return -1;
    *ret = take(g);
    return 0;
}

bool guest_has_port(const struct guest *g)
{
    return g->port.connected;
}

bool guest_migrates(const struct guest *g)
{
    virTypedParameterPtr list = NULL;
    int kind = VIR_DOMAIN_JOB_NONE, n = 0, what = VIR_DOMAIN_JOB_OPERATION_UNKNOWN;

    if (virDomainGetJobStats(g->domain, &kind, &list, &n, 0) < 0)
        return false;
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].field, VIR_DOMAIN_JOB_OPERATION) == 0 && list[i].type == VIR_TYPED_PARAM_INT)
            what = list[i].value.i;
    virTypedParamsFree(list, n);
    return (kind == VIR_DOMAIN_JOB_BOUNDED || kind == VIR_DOMAIN_JOB_UNBOUNDED) &&
           (what == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT || what == VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN);
}

// FORCE: a reader that was left behind by an earlier connection makes way.
virStreamPtr guest_open_port(struct guest *g, struct fail *fail)
{
    virStreamPtr stream = virStreamNew(g->connection, 0);

    if (stream && virDomainOpenChannel(g->domain, GUEST_PORT, stream, VIR_DOMAIN_CHANNEL_FORCE) == 0)
        return stream;
    fail_set(fail, "agent-timeout", "is the helper's service running in the guest?",
             "the port " GUEST_PORT " cannot be opened: %.300s", words());
    if (stream)
        virStreamFree(stream);
    return NULL;
}

struct guest *guest_free(struct guest *g)
{
    if (!g)
        return NULL;
    if (g->domain)
        virDomainFree(g->domain);
    if (g->connection)
        virConnectClose(g->connection);
    free(g);
    return NULL;
}

static int agent_failed(const struct guest *g, bool *ret_refused, struct fail *fail)
{
    switch (code_of_last()) { // a number of libvirt's: what is not named below is the agent's own refusal
    case VIR_ERR_NO_DOMAIN:
        return fail_set(fail, "guest-gone", "look with `virsh list --all`", "%.300s", words());
    case VIR_ERR_OPERATION_INVALID:
        return fail_set(fail, "guest-off", "start the guest", "%.300s", words());
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
        return fail_set(fail, "no-agent", "add a channel org.qemu.guest_agent.0 to the guest's XML", "%.300s",
                        words());
    case VIR_ERR_OPERATION_TIMEOUT:
        return fail_set(fail, "agent-busy", "something else talks to this guest: wait", "%.300s", words());
    case VIR_ERR_AGENT_UNRESPONSIVE:
    case VIR_ERR_AGENT_UNSYNCED:
        return fail_set(fail, "agent-timeout", start_agent, "%.300s", words());
    case VIR_ERR_RPC: // a string beyond 4 MiB, a reply beyond 10 MiB: libvirt drops it and lives on
        if (virConnectIsAlive(g->connection) == 1)
            return fail_set(fail, "helper-failed", "run virtrust-helper in the guest by hand",
                            "the guest's answer is longer than libvirt passes on: %.300s", words());
        return fail_set(fail, "internal", "is libvirt's daemon running?", "%.300s", words());
    case VIR_ERR_SYSTEM_ERROR:
    case VIR_ERR_INVALID_CONN:
        return fail_set(fail, "internal", "is libvirt's daemon running?", "%.300s", words());
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_ACCESS_DENIED:
        return fail_set(fail, "permission", "let virtrust-deliver talk to guest agents", "%.300s", words());
    default:
        break;
    }
    if (guest_left_ms(g) == 0)
        return fail_set(fail, "agent-timeout", start_agent, "the agent did not answer in time");
    *ret_refused = true;
    return fail_set(fail, "agent-refused", "", "%.300s", words());
}

int guest_agent(struct guest *g, char *command, char **ret_reply, bool *ret_refused, struct fail *fail)
{
    _cleanup_agent_ char *owned = command;
    int64_t left = guest_left_ms(g);
    char *reply;

    *ret_refused = false;
    if (!owned)
        return fail_set(fail, "internal", "free some memory", "out of memory");
    if (check_agent(g, fail) < 0)
        return -1;
    if (left == 0)
        return fail_set(fail, "agent-timeout", start_agent, "the time for this verb is over");
    left = (left + 999) / 1000;
    reply = virDomainQemuAgentCommand(g->domain, owned, left < COMMAND_S ? (int)left : COMMAND_S, 0);
    if (!reply)
        return agent_failed(g, ret_refused, fail);
    *ret_reply = reply;
    return 0;
}

static void mark(const struct guest *g, const char *where)
{
    char name[64];

    snprintf(name, sizeof name, "deliver.%s.%s", g->verb, where);
    fault_point(name);
}

// The agent's own words why not are in the guest's language: nothing is read from them.
int guest_has_file(struct guest *g, const char *path, bool *ret, struct fail *fail)
{
    _cleanup_agent_ char *reply = NULL, *closed = NULL;
    struct fail ignored = {0};
    int64_t handle = 0;
    bool refused = false;

    if (guest_agent(g, agent_open_command(path, "r"), &reply, &refused, fail) < 0) {
        if (!refused)
            return -1;
        *ret = false;
        return 0;
    }
    if (agent_read_number(reply, &handle, NULL) == 0)
        guest_agent(g, agent_close_command(handle), &closed, &refused, &ignored);
    *ret = true;
    return 0;
}

// After the agent refused to start a program: is it that there is none?
static bool is_missing(struct guest *g, const char *path)
{
    struct fail ignored = {0};
    bool there = true;

    return guest_has_file(g, path, &there, &ignored) == 0 && !there;
}

static int start(struct guest *g, const char *path, const char *const *args, const char *input,
                 size_t input_len, int64_t *ret_pid, bool *ret_missing, struct fail *fail)
{
    _cleanup_agent_ char *reply = NULL;
    bool refused = false;

    if (guest_agent(g, agent_exec_command(path, args, input, input_len), &reply, &refused, fail) < 0) {
        if (!refused)
            return -1;
        *ret_missing = is_missing(g, path);
        fail->code = *ret_missing ? "no-helper" : "helper-failed";
        fail->next = *ret_missing ? "install virtrust-helper in the guest, or allow the policy to push it"
                                  : "run the program in the guest by hand";
        return -1;
    }
    if (agent_read_pid(reply, ret_pid, &fail->text) < 0)
        return fail_set(fail, "helper-failed", "update qemu-guest-agent in the guest",
                        "the guest agent started a program and did not say which");
    return 0;
}

// The agent forgets a program once it has told its end, and every program when it restarts or the guest is reverted.
static int ask_status(struct guest *g, int64_t pid, struct agent_status *ret, struct fail *fail)
{
    _cleanup_agent_ char *reply = NULL;
    bool refused = false;

    if (guest_agent(g, agent_status_command(pid), &reply, &refused, fail) < 0) {
        if (refused)
            fail_set(fail, "agent-timeout", "the same request can be repeated",
                     "the guest agent no longer knows the program: was the guest reverted or the agent "
                     "restarted?");
        return -1;
    }
    if (agent_read_status(reply, ret, &fail->text) < 0) {
        fail->code = "helper-failed";
        fail->next = "update qemu-guest-agent in the guest";
        return -1;
    }
    return 0;
}

static void pause_ms(int64_t ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

int guest_run(struct guest *g, const char *path, const char *const *args, const char *input, size_t input_len,
              struct agent_status *ret, bool *ret_missing, struct fail *fail)
{
    int64_t pid = 0, wait = POLL_FIRST_MS;

    *ret_missing = false;
    mark(g, "before");
    if (start(g, path, args, input, input_len, &pid, ret_missing, fail) < 0)
        return -1;
    mark(g, "started");
    for (;;) {
        struct agent_status s = {0};

        if (ask_status(g, pid, &s, fail) < 0)
            return -1;
        if (s.exited) {
            mark(g, "after");
            *ret = s;
            return 0;
        }
        if (guest_left_ms(g) == 0)
            return fail_set(fail, "agent-timeout", "the same request can be repeated",
                            "%s still runs in the guest", path);
        pause_ms(wait < guest_left_ms(g) ? wait : guest_left_ms(g) + 1);
        wait = wait * 3 / 2 < POLL_LAST_MS ? wait * 3 / 2 : POLL_LAST_MS;
    }
}

// libvirt's own call, since it also resets the ticks that QEMU owes the guest. It blocks for ever unless libvirt is
// told how long an agent may take, which it then remembers for everybody: the default is put back afterwards.
int guest_set_time(struct guest *g, int64_t us, struct fail *fail)
{
    int left = (int)((guest_left_ms(g) + 999) / 1000);
    bool refused = false;
    int rc;

    if (left == 0)
        return fail_set(fail, "agent-timeout", start_agent, "the time for this verb is over");
    virDomainAgentSetResponseTimeout(g->domain, left < COMMAND_S ? left : COMMAND_S, 0);
    mark(g, "before");
    rc = virDomainSetTime(g->domain, us / 1000000, (unsigned)(us % 1000000) * 1000, 0);
    if (rc < 0)
        rc = agent_failed(g, &refused, fail);
    mark(g, "after");
    virDomainAgentSetResponseTimeout(g->domain, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, 0);
    if (refused)
        fail->code = "exec-blocked", fail->next = "let the guest's agent set its time";
    return rc;
}
