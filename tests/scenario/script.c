// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/scenario/script.h"

#include "common/cleanup.h"
#include "common/filetime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- before the story ----

static int set_one(struct script *s, const char *key, const char *value)
{
    struct circumstances *c = &s->stage->world.circumstances;
    struct evidence *e = &s->stage->world.evidence;
    static const char *const modes[] = {"observe", "ask", "repair"};

    if (strcmp(key, "mode") == 0) {
        for (int m = 0; m < 3; m++)
            if (strcmp(modes[m], value) == 0) {
                c->mode = (enum mode)m;
                return 0;
            }
        return script_fail(s, "\"%s\" is no mode", value);
    }
    if (strcmp(key, "bound") == 0)
        e->bound = value[0] == '1';
    else if (strcmp(key, "policy") == 0)
        snprintf(c->computer, sizeof c->computer, "%s", (c->by_policy = value[0] == '1') ? "WS1" : "");
    else if (strcmp(key, "domain") == 0)
        c->domain_configured = value[0] == '1';
    else if (strcmp(key, "lends") == 0)
        s->stage->job_world.loan = value[0] == '1';
    else if (strcmp(key, "idle") == 0)
        c->idle = value[0] == '1';
    else if (strcmp(key, "twin") == 0)
        snprintf(c->twin, sizeof c->twin, "%s", value);
    else if (strcmp(key, "look_on_first_sight") == 0)
        s->stage->policy.look_on_first_sight = value[0] == '1';
    else if (strcmp(key, "look_on_every_start") == 0)
        s->stage->policy.look_on_every_start = value[0] == '1';
    else if (strcmp(key, "kvno") == 0)
        s->stage->kvno = atoi(value);
    else if (strcmp(key, "pwd") == 0)
        return script_filetime(s, value, &s->stage->pwd_last_set);
    else
        return script_fail(s, "nobody knows how to set \"%s\"", key);
    return 0;
}

static int do_set(struct script *s, char *rest)
{
    struct script_words w = {.rest = rest};
    struct binding *b = &s->stage->world.evidence.binding;
    int rc;

    snprintf(b->guid, sizeof b->guid, SCRIPT_GUID);
    snprintf(b->sid, sizeof b->sid, SCRIPT_SID);
    snprintf(b->name, sizeof b->name, "WS1$");
    snprintf(b->domain, sizeof b->domain, "corp.test");
    while ((rc = script_word(s, &w)) > 0)
        if (set_one(s, w.key, w.value) < 0)
            return -1;
    return rc;
}

static int do_known(struct script *s, char *rest)
{
    struct record *r = script_record(s, "signal", rest);

    if (!r)
        return -1;
    script_default(r, "name", "ws1");
    script_default(r, "persistent", "1");
    stage_signal(s->stage, SIGNAL_SCAN, r);
    memset(&s->stage->guest.burst, 0, sizeof s->stage->guest.burst);
    return 0;
}

static int do_pair(struct script *s, char *rest)
{
    _cleanup_record_ struct record *r = script_record(s, "pair", rest);
    struct pair p = {.kvno = -1};

    if (!r || script_filetime(s, record_get(r, "set"), &p.set_at) < 0 ||
        script_filetime(s, record_get(r, "pwd"), &p.pwd_last_set) < 0 ||
        script_time(s, record_get_or(r, "first", "-100d"), &p.first_us) < 0)
        return -1;
    p.last_us = p.first_us;
    p.proven = record_get_bool(r, "proven") == 1;
    record_get_i64(r, "kvno", &p.kvno);
    memset(p.fingerprint, atoi(record_get_or(r, "fp", "0")), HASH);
    stage_pair(s->stage, &p);
    return 0;
}

// ---- the story ----

static int do_signal(struct script *s, char *rest)
{
    const char *kind = strsep(&rest, " ");
    int k = signal_kind_parse(kind);
    struct record *r = script_record(s, "signal", rest);

    if (!r)
        return -1;
    if (k < 0) {
        record_free(r);
        return script_fail(s, "\"%s\" is no kind of signal", kind);
    }
    if (record_get(r, "state"))
        script_default(r, "persistent", "1");
    stage_signal(s->stage, (enum signal_kind)k, r);
    return 0;
}

