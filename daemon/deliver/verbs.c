// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/verbs.h"

#include "common/attestation.h"
#include "common/secret.h"
#include "daemon/deliver/port.h"
#include "daemon/deliver/presence.h"
#include "daemon/deliver/push.h"
#include "daemon/deliver/pushfile.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { VALUE_MAX = 1024 };

// The helper's verbs and the record types that answer them.
static const struct {
    const char *verb, *type;
} verbs[] = {{"probe", "probe"},   {"store-check", "check"}, {"store", "result"},       {"rotate", "result"},
             {"repair", "result"}, {"clock", "clock"},       {"attest", "attestation"}, {"look", "probe"}};

unsigned verbs_timeout_s(const struct record *request)
{
    uint64_t s;

    if (record_get_u64(request, "timeout_s", &s) < 0 || s == 0)
        return TIMEOUT_DEFAULT_S;
    return s < TIMEOUT_MAX_S ? (unsigned)s : TIMEOUT_MAX_S;
}

struct record *verbs_error(const struct fail *fail)
{
    struct record *a = record_new("error");

    record_add(a, "code", fail->code);
    record_add(a, "text", fail->text.text);
    record_add(a, "next", fail->next && *fail->next ? fail->next : NULL);
    return a;
}

// ---- the helper's answer -------------------------------------------------------------------------------------------

static const char *type_of(const char *verb)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (strcmp(verbs[i].verb, verb) == 0)
            return verbs[i].type;
    return NULL;
}

static int read_exit(const struct agent_status *s, struct fail *fail)
{
    const char *by_hand = "run virtrust-helper in the guest by hand";

    if (s->exit_code < 0)
        return fail_set(fail, "helper-failed", by_hand, "the helper was ended by signal %lld",
                        (long long)s->signal);
    if (s->exit_code == EXIT_TIMED_OUT)
        return fail_set(fail, "agent-timeout", "the same request can be repeated",
                        "the helper ran out of time: %.300s", s->err);
    if (s->exit_code == EXIT_REFUSED)
        return fail_set(fail, "helper-refused", by_hand, "the helper refused: %.300s", s->err);
    if (s->exit_code != EXIT_ANSWERED)
        return fail_set(fail, "helper-failed", by_hand, "the helper ended with exit code %d: %.300s",
                        s->exit_code, s->err);
    if (s->out_cut || !s->out)
        return fail_set(fail, "helper-failed", by_hand, "the helper's answer is %s",
                        s->out ? "cut short" : "empty");
    return 0;
}

int verbs_read_helper(const char *verb, const struct agent_status *s, struct record **ret, struct fail *fail)
{
    _cleanup_record_ struct record *r = NULL;
    struct err err = {0};
    size_t used = 0;
    int rc;

    if (read_exit(s, fail) < 0)
        return -1;
    rc = record_decode(s->out, s->out_len, &used, &r, &err);
    if (rc == RECORD_MORE)
        err_set(&err, -EBADMSG, "it is cut short");
    if (rc != 0 || used != s->out_len)
        return fail_set(fail, "helper-failed", "is it virtrust's helper that runs there?",
                        "the helper's answer is no record: %.200s",
                        rc != 0 ? err.text : "something follows it");
    if (!record_is(r, type_of(verb)))
        return fail_set(fail, "helper-failed", "is the helper of the same version as the host's virtrust?",
                        "the helper answered another question");
    *ret = take(r);
    return 0;
}

void verbs_copy(struct record *answer, const struct record *helper)
{
    static const char *const keys[] = {
        "os",           "joined",      "computer",     "sam_account_name",
        "domain",       "realm",       "account_sid",  "live_sha256",
        "set_at",       "kvno",        "channel",      "channel_code",
        "channel_text", "dc",          "dc_reachable", "now_us",
        "public_key",   "keystore",    "rotation",     "last.token",
        "last.verb",    "last.result", "superseded",   "ready",
        "reason",       "text",        "token",        "result",
        "dc_ports",     "isolated",    "dc_instance",  "dc_usn",
        "role",
    };
    _cleanup_attestation_ struct attestation proof = {0};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const char *value = record_get(helper, keys[i]);

        if (value && strlen(value) <= VALUE_MAX)
            record_add(answer, keys[i], value);
    }
    if (record_is(helper, "attestation") && attestation_read(helper, &proof, NULL) == 0)
        attestation_add(answer, &proof);
}

// ---- verbs ---------------------------------------------------------------------------------------------------------

