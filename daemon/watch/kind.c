// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/kind.h"

#include "common/cleanup.h"

#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct detail_row {
    int detail;
    enum signal_kind kind;
    const char *text;
};

static const struct detail_row defined_rows[] = {
    {VIR_DOMAIN_EVENT_DEFINED_ADDED, SIGNAL_DEFINED_ADDED, "added"},
    {VIR_DOMAIN_EVENT_DEFINED_UPDATED, SIGNAL_DEFINED_UPDATED, "updated"},
    {VIR_DOMAIN_EVENT_DEFINED_RENAMED, SIGNAL_DEFINED_RENAMED, "renamed"},
    {VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT, SIGNAL_DEFINED_FROM_SNAPSHOT, "from-snapshot"},
};
static const struct detail_row undefined_rows[] = {
    {VIR_DOMAIN_EVENT_UNDEFINED_REMOVED, SIGNAL_UNDEFINED, "removed"},
    {VIR_DOMAIN_EVENT_UNDEFINED_RENAMED, SIGNAL_UNDEFINED_RENAMED, "renamed"},
};
static const struct detail_row started_rows[] = {
    {VIR_DOMAIN_EVENT_STARTED_BOOTED, SIGNAL_STARTED_BOOTED, "booted"},
    {VIR_DOMAIN_EVENT_STARTED_MIGRATED, SIGNAL_STARTED_MIGRATED, "migrated"},
    {VIR_DOMAIN_EVENT_STARTED_RESTORED, SIGNAL_STARTED_RESTORED, "restored"},
    {VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT, SIGNAL_STARTED_FROM_SNAPSHOT, "from-snapshot"},
    {VIR_DOMAIN_EVENT_STARTED_WAKEUP, SIGNAL_STARTED_OTHER, "wakeup"},
};
static const struct detail_row suspended_rows[] = {
    {VIR_DOMAIN_EVENT_SUSPENDED_PAUSED, SIGNAL_PAUSED, "paused"},
    {VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED, SIGNAL_SUSPENDED_OTHER, "migrated"},
    {VIR_DOMAIN_EVENT_SUSPENDED_IOERROR, SIGNAL_SUSPENDED_OTHER, "io-error"},
    {VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG, SIGNAL_SUSPENDED_OTHER, "watchdog"},
    {VIR_DOMAIN_EVENT_SUSPENDED_RESTORED, SIGNAL_SUSPENDED_OTHER, "restored"},
    {VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT, SIGNAL_PAUSED_FROM_SNAPSHOT, "from-snapshot"},
    {VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR, SIGNAL_SUSPENDED_OTHER, "api-error"},
    {VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY, SIGNAL_SUSPENDED_OTHER, "postcopy"},
    {VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED, SIGNAL_SUSPENDED_OTHER, "postcopy-failed"},
};
static const struct detail_row resumed_rows[] = {
    {VIR_DOMAIN_EVENT_RESUMED_UNPAUSED, SIGNAL_RESUMED, "unpaused"},
    {VIR_DOMAIN_EVENT_RESUMED_MIGRATED, SIGNAL_RESUMED_MIGRATED, "migrated"},
    {VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT, SIGNAL_RESUMED_FROM_SNAPSHOT, "from-snapshot"},
    {VIR_DOMAIN_EVENT_RESUMED_POSTCOPY, SIGNAL_RESUMED_MIGRATED, "postcopy"},
    {VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED, SIGNAL_RESUMED, "postcopy-failed"},
};
static const struct detail_row stopped_rows[] = {
    {VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN, SIGNAL_STOPPED, "shutdown"},
    {VIR_DOMAIN_EVENT_STOPPED_DESTROYED, SIGNAL_STOPPED, "destroyed"},
    {VIR_DOMAIN_EVENT_STOPPED_CRASHED, SIGNAL_CRASHED, "crashed"},
    {VIR_DOMAIN_EVENT_STOPPED_MIGRATED, SIGNAL_STOPPED_MIGRATED, "migrated"},
    {VIR_DOMAIN_EVENT_STOPPED_SAVED, SIGNAL_STOPPED_SAVED, "saved"},
    {VIR_DOMAIN_EVENT_STOPPED_FAILED, SIGNAL_STOPPED, "failed"},
    {VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT, SIGNAL_STOPPED_FROM_SNAPSHOT, "from-snapshot"},
};
// The guest has shut itself down, its processors stand; STOPPED follows once QEMU is gone (or it starts again).
static const struct detail_row shutdown_rows[] = {
    {VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED, SIGNAL_SUSPENDED_OTHER, "finished"},
    {VIR_DOMAIN_EVENT_SHUTDOWN_GUEST, SIGNAL_SUSPENDED_OTHER, "guest"},
    {VIR_DOMAIN_EVENT_SHUTDOWN_HOST, SIGNAL_SUSPENDED_OTHER, "host"},
};
static const struct detail_row pmsuspended_rows[] = {
    {VIR_DOMAIN_EVENT_PMSUSPENDED_MEMORY, SIGNAL_SUSPENDED_OTHER, "memory"},
    {VIR_DOMAIN_EVENT_PMSUSPENDED_DISK, SIGNAL_SUSPENDED_OTHER, "disk"},
};
static const struct detail_row crashed_rows[] = {
    {VIR_DOMAIN_EVENT_CRASHED_PANICKED, SIGNAL_CRASHED, "panicked"},
    {VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED, SIGNAL_CRASHED, "crashloaded"},
};

