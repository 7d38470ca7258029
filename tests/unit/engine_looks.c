// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Looks at the wrong moment: a queue that fills itself from the store while a look's answer has just come.
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#define QUICK "look:\n  settle: 0ms\n  at_once: 1\n"

enum { GUESTS = 6 };

static unsigned looks[GUESTS + 1]; // of each guest

static const char *uuid_of(unsigned n)
{
    static char text[UUID_TEXT];

    snprintf(text, sizeof text, "4c6c1b40-0000-0000-0000-%012u", n);
    return text;
}

static struct record *evidence(struct stage *s, const struct record *request)
{
    (void)s;
    looks[strtoul(record_get(request, "guest") + 24, NULL, 10)]++;
    return record_of("evidence", "joined=0 role=workgroup");
}

static bool closed(struct stage *s, unsigned n)
{
    struct casefile c = stage_case(s, uuid_of(n));

    return c.id && c.state == CASE_CLOSED;
}

// Those that waited in memory are gone, those that did not are in the store, and so is the one whose answer comes now:
// it is not begun again.
static void the_one_that_has_just_ended_is_not_begun_again(void **state)
{
    struct stage *s = stage_new(QUICK);
    _cleanup_record_ struct record *answer = NULL;

    (void)state;
    s->engine->looks.waiting[LOOK_DIRECT].most = 2;
    for (unsigned i = 1; i <= GUESTS; i++) {
        stage_signal(s, uuid_of(i), "defined-from-snapshot", "state=off persistent=1");
        stage_until(s, stage_case(s, uuid_of(i)).id);
    }
    stage_until(s, s->open_count == 1 && looks_waiting(&s->engine->looks) == 2);
    for (unsigned i = 2; i <= 3; i++) {
        stage_signal(s, uuid_of(i), "undefined", "");
        stage_until(s, closed(s, i));
    }
    assert_int_equal(looks_waiting(&s->engine->looks), 0);
    answer = evidence(s, s->workers[WORKER_INSPECT].last);
    s->workers[WORKER_INSPECT].answer = evidence;
    stream_send(s->open[0], answer);
    stream_end(s->open[0]);
    stage_until(s, closed(s, 1) && closed(s, 4) && closed(s, 5) && closed(s, 6));
    stage_turns(s, 50);
    for (unsigned i = 1; i <= GUESTS; i++)
        assert_int_equal(looks[i], i != 2 && i != 3);
    assert_int_equal(s->engine->looks.done, 4);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_one_that_has_just_ended_is_not_begun_again, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
