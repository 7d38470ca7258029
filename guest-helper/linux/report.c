// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/report.h"

#include <syslog.h>

void report_line(enum verb verb, enum report_level level, const char *text)
{
    static const int priorities[] = {
        [REPORT_DONE] = LOG_NOTICE, [REPORT_REFUSED] = LOG_WARNING, [REPORT_FAILED] = LOG_ERR};

    (void)verb;
    openlog("virtrust-helper", LOG_PID, LOG_DAEMON);
    syslog(priorities[level], "%s", text);
    closelog();
}
