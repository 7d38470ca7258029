// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust doctor`: what stands in the way of noticing, judging and repairing, each with the next step.
#include "daemon/control/session.h"
#include "daemon/engine/watchlink.h"
#include "daemon/engine/worker.h"

#include <stdio.h>
#include <string.h>

enum { CHECK_TIMEOUT_S = 60 };

static void finding(struct session *s, const char *id, const char *result, const char *text, const char *next)
{
    _cleanup_record_ struct record *r = record_new("finding");

    record_add(r, "id", id);
    record_add(r, "result", result);
    record_add(r, "text", text);
    record_add(r, "next", next);
    stream_send(s->stream, r);
    if (strcmp(result, "bad") == 0)
        s->exit_code = EXIT_BAD_NEWS;
}

// The helper is not asked (a question to a guest is a log-on of its account): what the last case heard is told.
static void check_helper(struct session *s, const struct guest *g)
{
    _cleanup_record_ struct record *probe = NULL;
    struct casefile c;
    struct err err = {0};
    char text[LONG_TEXT];

    if (!g->last_case || store_evidence_get(s->engine->store, g->last_case, "probe", &probe, &err) == 0)
        return;
    if (store_case_get(s->engine->store, g->last_case, &c, &err) == 0 && strcmp(c.cause, "no-helper") == 0) {
        snprintf(text, sizeof text, "%s has no virtrust-helper", g->name);
        finding(s, "helper", "bad", text,
                "install virtrust-helper in the guest, or allow `helper_push` in its policy");
    } else {
        snprintf(text, sizeof text, "whether %s has virtrust-helper is not known: no repair has asked it yet",
                 g->name);
        finding(s, "helper", "unknown", text,
                "virtrust-helper --version in the guest says whether it is there");
    }
}

static int check_guest(const struct guest *g, void *arg)
{
    struct session *s = arg;
    _cleanup_record_ struct record *description = NULL;
    struct binding b;
    struct err err = {0};
    char text[LONG_TEXT], next[LONG_TEXT];

    if (!g->present)
        return 0;
    store_description_get(s->engine->store, g->uuid, &description, &err);
    if (store_binding_get(s->engine->store, g->uuid, &b, &err) == STORE_NONE) {
        snprintf(text, sizeof text, "%s has no binding: it will never be repaired", g->name);
        snprintf(next, sizeof next, "virtrust bind %s COMPUTER, or a policy with `computer:`", g->name);
        finding(s, "binding", "bad", text, next);
    }
    if (strcmp(record_get_or(description, "agent", "none"), "none") == 0) {
        snprintf(text, sizeof text, "%s has no agent channel: a secret cannot be delivered to it", g->name);
        snprintf(next, sizeof next,
                 "virsh edit %s: add a channel org.qemu.guest_agent.0; install qemu-guest-agent "
                 "and virtrust-helper in it",
                 g->name);
        finding(s, "agent-channel", "bad", text, next);
    } else if (g->running && !g->agent_connected) {
        snprintf(text, sizeof text, "the agent in %s does not answer", g->name);
        finding(s, "agent", "bad", text, "start qemu-guest-agent in the guest");
    }
    if (g->running && g->agent_connected)
        check_helper(s, g);
    if (description && !record_get(description, "genid")) {
        snprintf(text, sizeof text,
                 "%s has no <genid/>: its operating system cannot notice a rollback by itself", g->name);
        snprintf(next, sizeof next, "virsh edit %s: add <genid/> (domain controllers need it)", g->name);
        finding(s, "genid", "unknown", text, next);
    }
    return 0;
}

static void answered(struct session *s)
{
    if (--s->pending == 0)
        session_end(s, s->exit_code);
}

static void on_check(struct engine *e, const struct worker_key *key, const struct record *answer,
                     const char *lost, void *arg)
{
    struct session *s = arg;
    char id[64], name[64];

    (void)e;
    (void)key;
    if (!record_is(answer, "check"))
        finding(s, "directory", "bad", lost ? lost : record_get_or(answer, "text", "no answer"),
                record_get_or(answer, "next", "start virtrust-directory.socket (or virtrust-spawn)"));
    for (unsigned i = 0; record_is(answer, "check") && i < 64; i++) {
        const char *result;

        snprintf(id, sizeof id, "item.%u.result", i);
        result = record_get(answer, id);
        if (!result)
            break;
        snprintf(id, sizeof id, "item.%u.id", i);
        snprintf(name, sizeof name, "%s", record_get_or(answer, id, "directory"));
        snprintf(id, sizeof id, "item.%u.text", i);
        const char *text = record_get_or(answer, id, "");
        snprintf(id, sizeof id, "item.%u.next", i);
        finding(s, name, result, text, record_get(answer, id));
    }
    answered(s);
}

static void check_domains(struct session *s)
{
    const struct config *config = s->engine->config;

    if (!config->domains_count)
        finding(s, "domains", "bad", "no domain is configured", "add one under `domains:` in virtrust.yaml");
    for (size_t i = 0; i < config->domains_count; i++) {
        struct record *r = record_new("check");

        record_add(r, "domain", config->domains[i].name);
        s->pending++;
        worker_call(s->engine, WORKER_DIRECTORY, r, CHECK_TIMEOUT_S, (struct worker_key){0}, on_check, s);
    }
}

void handle_doctor(struct session *s, const struct record *request)
{
    enum watch_state watch = watchlink_state(s->engine->watch);
    struct err err = {0};
    int rc;

    (void)request;
    s->pending = 1;
    switch (watch) {
    case WATCH_CONNECTED:
        finding(s, "libvirt", "good", "virtrust-watch is connected to libvirt", NULL);
        break;
    case WATCH_LOST:
        finding(s, "libvirt", "bad", "virtrust-watch cannot reach libvirt", "start libvirtd or virtqemud");
        break;
    case WATCH_ABSENT:
        finding(s, "libvirt", "bad", "virtrust-watch is not running", "systemctl start virtrust-watch");
        break;
    }
    rc = store_guest_each(s->engine->store, check_guest, s, &err);
    if (rc < 0) {
        session_store_error(s, rc, &err);
        return;
    }
    check_domains(s);
    answered(s);
}
