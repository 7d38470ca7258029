// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `expect …`: what has to be so at this moment of a scenario.
#include "tests/scenario/script.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *effect_name(const struct awaited *a)
{
    static const char *const names[] = {
        [JOB_EFFECT_NONE] = "none",   [JOB_EFFECT_CLOCK] = "clock",     [JOB_EFFECT_PROBE] = "probe",
        [JOB_EFFECT_CHECK] = "check", [JOB_EFFECT_ACCOUNT] = "account", [JOB_EFFECT_RESET] = "reset",
        [JOB_EFFECT_VET] = "vet",     [JOB_EFFECT_LEND] = "lend",       [JOB_EFFECT_LOGIN] = "login",
        [JOB_EFFECT_STORE] = "store", [JOB_EFFECT_ROTATE] = "rotate",   [JOB_EFFECT_ATTEST] = "attest",
    };

    if (a->of_case == CASE_EFFECT_LOOK)
        return "look";
    if (a->of_case == CASE_EFFECT_QUERY)
        return "directory";
    return names[a->of_job];
}

static int compare(struct script *s, const char *key, const char *is, const char *wanted)
{
    return strcmp(is, wanted) == 0 ? 0 : script_fail(s, "%s is \"%s\", not \"%s\"", key, is, wanted);
}

static const char *case_value(struct stage *t, const char *key)
{
    const struct casefile *c = stage_case(t);
    static char number[32];

    if (strcmp(key, "count") == 0) {
        snprintf(number, sizeof number, "%u", t->cases_count);
        return number;
    }
    if (!c)
        return "none";
    if (strcmp(key, "state") == 0)
        return case_state_text(c->state);
    if (strcmp(key, "verdict") == 0)
        return verdict_text(c->verdict);
    if (strcmp(key, "outcome") == 0)
        return outcome_text(c->outcome);
    if (strcmp(key, "kind") == 0)
        return rollback_kind_text(c->kind);
    if (strcmp(key, "cause") == 0)
        return c->cause;
    if (strcmp(key, "witnessed") == 0)
        return c->witnessed ? "1" : "0";
    return NULL;
}

static const char *job_value(struct stage *t, const char *key)
{
    if (!t->job.id)
        return "none";
    if (strcmp(key, "state") == 0)
        return job_state_text(t->job.state);
    if (strcmp(key, "outcome") == 0)
        return outcome_text(t->job.outcome);
    if (strcmp(key, "inherited") == 0)
        return t->job.inherited ? "1" : "0";
    return NULL;
}

static const char *count_value(struct stage *t, const char *key)
{
    const struct {
        const char *key;
        unsigned value;
    } counts[] = {{"mints", t->mints},   {"wipes", t->wipes},         {"resets", t->resets},
                  {"stores", t->stores}, {"rotations", t->rotations}, {"looks", t->looks}};
    static char number[32];

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        if (strcmp(counts[i].key, key) == 0) {
            snprintf(number, sizeof number, "%u", counts[i].value);
            return number;
        }
    return NULL;
}

static const char *guest_value(struct stage *t, const char *key)
{
    if (strcmp(key, "name") == 0)
        return t->guest.name;
    if (strcmp(key, "present") == 0)
        return t->guest.present ? "1" : "0";
    if (strcmp(key, "running") == 0)
        return t->guest.running ? "1" : "0";
    return NULL;
}

static int expect_values(struct script *s, const char *what, char *rest,
                         const char *(*get)(struct stage *, const char *))
{
    for (char *word; (word = strsep(&rest, " "));) {
        char *eq = strchr(word, '=');
        const char *is;

        if (!word[0])
            continue;
        if (!eq)
            return script_fail(s, "expect %s wants key=value, not \"%s\"", what, word);
        *eq = '\0';
        is = get(s->stage, word);
        if (!is)
            return script_fail(s, "a %s has no \"%s\"", what, word);
        if (compare(s, word, is, eq + 1) < 0)
            return -1;
    }
    return 0;
}

// The newest case's text, would or next holds this.
static int expect_text(struct script *s, const char *wanted)
{
    const struct casefile *c = stage_case(s->stage);

    if (c && (strstr(c->text, wanted) || strstr(c->would, wanted) || strstr(c->next, wanted)))
        return 0;
    return script_fail(s, "the case does not say \"%s\" but \"%s\", \"%s\", \"%s\"", wanted, c ? c->text : "",
                       c ? c->would : "", c ? c->next : "");
}

static int expect_note(struct script *s, const char *wanted)
{
    for (unsigned i = 0; i < s->stage->notes_count; i++)
        if (strstr(s->stage->notes[i], wanted))
            return 0;
    return script_fail(s, "no step of the history says \"%s\"", wanted);
}

int script_expect(struct script *s, char *what, char *rest)
{
    static const char *const journals[] = {"none", "minted", "confirmed"};

    if (strcmp(what, "case") == 0)
        return expect_values(s, what, rest, case_value);
    if (strcmp(what, "job") == 0)
        return expect_values(s, what, rest, job_value);
    if (strcmp(what, "guest") == 0)
        return expect_values(s, what, rest, guest_value);
    if (strcmp(what, "counts") == 0)
        return expect_values(s, what, rest, count_value);
    if (strcmp(what, "effect") == 0)
        return compare(s, "effect", effect_name(&s->stage->awaited), rest);
    if (strcmp(what, "journal") == 0)
        return compare(s, "journal", journals[s->stage->job_world.journal], rest);
    if (strcmp(what, "text") == 0)
        return expect_text(s, rest);
    if (strcmp(what, "note") == 0)
        return expect_note(s, rest);
    return script_fail(s, "nobody knows what to expect of \"%s\"", what);
}
