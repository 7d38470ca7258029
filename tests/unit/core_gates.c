// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every combination of what gates a reset: each field of each answer that a repair rests on (the guest's probe, the
// account at its DC, the guest's check, the account once more), each known good, known bad and unknown. All
// 10^12 of them are covered without being counted out: a step sees nothing of the answers before but the job, so it is
// enough to give every combination of one answer to every job that can come to await it. Nothing is reset, minted or
// lent but behind four answers that each prove what they have to; and where all do, it is.
#include "tests/unit/core_job_bench.h"

enum worth { GOOD, UNKNOWN, BAD };

struct value {
    enum worth worth;
    const char *key, *value; // NULL: the answer does not say
    const char *key2, *value2;
};

struct gate {
    struct value values[6];
    unsigned count;
    bool claim; // what is not said may be so: another gate proves it. Else only GOOD proves.
};

#define GATE(is_claim, ...)                                                                    \
    {                                                                                          \
        {__VA_ARGS__}, sizeof((struct value[]){__VA_ARGS__}) / sizeof(struct value), is_claim, \
    }
#define SAYS(worth, key, value)       \
    {                                 \
        worth, key, value, NULL, NULL \
    }
#define SILENT                          \
    {                                   \
        UNKNOWN, NULL, NULL, NULL, NULL \
    }
#define SIGHT(worth, instance, usn)                   \
    {                                                 \
        worth, "dc_instance", instance, "dc_usn", usn \
    }
#define THIS_DC "aaaaaaaa-2222-3333-4444-555555555555"
#define OTHER_DC "bbbbbbbb-2222-3333-4444-555555555555"

enum { PROBE_SAM = 1, PROBE_SID = 2, PROBE_SIGHT = 8, READING_SIGHT = 4, GATES_MAX = 10 };

static const struct gate probe[] = {
    GATE(true, SAYS(GOOD, "joined", "1"), SAYS(BAD, "joined", "0"), SILENT),
    // Either of the next two says who it is; none may say that it is somebody else.
    GATE(true, SAYS(GOOD, "sam_account_name", "WS1$"), SAYS(BAD, "sam_account_name", "WS2$"), SILENT),
    GATE(true, SAYS(GOOD, "account_sid", SID), SAYS(BAD, "account_sid", "S-1-5-21-1-2-3-9"), SILENT),
    GATE(true, SAYS(GOOD, "domain", "corp.test"), SAYS(BAD, "domain", "x.test"), SILENT),
    GATE(false, SAYS(GOOD, "channel", "broken"), SAYS(BAD, "channel", "healthy"),
         SAYS(UNKNOWN, "channel", "unknown"), SILENT),
    GATE(false, SAYS(GOOD, "dc_reachable", "1"), SAYS(BAD, "dc_reachable", "0"), SILENT),
    GATE(false, SAYS(GOOD, "live_sha256", LIVE), SAYS(BAD, "live_sha256", "00"), SILENT),
    GATE(false, SAYS(GOOD, "public_key", KEY), SAYS(BAD, "public_key", "04"), SILENT),
    GATE(true, SIGHT(GOOD, THIS_DC, "50"), SIGHT(UNKNOWN, "nonsense", "50"), SILENT),
    GATE(true, SAYS(GOOD, "dc", "dc1"), SAYS(BAD, "superseded", "1"), SAYS(BAD, "dc", "dc1/../x"), SILENT),
};
static const struct gate comparing[] = {
    GATE(false, SAYS(GOOD, "found", "1"), SAYS(BAD, "found", "0"), SILENT),
    GATE(false, SAYS(GOOD, "guid", GUID), SAYS(BAD, "guid", OTHER_DC), SILENT),
    GATE(false, SAYS(GOOD, "sid", SID), SAYS(BAD, "sid", "S-1-5-21-1-2-3-9"), SILENT),
    GATE(false, SAYS(GOOD, "kvno", "3"), SAYS(BAD, "kvno", "many"), SILENT),
    GATE(true, SAYS(GOOD, "in_base", "1"), SAYS(BAD, "in_base", "0"), SILENT), // the worker refuses it, too
    GATE(true, SAYS(GOOD, "uac", "4096"), SAYS(BAD, "uac", "4098"), SAYS(BAD, "uac", "532480"), SILENT),
    GATE(false, SIGHT(GOOD, THIS_DC, "50"), SIGHT(BAD, OTHER_DC, "50"), SIGHT(BAD, THIS_DC, "49"), SILENT),
    GATE(true, SAYS(GOOD, "dc_usn_marked", "51"), SILENT), // without it the next change of anybody's counts
};
static const struct gate checking[] = {
    GATE(false, SAYS(GOOD, "ready", "1"), SAYS(BAD, "ready", "0"), SILENT),
    GATE(false, SIGHT(GOOD, THIS_DC, "51"), SIGHT(BAD, THIS_DC, "50"), SIGHT(BAD, THIS_DC, "49"),
         SIGHT(BAD, OTHER_DC, "51"), SILENT),
};
static const struct gate reading[] = {
    GATE(false, SAYS(GOOD, "found", "1"), SAYS(BAD, "found", "0"), SILENT),
    GATE(false, SAYS(GOOD, "guid", GUID), SAYS(BAD, "guid", OTHER_DC), SILENT),
    GATE(false, SAYS(GOOD, "sid", SID), SAYS(BAD, "sid", "S-1-5-21-1-2-3-9"), SILENT),
    GATE(false, SAYS(GOOD, "kvno", "3"), SAYS(BAD, "kvno", "many"), SILENT),
    GATE(false, SIGHT(GOOD, THIS_DC, "52"), SIGHT(BAD, THIS_DC, "49"), SIGHT(BAD, OTHER_DC, "52"), SILENT),
};
static const struct gate vetting[] = {
    GATE(false, SAYS(GOOD, "result", "good"), SAYS(BAD, "result", "refused"),
         SAYS(UNKNOWN, "result", "unknown"), SILENT),
};

