// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is kept ready, the guests' lines and the counts, is what would be made anew: after any change, in any order,
// committed or taken back, and after a start with another maker.
#include "daemon/store/lines.h"
#include "daemon/store/counts.h"
#include "daemon/store/db.h"
#include "daemon/store/fact.h"
#include "tests/store/fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { GUESTS = 9, CASES = 12, CHANGES = 1000 };

struct world {
    struct fixture *f;
    uint32_t dice;
    int64_t cases[CASES];
};

struct text {
    char bytes[64 * 1024];
    size_t len;
};

static struct store *asked; // by the maker, as it is done where policies ask for facts

// Everything that an overview holds, and a fact. `arg`: what a configuration would say.
static int make(const struct overview *o, void *arg, char **ret, size_t *ret_len)
{
    struct fact fact = {0};
    char state[SHORT_TEXT] = "";
    struct err err = {0};
    int n;

    overview_get(o->description, "state", state, sizeof state);
    assert_true(store_fact_get(asked, o->uuid, &fact, &err) >= 0);
    n = asprintf(ret,
                 "%s %s %s %d%d%d %lld %lld %lld %lld %s %s %d %s %s %d %s %s %s %s %s\nbound=%d\n%s\n\n",
                 o->uuid, fact.dn, o->name, o->present, o->running, o->agent_connected, (long long)o->seen_us,
                 (long long)o->looked_us, (long long)o->open_case, (long long)o->last_case, o->verdict,
                 o->cause, o->bound, o->computer, o->domain, o->has_case, o->case_state, o->outcome, o->text,
                 state, (const char *)arg, o->bound, strchr(o->name, '3') ? "rule=x" : "");
    *ret_len = n < 0 ? 0 : (size_t)n;
    return n < 0 ? -ENOMEM : 0;
}

static int take_line(const char *line, size_t len, void *arg)
{
    struct text *t = arg;

    assert_true(t->len + len < sizeof t->bytes);
    memcpy(t->bytes + t->len, line, len + 1);
    t->len += len;
    return 0;
}

struct anew {
    struct text *text;
    const char *word;
};

static int take_anew(const struct overview *o, void *arg)
{
    struct anew *a = arg;
    _cleanup_free_ char *line = NULL;
    size_t len;

    assert_int_equal(make(o, (void *)a->word, &line, &len), 0);
    return take_line(line, len, a->text);
}

static void lines_of(struct fixture *f, const char *only, size_t page, struct text *ret)
{
    struct overview_place place = {0};

    *ret = (struct text){0};
    for (bool more = true; more;)
        OK(store_lines(f->store, &place, only, page, take_line, ret, &more, &f->err));
}

static void check(struct fixture *f, const char *word)
{
    static struct text kept, made;
    struct overview_place place = {0};
    struct store_counts counted = {0}, anew = {0};
    bool more;

    asked = f->store;
    lines_of(f, NULL, 1000, &kept);
    made = (struct text){0};
    OK(store_overview(f->store, &place, NULL, 1000, take_anew, &(struct anew){&made, word}, &more, &f->err));
    assert_string_equal(kept.bytes, made.bytes);
    OK(store_counts(f->store, &counted, &f->err));
    OK(counts_anew(f->store, &anew, &f->err));
    assert_memory_equal(&counted, &anew, sizeof anew);
}

static unsigned throw(struct world * w, unsigned sides)
{
    w->dice = w->dice * 1103515245 + 12345;
    return (w->dice >> 16) % sides;
}

static void put_guest(struct world *w, unsigned n)
{
    struct fixture *f = w->f;
    struct guest g;

    sample_guest(n, &g);
    g.seen_us = throw(w, 50);
    snprintf(g.name, sizeof g.name, "g%u", throw(w, 4) ? n : throw(w, GUESTS));
    g.present = throw(w, 4);
    g.running = throw(w, 2);
    g.open_case = throw(w, 3) ? 0 : w->cases[throw(w, CASES)];
    g.last_case = w->cases[throw(w, CASES)];
    g.burst.last_us = throw(w, 2);
    OK(store_guest_put(f->store, &g, &f->err));
}

