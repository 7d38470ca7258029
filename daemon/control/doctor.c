// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust doctor`: what stands in the way of noticing, judging and repairing, each with the next step.
#include "daemon/control/doctor.h"

#include "common/plural.h"
#include "daemon/control/breaker.h"
#include "daemon/engine/proofs.h"
#include "daemon/engine/watchlink.h"
#include "daemon/engine/worker.h"

#include <stdio.h>
#include <string.h>

enum { CHECK_TIMEOUT_S = 60, NAMES_SHOWN = 10 };

void doctor_finding(struct session *s, const char *id, const char *result, const char *text, const char *next)
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

// Guests that one line tells of together.
struct lack {
    unsigned count;
    char names[400];
};

struct check {
    struct session *session;
    bool named; // `doctor GUEST`: the one guest is told of in full
    bool full;  // not all running guests can be asked
    unsigned bound;
    struct lack off; // bound guests that do not run
};

static void count_lack(struct lack *l, const char *name)
{
    size_t used = strlen(l->names);

    l->count++;
    if (l->count <= NAMES_SHOWN)
        snprintf(l->names + used, sizeof l->names - used, "%s%.30s", l->count > 1 ? ", " : "", name);
    else if (l->count == NAMES_SHOWN + 1)
        snprintf(l->names + used, sizeof l->names - used, " and others");
}

// Whether the agent answers is asked of it itself where that concerns us; else the watcher's word is told.
static void check_agent(struct check *check, const struct guest *g, bool bound)
{
    struct session *s = check->session;
    char text[LONG_TEXT];

    if (g->running && (bound || check->named)) {
        if (presence_add(s, g) < 0 && !check->full) {
            check->full = true;
            doctor_finding(s, "helper", "unknown", "some guests were not asked: there are too many of them",
                           "virtrust doctor GUEST asks one");
        }
    } else if (g->running && !g->agent_connected) {
        snprintf(text, sizeof text, "the agent in %s is not connected", g->name);
        doctor_finding(s, "agent", "bad", text, "start qemu-guest-agent in the guest");
    } else if (check->named) {
        snprintf(text, sizeof text, "%s does not run: its agent and its helper cannot be asked", g->name);
        doctor_finding(s, "agent", "unknown", text, "start the guest and ask again");
    } else if (bound) {
        count_lack(&check->off, g->name);
    }
}

// A policy that binds by proof: why has there been none? It is asked again.
static void tell_unproven(struct session *s, const struct guest *g)
{
    const char *why = proofs_last(s->engine, g->uuid);
    char text[LONG_TEXT], next[LONG_TEXT];

    snprintf(text, sizeof text, "%s has no binding yet: its policy binds it by proof of possession, and %s%s",
             g->name,
             why          ? "the last attempt ended so: "
             : g->running ? "it has not been asked"
                          : "it does not run",
             why ? why : "");
    snprintf(next, sizeof next, "%s`virtrust bind %s --by-proof` asks it while you wait",
             g->running ? "" : "start it; ", g->name);
    doctor_finding(s, "binding", "warning", text, next);
    proofs_again(s->engine, g);
}

// A policy that names the computer binds by itself, as soon as the directory has told which account that is.
static void tell_unbound(struct session *s, const struct guest *g)
{
    struct config_choice choice;
    char text[LONG_TEXT], next[LONG_TEXT];

    engine_choice(s->engine, g->uuid, g->name, &choice);
    if (choice.computer[0]) {
        snprintf(
            text, sizeof text,
            "%s has no binding yet: its policy names the computer %.100s, and the directory has not told "
            "yet which account that is",
            g->name, choice.computer);
        snprintf(next, sizeof next,
                 "see what is said of the directory here; `virtrust repair %s --dry-run` asks it again",
                 g->name);
        doctor_finding(s, "binding", "warning", text, next);
        return;
    }
    if (choice.by_proof) {
        tell_unproven(s, g);
        return;
    }
    snprintf(text, sizeof text, "%s has no binding: it will never be repaired", g->name);
    snprintf(next, sizeof next, "virtrust bind %s COMPUTER, or a policy with `computer:`", g->name);
    doctor_finding(s, "binding", "bad", text, next);
}

static int check_guest(const struct guest *g, void *arg)
{
    struct check *check = arg;
    struct session *s = check->session;
    _cleanup_record_ struct record *description = NULL;
    struct binding b;
    struct err err = {0};
    char text[LONG_TEXT], next[LONG_TEXT];
    bool bound = false;

    if (!g->present) {
        snprintf(text, sizeof text, "libvirt no longer knows %s", g->name);
        if (check->named)
            doctor_finding(s, "libvirt", "bad", text, "look with `virsh list --all`");
        return 0;
    }
    store_description_get(s->engine->store, g->uuid, &description, &err);
    if (store_binding_get(s->engine->store, g->uuid, &b, &err) == 0) {
        bound = true;
        check->bound++;
    } else {
        tell_unbound(s, g);
    }
    if (strcmp(record_get_or(description, "agent", "none"), "none") == 0) {
        snprintf(text, sizeof text, "%s has no agent channel: a secret cannot be delivered to it", g->name);
        snprintf(next, sizeof next,
                 "virsh edit %s: add a channel org.qemu.guest_agent.0; install qemu-guest-agent "
                 "and virtrust-helper in it",
                 g->name);
        doctor_finding(s, "agent-channel", "bad", text, next);
    } else {
        check_agent(check, g, bound);
    }
    if (description && !record_get(description, "genid")) {
        snprintf(text, sizeof text,
                 "%s has no <genid/>: its operating system cannot notice a rollback by itself", g->name);
        snprintf(next, sizeof next, "virsh edit %s: add <genid/> (domain controllers need it)", g->name);
        doctor_finding(s, "genid", "unknown", text, next);
    }
    return 0;
}