enum {
    TWIN = 1,
    DISCARDED = 2,
    MOVING = 4,
    HELD = 8,
    MINTED = 16,
    CONFIRMED = 32,
    WORLDS = 64,
    FRONT_MAX = 256
};

static const struct stage {
    enum job_state state, then, lends; // lends: where it leads on to with the strategy `credential`
    const char *answer;
    const struct gate *gates;
    unsigned count, worlds; // worlds: how many of what surrounds it matter here
} stages[] = {
    {JOB_PROBING, JOB_COMPARING, JOB_COMPARING, "probe", probe, ARRAY_SIZE(probe), 1},
    {JOB_COMPARING, JOB_CHECKING, JOB_CHECKING, "account", comparing, ARRAY_SIZE(comparing), 4},
    {JOB_CHECKING, JOB_READING, JOB_READING, "check", checking, ARRAY_SIZE(checking), WORLDS},
    {JOB_READING, JOB_RESETTING, JOB_VETTING, "account", reading, ARRAY_SIZE(reading), WORLDS},
    {JOB_VETTING, JOB_LENDING, JOB_LENDING, "vetted", vetting, ARRAY_SIZE(vetting), WORLDS},
};

// What was really shown to a job, whatever it remembers itself.
struct shown {
    bool sighted;        // its last probe had a reading of the DC
    bool same_directory; // since then a whole row of them was compared
};

struct front { // the jobs that were met, each once
    struct job jobs[FRONT_MAX];
    struct shown shown[FRONT_MAX];
    size_t count;
};

// What does not gate: how often and when it was tried.
static struct job plain(const struct job *j)
{
    struct job p = *j;

    p.changed_us = p.deadline_us = p.next_us = 0;
    p.epoch = p.tries = p.rereads = 0;
    memset(p.text, 0, sizeof p.text);
    memset(p.next, 0, sizeof p.next);
    memset(p.cause, 0, sizeof p.cause);
    return p;
}

