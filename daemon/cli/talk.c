// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/talk.h"

#include "daemon/cli/connect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_TIMEOUT_MS = 150 * 1000 };

static int exit_of(const struct record *r, int least)
{
    int64_t code = -1;

    record_get_i64(r, "exit", &code);
    return code < least || code > EXIT_REFUSED ? EXIT_NO_WORK : (int)code;
}

static int take_answers(const struct cli *c, struct recio *s, void (*told)(const struct record *r, void *arg),
                        void *arg)
{
    for (;;) {
        _cleanup_record_ struct record *r = NULL;
        struct err err = {0};
        int rc = recio_next(s, ANSWER_TIMEOUT_MS, &r, &err);

        if (rc == -ETIMEDOUT)
            return cli_error(c, EXIT_TIMED_OUT, "timed-out", "`virtrust status` says whether it is well",
                             "virtrustd does not answer");
        if (rc != 0)
            return cli_error(c, EXIT_NO_WORK, "no-daemon", "systemctl status virtrustd",
                             "virtrustd went away before it had answered");
        if (record_is(r, "error"))
            return cli_error(c, exit_of(r, EXIT_BAD_NEWS), record_get_or(r, "code", "internal"),
                             record_get(r, "next"), "%s",
                             record_get_or(r, "text", "virtrustd gave no reason"));
        if (record_is(r, "end"))
            return exit_of(r, EXIT_ANSWERED);
        told(r, arg);
    }
}

int talk(const struct cli *c, const struct record *request, void (*told)(const struct record *r, void *arg),
         void *arg)
{
    _cleanup_(recio_freep) struct recio *s = NULL;
    struct unasked why = {0};
    struct err err = {0};
    int rc;

    if (connect_control(c, &s, &why) < 0)
        return cli_error(c, EXIT_NO_WORK, why.code, why.next, "%s", why.err.text);
    rc = recio_write(recio_fd(s), request, ANSWER_TIMEOUT_MS, &err);
    if (rc < 0 && rc != -EPIPE) // it may have said why it does not listen
        return cli_error(c, EXIT_NO_WORK, "no-daemon", "", "cannot ask virtrustd: %.400s",
                         err.text[0] ? err.text : strerror(-rc));
    return take_answers(c, s, told, arg);
}