void doctor_answered(struct session *s)
{
    if (--s->pending == 0)
        session_end(s, s->exit_code);
}

// Of several domains, which one it is.
static void tell_directory(struct session *s, const struct worker_key *key, const char *id,
                           const char *result, const char *why, const char *next)
{
    const struct config *config = s->engine->config;
    const char *domain = key->item < config->domains_count ? config->domains[key->item].name : "";
    bool told = config->domains_count < 2 || !*domain || strstr(why, domain);
    char text[LONG_TEXT];

    snprintf(text, sizeof text, "%.100s%s%.400s", told ? "" : domain, told ? "" : ": ", why);
    doctor_finding(s, id, result, text, next);
}

static void on_check(struct engine *e, const struct worker_key *key, const struct record *answer,
                     const char *lost, void *arg)
{
    struct session *s = arg;
    char id[64], name[64];

    (void)e;
    if (!record_is(answer, "check"))
        tell_directory(s, key, "directory", "bad", lost ? lost : record_get_or(answer, "text", "no answer"),
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
        tell_directory(s, key, name, result, text, record_get(answer, id));
    }
    doctor_answered(s);
}

static void check_domain(struct session *s, const char *domain)
{
    const struct config *config = s->engine->config;
    struct record *r = record_new("check");
    struct worker_key key = {0};

    while (key.item < config->domains_count && strcmp(config->domains[key.item].name, domain) != 0)
        key.item++;
    record_add(r, "domain", domain);
    s->pending++;
    worker_call(s->engine, WORKER_DIRECTORY, r, CHECK_TIMEOUT_S, key, on_check, s);
}

// All of them; of a guest that is named and bound, its own.
static void check_domains(struct session *s, const struct guest *named)
{
    const struct config *config = s->engine->config;
    struct binding b;
    struct err err = {0};

    if (!config->domains_count)
        doctor_finding(s, "domains", "bad", "no domain is configured",
                       "add one under `domains:` in virtrust.yaml");
    if (named && store_binding_get(s->engine->store, named->uuid, &b, &err) == 0) {
        check_domain(s, b.domain);
        return;
    }
    for (size_t i = 0; i < config->domains_count; i++)
        check_domain(s, config->domains[i].name);
}

static void check_watch(struct session *s)
{
    switch (watchlink_state(s->engine->watch)) {
    case WATCH_CONNECTED:
        doctor_finding(s, "libvirt", "good", "virtrust-watch is connected to libvirt", NULL);
        break;
    case WATCH_LOST:
        doctor_finding(s, "libvirt", "bad", "virtrust-watch cannot reach libvirt",
                       "start libvirtd or virtqemud");
        break;
    case WATCH_ABSENT:
        doctor_finding(s, "libvirt", "bad", "virtrust-watch is not running",
                       "systemctl start virtrust-watch");
        break;
    }
}

static void check_store(struct session *s)
{
    const struct store_trouble *t = store_trouble(s->engine->store);

    if (t)
        doctor_finding(
            s, "store", "bad", t->text,
            "nothing new is noticed, judged or repaired until it can be written; it is tried again "
            "by itself");
}

static void tell_off(struct session *s, const struct check *check)
{
    char text[LONG_TEXT];

    if (!check->off.count)
        return;
    snprintf(text, sizeof text, "%u of %u bound %s not run, and %s not asked for agent and helper: %s",
             check->off.count, check->bound,
             check->bound == 1 ? "guest does" : plural(check->off.count, "guests does", "guests do"),
             plural(check->off.count, "was", "were"), check->off.names);
    doctor_finding(s, "agent", "unknown", text,
                   plural(check->off.count, "start it and ask again", "start them and ask again"));
}

void handle_doctor(struct session *s, const struct record *request)
{
    struct check check = {.session = s, .named = record_get(request, "guest") != NULL};
    struct guest g;
    struct err err = {0};
    int rc = 0;

    if (check.named && !session_guest(s, request, &g))
        return;
    s->pending = 1;
    check_store(s);
    check_watch(s);
    breaker_findings(s);
    if (check.named)
        check_guest(&g, &check);
    else
        rc = store_guest_each(s->engine->store, check_guest, &check, &err);
    if (rc < 0) {
        session_store_error(s, rc, &err);
        return;
    }
    tell_off(s, &check);
    check_domains(s, check.named ? &g : NULL);
    presence_begin(s);
    doctor_answered(s);
}
