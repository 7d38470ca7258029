// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Hundreds of guests at once: how many looks and questions that makes, in which order, and that nobody is forgotten.
// Work is counted here, never time.
#include "daemon/engine/asks.h"
#include "tests/unit/attack_engine.h"
#include "tests/unit/core_common.h"

#include <sys/stat.h>

enum { GUESTS = 200, NOTED = 4096 };

#define LIVE "0101010101010101010101010101010101010101010101010101010101010101"
#define QUICK "look:\n  settle: 0ms\n  at_once: 3\n  appliances: 2\n  on_every_start: true\n"

static struct {
    unsigned looks, appliances, requests, questions, most_questions;
    unsigned order[NOTED]; // guests, as they were looked at
} noted;

static const char *uuid_of(unsigned n)
{
    static char text[UUID_TEXT];

    snprintf(text, sizeof text, "4c6c1b40-0000-0000-0000-%012u", n);
    return text;
}

static unsigned number_of(const struct record *request)
{
    return (unsigned)strtoul(record_get(request, "guest") + 24, NULL, 10);
}

static struct record *evidence(struct stage *s, const struct record *request)
{
    struct record *r = record_of("evidence", "joined=1 role=member domain.dns=corp.test password.kvno=4 "
                                             "secret_sha256=" LIVE);

    (void)s;
    noted.order[noted.looks++ % NOTED] = number_of(request);
    record_addf(r, "sam_account_name", "VDI-%u$", number_of(request));
    return r;
}

// Every third disk is one that only the appliance knows.
static struct record *evidence_of_two_engines(struct stage *s, const struct record *request)
{
    bool direct = strcmp(record_get(request, "engine"), "direct") == 0;

    if (number_of(request) % 3 == 0 && direct)
        return record_of("error", "code=not-direct text=LVM");
    noted.appliances += !direct;
    assert_true(direct || strcmp(record_get(request, "engine"), "auto") == 0); // which tells why it was asked
    assert_int_equal(direct, number_of(request) % 3 != 0);
    return evidence(s, request);
}

static void add_account(struct record *r, const char *prefix, const char *name)
{
    static const char *const pairs[][2] = {{"found", "1"},
                                           {"sid", "S-1-5-21-1-2-3-1105"},
                                           {"kvno", "5"},
                                           {"pwd_last_set", "133000000000000000"}};
    char key[64];

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        snprintf(key, sizeof key, "%s%s", prefix, pairs[i][0]);
        record_add(r, key, pairs[i][1]);
    }
    snprintf(key, sizeof key, "%sname", prefix);
    record_add(r, key, name);
    snprintf(key, sizeof key, "%sguid", prefix);
    record_addf(r, key, "11111111-2222-3333-4444-%012lu", strtoul(name + 4, NULL, 10));
}

static struct record *accounts(struct stage *s, const struct record *request)
{
    bool many = record_is(request, "accounts");
    struct record *r = record_new(many ? "accounts" : "account");
    unsigned n = 0;

    (void)s;
    noted.requests++;
    record_add(r, "dc", "dc1");
    for (; many || !n; n++) {
        char key[64], prefix[32];
        const char *name;

        snprintf(prefix, sizeof prefix, "%u.", n);
        snprintf(key, sizeof key, "%sname", many ? prefix : "");
        name = record_get(request, key);
        if (!name)
            break;
        add_account(r, many ? prefix : "", name);
    }
    noted.questions += n;
    noted.most_questions = n > noted.most_questions ? n : noted.most_questions;
    return r;
}

static void revert(struct stage *s, unsigned n)
{
    stage_signal(s, uuid_of(n), "defined-from-snapshot", "state=off persistent=1");
}

static unsigned count_closed(struct stage *s, unsigned guests, enum verdict verdict)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= guests; i++) {
        struct casefile c = stage_case(s, uuid_of(i));

        n += c.id && c.state == CASE_CLOSED && c.verdict == verdict;
    }
    return n;
}

static void until_closed(struct stage *s, unsigned guests, enum verdict verdict)
{
    for (unsigned turn = 0; turn < 200 && count_closed(s, guests, verdict) < guests; turn++)
        for (unsigned i = 0; i < 50; i++)
            sd_event_run(s->engine->event, 1000);
    assert_int_equal(count_closed(s, guests, verdict), guests);
}

static unsigned busy(struct stage *s)
{
    struct asks_counts asks = asks_count(s->engine->asks);

    return looks_running(&s->engine->looks) + (unsigned)looks_waiting(&s->engine->looks) + asks.waiting +
           asks.under_way;
}