// What a job waits for comes: its time, or the guest's start.
static void let_come(struct stage *t)
{
    struct record *r;

    if (t->job.state == JOB_WAITING_START && !t->guest.running) {
        r = record_new("signal");
        record_add(r, "state", "running");
        record_add(r, "agent", "connected");
        stage_signal(t, SIGNAL_STARTED_BOOTED, r);
    }
    stage_clock(t, t->now + 60 * (int64_t)SECOND);
}

// The ordinary answers, until the job is where it is wanted.
static int do_go_on(struct script *s, const char *where)
{
    int wanted = job_state_parse(where);

    if (wanted < 0)
        return script_fail(s, "\"%s\" is no state of a job", where);
    if (wanted == JOB_WAITING_TURN)
        s->stage->job_world.hold = (struct job_hold){
            .rule = "breaker-open", .text = "held back", .until_us = s->stage->now + 600 * (int64_t)SECOND};
    for (int i = 0; i < 100 && s->stage->job.id && (int)s->stage->job.state != wanted; i++) {
        enum job_effect effect = s->stage->awaited.of_job;
        _cleanup_record_ struct record *r = NULL;

        if (wanted == JOB_WAITING_AGENT && effect == JOB_EFFECT_CLOCK) {
            r = script_record(s, "error", (char[]){"code=no-agent"});
        } else if (effect == JOB_EFFECT_NONE) {
            let_come(s->stage);
            continue;
        } else {
            r = script_ordinary(s, effect, NULL);
        }
        script_give(s, "answers", r);
    }
    s->stage->job_world.hold = (struct job_hold){0};
    return (int)s->stage->job.state == wanted ? 0
                                              : script_fail(s, "the job does not come to %s but stands in %s",
                                                            where, job_state_text(s->stage->job.state));
}

// The worker that the job awaits, whichever it is, dies before it did anything.
static void lose(struct script *s)
{
    if (s->stage->awaited.of_job != JOB_EFFECT_NONE)
        script_give(s, "lost", NULL);
}

static int statement(struct script *s, char *verb, char *rest)
{
    static const struct case_input approved = {.kind = CASE_IN_APPROVED};

    if (strcmp(verb, "set") == 0)
        return do_set(s, rest);
    if (strcmp(verb, "known") == 0)
        return do_known(s, rest);
    if (strcmp(verb, "pair") == 0)
        return do_pair(s, rest);
    if (strcmp(verb, "signal") == 0)
        return do_signal(s, rest);
    if (strcmp(verb, "go-on") == 0)
        return do_go_on(s, rest);
    if (strcmp(verb, "expect") == 0) {
        char *what = strsep(&rest, " ");

        return script_expect(s, what, rest ? rest : (char[]){""});
    }
    if (strcmp(verb, "approve") == 0)
        stage_case_input(s->stage, &approved);
    else if (strcmp(verb, "repair") == 0)
        stage_manual(s->stage, rest && strcmp(rest, "dry-run") == 0);
    else if (strcmp(verb, "restart") == 0)
        stage_restart(s->stage);
    else if (strcmp(verb, "lose") == 0)
        lose(s);
    else
        return script_answer(s, verb, rest);
    return 0;
}

int script_line(struct script *s, const char *line)
{
    char text[2048], *rest = text, *verb;
    const char *mark = strstr(line, "$STATE");
    int64_t to;
    int rc;

    snprintf(text, sizeof text, "%.*s%s%s", mark ? (int)(mark - line) : (int)strlen(line), line,
             mark ? s->every : "", mark ? mark + strlen("$STATE") : "");
    text[strcspn(text, "\n")] = '\0';
    rest += strspn(rest, " ");
    if (!rest[0] || rest[0] == '#')
        return 0;
    verb = strsep(&rest, " ");
    if (strcmp(verb, "at") == 0) {
        if (script_time(s, rest ? strsep(&rest, " ") : "", &to) < 0)
            return -1;
        if (to < s->stage->now)
            return script_fail(s, "the clock does not go back");
        stage_clock(s->stage, to);
        verb = rest ? strsep(&rest, " ") : NULL;
    }
    rc = verb ? statement(s, verb, rest) : 0;
    stage_clock(s->stage, s->stage->now);
    return rc;
}
