// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Lists of every guest: pages that meet, and what belongs to each guest beside it.
#include "daemon/store/overview.h"

#include "tests/store/fixture.h"

enum { GUESTS = 23 };

static int see(const struct overview *o, void *arg)
{
    return seen_note(arg, o->name);
}

static void put_guests(struct fixture *f)
{
    for (unsigned n = 0; n < GUESTS; n++) {
        struct guest g;

        sample_guest(n, &g);
        snprintf(g.name, sizeof g.name, "%c%u", n % 2 ? 'a' : 'b', n / 4); // names that stand twice, too
        g.present = n != 5 && n != 6;
        g.open_case = n == 6 ? 77 : 0;
        OK(store_guest_put(f->store, &g, &f->err));
    }
}

// Each guest once, in order, whatever the size of a page.
static void pages_meet(void **state)
{
    struct fixture *f = *state;
    struct seen all = {0}, paged;
    struct overview_place place = {0};
    bool more;

    put_guests(f);
    OK(store_overview(f->store, &place, NULL, 1000, see, &all, &more, &f->err));
    assert_false(more);
    assert_int_equal(all.count, GUESTS - 1); // 5 is gone; 6 too, but its case is open
    for (size_t page = 1; page < 8; page++) {
        paged = (struct seen){0};
        place = (struct overview_place){0};
        for (more = true; more;)
            OK(store_overview(f->store, &place, "", page, see, &paged, &more, &f->err));
        assert_string_equal(paged.names, all.names);
    }
    paged = (struct seen){0};
    place = (struct overview_place){0};
    OK(store_overview(f->store, &place, "a[01]*", 1000, see, &paged, &more, &f->err));
    assert_string_equal(paged.names, "a0 a0 a1");
}

static int see_present(const char *uuid, void *arg)
{
    struct seen *seen = arg;
    struct guest g;

    assert_int_equal(store_guest_get(seen->store, uuid, &g, NULL), 0);
    assert_true(g.present);
    return seen_note(seen, g.name);
}

// The same for who only wants their names, also where few match, and where the caller has enough.
static void present_ones(void **state)
{
    struct fixture *f = *state;
    struct seen all = {.store = f->store}, paged;
    struct overview_place place = {0};
    unsigned count = 0;
    bool more;

    put_guests(f);
    OK(store_present(f->store, &place, NULL, 1000, see_present, &all, &more, &f->err));
    assert_int_equal(all.count, GUESTS - 2);
    for (size_t page = 1; page < 8; page++) {
        paged = (struct seen){.store = f->store};
        place = (struct overview_place){0};
        for (more = true; more;)
            OK(store_present(f->store, &place, "", page, see_present, &paged, &more, &f->err));
        assert_string_equal(paged.names, all.names);
    }
    paged = (struct seen){.store = f->store, .stop_after = 2};
    place = (struct overview_place){0};
    assert_int_equal(store_present(f->store, &place, "a[01]", 1000, see_present, &paged, &more, &f->err), 7);
    OK(store_present(f->store, &place, "a[01]", 1000, see_present, &paged, &more, &f->err));
    assert_false(more);
    OK(store_overview_count(f->store, "a[01]", &count, &f->err));
    assert_int_equal(count, paged.count);
    OK(store_overview_count(f->store, "", &count, &f->err));
    assert_int_equal(count, GUESTS - 2);
}

// A guest that comes or goes between two pages disturbs nobody else's place.
static void a_page_bears_change(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct overview_place place = {0};
    struct guest g;
    bool more;

    put_guests(f);
    OK(store_overview(f->store, &place, NULL, 6, see, &seen, &more, &f->err));
    OK(store_guest_get(f->store, place.uuid, &g, &f->err)); // the very place goes
    g.present = false;
    OK(store_guest_put(f->store, &g, &f->err));
    sample_guest(200, &g);
    snprintf(g.name, sizeof g.name, "zz");
    g.present = true;
    OK(store_guest_put(f->store, &g, &f->err));
    OK(store_overview(f->store, &place, NULL, 1000, see, &seen, &more, &f->err));
    assert_int_equal(seen.count, GUESTS - 1 + 1);
}

static int compare(const struct overview *o, void *arg)
{
    const struct casefile *c = arg;
    char text[64];

    assert_true(o->bound && o->has_case);
    assert_string_equal(o->computer, "WS1$");
    assert_string_equal(o->case_state, case_state_text(c->state));
    assert_string_equal(o->outcome, outcome_text(c->outcome));
    assert_string_equal(o->text, c->text);
    assert_true(overview_get(o->description, "title", text, sizeof text));
    assert_string_equal(text, "a = b\n%");
    assert_true(overview_get(o->description, "state", text, sizeof text));
    assert_string_equal(text, "paused");
    assert_false(overview_get(o->description, "tate", text, sizeof text));
    return 0;
}

static void what_belongs_to_a_guest(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *r = record_new("signal");
    struct overview_place place = {0};
    struct guest g;
    struct binding b;
    struct casefile c;
    bool more;

    record_add(r, "title", "a = b\n%");
    record_add(r, "state", "paused");
    sample_guest(1, &g);
    sample_binding(1, &b);
    sample_case(1, &c);
    memcpy(b.guest, g.uuid, sizeof b.guest);
    snprintf(b.name, sizeof b.name, "WS1$");
    OK(store_case_add(f->store, &c, &f->err));
    g.present = true;
    g.open_case = 0;
    g.last_case = c.id;
    OK(store_guest_put(f->store, &g, &f->err));
    OK(store_binding_put(f->store, &b, &f->err));
    OK(store_description_put(f->store, g.uuid, r, &f->err));
    OK(store_overview(f->store, &place, NULL, 10, compare, &c, &more, &f->err));
    assert_string_equal(place.uuid, g.uuid);
}

static int note_case(const struct casefile *c, void *arg)
{
    return seen_note(arg, c->name);
}

static void those_to_be_looked_at(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};

    for (unsigned n = 1; n <= 6; n++) {
        struct casefile c;

        sample_case(n, &c);
        snprintf(c.name, sizeof c.name, "g%u", n);
        c.state = n == 4 ? CASE_CLOSED : n == 5 ? CASE_REPAIRING : CASE_LOOKING;
        c.witnessed = n != 2;
        OK(store_case_add(f->store, &c, &f->err));
    }
    OK(store_case_looking(f->store, true, note_case, &seen, &f->err));
    assert_string_equal(seen.names, "g1 g3 g6");
    OK(store_case_looking(f->store, false, note_case, &seen, &f->err));
    assert_string_equal(seen.names, "g1 g3 g6 g2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pages_meet),
        TEST(present_ones),
        TEST(a_page_bears_change),
        TEST(what_belongs_to_a_guest),
        TEST(those_to_be_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