static void a_storm_makes_one_look_each_and_few_questions(void **state)
{
    struct stage *s = stage_new(QUICK STAGE_DOMAIN);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = accounts;
    for (unsigned i = 1; i <= GUESTS; i++)
        revert(s, i);
    until_closed(s, GUESTS, VERDICT_BEHIND);
    assert_int_equal(noted.looks, GUESTS);
    assert_int_equal(noted.questions, GUESTS);
    assert_true(noted.requests < GUESTS / 2);
    assert_true(noted.most_questions > 1 && noted.most_questions <= ASKS_TOGETHER);
    assert_int_equal(busy(s), 0);
    stage_free(s);
}

static unsigned questions(struct stage *s)
{
    struct asks_counts n = asks_count(s->engine->asks);

    return n.waiting + n.under_way;
}

// A storm's questions wait for each other while looks wait, and for the request that is under way.
static void questions_gather_behind_one_that_takes_long(void **state)
{
    struct stage *s = stage_new(QUICK STAGE_DOMAIN);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->workers[WORKER_INSPECT].answer = evidence;
    for (unsigned i = 1; i <= 101; i++)
        revert(s, i);
    stage_until(s, questions(s) == 101 && s->workers[WORKER_DIRECTORY].asked && s->open_count == 1);
    assert_int_equal(s->workers[WORKER_DIRECTORY].asked, 1);
    s->workers[WORKER_DIRECTORY].answer = accounts;
    {
        _cleanup_record_ struct record *answer = accounts(s, s->workers[WORKER_DIRECTORY].last);

        stream_send(s->open[0], answer);
        stream_end(s->open[0]);
    }
    until_closed(s, 101, VERDICT_BEHIND);
    assert_true(s->workers[WORKER_DIRECTORY].asked <= 3); // the rest is at most a hundred
    stage_free(s);
}

static struct record *no_dc(struct stage *s, const struct record *request)
{
    (void)s, (void)request;
    noted.requests++;
    return record_of("error", "code=dc-unreachable text=no-DC-answers");
}

// A DC that is away is asked once and then left alone for a while, however many guests have a question.
static void a_herd_does_not_thunder(void **state)
{
    struct stage *s = stage_new(QUICK STAGE_DOMAIN);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = no_dc;
    for (unsigned i = 1; i <= 50; i++)
        revert(s, i);
    stage_until(s, asks_count(s->engine->asks).paused);
    assert_int_equal(noted.requests, 1);
    stage_until(s, asks_count(s->engine->asks).waiting >= 40 || noted.requests > 4);
    assert_true(noted.requests <= 4);               // each of the fifty would ask a second time by now
    s->workers[WORKER_DIRECTORY].answer = accounts; // it comes back
    until_closed(s, 50, VERDICT_BEHIND);
    assert_false(asks_count(s->engine->asks).paused);
    stage_free(s);
}

// A question that spoils a request for all does so for itself alone.
static struct record *poisoned(struct stage *s, const struct record *request)
{
    const char *name = record_get(request, "name");

    if (record_is(request, "accounts"))
        for (unsigned i = 0; i < ASKS_TOGETHER; i++) {
            char key[32];

            snprintf(key, sizeof key, "%u.name", i);
            if (strcmp(record_get_or(request, key, ""), "VDI-7$") == 0)
                return record_of("error", "code=dc-refused text=bad-filter");
        }
    if (name && strcmp(name, "VDI-7$") == 0)
        return record_of("error", "code=bad-request text=no-name");
    return accounts(s, request);
}

static void one_bad_question_spoils_nothing(void **state)
{
    struct stage *s = stage_new(QUICK STAGE_DOMAIN);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->workers[WORKER_INSPECT].answer = evidence;
    s->workers[WORKER_DIRECTORY].answer = poisoned;
    for (unsigned i = 1; i <= 30; i++)
        revert(s, i);
    stage_until(s, count_closed(s, 30, VERDICT_BEHIND) == 29);
    assert_int_not_equal(stage_case(s, uuid_of(7)).verdict, VERDICT_BEHIND);
    stage_free(s);
}

static void the_appliance_has_a_line_of_its_own(void **state)
{
    struct stage *s = stage_new(QUICK);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->workers[WORKER_INSPECT].answer = evidence_of_two_engines;
    for (unsigned i = 1; i <= 60; i++)
        revert(s, i);
    stage_until(s, noted.looks == 60 && !busy(s));
    assert_int_equal(noted.appliances, 20);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 80);
    stage_free(s);
}

// As virtrust.yaml's look.engine has it: nobody asks the appliance, or nobody asks anybody else.
static const char *only;

static struct record *of_one_engine(struct stage *s, const struct record *request)
{
    assert_string_equal(record_get(request, "engine"), only);
    return only[0] == 'd' && number_of(request) % 3 == 0 ? record_of("error", "code=not-direct text=LVM")
                                                         : evidence(s, request);
}

static void check_engine(const char *engine, const char *config, unsigned looked, unsigned most)
{
    struct stage *s = stage_new(config);

    memset(&noted, 0, sizeof noted);
    only = engine;
    s->workers[WORKER_INSPECT].answer = of_one_engine;
    for (unsigned i = 1; i <= 30; i++)
        revert(s, i);
    stage_until(s, noted.looks == looked && !busy(s));
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 30);
    assert_int_equal(looks_most(s->engine, LOOK_DIRECT), most);
    stage_free(s);
}

