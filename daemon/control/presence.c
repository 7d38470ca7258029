// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust doctor`: is the agent there, and the helper? Each running guest that concerns us is asked.
#include "common/plural.h"
#include "daemon/control/doctor.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    AT_ONCE = 4,      // deliver's sockets are the repairs', too
    ASK_S = 15,       // for one guest
    GRACE_S = 15,     // virtrust-deliver ends itself before that
    ALL_S = 120,      // then nobody else is asked
    GUESTS_MAX = 4096 // in one question
};

struct asked {
    char uuid[UUID_TEXT], name[NAME_TEXT];
};

struct presence {
    struct asked *guests;
    size_t count, room, next;
    unsigned under_way;
    int64_t until_us;
    bool lost; // virtrust-deliver itself failed: nobody else is asked
};

void presence_free(struct presence *p)
{
    if (!p)
        return;
    free(p->guests);
    free(p);
}

int presence_add(struct session *s, const struct guest *g)
{
    struct presence *p = s->presence ? s->presence : calloc(1, sizeof *p);

    if (!p)
        return -ENOMEM;
    s->presence = p;
    if (p->count == p->room) {
        size_t room = p->room ? p->room * 2 : 16;
        struct asked *grown = room > GUESTS_MAX ? NULL : reallocarray(p->guests, room, sizeof *grown);

        if (!grown)
            return -ENOMEM;
        p->guests = grown;
        p->room = room;
    }
    snprintf(p->guests[p->count].uuid, sizeof p->guests->uuid, "%s", g->uuid);
    snprintf(p->guests[p->count].name, sizeof p->guests->name, "%s", g->name);
    p->count++;
    return 0;
}

// ---- what an answer means ------------------------------------------------------------------------------------------

static void say(struct presence_finding *f, const char *id, const char *result, const char *next)
{
    f->id = id;
    f->result = result;
    snprintf(f->next, sizeof f->next, "%s", next ? next : "");
}

static void judge_error(const char *name, const struct record *answer, struct presence_finding *f)
{
    const char *code = record_get_or(answer, "code", ""), *text = record_get_or(answer, "text", "no reason");
    const char *next = record_get(answer, "next");

    snprintf(f->text, sizeof f->text, "%s: %.400s", name, text);
    if (strcmp(code, "guest-off") == 0 || strcmp(code, "guest-gone") == 0) {
        say(f, "agent", "unknown", next);
    } else if (strcmp(code, "agent-busy") == 0) {
        say(f, "agent", "unknown", "something else talks to this guest: ask again");
    } else if (strcmp(code, "agent-timeout") == 0) {
        snprintf(f->text, sizeof f->text, "the agent in %s does not answer: %.400s", name, text);
        say(f, "agent", "bad", "restart qemu-guest-agent in the guest, or look whether the guest hangs");
    } else {
        say(f, strcmp(code, "permission") == 0 || strcmp(code, "internal") == 0 ? "deliver" : "agent", "bad",
            next);
    }
}

static void judge_missing(const char *name, const char *path, bool push, const struct record *answer,
                          struct presence_finding *f)
{
    bool windows = strcmp(record_get_or(answer, "agent_os", ""), "windows") == 0;
    bool pushed = push && record_get_bool(answer, "exec") == 1;
    char next[LONG_TEXT];

    snprintf(f->text, sizeof f->text,
             pushed ? "the agent in %s answers; virtrust-helper is not there, and a repair may push it"
                    : "%s has no virtrust-helper: it cannot be repaired",
             name);
    snprintf(
        next, sizeof next,
        windows ? "install virtrust-helper in the guest with its installer, virtrust-helper.msi (%.200s), or "
                  "allow `helper_push` in its policy"
                : "install virtrust-helper in the guest (%.200s), or allow `helper_push` in its policy",
        path);
    say(f, "helper", pushed ? "good" : "bad", pushed ? NULL : next);
}

static void judge_present(const char *name, const struct record *answer, struct presence_finding *f)
{
    const char *version = record_get(answer, "helper_version");

    if (version && strcmp(version, VIRTRUST_VERSION) != 0) {
        snprintf(f->text, sizeof f->text, "%s has virtrust-helper %.64s, and this host virtrust %s", name,
                 version, VIRTRUST_VERSION);
        say(f, "helper", "unknown", "install the helper of this host's version in the guest");
        return;
    }
    if (strcmp(record_get_or(answer, "way", ""), "port") == 0)
        snprintf(f->text, sizeof f->text, "%s: the service of virtrust-helper %s answers over its own port",
                 name, record_get_or(answer, "helper_version", ""));
    else
        snprintf(f->text, sizeof f->text, "%s: its agent%s%.32s answers, virtrust-helper %s is there", name,
                 record_get(answer, "agent_version") ? " " : "", record_get_or(answer, "agent_version", ""),
                 record_get_or(answer, "helper_version", ""));
    say(f, "helper", "good", NULL);
}

