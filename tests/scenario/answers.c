// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// `look answers …` and the like: what a worker says, given to the effect that is awaited.
#include "tests/scenario/script.h"

#include "common/cleanup.h"
#include "common/filetime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int due(struct script *s, bool is_due, const char *what)
{
    return is_due ? 0 : script_fail(s, "nobody awaits an answer to \"%s\" now", what);
}

static int do_look(struct script *s, const char *how, char *rest)
{
    struct case_input in = {.kind = CASE_IN_LOOKED};
    struct guest_side g = {.joined = TRI_UNKNOWN, .kvno = -1};
    _cleanup_record_ struct record *r = NULL;

    if (due(s, s->stage->awaited.of_case == CASE_EFFECT_LOOK, "look") < 0)
        return -1;
    if (strcmp(how, "answers") != 0) {
        in.kind = CASE_IN_LOOK_FAILED;
        in.transient = strcmp(how, "lost") == 0;
        snprintf(g.why, sizeof g.why, "%s", rest ? rest : "the worker gave no answer");
    } else {
        r = script_record(s, "evidence", rest);
        if (!r || script_filetime(s, record_get(r, "set"), &g.set_at) < 0)
            return -1;
        g.known = true;
        g.joined = strcmp(script_default(r, "joined", "1"), "1") == 0 ? TRI_YES : TRI_NO;
        g.role = (enum role)role_parse(script_default(r, "role", "member"));
        snprintf(g.sam, sizeof g.sam, "%s", record_get_or(r, "sam", ""));
        snprintf(g.account_sid, sizeof g.account_sid, "%s", record_get_or(r, "sid", ""));
        record_get_i64(r, "kvno", &g.kvno);
        g.has_fingerprint = record_get(r, "fp");
        memset(g.fingerprint, atoi(record_get_or(r, "fp", "0")), HASH);
        g.doubtful = record_get(r, "doubt");
        snprintf(g.doubt, sizeof g.doubt, "%s", record_get_or(r, "doubt", ""));
    }
    // A look counts only if it began after the last signal of its burst.
    if (s->stage->guest.burst.last_us)
        return 0;
    s->stage->world.evidence.guest = g;
    stage_case_input(s->stage, &in);
    return 0;
}

// The account as the directory shows it, over what the story has made of it.
static struct record *account(struct script *s, char *rest)
{
    struct record *r = script_record(s, "account", rest);
    char number[32];

    if (!r)
        return NULL;
    if (record_get(r, "pwd") && script_filetime(s, record_get(r, "pwd"), &s->stage->pwd_last_set) < 0)
        return record_free(r);
    record_get_i64(r, "kvno", &s->stage->kvno);
    script_default(r, "found", "1");
    script_default(r, "guid", SCRIPT_GUID);
    script_default(r, "sid", SCRIPT_SID);
    script_default(r, "dc", "dc1");
    snprintf(number, sizeof number, "%lld", (long long)s->stage->kvno);
    script_default(r, "kvno", number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)s->stage->pwd_last_set);
    script_default(r, "pwd_last_set", number);
    script_default(r, "dc_instance", SCRIPT_INSTANCE);
    snprintf(number, sizeof number, "%llu", (unsigned long long)s->stage->usn);
    script_default(r, "dc_usn", number);
    if (s->stage->job.state == JOB_COMPARING) {
        snprintf(number, sizeof number, "%llu", (unsigned long long)++s->stage->usn);
        script_default(r, "dc_usn_marked", number);
    }
    return r;
}

static int query_answer(struct script *s, const char *how, char *rest)
{
    struct case_input in = {.kind = CASE_IN_ANSWERED};
    struct directory_side d = {.found = TRI_UNKNOWN, .kvno = -1, .uac = 0x1000};
    _cleanup_record_ struct record *r = NULL;

    if (strcmp(how, "answers") != 0) {
        in.kind = CASE_IN_UNANSWERED;
        in.transient = strcmp(how, "lost") == 0;
        snprintf(d.why, sizeof d.why, "%s", rest ? rest : "no DC answers");
    } else {
        r = account(s, rest);
        if (!r)
            return -1;
        d.known = true;
        d.found = record_get_bool(r, "found") == 1 ? TRI_YES : TRI_NO;
        record_get_i64(r, "kvno", &d.kvno);
        record_get_i64(r, "uac", &d.uac);
        record_get_u64(r, "pwd_last_set", &d.pwd_last_set);
        snprintf(d.sid, sizeof d.sid, "%s", record_get(r, "sid"));
        snprintf(d.dc, sizeof d.dc, "%s", record_get(r, "dc"));
        // As the engine does it: where a policy names the account, the answer is the binding.
        s->stage->world.evidence.bound |= s->stage->world.circumstances.by_policy && d.found == TRI_YES;
    }
    s->stage->world.evidence.directory = d;
    stage_case_input(s->stage, &in);
    return 0;
}

int script_give(struct script *s, const char *how, const struct record *r)
{
    struct job_input in = {.kind = JOB_IN_ANSWER, .answer = r};

    if (strcmp(how, "lost") == 0)
        in = (struct job_input){.kind = JOB_IN_LOST, .text = "the worker died"};
    stage_job_input(s->stage, &in);
    return 0;
}

