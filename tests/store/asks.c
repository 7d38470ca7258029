// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The questions that are asked about guests, bindings and the ledger.
#include "tests/store/fixture.h"

static int see_guest(const struct guest *g, void *arg)
{
    return seen_note(arg, g->name);
}

static int see_binding(const struct binding *b, void *arg)
{
    return seen_note(arg, b->name);
}

static void put_guest(struct fixture *f, unsigned n, const char *name, bool present, int64_t seen_us,
                      int64_t ran_us)
{
    struct guest g;

    sample_guest(n, &g);
    snprintf(g.name, sizeof g.name, "%s", name);
    g.present = present;
    g.running = present;
    g.seen_us = seen_us;
    g.ran_us = ran_us;
    OK(store_guest_put(f->store, &g, &f->err));
}

static void finds_guests(void **state)
{
    struct fixture *f = *state;
    struct guest g;

    put_guest(f, 0xa, "win", false, 90, 0); // undefined since, another has the name now
    put_guest(f, 0xb, "win", true, 50, 0);
    put_guest(f, 0xc, sample_uuid(0xa), true, 99, 0); // named like another's UUID
    put_guest(f, 0xd, "old", false, 10, 0);
    put_guest(f, 0xe, "old", false, 20, 0);
    OK(store_guest_find(f->store, "win", &g, &f->err));
    assert_string_equal(g.uuid, sample_uuid(0xb));
    OK(store_guest_find(f->store, "0000000A-0000-4000-8000-000000000000", &g, &f->err));
    assert_string_equal(g.uuid, sample_uuid(0xa));
    OK(store_guest_find(f->store, "old", &g, &f->err)); // none present: the one seen last
    assert_string_equal(g.uuid, sample_uuid(0xe));
    assert_int_equal(store_guest_find(f->store, "WIN", &g, &f->err), STORE_NONE);
}

static int look_again(const struct guest *g, void *arg)
{
    struct seen *seen = arg;
    struct guest same;

    assert_int_equal(store_guest_get(seen->store, g->uuid, &same, NULL), 0);
    assert_int_equal(store_guest_each(seen->store, see_guest, seen, NULL), 0); // the walk that is under way
    return 0;
}

static void walks_over_guests(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};

    put_guest(f, 1, "b", true, 1, 1);
    put_guest(f, 2, "c", false, 1, 1);
    put_guest(f, 3, "a", true, 1, 1);
    OK(store_guest_each(f->store, see_guest, &seen, &f->err));
    assert_string_equal(seen.names, "a b c");
    seen = (struct seen){.stop_after = 2};
    assert_int_equal(store_guest_each(f->store, see_guest, &seen, &f->err), 7);
    assert_string_equal(seen.names, "a b");
    seen = (struct seen){.store = f->store};
    OK(store_guest_each(f->store, look_again, &seen, &f->err));
    assert_string_equal(seen.names, "a b c a b c a b c");
}

static int put_back(const struct guest *g, void *arg)
{
    struct seen *seen = arg;
    struct guest changed = *g;

    assert_false(g->present);
    assert_false(g->running);
    changed.open_case = 77;
    assert_int_equal(store_guest_put(seen->store, &changed, NULL), 0);
    return seen_note(seen, g->name);
}

static void tells_the_absent(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {.store = f->store};
    struct guest g;

    put_guest(f, 1, "gone", true, 99, 1);
    put_guest(f, 2, "here", true, 100, 1);
    put_guest(f, 3, "long-gone", false, 5, 1);
    OK(store_begin(f->store, &f->err));
    OK(store_guest_absent(f->store, 100, put_back, &seen, &f->err));
    OK(store_commit(f->store, &f->err));
    assert_string_equal(seen.names, "gone");
    OK(store_guest_get(f->store, sample_uuid(1), &g, &f->err));
    assert_int_equal(g.open_case, 77);
    assert_false(g.present);
    OK(store_guest_get(f->store, sample_uuid(2), &g, &f->err));
    assert_true(g.present && g.running);
}

