// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/report.h"

#include <stdio.h>
#include <string.h>

void report_answer(enum verb verb, const struct record *answer)
{
    const char *result = record_get_or(answer, "result", ""), *reason = record_get(answer, "reason");
    const char *text = record_get(answer, "text");
    enum report_level level = strcmp(result, "done") == 0      ? REPORT_DONE
                              : strcmp(result, "refused") == 0 ? REPORT_REFUSED
                                                               : REPORT_FAILED;
    char line[700];

    if (verb == VERB_PROBE || verb == VERB_STORE_CHECK)
        return;
    snprintf(line, sizeof line, "%s of the machine account's password: %s%s%s%s%s (token %.32s)",
             verb_name(verb), result, reason ? ", " : "", reason ? reason : "", text ? ": " : "",
             text ? text : "", record_get_or(answer, "token", "?"));
    report_line(verb, level, line);
}