void presence_judge(const char *name, const struct presence_paths *paths, bool push,
                    const struct record *answer, struct presence_finding *ret)
{
    const char *helper = record_get_or(answer, "helper", "unknown");
    bool windows = strcmp(record_get_or(answer, "agent_os", ""), "windows") == 0;
    const char *path = windows ? paths->windows : paths->linux_guest;
    char next[LONG_TEXT];

    memset(ret, 0, sizeof *ret);
    if (!record_is(answer, "done")) {
        judge_error(name, answer, ret);
        return;
    }
    if (strcmp(record_get_or(answer, "way", ""), "port") == 0 && strcmp(helper, "present") == 0) {
        judge_present(name, answer, ret);
    } else if (record_get_bool(answer, "exec") != 1) {
        snprintf(ret->text, sizeof ret->text,
                 "the agent in %s may not start programs: virtrust-helper cannot be run%s", name,
                 strcmp(helper, "missing") == 0 ? ", and is not there" : "");
        say(ret, "agent-exec", "bad",
            "allow guest-exec and guest-exec-status in the guest agent's configuration");
    } else if (strcmp(helper, "missing") == 0) {
        judge_missing(name, path, push, answer, ret);
    } else if (strcmp(helper, "present") == 0) {
        judge_present(name, answer, ret);
    } else {
        snprintf(ret->text, sizeof ret->text, "%s: what lies at %.200s cannot be used: %.100s", name, path,
                 record_get_or(answer, "helper_text", "no reason is known"));
        snprintf(next, sizeof next, "run `%.200s --version` in the guest; it should name virtrust-helper",
                 path);
        say(ret, "helper", "bad", next);
    }
}

// ---- asking --------------------------------------------------------------------------------------------------------

static int64_t monotonic_us(struct session *s)
{
    uint64_t now = 0;

    sd_event_now(s->engine->event, CLOCK_MONOTONIC, &now);
    return (int64_t)now;
}

static void pump(struct session *s);

static void tell(struct session *s, const struct asked *guest, const struct record *answer)
{
    const struct config *config = s->engine->config;
    const struct presence_paths paths = {config->helper_path, config->helper_windows_path};
    struct presence_finding f;
    struct config_choice choice;

    engine_choice(s->engine, guest->uuid, guest->name, &choice);
    presence_judge(guest->name, &paths, choice.push_helper, answer, &f);
    doctor_finding(s, f.id, f.result, f.text, f.next[0] ? f.next : NULL);
}

static void on_presence(struct engine *e, const struct worker_key *key, const struct record *answer,
                        const char *lost, void *arg)
{
    struct session *s = arg;
    struct presence *p = s->presence;
    char text[LONG_TEXT];

    (void)e;
    p->under_way--;
    if (answer) {
        tell(s, &p->guests[key->item], answer);
    } else if (!p->lost) {
        p->lost = true;
        snprintf(text, sizeof text, "%s could not be asked: %.200s", p->guests[key->item].name,
                 lost ? lost : "no reason is known");
        doctor_finding(s, "deliver", "bad", text,
                       "start virtrust-deliver.socket (or virtrust-spawn), and see its log");
    }
    pump(s);
}

static void ask(struct session *s, size_t i)
{
    struct presence *p = s->presence;
    struct record *r = record_new("verb");

    record_add(r, "guest", p->guests[i].uuid);
    record_add(r, "verb", "presence");
    record_add_u64(r, "timeout_s", ASK_S);
    record_add(r, "helper", s->engine->config->helper_path);
    record_add(r, "helper_windows", s->engine->config->helper_windows_path);
    p->under_way++;
    worker_call(s->engine, WORKER_DELIVER, r, ASK_S + GRACE_S, (struct worker_key){.item = (uint32_t)i},
                on_presence, s);
}

static void pump(struct session *s)
{
    struct presence *p = s->presence;
    char text[LONG_TEXT];

    while (p->next < p->count && p->under_way < AT_ONCE && !p->lost && monotonic_us(s) < p->until_us)
        ask(s, p->next++);
    if (p->under_way)
        return;
    if (p->next < p->count) {
        snprintf(text, sizeof text, "%zu running %s not asked for agent and helper: %s", p->count - p->next,
                 plural(p->count - p->next, "guest was", "guests were"),
                 p->lost ? "virtrust-deliver fails" : "too many others did not answer");
        doctor_finding(s, "helper", "unknown", text, "virtrust doctor GUEST asks one");
    }
    doctor_answered(s);
}

void presence_begin(struct session *s)
{
    if (!s->presence)
        return;
    s->pending++;
    s->presence->until_us = monotonic_us(s) + ALL_S * INT64_C(1000000);
    pump(s);
}