static void walks_over_bindings(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct binding b;

    for (unsigned n = 3; n > 0; n--) {
        sample_binding(n, &b);
        OK(store_binding_put(f->store, &b, &f->err));
    }
    OK(store_binding_each(f->store, see_binding, &seen, &f->err));
    assert_string_equal(seen.names, "PC1$ PC2$ PC3$");
    seen = (struct seen){0};
    OK(store_binding_page(f->store, "", 2, see_binding, &seen, &f->err));
    assert_string_equal(seen.names, "PC1$ PC2$");
    seen = (struct seen){0};
    OK(store_binding_page(f->store, sample_uuid(2), 2, see_binding, &seen, &f->err));
    assert_string_equal(seen.names, "PC3$");
    seen = (struct seen){0};
    OK(store_binding_page(f->store, sample_uuid(3), 2, see_binding, &seen, &f->err));
    assert_string_equal(seen.names, "");
}

static void set_running(struct fixture *f, unsigned n, bool running)
{
    struct guest g;

    OK(store_guest_get(f->store, sample_uuid(n), &g, &f->err));
    g.running = running;
    OK(store_guest_put(f->store, &g, &f->err));
}

static void finds_twins(void **state)
{
    struct fixture *f = *state;
    char name[NAME_TEXT] = "untouched";
    struct binding b;

    for (unsigned n = 1; n <= 3; n++) {
        sample_binding(n, &b);
        snprintf(b.guid, sizeof b.guid, "%s", n == 3 ? "another" : "shared");
        OK(store_binding_put(f->store, &b, &f->err));
    }
    put_guest(f, 1, "first", true, 1, 100);
    put_guest(f, 3, "stranger", true, 1, 200);
    // Bound but never seen, gone or ran too long ago: none is a twin.
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 0, name, &f->err), STORE_NONE);
    put_guest(f, 2, "copy", false, 1, 100);
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 101, name, &f->err), STORE_NONE);
    OK(store_twin(f->store, sample_uuid(1), "shared", 100, name, &f->err)); // gone, but it ran since
    snprintf(name, sizeof name, "untouched");
    put_guest(f, 2, "copy", true, 1, 100);
    set_running(f, 2, false);
    assert_int_equal(store_twin(f->store, sample_uuid(1), "shared", 101, name, &f->err), STORE_NONE);
    assert_string_equal(name, "untouched");
    OK(store_twin(f->store, sample_uuid(1), "shared", 100, name, &f->err));
    assert_string_equal(name, "copy");
    set_running(f, 2, true); // runs since long ago, and still
    OK(store_twin(f->store, sample_uuid(1), "shared", 101, name, &f->err));
    OK(store_twin(f->store, sample_uuid(2), "shared", 100, name, &f->err));
    assert_string_equal(name, "first");
}

static void merges_pairs(void **state)
{
    struct fixture *f = *state;
    struct pair p, out[8];
    size_t count;

    sample_pair(3, &p);
    p.proven = false;
    p.set_at = 0;
    p.first_us = p.last_us = 100;
    OK(store_pair_add(f->store, &p, &f->err));
    p.first_us = p.last_us = 200;
    p.proven = true;
    p.set_at = 55;
    OK(store_pair_add(f->store, &p, &f->err));
    p.first_us = p.last_us = 150; // a late one takes nothing back
    p.proven = false;
    p.set_at = 0;
    OK(store_pair_add(f->store, &p, &f->err));
    OK(store_pairs(f->store, p.guest, p.guid, out, 8, &count, &f->err));
    assert_int_equal(count, 1);
    assert_int_equal(out[0].first_us, 100);
    assert_int_equal(out[0].last_us, 200);
    assert_int_equal(out[0].set_at, 55);
    assert_true(out[0].proven);
}

static void tells_the_newest_pairs(void **state)
{
    struct fixture *f = *state;
    struct pair p, out[3];
    size_t count;

    sample_pair(3, &p);
    p.last_us = 100;
    OK(store_pair_add(f->store, &p, &f->err));
    p.kvno++;
    p.last_us = 300;
    OK(store_pair_add(f->store, &p, &f->err));
    p.pwd_last_set++;
    p.last_us = 200;
    OK(store_pair_add(f->store, &p, &f->err));
    p.fingerprint[31] ^= 1;
    p.last_us = 300; // seen in the same moment, but written later
    OK(store_pair_add(f->store, &p, &f->err));
    OK(store_pairs(f->store, p.guest, p.guid, out, 3, &count, &f->err));
    assert_int_equal(count, 3);
    assert_memory_equal(out[0].fingerprint, p.fingerprint, HASH);
    assert_int_equal(out[1].last_us, 300);
    assert_int_equal(out[2].last_us, 200);
    OK(store_pairs(f->store, p.guest, p.guid, out, 0, &count, &f->err));
    assert_int_equal(count, 0);
}

