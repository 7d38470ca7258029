// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-deliver's verbs against a guest that lies at random (hostile_guest.h). Whatever comes: one answer, of the
// protocol's codes and keys, within the caps, in time and after a bounded number of calls, and never a wrong word
// passed on as the helper's.
#include "daemon/deliver/verbs.h"
#include "tests/unit/hostile_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROUNDS = 20000, TIMEOUT_S = 40 };

#define GUEST "11111111-2222-3333-4444-555555555555"

static bool is_one_of(const char *word, const char *words)
{
    char spaced[64];

    snprintf(spaced, sizeof spaced, " %s ", word);
    return strstr(words, spaced) != NULL;
}

static void check_error(const struct record *a)
{
    static const char codes[] =
        " guest-gone guest-off no-agent agent-busy agent-timeout exec-blocked no-helper "
        "helper-failed helper-refused push-refused permission internal ";

    assert_true(is_one_of(record_get_or(a, "code", ""), codes));
    assert_non_null(record_get(a, "text"));
    assert_true(record_get(a, "text")[0]);
    assert_in_range(record_count(a), 4, 5);
}

// The keys that each may have are its own; none stands twice or is longer than is passed on.
static void check_done(const struct record *a, const char *verb)
{
    static const char never[] = " guest evil out exit id ";
    _cleanup_free_ char *text = NULL;
    size_t len = 0;

    assert_string_equal(record_get_or(a, "verb", ""), verb);
    assert_int_equal(record_encode(a, &text, &len), 0);
    for (size_t i = 0; i < record_count(a); i++) {
        const char *key, *value;

        record_at(a, i, &key, &value, &len);
        assert_false(is_one_of(key, never));
        assert_true(len <= 1024);
    }
    if (record_get(a, "way"))
        assert_string_equal(record_get(a, "way"), "port");
    if (record_get(a, "pushed"))
        assert_null(record_get(a, "way")); // the helper's own word for it does not pass
}

static struct record *request(const char *verb)
{
    struct record *r = record_new("verb");

    record_add(r, "guest", GUEST);
    record_add(r, "verb", verb);
    record_add_u64(r, "timeout_s", TIMEOUT_S);
    record_add(r, "token", HOSTILE_TOKEN);
    record_add(r, "push", hostile_some(2) ? "1" : NULL);
    record_add(r, "set", "1");
    record_add(r, "helper", "/usr/libexec/virtrust/virtrust-helper");
    return r;
}

static void whatever_the_guest_says(void **state)
{
    static const char *const verbs[] = {"probe", "store-check", "store", "rotate",  "repair",
                                        "clock", "attest",      "look",  "presence"};
    const struct push_sources sources = {"/proc/self/exe", "/bin/true"};
    unsigned done = 0;
    int64_t before;

    (void)state;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const char *verb = verbs[i % ARRAY_SIZE(verbs)];
        _cleanup_record_ struct record *r = NULL, *a = NULL;

        hostile_begin(i * 2654435761U);
        r = request(verb);
        before = hostile_ms();
        a = verbs_answer(r, "test:///default", &sources);
        assert_true(hostile_ms() - before <= (TIMEOUT_S + 2 * HOSTILE_RECEIVE_S) * 1000);
        assert_non_null(a);
        if (record_is(a, "error")) {
            check_error(a);
            continue;
        }
        assert_true(record_is(a, "done"));
        check_done(a, verb);
        done++;
    }
    assert_true(done > ROUNDS / 20); // it is no test of one refusal
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_the_guest_says)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