static const struct event_row {
    const char *text;
    enum signal_kind unknown; // the kind of a detail that is not in the table
    const struct detail_row *rows;
    size_t count;
} events[] = {
    [VIR_DOMAIN_EVENT_DEFINED] = {"defined", SIGNAL_DEFINED_UPDATED, defined_rows, ARRAY_SIZE(defined_rows)},
    [VIR_DOMAIN_EVENT_UNDEFINED] = {"undefined", SIGNAL_UNDEFINED, undefined_rows,
                                    ARRAY_SIZE(undefined_rows)},
    [VIR_DOMAIN_EVENT_STARTED] = {"started", SIGNAL_STARTED_OTHER, started_rows, ARRAY_SIZE(started_rows)},
    [VIR_DOMAIN_EVENT_SUSPENDED] = {"suspended", SIGNAL_SUSPENDED_OTHER, suspended_rows,
                                    ARRAY_SIZE(suspended_rows)},
    [VIR_DOMAIN_EVENT_RESUMED] = {"resumed", SIGNAL_RESUMED, resumed_rows, ARRAY_SIZE(resumed_rows)},
    [VIR_DOMAIN_EVENT_STOPPED] = {"stopped", SIGNAL_STOPPED, stopped_rows, ARRAY_SIZE(stopped_rows)},
    [VIR_DOMAIN_EVENT_SHUTDOWN] = {"shutdown", SIGNAL_SUSPENDED_OTHER, shutdown_rows,
                                   ARRAY_SIZE(shutdown_rows)},
    [VIR_DOMAIN_EVENT_PMSUSPENDED] = {"pmsuspended", SIGNAL_SUSPENDED_OTHER, pmsuspended_rows,
                                      ARRAY_SIZE(pmsuspended_rows)},
    [VIR_DOMAIN_EVENT_CRASHED] = {"crashed", SIGNAL_CRASHED, crashed_rows, ARRAY_SIZE(crashed_rows)},
};

enum signal_kind kind_of_lifecycle(int event, int detail, char ret_detail[static KIND_DETAIL])
{
    const struct event_row *e;

    if (event < 0 || (size_t)event >= ARRAY_SIZE(events)) {
        snprintf(ret_detail, KIND_DETAIL, "event %d/%d", event, detail);
        return SIGNAL_DEFINED_UPDATED;
    }
    e = &events[event];
    for (size_t i = 0; i < e->count; i++)
        if (e->rows[i].detail == detail) {
            snprintf(ret_detail, KIND_DETAIL, "%s/%s", e->text, e->rows[i].text);
            return e->rows[i].kind;
        }
    snprintf(ret_detail, KIND_DETAIL, "%s/%d", e->text, detail);
    return e->unknown;
}

static const char *pick(const char *const *words, size_t count, int n)
{
    return n >= 0 && (size_t)n < count && words[n] ? words[n] : "unknown";
}

