// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `diagnose`: who is asked, and in which order.
#include "daemon/control/diagnose.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ASK_GUEST_S = 25,
    DIRECT_S = 60,
    APPLIANCE_S = 120,
    DIRECTORY_S = 90,
    CLOCK_S = 10,
    GRACE_S = 15,
    CASES_BACK = 20
};

enum stage { STAGE_GUEST, STAGE_DIRECTORY, STAGE_NAMESAKE, STAGE_DONE }; // what has been asked

struct diagnosis *diagnosis_free(struct diagnosis *d)
{
    if (!d)
        return NULL;
    record_free(d->disk.record);
    record_free(d->probe.record);
    record_free(d->clock.record);
    record_free(d->asked.record);
    record_free(d->namesake.record);
    record_free(d->directory.record);
    free(d);
    return NULL;
}

static void go_on(struct session *s);

static void answered(struct session *s)
{
    if (--s->pending == 0)
        go_on(s);
}

// An answer is kept as it came; one that never came as an error of its own.
static void keep(struct found_record *f, const struct record *answer, const char *lost)
{
    const char *key, *value;
    size_t len;

    record_free(f->record);
    f->record = record_new(answer ? record_type(answer) : "error");
    f->at_us = now_us();
    f->fresh = true;
    for (size_t i = 2; i < record_count(answer); i++) { // behind type and v
        record_at(answer, i, &key, &value, &len);
        record_add_bytes(f->record, key, value, len);
    }
    if (answer)
        return;
    record_add(f->record, "code", "worker");
    record_add(f->record, "text", lost ? lost : "a worker gave no answer");
}

// ---- the disks ----

static void look(struct session *s, const char *engine, unsigned timeout_s);

static void on_look(struct engine *e, const struct worker_key *key, const struct record *answer,
                    const char *lost, void *arg)
{
    struct session *s = arg;
    struct diagnosis *d = s->diagnosis;
    bool not_direct = record_is(answer, "error") &&
                      strcmp(record_get_or(answer, "code", ""), "not-direct") == 0;

    (void)e;
    // What only an appliance can read takes long: what a case saw serves as well, and its age is told.
    if (not_direct && key->item == 0 && config_next_engine(e->config) && !d->disk.record)
        look(s, config_next_engine(e->config), APPLIANCE_S);
    else if (answer && !not_direct)
        keep(&d->disk, answer, lost);
    else if (!d->disk.record)
        keep(&d->disk, answer, lost);
    answered(s);
}

static void copy_disks(const struct record *description, struct record *request)
{
    const char *key, *value;
    size_t len;

    for (size_t i = 0; i < record_count(description); i++) {
        record_at(description, i, &key, &value, &len);
        if (strncmp(key, "disk.", 5) == 0)
            record_add_bytes(request, key, value, len);
    }
}

static void look(struct session *s, const char *engine, unsigned timeout_s)
{
    struct diagnosis *d = s->diagnosis;
    _cleanup_record_ struct record *description = NULL;
    struct record *r = record_new("look");
    struct err err = {0};
    bool appliance = strcmp(engine, "direct") != 0;

    store_description_get(s->engine->store, d->guest.uuid, &description, &err);
    record_add(r, "guest", d->guest.uuid);
    record_add_bool(r, "running", d->guest.running);
    record_add_u64(r, "timeout_s", timeout_s);
    record_add(r, "engine", engine);
    copy_disks(description, r);
    s->pending++;
    worker_call(s->engine, WORKER_INSPECT, r, timeout_s + GRACE_S, (struct worker_key){.item = appliance},
                on_look, s);
}

// ---- a running guest's clock ----

static void on_clock(struct engine *e, const struct worker_key *key, const struct record *answer,
                     const char *lost, void *arg)
{
    struct session *s = arg;

    (void)e, (void)key, (void)lost;
    if (answer)
        keep(&s->diagnosis->clock, answer, NULL);
    answered(s);
}

static void ask_clock(struct session *s)
{
    struct record *r = record_new("verb");

    record_add(r, "guest", s->diagnosis->guest.uuid);
    record_add(r, "verb", "clock");
    record_add_bool(r, "set", false);
    record_add_u64(r, "tolerance_ms", s->engine->config->clock_tolerance_ms);
    record_add_u64(r, "timeout_s", CLOCK_S);
    s->pending++;
    worker_call(s->engine, WORKER_DELIVER, r, CLOCK_S + GRACE_S, (struct worker_key){0}, on_clock, s);
}

// ---- the guest itself ----

static void on_asked(struct engine *e, const struct worker_key *key, const struct record *answer,
                     const char *lost, void *arg)
{
    struct session *s = arg;

    (void)e, (void)key;
    keep(&s->diagnosis->asked, answer, lost);
    answered(s);
}

static void ask_guest(struct session *s)
{
    const struct config *config = s->engine->config;
    struct record *r = record_new("verb");

    record_add(r, "guest", s->diagnosis->guest.uuid);
    record_add(r, "verb", "look");
    record_add_bool(r, "log_on", s->diagnosis->log_on);
    record_add_u64(r, "timeout_s", ASK_GUEST_S);
    record_add(r, "helper", config->helper_path);
    record_add(r, "helper_windows", config->helper_windows_path);
    s->pending++;
    worker_call(s->engine, WORKER_DELIVER, r, ASK_GUEST_S + GRACE_S, (struct worker_key){0}, on_asked, s);
}