static void put_pair(struct fixture *f, unsigned n, unsigned account, int64_t last_us)
{
    struct pair p;

    sample_pair(n, &p);
    snprintf(p.guest, sizeof p.guest, "%s", sample_uuid(n));
    snprintf(p.guid, sizeof p.guid, "%s", sample_uuid(account));
    p.last_us = last_us;
    OK(store_pair_add(f->store, &p, &f->err));
}

static size_t pairs_of(struct fixture *f, unsigned n, unsigned account)
{
    struct pair p[4];
    size_t count = 0;

    OK(store_pairs(f->store, sample_uuid(n), sample_uuid(account), p, 4, &count, &f->err));
    return count;
}

static void settle(struct fixture *f, unsigned n, int64_t open_case, bool burst)
{
    struct guest g;

    OK(store_guest_get(f->store, sample_uuid(n), &g, &f->err));
    g.open_case = open_case;
    if (!burst)
        g.burst.last_us = 0;
    OK(store_guest_put(f->store, &g, &f->err));
}

// Guests that are long gone, and nothing that may be needed again.
static void forgets_gone_guests(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *r = record_new("scan");
    struct record *description = NULL;
    struct seen seen = {0};
    struct binding b;
    struct casefile c;
    unsigned count = 9;

    put_guest(f, 1, "gone-a", false, 10, 0);
    put_guest(f, 2, "gone-b", false, 20, 0);
    put_guest(f, 3, "bound", false, 10, 0);
    put_guest(f, 4, "with-a-case", false, 10, 0);
    put_guest(f, 5, "here", true, 10, 0);
    put_guest(f, 6, "gone-lately", false, 100, 0);
    put_guest(f, 7, "still-told-of", false, 10, 0);
    for (unsigned n = 1; n <= 7; n++) {
        settle(f, n, 0, n == 7);
        put_pair(f, n, 0x50 + n, 10);
        OK(store_description_put(f->store, sample_uuid(n), r, &f->err));
    }
    sample_binding(3, &b);
    snprintf(b.guest, sizeof b.guest, "%s", sample_uuid(3));
    snprintf(b.guid, sizeof b.guid, "%s", sample_uuid(0x53));
    OK(store_binding_put(f->store, &b, &f->err));
    put_pair(f, 1, 0x53, 10); // an account that somebody is bound to
    sample_case(4, &c);
    snprintf(c.guest, sizeof c.guest, "%s", sample_uuid(4));
    OK(store_case_add(f->store, &c, &f->err));
    OK(store_guest_prune(f->store, 100, 1, &count, &f->err));
    assert_int_equal(count, 1);
    OK(store_guest_prune(f->store, 100, 10, &count, &f->err));
    assert_int_equal(count, 1);
    OK(store_guest_prune(f->store, 100, 10, &count, &f->err));
    assert_int_equal(count, 0);
    OK(store_guest_each(f->store, see_guest, &seen, &f->err));
    assert_string_equal(seen.names, "bound gone-lately here still-told-of with-a-case");
    assert_int_equal(store_description_get(f->store, sample_uuid(1), &description, &f->err), STORE_NONE);
    assert_int_equal(pairs_of(f, 1, 0x51), 0);
    assert_int_equal(pairs_of(f, 1, 0x53), 1); // it may return
    for (unsigned n = 3; n <= 7; n++)
        assert_int_equal(pairs_of(f, n, 0x50 + n), 1);
    OK(store_binding_delete(f->store, sample_uuid(3), &f->err));
    OK(store_guest_prune(f->store, 100, 10, &count, &f->err));
    assert_int_equal(count, 1);
    assert_int_equal(pairs_of(f, 1, 0x53), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_guests), TEST(walks_over_guests), TEST(tells_the_absent),       TEST(walks_over_bindings),
        TEST(finds_twins),  TEST(merges_pairs),      TEST(tells_the_newest_pairs), TEST(forgets_gone_guests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