enum signal_kind kind_of_agent(int state, int reason, char ret_detail[static KIND_DETAIL])
{
    static const char *const reasons[] = {
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED] = "domain-started",
        [VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL] = "channel",
    };
    bool up = state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED;

    if (up || state == VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED)
        snprintf(ret_detail, KIND_DETAIL, "agent/%s", pick(reasons, ARRAY_SIZE(reasons), reason));
    else
        snprintf(ret_detail, KIND_DETAIL, "agent/state %d", state);
    return up ? SIGNAL_AGENT_CONNECTED : SIGNAL_AGENT_DISCONNECTED;
}

enum signal_kind kind_of_hook(const char *op)
{
    static const struct {
        const char *op;
        enum signal_kind kind;
    } rows[] = {
        {"prepare", SIGNAL_HOOK_PREPARE}, {"start", SIGNAL_HOOK_START},
        {"started", SIGNAL_HOOK_STARTED}, {"stopped", SIGNAL_HOOK_STOPPED},
        {"release", SIGNAL_HOOK_RELEASE}, {"restore", SIGNAL_HOOK_RESTORE},
        {"migrate", SIGNAL_HOOK_MIGRATE}, {"reconnect", SIGNAL_HOOK_RECONNECT},
    };

    for (size_t i = 0; op && i < ARRAY_SIZE(rows); i++)
        if (strcmp(op, rows[i].op) == 0)
            return rows[i].kind;
    return SIGNAL_HOOK_RECONNECT;
}

const char *kind_of_close(int reason)
{
    static const char *const reasons[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = "error",
        [VIR_CONNECT_CLOSE_REASON_EOF] = "eof",
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "keepalive",
        [VIR_CONNECT_CLOSE_REASON_CLIENT] = "client",
    };

    return pick(reasons, ARRAY_SIZE(reasons), reason);
}

const char *kind_state_text(int state)
{
    static const char *const states[] = {
        [VIR_DOMAIN_NOSTATE] = "other",    [VIR_DOMAIN_RUNNING] = "running",
        [VIR_DOMAIN_BLOCKED] = "running",  [VIR_DOMAIN_PAUSED] = "paused",
        [VIR_DOMAIN_SHUTDOWN] = "running", [VIR_DOMAIN_SHUTOFF] = "off",
        [VIR_DOMAIN_CRASHED] = "crashed",  [VIR_DOMAIN_PMSUSPENDED] = "paused",
    };
    const char *text = pick(states, ARRAY_SIZE(states), state);

    return strcmp(text, "unknown") == 0 ? "other" : text;
}

const char *kind_reason_text(int state, int reason)
{
    static const char *const running[] = {
        NULL,
        "booted",
        "migrated",
        "restored",
        "from-snapshot",
        "unpaused",
        "migration-canceled",
        "save-canceled",
        "wakeup",
        "crashed",
        "postcopy",
        "postcopy-failed",
    };
    static const char *const paused[] = {
        NULL,
        "user",
        "migration",
        "save",
        "dump",
        "io-error",
        "watchdog",
        "from-snapshot",
        "shutting-down",
        "snapshot",
        "crashed",
        "starting-up",
        "postcopy",
        "postcopy-failed",
    };
    static const char *const off[] = {
        NULL, "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon",
    };
    static const char *const crashed[] = {NULL, "panicked"};

    switch (state) {
    case VIR_DOMAIN_RUNNING:
        return pick(running, ARRAY_SIZE(running), reason);
    case VIR_DOMAIN_BLOCKED:
        return "blocked";
    case VIR_DOMAIN_PAUSED:
        return pick(paused, ARRAY_SIZE(paused), reason);
    case VIR_DOMAIN_SHUTDOWN:
        return "shutting-down";
    case VIR_DOMAIN_SHUTOFF:
        return pick(off, ARRAY_SIZE(off), reason);
    case VIR_DOMAIN_CRASHED:
        return pick(crashed, ARRAY_SIZE(crashed), reason);
    case VIR_DOMAIN_PMSUSPENDED:
        return "pm-suspended";
    default: // libvirt's number, not an enum of ours
        return "unknown";
    }
}