static bool same(const struct job *a, const struct job *b)
{
    return a->state == b->state && strcmp(a->dc, b->dc) == 0 && a->has_live == b->has_live &&
           a->has_public_key == b->has_public_key && a->inherited == b->inherited &&
           a->reset_answered == b->reset_answered && a->stored == b->stored &&
           a->no_rotation == b->no_rotation && a->lends == b->lends && a->lent == b->lent &&
           a->heard == b->heard && a->marked == b->marked && a->same_directory == b->same_directory &&
           a->seen.usn == b->seen.usn && strcmp(a->seen.instance, b->seen.instance) == 0 &&
           a->kvno_before == b->kvno_before && a->kvno_reset == b->kvno_reset;
}

static void meet(struct front *f, const struct job *j, struct shown shown)
{
    struct job p = plain(j);

    for (size_t i = 0; i < f->count; i++)
        if (same(&f->jobs[i], &p) && f->shown[i].sighted == shown.sighted &&
            f->shown[i].same_directory == shown.same_directory)
            return;
    assert_true(f->count < FRONT_MAX);
    f->shown[f->count] = shown;
    f->jobs[f->count++] = p;
}

static struct job_world world(const struct job *j, unsigned bits)
{
    struct job_world w = bench_new().w;

    w.loan = j->lends;
    w.moving = bits & MOVING;
    w.discarded = bits & DISCARDED;
    w.journal = bits & MINTED ? JOURNAL_MINTED : bits & CONFIRMED ? JOURNAL_CONFIRMED : JOURNAL_NONE;
    snprintf(w.twin, sizeof w.twin, "%s", bits & TWIN ? "ws1-clone" : "");
    snprintf(w.hold.rule, sizeof w.hold.rule, "%s", bits & HELD ? "breaker-open" : "");
    w.hold.until_us = 2000 * second;
    return w;
}

// The gate's value in this combination; the combination moves on.
static const struct value *draw(const struct gate *g, unsigned *n)
{
    const struct value *v = &g->values[*n % g->count];

    *n /= g->count;
    return v;
}

static void say(struct record *r, const struct value *v)
{
    if (v->key)
        record_add(r, v->key, v->value);
    if (v->key2)
        record_add(r, v->key2, v->value2);
}

// Does this combination of a stage prove what it has to? The answer is made on the way.
static bool combine(const struct stage *s, unsigned n, struct shown *shown, struct record *r)
{
    enum worth worth[GATES_MAX] = {0};
    bool proves = true;

    for (unsigned i = 0; i < s->count; i++) {
        const struct value *v = draw(&s->gates[i], &n);

        worth[i] = v->worth;
        if (s->state == JOB_READING && i == READING_SIGHT && shown->same_directory)
            worth[i] =
                GOOD; // shown since the last probe: an account that is read once more shows it no better
        proves = proves && (worth[i] == GOOD || (s->gates[i].claim && worth[i] == UNKNOWN));
        say(r, v);
    }
    if (s->state == JOB_PROBING) { // somebody has to say who it is
        *shown = (struct shown){.sighted = worth[PROBE_SIGHT] == GOOD};
        return proves && (worth[PROBE_SAM] == GOOD || worth[PROBE_SID] == GOOD);
    }
    if (s->state == JOB_COMPARING) // there has to be a reading to compare with
        return proves && shown->sighted;
    if (s->state == JOB_READING)
        shown->same_directory |= proves;
    return proves;
}

static unsigned combinations(const struct stage *s)
{
    unsigned n = 1;

    for (unsigned i = 0; i < s->count; i++)
        n *= s->gates[i].count;
    return n;
}

static enum job_state leads_to(const struct stage *s, const struct job *j)
{
    return j->lends ? s->lends : s->then;
}

static bool writes(const struct job_out *out)
{
    return out->mint || out->effect == JOB_EFFECT_RESET || out->effect == JOB_EFFECT_LEND ||
           out->effect == JOB_EFFECT_STORE || out->effect == JOB_EFFECT_ROTATE;
}

// Under the sanitizers the jobs behind the first are given every seventh: what those look for is seen by then.
#ifdef __SANITIZE_ADDRESS__
enum { LATER = 7 };
#else
enum { LATER = 1 };
#endif