static int64_t host_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// The guest's clock minus the host's, as of the middle of the question.
static int read_offset(struct guest *g, int64_t *ret_us, struct fail *fail)
{
    _cleanup_agent_ char *reply = NULL;
    int64_t before = host_us(), ns = 0;
    bool refused = false;

    if (guest_agent(g, agent_plain_command("guest-get-time"), &reply, &refused, fail) < 0) {
        if (refused)
            fail->code = "exec-blocked", fail->next = "let the guest's agent tell its time";
        return -1;
    }
    if (agent_read_number(reply, &ns, &fail->text) < 0)
        return fail_set(fail, "helper-failed", "update qemu-guest-agent in the guest",
                        "the guest agent tells no time");
    *ret_us = ns / 1000 - (before + (host_us() - before) / 2);
    return 0;
}

static int run_clock(struct guest *g, const struct record *request, struct record *answer, struct fail *fail)
{
    uint64_t tolerance_ms = 2000;
    int64_t offset_us = 0;
    bool off, set;

    if (record_get_u64(request, "tolerance_ms", &tolerance_ms) == -EINVAL || tolerance_ms > INT64_MAX / 1000)
        return fail_set(fail, VERBS_BAD_REQUEST, "", "clock: tolerance_ms must be a number of milliseconds");
    if (read_offset(g, &offset_us, fail) < 0)
        return -1;
    off = offset_us > (int64_t)tolerance_ms * 1000 || offset_us < -(int64_t)tolerance_ms * 1000;
    set = off && record_get_bool(request, "set") == 1;
    if (set && guest_set_time(g, host_us(), fail) < 0)
        return -1;
    record_add_i64(answer, "offset_ms", offset_us / 1000);
    record_add_bool(answer, "set", set);
    return 0;
}

// What the guest's agent is willing to do, and on which system it runs.
static int ask_agent(struct guest *g, struct agent_info *ret, bool *ret_windows, struct fail *fail)
{
    _cleanup_agent_ char *info = NULL, *os = NULL;
    struct fail ignored = {0};
    bool refused = false;

    if (guest_agent(g, agent_plain_command("guest-info"), &info, &refused, fail) < 0) {
        if (refused)
            fail->code = "exec-blocked", fail->next = "let the guest's agent answer guest-info";
        return -1;
    }
    if (agent_read_info(info, ret, &fail->text) < 0)
        return fail_set(fail, "helper-failed", "update qemu-guest-agent in the guest",
                        "the guest agent does not tell what it can do");
    if (!ret->exec || !ret->exec_status)
        return fail_set(fail, "exec-blocked",
                        "allow guest-exec and guest-exec-status in the guest agent's configuration",
                        "the guest's administrator does not let the agent run programs");
    if (guest_agent(g, agent_plain_command("guest-get-osinfo"), &os, &refused, &ignored) == 0)
        agent_read_os(os, ret_windows, NULL);
    return 0;
}

static struct record *helper_request(const struct record *request)
{
    static const char *const keys[] = {"token",  "key", "expect", "sealed", "kvno", "dc",
                                       "log_on", "sid", "nonce",  "target", "fresh"};
    struct record *r = record_new(record_get(request, "verb"));

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        record_add(r, keys[i], record_get(request, keys[i]));
    if (record_is(r, "attest")) // it signs for whom it does
        record_add(r, "guest", record_get(request, "guest"));
    return r;
}

// Brings the helper there, where the guest's administrator lets the agent do so.
static int push(struct guest *g, const struct agent_info *info, bool windows, const char *helper,
                const struct push_sources *sources, char ret_path[static PUSH_PATH], struct fail *fail)
{
    if (!info->file_write || !info->file_open || (windows && !info->file_read))
        return fail_set(fail, "push-refused", PUSH_BY_HAND,
                        "the guest's administrator does not let the agent write files");
    return windows ? push_helper_windows(g, sources->windows, helper, ret_path, fail)
                   : push_helper(g, sources->linux_guest, ret_path, fail);
}

// Runs the installed helper; where there is none, the pushed one, if that is allowed.
static int run_program(struct guest *g, const struct record *request, const struct agent_info *info,
                       bool windows, const struct push_sources *sources, struct agent_status *ret,
                       bool *ret_pushed, struct fail *fail)
{
    const char *verb = record_get(request, "verb"), *helper = presence_path(request, windows);
    const char *const args[] = {verb, NULL};
    _cleanup_record_ struct record *r = helper_request(request);
    _cleanup_agent_ char *input = NULL;
    char path[PUSH_PATH];
    bool missing = false;
    size_t len = 0;

    if (record_encode(r, &input, &len) < 0)
        return fail_set(fail, "internal", "free some memory", "cannot encode the helper's request");
    if (guest_run(g, helper, args, input, len, ret, &missing, fail) == 0)
        return 0;
    if (!missing || record_get_bool(request, "push") != 1)
        return -1;
    if (push(g, info, windows, helper, sources, path, fail) < 0 ||
        guest_run(g, path, args, input, len, ret, &missing, fail) < 0)
        return -1;
    *ret_pushed = true;
    return 0;
}