static void put_case(struct world *w, unsigned n)
{
    struct fixture *f = w->f;
    struct casefile c, old;
    unsigned slot = throw(w, CASES);

    sample_case(throw(w, 200), &c);
    c.id = w->cases[slot];
    c.state = (enum case_state) throw(w, CASE_STATES_COUNT);
    snprintf(c.guest, sizeof c.guest, "%s", sample_uuid(n));
    if (c.id && store_case_get(f->store, c.id, &old, &f->err) == 0) {
        memcpy(c.guest, old.guest, sizeof c.guest); // a case stays its guest's
        OK(store_case_put(f->store, &c, &f->err));
        return;
    }
    OK(store_case_add(f->store, &c, &f->err));
    w->cases[slot] = c.id;
}

static void put_job(struct world *w)
{
    struct fixture *f = w->f;
    struct job job;
    int64_t id = w->cases[throw(w, CASES)];

    if (store_case_get(f->store, id, &(struct casefile){0}, &f->err) != 0)
        return;
    if (store_job_of_case(f->store, id, &job, &f->err) == 0) {
        job.state = throw(w, 2) ? JOB_ENDED : (enum job_state) throw(w, JOB_ENDED);
        OK(store_job_put(f->store, &job, &f->err));
        if (job.state != JOB_ENDED)
            return;
    }
    sample_job(throw(w, 100), id, &job);
    OK(store_job_add(f->store, &job, &f->err));
}

static void put_description(struct world *w, unsigned n)
{
    static const char *const states[] = {"off", "running", "paused"};
    _cleanup_record_ struct record *r = record_new("signal");
    struct fixture *f = w->f;

    record_add(r, "state", states[throw(w, 3)]);
    OK(store_description_put(f->store, sample_uuid(n), r, &f->err));
}

static void put_binding(struct world *w, unsigned n)
{
    struct fixture *f = w->f;
    struct binding b;

    sample_binding(n, &b);
    snprintf(b.name, sizeof b.name, "PC%u$", throw(w, 5));
    OK(store_binding_put(f->store, &b, &f->err));
}

