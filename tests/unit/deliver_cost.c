// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What a guest agent's reply costs, counted in bytes that the JSON library asks for: a guest may write 4 MiB of what is
// dear.
#include "daemon/deliver/agent.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static size_t taken;

static void *count_taken(size_t size)
{
    taken += size;
    return malloc(size);
}

// What the JSON library takes while these replies of 4 MiB are read: `unit` again and again between head and tail.
static int read_flood(const char *head, const char *unit, const char *tail)
{
    _cleanup_free_ char *text = malloc(AGENT_REPLY_MAX + 1);
    size_t len = strlen(head), n = strlen(unit);
    struct agent_info info = {0};
    int rc;

    memcpy(text, head, len);
    for (; len + n + strlen(tail) <= AGENT_REPLY_MAX; len += n)
        memcpy(text + len, unit, n);
    strcpy(text + len, tail);
    taken = 0;
    json_set_alloc_funcs(count_taken, free);
    rc = agent_read_info(text, &info, NULL);
    json_set_alloc_funcs(malloc, free);
    return rc;
}

static void many_values_are_not_made(void **state)
{
    static const char *const units[] = {"{},", "[],",      "0,",           "\"\",",
                                        "[",   "{\"a\":[", "\"\\\\\",[],", "\"\\\"\","};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        assert_int_equal(read_flood("{\"return\":{\"supported_commands\":[", units[i], "0]}}"), -EBADMSG);
        assert_true(taken <= 2 * 1024 * 1024);
    }
    // Commas and brackets of a string are text, and escaped quotes do not end one.
    assert_int_equal(read_flood("{\"return\":{\"supported_commands\":[{\"name\":\"", ",[{\\\"", "\"}]}}"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_values_are_not_made)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