// With a reset that was done, and with a rotation that was done: no two within the same moment.
static void account_changed(struct stage *t, enum job_effect effect)
{
    uint64_t now = filetime_from_us(t->now);

    t->taken = effect == JOB_EFFECT_RESET;
    t->kvno++;
    t->pwd_last_set = now > t->pwd_last_set ? now : t->pwd_last_set + 10000000;
}

// What an ordinary worker would answer, with the given keys put over it.
struct record *script_ordinary(struct script *s, enum job_effect effect, char *rest)
{
    static const char live[] = "0909090909090909090909090909090909090909090909090909090909090909";
    static const struct {
        const char *type, *keys[7][2];
    } rows[] = {
        [JOB_EFFECT_NONE] = {"none", {{NULL, NULL}}},
        [JOB_EFFECT_CLOCK] = {"done", {{"offset_ms", "-3600000"}, {"set", "1"}}},
        [JOB_EFFECT_PROBE] = {"probe",
                              {{"joined", "1"},
                               {"channel", "broken"},
                               {"dc_reachable", "1"},
                               {"dc", "dc1"},
                               {"sam_account_name", "WS1$"},
                               {"live_sha256", live},
                               {"public_key",
                                "04"
                                "0101010101010101010101010101010101010101010101010101010101010101"
                                "0101010101010101010101010101010101010101010101010101010101010101"}}},
        [JOB_EFFECT_CHECK] = {"check", {{"ready", "1"}}},
        [JOB_EFFECT_ACCOUNT] = {"account", {{NULL, NULL}}},
        [JOB_EFFECT_VET] = {"vetted", {{"result", "good"}}},
        [JOB_EFFECT_LEND] = {"result", {{"result", "done"}, {"live_sha256", live}}},
        [JOB_EFFECT_RESET] = {"reset", {{"result", "done"}}},
        [JOB_EFFECT_LOGIN] = {"login", {{NULL, NULL}}},
        [JOB_EFFECT_STORE] = {"result", {{"result", "done"}, {"live_sha256", live}}},
        [JOB_EFFECT_ROTATE] = {"result", {{"result", "done"}, {"live_sha256", live}}},
        [JOB_EFFECT_ATTEST] = {"attested",
                               {{"result", "proven"}, {"guid", SCRIPT_GUID}, {"sid", SCRIPT_SID}}},
    };
    struct record *r = effect == JOB_EFFECT_ACCOUNT ? account(s, rest)
                                                    : script_record(s, rows[effect].type, rest);

    for (size_t i = 0; r && i < ARRAY_SIZE(rows[effect].keys) && rows[effect].keys[i][0]; i++)
        script_default(r, rows[effect].keys[i][0], rows[effect].keys[i][1]);
    if (r && (effect == JOB_EFFECT_PROBE || effect == JOB_EFFECT_CHECK)) {
        char usn[32];

        snprintf(usn, sizeof usn, "%llu", (unsigned long long)s->stage->usn);
        script_default(r, "dc_instance", SCRIPT_INSTANCE);
        script_default(r, "dc_usn", usn);
    }
    if (r && effect == JOB_EFFECT_ATTEST)
        script_default(r, "guest", s->stage->job.guest);
    if (r && effect == JOB_EFFECT_LOGIN)
        script_default(r, "result", s->stage->taken ? "accepted" : "refused");
    if (r && (effect == JOB_EFFECT_RESET || effect == JOB_EFFECT_ROTATE || effect == JOB_EFFECT_LEND) &&
        strcmp(record_get(r, "result"), "done") == 0)
        account_changed(s->stage, effect);
    return r;
}

static int job_answer(struct script *s, enum job_effect effect, const char *what, const char *how, char *rest)
{
    _cleanup_record_ struct record *r = NULL;

    if (due(s, s->stage->awaited.of_job == effect && s->stage->awaited.epoch == s->stage->job.epoch, what) <
        0)
        return -1;
    if (strcmp(how, "answers") == 0)
        r = script_ordinary(s, effect, rest);
    else
        r = script_record(s, "error", rest);
    return r ? script_give(s, how, r) : -1;
}

int script_answer(struct script *s, const char *what, char *rest)
{
    static const char *const effects[] = {"none", "clock", "probe", "check", "account", "vet",
                                          "lend", "reset", "login", "store", "rotate",  "attest"};
    const char *how = strsep(&rest, " ");

    if (!how)
        return script_fail(s, "\"%s\" answers, fails or is lost?", what);
    if (strcmp(what, "look") == 0)
        return do_look(s, how, rest ? rest : (char[]){""});
    if (strcmp(what, "directory") == 0)
        return due(s, s->stage->awaited.of_case == CASE_EFFECT_QUERY, what) < 0 ? -1
                                                                                : query_answer(s, how, rest);
    for (int e = JOB_EFFECT_CLOCK; e <= JOB_EFFECT_ATTEST; e++)
        if (strcmp(effects[e], what) == 0)
            return job_answer(s, (enum job_effect)e, what, how, rest);
    return script_fail(s, "nobody knows what \"%s\" is", what);
}