static void the_engine_is_the_administrators_choice(void **state)
{
    (void)state;
    check_engine("direct", QUICK "  engine: direct\n", 20, 3);
    check_engine("guestfs", QUICK "  engine: guestfs\n", 30, 2);
}

static void no_more_run_than_may(void **state)
{
    struct stage *s = stage_new(QUICK);

    (void)state;
    for (unsigned i = 1; i <= 40; i++)
        revert(s, i);
    stage_until(s, looks_waiting(&s->engine->looks) == 37);
    assert_int_equal(looks_running(&s->engine->looks), 3);
    stage_until(s, s->open_count == 3);
    stage_turns(s, 20);
    assert_int_equal(s->open_count, 3);
    stage_free(s);
}

// A rollback that was seen comes before an earlier mere start; a start comes all the same.
static void reverted_ones_come_first(void **state)
{
    struct stage *s = stage_new(QUICK);

    (void)state;
    memset(&noted, 0, sizeof noted);
    for (unsigned i = 1; i <= 40; i++) // 1 to 20 were only started
        stage_signal(s, uuid_of(i), i <= 20 ? "started-booted" : "defined-from-snapshot",
                     i <= 20 ? "state=running persistent=1" : "state=off persistent=1");
    stage_until(s, looks_waiting(&s->engine->looks) == 37 && s->open_count == 3);
    s->workers[WORKER_INSPECT].answer = evidence;
    while (s->open_count) { // the three that were begun with nobody to answer
        stream_free(s->open[--s->open_count]);
        stage_turns(s, 20);
    }
    stage_until(s, noted.looks >= 37);
    for (unsigned i = 0, others = 0; i < 20; i++) {
        others += noted.order[i] <= 20;
        assert_true(others <= i / FAIR_STREAK + 1);
    }
    stage_free(s);
}

// Signals that come while a look is under way repeat it, once; its answer, of an older state, is dropped.
static void signals_in_a_look_repeat_it_once(void **state)
{
    struct stage *s = stage_new(QUICK);
    _cleanup_record_ struct record *answer = NULL;

    (void)state;
    memset(&noted, 0, sizeof noted);
    revert(s, 1);
    stage_until(s, s->workers[WORKER_INSPECT].asked == 1);
    for (unsigned i = 0; i < 5; i++) {
        revert(s, 1);
        stage_turns(s, 5);
    }
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 1);
    assert_int_equal(s->open_count, 1);
    answer = evidence(s, s->workers[WORKER_INSPECT].last);
    s->workers[WORKER_INSPECT].answer = evidence;
    stream_send(s->open[0], answer);
    stream_end(s->open[0]);
    until_closed(s, 1, VERDICT_UNKNOWN);
    assert_int_equal(s->workers[WORKER_INSPECT].asked, 2);
    stage_free(s);
}

// More than the queue keeps: the rest is taken from the store, nobody is forgotten, nobody looked at twice.
static void beyond_the_bound_nobody_is_lost(void **state)
{
    struct stage *s = stage_new(QUICK);

    (void)state;
    memset(&noted, 0, sizeof noted);
    s->engine->looks.waiting[LOOK_DIRECT].most = 8;
    s->engine->looks.waiting[LOOK_APPLIANCE].most = 4;
    s->workers[WORKER_INSPECT].answer = evidence_of_two_engines;
    for (unsigned i = 1; i <= 100; i++)
        stage_signal(s, uuid_of(i), i % 2 ? "started-booted" : "defined-from-snapshot",
                     i % 2 ? "state=running persistent=1" : "state=off persistent=1");
    until_closed(s, 100, VERDICT_UNKNOWN);
    assert_int_equal(noted.looks, 100);
    assert_int_equal(busy(s), 0);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_storm_makes_one_look_each_and_few_questions, stage_fresh),
        cmocka_unit_test_setup(questions_gather_behind_one_that_takes_long, stage_fresh),
        cmocka_unit_test_setup(a_herd_does_not_thunder, stage_fresh),
        cmocka_unit_test_setup(one_bad_question_spoils_nothing, stage_fresh),
        cmocka_unit_test_setup(the_appliance_has_a_line_of_its_own, stage_fresh),
        cmocka_unit_test_setup(the_engine_is_the_administrators_choice, stage_fresh),
        cmocka_unit_test_setup(no_more_run_than_may, stage_fresh),
        cmocka_unit_test_setup(reverted_ones_come_first, stage_fresh),
        cmocka_unit_test_setup(signals_in_a_look_repeat_it_once, stage_fresh),
        cmocka_unit_test_setup(beyond_the_bound_nobody_is_lost, stage_fresh),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