// What surrounds it lets it go on from here: a settled journal, no twin, disks that stay, no migration under way,
// nothing that holds it.
static bool lets(const struct stage *s, unsigned bits)
{
    if (s->state == JOB_COMPARING) // the guest is told to make ready only where it may be repaired
        return !(bits & (TWIN | DISCARDED));
    if (s->state == JOB_READING)
        return !bits;
    return s->state != JOB_VETTING || !(bits & (TWIN | DISCARDED | HELD));
}

// Jobs that lend are followed from where they part from the others.
static bool is_followed(const struct job *j)
{
    return j->state < JOB_LENDING && (!j->lends || j->state >= JOB_READING);
}

static bool step(const struct stage *s, const struct job *j, struct shown shown, unsigned n, unsigned bits,
                 struct front *f)
{
    struct job_world w = world(j, bits);
    _cleanup_record_ struct record *r = record_new(s->answer);
    bool proves = combine(s, n, &shown, r), on;
    struct job_input in = {.kind = JOB_IN_ANSWER, .answer = r};
    struct job_out out;

    job_step(j, &in, &w, 1000 * second, &out);
    on = out.next.state == leads_to(s, j);
    if (s->state == JOB_READING && j->lends) // vetting only asks; what it leads to is told there
        bits &= ~(unsigned)(TWIN | DISCARDED | HELD);
    if (on != (proves && lets(s, bits)))
        fail_msg("%s, combination %u, world %u: %s (%s)", job_state_text(s->state), n, bits,
                 job_state_text(out.next.state), out.next.text);
    if (writes(&out) && (!on || (s->state != JOB_READING && s->state != JOB_VETTING)))
        fail_msg("%s, combination %u, world %u: writes", job_state_text(s->state), n, bits);
    if (on && s->state == JOB_READING && !j->lends)
        assert_true(out.mint && out.effect == JOB_EFFECT_RESET);
    if (is_followed(&out.next))
        meet(f, &out.next, shown);
    return on;
}

// One that waits is woken until it asks again.
static void wake(const struct job *j, struct shown shown, struct front *f)
{
    struct job_world w = world(j, 0);
    _cleanup_record_ struct record *r = record_of("done", "verb=clock");
    struct job_input in = {.kind = j->state == JOB_CLOCK ? JOB_IN_ANSWER : JOB_IN_WAKE, .answer = r};
    struct job_out out;

    job_step(j, &in, &w, 1000 * second, &out);
    assert_false(writes(&out));
    meet(f, &out.next, shown);
}

static void go_through(struct front *f, size_t at, unsigned reached[JOB_STATES_COUNT])
{
    const struct job j = f->jobs[at];
    const struct shown shown = f->shown[at];

    for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
        const struct stage *s = &stages[i];

        for (unsigned n = 0; s->state == j.state && n < combinations(s); n += at ? LATER : 1)
            for (unsigned bits = 0; bits < s->worlds; bits++)
                reached[s->state] += step(s, &j, shown, n, bits, f);
        if (s->state == j.state)
            return;
    }
    wake(&j, shown, f);
}

static void explore(struct front *f)
{
    unsigned reached[JOB_STATES_COUNT] = {0};

    for (size_t i = 0; i < f->count; i++)
        go_through(f, i, reached);
    for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
        if (stages[i].state >= f->jobs[0].state && (stages[i].state != JOB_VETTING || f->jobs[0].lends))
            assert_true(reached[stages[i].state] > 0);
    assert_true(f->count > 1);
}

static void test_resets(void **state)
{
    static struct front f;
    struct bench b = bench_new();

    (void)state;
    meet(&f, &b.j, (struct shown){0});
    explore(&f);
}

// What comes before is the same for both.
static void test_lends(void **state)
{
    static struct front f;
    struct bench b = in_state(JOB_READING);

    (void)state;
    b.j.lends = true;
    meet(&f, &b.j, (struct shown){.sighted = true});
    explore(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_resets), cmocka_unit_test(test_lends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
