// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/presence.h"

#include "daemon/deliver/port.h"

#include <string.h>

static const char program[] = "virtrust-helper ";

const char *presence_path(const struct record *request, bool windows)
{
    return windows
               ? record_get_or(request, "helper_windows", "C:\\Program Files\\virtrust\\virtrust-helper.exe")
               : record_get_or(request, "helper", "/usr/libexec/virtrust/virtrust-helper");
}

const char *presence_read_version(const struct agent_status *s, char ret[static PRESENCE_VERSION])
{
    size_t len;

    if (s->exit_code != EXIT_ANSWERED)
        return "it does not tell its version";
    if (!s->out || strncmp(s->out, program, sizeof program - 1) != 0)
        return "it is no virtrust-helper";
    len = strcspn(s->out + sizeof program - 1, "\r\n");
    if (len == 0 || len >= PRESENCE_VERSION)
        return "it is no virtrust-helper";
    for (size_t i = 0; i < len; i++) {
        char c = s->out[sizeof program - 1 + i];

        if (c <= 0x20 || c > 0x7e)
            return "it is no virtrust-helper";
    }
    memcpy(ret, s->out + sizeof program - 1, len);
    ret[len] = '\0';
    return NULL;
}

static void tell_version(const struct agent_status *s, struct record *answer)
{
    char version[PRESENCE_VERSION];
    const char *why = presence_read_version(s, version);

    record_add(answer, "helper", why ? "unknown" : "present");
    record_add(answer, "helper_text", why);
    record_add(answer, "helper_version", why ? NULL : version);
}

static int ask_version(struct guest *g, const char *path, struct record *answer, struct fail *fail)
{
    static const char *const args[] = {"--version", NULL};
    _cleanup_agent_status_ struct agent_status s = {0};
    bool missing = false;

    if (guest_run(g, path, args, NULL, 0, &s, &missing, fail) < 0) {
        if (!missing)
            return -1;
        record_add(answer, "helper", "missing");
        return 0;
    }
    tell_version(&s, answer);
    return 0;
}

// The service answers for itself: no verb is run for it.
static int ask_port(struct guest *g, struct record *answer, struct fail *fail)
{
    _cleanup_record_ struct record *request = record_new("version");
    _cleanup_agent_status_ struct agent_status s = {0};

    if (port_run(g, "version", request, &s, fail) < 0)
        return -1;
    record_add(answer, "way", "port");
    tell_version(&s, answer);
    return 0;
}

static int ask_file(struct guest *g, const char *path, struct record *answer, struct fail *fail)
{
    bool present = false;

    if (guest_has_file(g, path, &present, fail) < 0)
        return -1;
    record_add(answer, "helper", present ? "present" : "missing");
    return 0;
}

// What the agent is, and may do. *ret_windows: the guest's system.
static int ask_agent(struct guest *g, struct record *answer, struct agent_info *ret, bool *ret_windows,
                     struct fail *fail)
{
    _cleanup_agent_ char *reply = NULL, *os = NULL;
    struct fail ignored = {0};
    bool refused = false;

    if (guest_agent(g, agent_plain_command("guest-info"), &reply, &refused, fail) < 0) {
        if (refused)
            fail->code = "exec-blocked", fail->next = "let the guest's agent answer guest-info";
        return -1;
    }
    if (agent_read_info(reply, ret, &fail->text) < 0) {
        fail->code = "helper-failed";
        fail->next = "update qemu-guest-agent in the guest";
        return -1;
    }
    if (guest_agent(g, agent_plain_command("guest-get-osinfo"), &os, &refused, &ignored) == 0 &&
        agent_read_os(os, ret_windows, NULL) == 0)
        record_add(answer, "agent_os", *ret_windows ? "windows" : "linux");
    record_add(answer, "agent_version", ret->version[0] ? ret->version : NULL);
    record_add_bool(answer, "exec", ret->exec && ret->exec_status);
    return 0;
}

int presence_ask(struct guest *g, const struct record *request, struct record *answer, struct fail *fail)
{
    struct agent_info info = {0};
    bool windows = false, runs;
    const char *path;

    if (ask_agent(g, answer, &info, &windows, fail) < 0)
        return guest_has_port(g) ? ask_port(g, answer, fail) : -1;
    runs = info.exec && info.exec_status;
    if (!runs && guest_has_port(g))
        return ask_port(g, answer, fail);
    path = presence_path(request, windows);
    if (runs)
        return ask_version(g, path, answer, fail);
    if (info.file_open)
        return ask_file(g, path, answer, fail);
    record_add(answer, "helper", "unknown");
    record_add(answer, "helper_text", "the agent may neither start programs nor open files");
    return 0;
}
