// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/quiet.h"

#include "tests/unit/testing.h"

#include <errno.h>

static void refused(void **state)
{
    static const char *const texts[] = {
        "",
        "UTC",
        "Europe/Berlin",
        "Mon-",
        "Mon-Fry",
        "Mon;Tue",
        "8:00-18:00",
        "08:00",
        "08:00-18:00x",
        "08:60-09:00",
        "24:30-25:00",
        "08:00-08:00",
        "24:00-08:00",
        "Mon 08:00 18:00",
        "08:00-18:00 Mon 09:00-10:00",
        "Mon ../etc/passwd",
        "Mon /etc/localtime",
    };
    struct quiet_span span = {.from = 77};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (quiet_parse(texts[i], &span) != -EINVAL || span.from != 77)
            fail_msg("taken: %s", texts[i]);
}

// What is written, and how much of it is left at a time of the week.
static const struct {
    const char *text;
    int weekday, hour, minute, left;
} rows[] = {
    {"Mon-Fri 08:00-18:00", QUIET_MON, 7, 59, 0},
    {"Mon-Fri 08:00-18:00", QUIET_MON, 8, 0, 600},
    {"Mon-Fri 08:00-18:00", QUIET_FRI, 17, 59, 1},
    {"Mon-Fri 08:00-18:00", QUIET_FRI, 18, 0, 0},
    {"Mon-Fri 08:00-18:00", QUIET_SAT, 12, 0, 0},
    {"mon,WED Europe/Berlin", QUIET_WED, 0, 0, 1440},
    {"mon,WED Europe/Berlin", QUIET_TUE, 23, 59, 0},
    {"Fri-Mon", QUIET_SUN, 12, 0, 720},
    {"Fri-Mon", QUIET_TUE, 0, 0, 0},
    {"00:00-24:00", QUIET_THU, 23, 59, 1},
    {"22:00-06:00", QUIET_THU, 22, 0, 480},
    {"22:00-06:00", QUIET_THU, 5, 59, 1},
    {"22:00-06:00", QUIET_THU, 6, 0, 0},
    {"Fri 22:00-06:00", QUIET_FRI, 23, 0, 420},
    {"Fri 22:00-06:00", QUIET_SAT, 1, 0, 300},
    {"Fri 22:00-06:00", QUIET_FRI, 1, 0, 0},
    {"Sun 22:00-06:00", QUIET_MON, 1, 0, 300},
    {"22:00-00:00", QUIET_MON, 23, 0, 60},
    {"22:00-00:00", QUIET_MON, 0, 0, 0},
};

static void left(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct quiet_span span;

        assert_int_equal(quiet_parse(rows[i].text, &span), 0);
        if (quiet_left(&span, rows[i].weekday, rows[i].hour * 60 + rows[i].minute) != rows[i].left)
            fail_msg("%s, day %d, %02d:%02d: %d left", rows[i].text, rows[i].weekday, rows[i].hour,
                     rows[i].minute, quiet_left(&span, rows[i].weekday, rows[i].hour * 60 + rows[i].minute));
    }
}

static void zones(void **state)
{
    struct quiet_span span;

    (void)state;
    assert_int_equal(quiet_parse("Mon 08:00-18:00 America/Argentina/Buenos_Aires", &span), 0);
    assert_string_equal(span.zone, "America/Argentina/Buenos_Aires");
    assert_int_equal(quiet_parse("  Mon   UTC", &span), 0);
    assert_string_equal(span.zone, "UTC");
    assert_int_equal(quiet_parse("08:00-18:00", &span), 0);
    assert_string_equal(span.zone, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),
        cmocka_unit_test(left),
        cmocka_unit_test(zones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
