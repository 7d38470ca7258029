// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What comes next: the heap against a plain list, the order of looks, and the pauses of a directory that is away.
#include "daemon/engine/asks.h"
#include "daemon/engine/due.h"
#include "daemon/engine/lookqueue.h"
#include "tests/unit/testing.h"

enum { THINGS = 300, ROUNDS = 20000 };

struct plain {
    int64_t order[THINGS]; // 0: not in it
};

static int64_t first_of(const struct plain *p, size_t *ret_id)
{
    int64_t best = 0;

    for (size_t i = 0; i < THINGS; i++)
        if (p->order[i] && (!best || p->order[i] < best)) {
            best = p->order[i];
            *ret_id = i;
        }
    return best;
}

static void the_heap_does_as_a_plain_list(void **state)
{
    struct heap h = {0};
    struct plain p = {0};
    struct heap_item item;
    size_t id = 0;

    (void)state;
    srandom(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t i = (size_t)random() % THINGS;

        if (random() % 3) {
            p.order[i] = 1 + random() % 1000;
            assert_int_equal(heap_put(&h, &(struct heap_item){.id = (int64_t)i, .order = p.order[i]}), 0);
        } else {
            p.order[i] = 0;
            heap_drop(&h, 0, (int64_t)i, NULL);
        }
        assert_int_equal(heap_find(&h, 0, (int64_t)i, NULL) != NULL, p.order[i] != 0);
        if (first_of(&p, &id)) {
            assert_int_equal(heap_first(&h)->order, p.order[id]);
            assert_int_equal(heap_first(&h)->id, id);
        }
    }
    while (first_of(&p, &id)) {
        heap_take(&h, &item);
        assert_int_equal(item.id, id);
        p.order[id] = 0;
    }
    assert_null(h.items); // nothing is left of it
    assert_null(heap_first(&h));
}

static void kinds_and_guests_are_told_apart(void **state)
{
    struct due_list list = {0};
    struct due d;

    (void)state;
    due_set(&list, DUE_CASE, 7, NULL, 30);
    due_set(&list, DUE_JOB, 7, NULL, 20);
    due_set(&list, DUE_GUEST, 0, "4c6c1b40-0000-0000-0000-000000000001", 10);
    due_set(&list, DUE_GUEST, 0, "4c6c1b40-0000-0000-0000-000000000002", 40);
    due_set(&list, DUE_GUEST, 0, "4c6c1b40-0000-0000-0000-000000000001", 50);
    assert_int_equal(due_next(&list), 20);
    assert_false(due_take(&list, 19, &d));
    due_shift(&list, -25);
    assert_true(due_take(&list, 100, &d));
    assert_int_equal(d.kind, DUE_JOB);
    assert_int_equal(d.at_us, 1); // never before the beginning of time
    assert_true(due_take(&list, 100, &d));
    assert_int_equal(d.kind, DUE_CASE);
    assert_true(due_take(&list, 100, &d));
    assert_string_equal(d.uuid, "4c6c1b40-0000-0000-0000-000000000002");
    due_done(&list);
}

static void witnessed_ones_first_and_nobody_starves(void **state)
{
    struct lookqueue q = {0};
    int64_t id, seen = 1001, others = 1, taken_others = 0;

    (void)state;
    for (int64_t i = 20; i >= 1; i--) {
        lookqueue_put(&q, i, false);
        lookqueue_put(&q, 1000 + i, true);
        lookqueue_put(&q, 1000 + i, true); // once is enough
    }
    assert_int_equal(lookqueue_count(&q), 40);
    assert_int_equal(lookqueue_oldest(&q), 1);
    for (unsigned n = 1; lookqueue_take(&q, &id); n++) {
        bool other = id < 1000;

        // Eight of the witnessed, then one of the others, each kind in its order.
        assert_int_equal(other, n % (FAIR_STREAK + 1) == 0 || seen > 1020);
        assert_int_equal(id, other ? others++ : seen++);
        taken_others += other;
    }
    assert_int_equal(taken_others, 20);
    lookqueue_done(&q);
}

// A start that turns out to be a revert moves to the front; it does not stand in both.
static void a_case_stands_once(void **state)
{
    struct lookqueue q = {0};
    int64_t id;

    (void)state;
    lookqueue_put(&q, 5, false);
    lookqueue_put(&q, 4, false);
    lookqueue_put(&q, 5, true);
    assert_int_equal(lookqueue_count(&q), 2);
    assert_true(lookqueue_take(&q, &id));
    assert_int_equal(id, 5);
    lookqueue_drop(&q, 4);
    assert_false(lookqueue_take(&q, &id));
}

static void a_full_queue_remembers_that_it_left_some_out(void **state)
{
    struct lookqueue q = {.most = 10};
    int64_t id;

    (void)state;
    for (int64_t i = 1; i <= 30; i++)
        lookqueue_put(&q, i, true);
    lookqueue_put(&q, 3, true);
    assert_int_equal(lookqueue_count(&q), 10);
    for (int64_t i = 1; i <= 5; i++) {
        assert_false(lookqueue_wants(&q, true)); // while more than half of it is there
        assert_true(lookqueue_take(&q, &id));
        assert_int_equal(id, i);
    }
    assert_true(lookqueue_wants(&q, true));
    assert_false(lookqueue_wants(&q, true)); // it was told
    assert_false(lookqueue_wants(&q, false));
    lookqueue_done(&q);
}

static void pauses_grow_and_differ(void **state)
{
    (void)state;
    for (unsigned failures = 1; failures < 40; failures++) {
        unsigned least = asks_pause(failures, 0), most = 0;

        for (uint32_t chance = 0; chance < 100000; chance += 7)
            most = asks_pause(failures, chance) > most ? asks_pause(failures, chance) : most;
        assert_true(least >= ASKS_PAUSE_MS / 2 && most <= ASKS_PAUSE_MAX_MS * 5 / 4);
        assert_true(most > least + least / 2);
        assert_true(failures == 1 || asks_pause(failures, 0) >= asks_pause(failures - 1, 0));
    }
    assert_true(asks_pause(40, 0) >= ASKS_PAUSE_MAX_MS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heap_does_as_a_plain_list),
        cmocka_unit_test(kinds_and_guests_are_told_apart),
        cmocka_unit_test(witnessed_ones_first_and_nobody_starves),
        cmocka_unit_test(a_case_stands_once),
        cmocka_unit_test(a_full_queue_remembers_that_it_left_some_out),
        cmocka_unit_test(pauses_grow_and_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