// What the agent cannot do, the helper's own service may: there is no agent, or it runs no program, or none is
// installed where the agent looks. Only then, and only if the service is there.
static bool port_may_help(const struct guest *g, const struct fail *fail)
{
    static const char *const codes[] = {"no-agent", "exec-blocked", "no-helper"};

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (strcmp(fail->code, codes[i]) == 0)
            return guest_has_port(g);
    return false;
}

static int run_by_agent(struct guest *g, const struct record *request, const struct push_sources *sources,
                        struct record *answer, struct agent_status *ret, struct fail *fail)
{
    bool windows = false, pushed = false;
    struct agent_info info = {0};

    if (ask_agent(g, &info, &windows, fail) < 0 ||
        run_program(g, request, &info, windows, sources, ret, &pushed, fail) < 0)
        return -1;
    record_add(answer, "agent_os", windows ? "windows" : "linux");
    record_add_bool(answer, "pushed", pushed);
    return 0;
}

static int run_helper(struct guest *g, const struct record *request, const struct push_sources *sources,
                      struct record *answer, struct fail *fail)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    _cleanup_record_ struct record *helper = NULL;
    const char *verb = record_get(request, "verb");
    int rc = run_by_agent(g, request, sources, answer, &s, fail);

    if (rc < 0 && port_may_help(g, fail)) {
        _cleanup_record_ struct record *r = helper_request(request);

        rc = port_run(g, verb, r, &s, fail);
        if (rc == 0)
            record_add(answer, "way", "port");
    }
    if (rc < 0 || verbs_read_helper(verb, &s, &helper, fail) < 0)
        return -1;
    verbs_copy(answer, helper);
    if (record_is(helper, "check")) // the last that is asked of the guest before its account is reset
        record_add_bool(answer, "migrating", guest_migrates(g));
    return 0;
}

// The helper's own clock verb, where there is no agent to ask.
static int run_clock_by_port(struct guest *g, const struct record *request, struct record *answer,
                             struct fail *fail)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    _cleanup_record_ struct record *r = record_new("clock"), *helper = NULL;

    record_add_i64(r, "now_us", host_us());
    record_add(r, "tolerance_ms", record_get(request, "tolerance_ms"));
    record_add(r, "set", record_get(request, "set"));
    if (port_run(g, "clock", r, &s, fail) < 0 || verbs_read_helper("clock", &s, &helper, fail) < 0)
        return -1;
    record_add(answer, "offset_ms", record_get(helper, "offset_ms"));
    record_add(answer, "set", record_get(helper, "set"));
    record_add(answer, "way", "port");
    return 0;
}

static int set_clock(struct guest *g, const struct record *request, struct record *answer, struct fail *fail)
{
    if (run_clock(g, request, answer, fail) == 0)
        return 0;
    return port_may_help(g, fail) ? run_clock_by_port(g, request, answer, fail) : -1;
}

static int run(const struct record *request, const char *uri, const struct push_sources *sources,
               struct record *answer, struct fail *fail)
{
    const char *verb = record_get_or(request, "verb", ""), *uuid = record_get(request, "guest");
    int64_t deadline = now_ms() + (int64_t)verbs_timeout_s(request) * 1000;
    bool is_clock = strcmp(verb, "clock") == 0, is_presence = strcmp(verb, "presence") == 0;
    _cleanup_guest_ struct guest *g = NULL;

    if (!record_is(request, "verb") || !uuid || (!is_clock && !is_presence && !type_of(verb)))
        return fail_set(fail, VERBS_BAD_REQUEST, "is virtrustd of the same version?",
                        "a request must name a guest and one of clock, presence, probe, store-check, store, "
                        "rotate, repair, attest, look");
    if (guest_open(uri, uuid, verb, deadline, &g, fail) < 0)
        return -1;
    record_add(answer, "verb", verb);
    if (is_presence)
        return presence_ask(g, request, answer, fail);
    return is_clock ? set_clock(g, request, answer, fail) : run_helper(g, request, sources, answer, fail);
}

struct record *verbs_answer(const struct record *request, const char *uri, const struct push_sources *sources)
{
    _cleanup_record_ struct record *answer = record_new("done");
    struct fail fail = {.code = "internal", .next = ""};

    if (run(request, uri, sources, answer, &fail) < 0)
        return verbs_error(&fail);
    return take(answer);
}