// ---- the directory ----

static void on_account(struct engine *e, const struct worker_key *key, const struct record *answer,
                       const char *lost, void *arg)
{
    struct session *s = arg;

    (void)e;
    keep(key->item ? &s->diagnosis->namesake : &s->diagnosis->directory, answer, lost);
    answered(s);
}

// Every DC is asked: the answer holds the words of each.
static void ask_account(struct session *s, const char *key, const char *whose, bool namesake)
{
    struct record *r = record_new("account");

    record_add(r, "domain", s->diagnosis->domain);
    record_add(r, key, whose);
    s->pending++;
    worker_call(s->engine, WORKER_DIRECTORY, r, DIRECTORY_S, (struct worker_key){.item = namesake},
                on_account, s);
}

static void ask_directory(struct session *s)
{
    struct diagnosis *d = s->diagnosis;

    if (!d->whose[0])
        snprintf(d->whose, sizeof d->whose, "%s", record_get_or(d->disk.record, "sam_account_name", ""));
    if (d->whose[0] && d->domain[0] && config_domain(s->engine->config, d->domain))
        ask_account(s, d->key, d->whose, false);
}

// The bound account is gone: is there one of its name?
static void ask_namesake(struct session *s)
{
    struct diagnosis *d = s->diagnosis;

    if (d->bound && record_get_bool(d->directory.record, "found") == 0)
        ask_account(s, "name", d->binding.name, true);
}

// ---- the order ----

static void conclude(struct session *s)
{
    struct err err = {0};
    int rc;

    diagnosis_hear(s->diagnosis);
    rc = diagnosis_conclude(s->engine, s->diagnosis, &err);

    if (rc < 0)
        session_store_error(s, rc, &err);
    else
        session_end(s, diagnosis_tell(s, s->diagnosis));
}

static void go_on(struct session *s)
{
    struct diagnosis *d = s->diagnosis;

    while (!s->pending && d->stage < STAGE_DONE) {
        s->pending++; // an answer on the spot must not overtake the next question
        if (d->stage == STAGE_GUEST && !d->directory.record)
            ask_directory(s);
        else if (d->stage == STAGE_DIRECTORY)
            ask_namesake(s);
        d->stage++;
        if (d->stage == STAGE_DONE) {
            conclude(s);
            return;
        }
        s->pending--;
    }
}

// The newest that the guest's cases gathered.
struct newest {
    struct store *store;
    const char *source;
    struct found_record *ret;
};

static int take_evidence(const struct casefile *c, void *arg)
{
    struct newest *n = arg;
    struct err err = {0};

    if (store_evidence_get(n->store, c->id, n->source, &n->ret->record, &err) != 0)
        return 0;
    n->ret->at_us = c->changed_us;
    return 1;
}

static void load_evidence(struct session *s, struct diagnosis *d, const char *source,
                          struct found_record *ret)
{
    struct newest n = {.store = s->engine->store, .source = source, .ret = ret};
    struct err err = {0};

    store_case_each(s->engine->store, d->guest.uuid, false, CASES_BACK, take_evidence, &n, &err);
}

static void load(struct session *s, struct diagnosis *d)
{
    struct engine *e = s->engine;
    struct config_choice choice;
    struct casefile rolled;
    struct err err = {0};
    int64_t id = d->guest.open_case ? d->guest.open_case : d->guest.last_case;

    d->bound = store_binding_get(e->store, d->guest.uuid, &d->binding, &err) == 0;
    engine_choice(e, d->guest.uuid, d->guest.name, &choice);
    snprintf(d->domain, sizeof d->domain, "%s",
             d->bound        ? d->binding.domain
             : choice.domain ? choice.domain->name
                             : "");
    d->key = d->bound ? "guid" : "name";
    snprintf(d->whose, sizeof d->whose, "%s", d->bound ? d->binding.guid : choice.computer);
    d->open = d->guest.open_case != 0;
    d->has_case = id && store_case_get(e->store, id, &d->c, &err) == 0;
    if (!d->open && diagnosis_rollback(e, d->guest.uuid, &rolled))
        d->c = rolled;
    load_evidence(s, d, "disk", &d->disk);
    load_evidence(s, d, "probe", &d->probe);
}

void handle_diagnose(struct session *s, const struct record *request)
{
    struct diagnosis *d = calloc(1, sizeof *d);
    const char *first;

    if (!d) {
        session_error(s, EXIT_NO_WORK, "internal", "", "out of memory");
        return;
    }
    s->diagnosis = d;
    if (!session_guest(s, request, &d->guest))
        return;
    load(s, d);
    s->pending++;
    first = config_first_engine(s->engine->config);
    if (strcmp(first, "direct") == 0 || !d->disk.record)
        look(s, first, strcmp(first, "direct") == 0 ? DIRECT_S : APPLIANCE_S);
    if (d->whose[0])
        ask_directory(s);
    d->log_on = record_get_bool(request, "log_on") == 1;
    if (d->guest.running && d->guest.agent_connected) {
        ask_clock(s);
        ask_guest(s);
    }
    answered(s);
}