static int ignore(const struct guest *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

static void put_fact(struct world *w, unsigned n)
{
    struct fixture *f = w->f;
    struct fact fact = {.role = ROLE_UNKNOWN};

    snprintf(fact.guest, sizeof fact.guest, "%s", sample_uuid(n));
    snprintf(fact.dn, sizeof fact.dn, "CN=%u", throw(w, 5));
    OK(store_fact_put(f->store, &fact, &f->err));
}

static void change(struct world *w)
{
    struct fixture *f = w->f;
    unsigned n = throw(w, GUESTS), count;

    switch (throw(w, 21)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        put_guest(w, n);
        break;
    case 5:
    case 6:
    case 7:
    case 8:
        put_case(w, n);
        break;
    case 9:
    case 10:
        put_description(w, n);
        break;
    case 11:
    case 12:
    case 13:
        put_binding(w, n);
        break;
    case 14:
        assert_true(store_binding_delete(f->store, sample_uuid(n), &f->err) >= 0);
        break;
    case 18:
        put_fact(w, n);
        break;
    case 15:
        OK(store_guest_absent(f->store, throw(w, 10), ignore, NULL, &f->err));
        break;
    case 16:
        OK(store_guest_prune(f->store, throw(w, 50), 2, &count, &f->err));
        break;
    case 17:
        OK(store_case_prune(f->store, 120 + throw(w, 40), &f->err));
        break;
    default:
        put_job(w);
        break;
    }
}

static void after_any_change(void **state)
{
    struct fixture *f = *state;

    asked = f->store;
    OK(store_lines_by(f->store, make, "first", &f->err));
    for (uint32_t seed = 1; seed <= 4; seed++) {
        struct world w = {.f = f, .dice = seed};
        bool open = false;

        for (unsigned i = 0; i < CHANGES; i++) {
            if (open && throw(&w, 6) == 0) {
                if (throw(&w, 3) == 0)
                    store_rollback(f->store);
                else
                    OK(store_commit(f->store, &f->err));
                open = false;
            } else if (!open && throw(&w, 3) == 0) {
                OK(store_begin(f->store, &f->err));
                open = true;
            }
            change(&w);
            if (throw(&w, 4) == 0)
                check(f, "first");
        }
        store_rollback(f->store);
        check(f, "first");
    }
}

// A start after which lines are made otherwise; meanwhile guests came, went and changed their names unseen.
static void after_a_start(void **state)
{
    struct fixture *f = *state;
    struct world w = {.f = f, .dice = 7};

    asked = f->store;
    OK(store_lines_by(f->store, make, "first", &f->err));
    assert_int_equal(store_lines_by(f->store, make, "again", &f->err), -EALREADY);
    for (size_t page = 1; page < 2 * GUESTS; page++) {
        struct overview_place place = {0};
        unsigned pages = 0;

        for (unsigned i = 0; i < 60; i++)
            change(&w);
        fixture_reopen(f);
        for (unsigned i = 0; i < 30; i++)
            change(&w);
        asked = f->store;
        OK(store_lines_by(f->store, make, "second", &f->err));
        assert_false(store_lines_ready(f->store));
        for (bool more = true; more; pages++)
            OK(store_lines_check(f->store, &place, page, &more, &f->err));
        assert_true(store_lines_ready(f->store) && pages <= GUESTS / page + 2);
        check(f, "second");
    }
}

static void pages_and_patterns(void **state)
{
    static struct text all, paged;
    struct fixture *f = *state;
    struct world w = {.f = f, .dice = 3};

    asked = f->store;
    OK(store_lines_by(f->store, make, "first", &f->err));
    for (unsigned i = 0; i < 300; i++)
        change(&w);
    lines_of(f, NULL, 1000, &all);
    for (size_t page = 1; page < GUESTS; page++) {
        lines_of(f, "", page, &paged);
        assert_string_equal(paged.bytes, all.bytes);
        lines_of(f, "g*", page, &paged);
        assert_string_equal(paged.bytes, all.bytes);
    }
    lines_of(f, "h*", 3, &paged);
    assert_int_equal(paged.len, 0);
}

static int fails(const struct overview *o, void *arg, char **ret, size_t *ret_len)
{
    (void)o;
    (void)arg;
    (void)ret;
    (void)ret_len;
    return -EINVAL;
}

// No half of a change: without its line it is not stored either.
static void without_a_line_nothing(void **state)
{
    struct fixture *f = *state;
    struct guest g;

    OK(store_lines_by(f->store, fails, NULL, &f->err));
    sample_guest(1, &g);
    assert_true(store_guest_put(f->store, &g, &f->err) < 0);
    assert_int_equal(store_guest_get(f->store, g.uuid, &g, &f->err), STORE_NONE);
}

// A guest and its binding go together, in whatever order: by statements, or the one by a trigger of the other's.
static void bound_ones_that_go(void **state)
{
    static const char *const ways[] = {
        "DELETE FROM binding; DELETE FROM guest;",
        "DELETE FROM guest; DELETE FROM binding;",
        "CREATE TEMP TRIGGER goes AFTER DELETE ON main.guest BEGIN DELETE FROM binding WHERE guest = "
        "OLD.uuid; END;"
        "DELETE FROM guest; DROP TRIGGER goes;",
        "CREATE TEMP TRIGGER goes BEFORE DELETE ON main.guest BEGIN DELETE FROM binding WHERE guest = "
        "OLD.uuid; END;"
        "DELETE FROM guest; DROP TRIGGER goes;",
        "CREATE TRIGGER goes AFTER DELETE ON guest BEGIN DELETE FROM binding WHERE guest = OLD.uuid; END;"
        "DELETE FROM guest; DROP TRIGGER goes;",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        struct store_counts n = {0};
        struct binding b;
        struct guest g;

        sample_guest(1, &g);
        g.present = true;
        sample_binding(1, &b);
        memcpy(b.guest, g.uuid, sizeof b.guest);
        OK(store_guest_put(f->store, &g, &f->err));
        OK(store_binding_put(f->store, &b, &f->err));
        OK(store_counts(f->store, &n, &f->err));
        assert_int_equal(n.bound, 1);
        OK(db_exec(f->store, ways[i], "delete", &f->err));
        OK(store_counts(f->store, &n, &f->err));
        assert_int_equal(n.bound, 0);
        assert_int_equal(n.guests, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(after_any_change),       TEST(after_a_start),      TEST(pages_and_patterns),
        TEST(without_a_line_nothing), TEST(bound_ones_that_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
