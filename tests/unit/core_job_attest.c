// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The second form of proof: when a fresh ticket is asked for, what shows the guest's trust, what stays a claim, and
// what becomes of the host's copy.
#include "tests/unit/core_job_bench.h"

enum way { FORBIDDEN, NOT_SHOWN, HIDDEN, LENT, WAYS };

static struct bench attesting(enum way way)
{
    struct bench b = in_state(way == LENT ? JOB_LENDING : way == FORBIDDEN ? JOB_COUNTING : JOB_PROVING);

    switch (way) {
    case FORBIDDEN:
        b.j.no_rotation = b.j.stored = true;
        answer(&b, "account", ACCOUNT "kvno=4 pwd_last_set=200");
        assert_true(b.out.pair);
        break;
    case NOT_SHOWN:
        b.now = b.j.deadline_us;
        answer(&b, "account", ACCOUNT "kvno=4 pwd_last_set=200");
        break;
    case HIDDEN:
        answer(&b, "account", ACCOUNT "pwd_last_set=200");
        break;
    case LENT:
        b.j.no_rotation = true;
        go_on(&b);
        go_on(&b);
        break;
    case WAYS:
        break;
    }
    expect(&b, JOB_ATTESTING, JOB_EFFECT_ATTEST);
    assert_false(b.out.wipe);
    return b;
}

// pairs, after the four keys that name guest and account.
static void attested(struct bench *b, const char *guest, const char *guid, const char *sid, const char *pairs)
{
    char text[512];

    snprintf(text, sizeof text, "guest=%s guid=%s sid=%s dc=dc1 %s", guest, guid, sid, pairs);
    answer(b, "attested", text);
}

static void test_shown(void **state)
{
    (void)state;
    for (int way = FORBIDDEN; way < WAYS; way++)
        for (int newer = 0; newer < 2; newer++) {
            struct bench b = attesting((enum way)way);

            attested(&b, b.j.guest, b.w.binding.guid, b.w.binding.sid,
                     newer ? "result=proven ticket_pwd_last_set=201"
                           : "result=proven ticket_pwd_last_set=200");
            expect_end(&b, OUTCOME_PROVEN, VERDICT_BEHIND, "ticket-shown");
            // The host's copy is worthless where the KDC names a later password, and was never there when lent.
            assert_int_equal(b.out.wipe, newer && way != LENT);
            assert_int_equal(strstr(b.j.text, "sealed copy is live") != NULL, !newer && way != LENT);
        }
}

static void test_what_is_no_proof(void **state)
{
    (void)state;
    for (int way = FORBIDDEN; way < WAYS; way++)
        for (int i = 0; i < 5; i++) {
            struct bench b = attesting((enum way)way);
            bool forbidden = way == FORBIDDEN || way == LENT;

            attested(&b, i == 0 ? "another" : b.j.guest, i == 1 ? "another" : b.w.binding.guid,
                     i == 2 ? "another" : b.w.binding.sid,
                     i == 3   ? "result=refused rule=old-ticket text=old"
                     : i == 4 ? "text=old"
                              : "result=proven");
            expect_end(&b, OUTCOME_CLAIMED, forbidden ? VERDICT_BEHIND : VERDICT_UNKNOWN,
                       forbidden ? "rotation-forbidden" : "rotation-not-shown");
            assert_false(b.out.wipe);
        }
}

// The helper's own refusal is an answer; a worker that is away is asked again, a few times.
static void test_no_answer(void **state)
{
    struct bench b = attesting(FORBIDDEN);

    (void)state;
    answer(&b, "done", "type=attestation result=refused reason=channel-broken text=broken");
    expect_end(&b, OUTCOME_CLAIMED, VERDICT_BEHIND, "rotation-forbidden");
    assert_non_null(strstr(b.j.text, "broken"));
    for (int lost = 0; lost < 2; lost++) {
        b = attesting(NOT_SHOWN);
        for (int i = 0; i < 4; i++) {
            if (lost)
                input(&b, JOB_IN_LOST);
            else
                answer(&b, "error", "code=no-agent text=silent");
            expect(&b, JOB_ATTESTING, JOB_EFFECT_NONE);
            assert_true(b.j.next_us > b.now);
            b.now = b.j.next_us;
            input(&b, JOB_IN_WAKE);
            expect(&b, JOB_ATTESTING, JOB_EFFECT_ATTEST);
        }
        answer(&b, "error", "code=no-agent text=silent");
        expect_end(&b, OUTCOME_CLAIMED, VERDICT_UNKNOWN, "rotation-not-shown");
    }
}

// After a restart it is asked anew: a nonce is good once.
static void test_resumed(void **state)
{
    struct bench b = attesting(FORBIDDEN);

    (void)state;
    input(&b, JOB_IN_RESUME);
    expect(&b, JOB_ATTESTING, JOB_EFFECT_ATTEST);
}

// The DC shows nothing of another account, either: that is no reason to ask for a ticket.
static void test_hidden_is_not_missing(void **state)
{
    struct bench b = in_state(JOB_PROVING);

    (void)state;
    answer(&b, "account", "found=0");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_ACCOUNT_MISSING, "account-missing");
    b = in_state(JOB_PROVING);
    answer(&b, "account", "found=1 guid=another sid=another");
    expect_end(&b, OUTCOME_REFUSED, VERDICT_ACCOUNT_RECREATED, "account-recreated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shown),
        cmocka_unit_test(test_what_is_no_proof),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_resumed),
        cmocka_unit_test(test_hidden_is_not_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
