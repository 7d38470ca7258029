// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust hook install|remove|status`
#include "daemon/cli/cli.h"
#include "daemon/cli/programs.h"
#include "hooks/hook_install.h"

#include <stdio.h>
#include <string.h>

static const char missed[] =
    "without the hook a disk that is replaced or written in place while its guest is off, and then "
    "started, is seen only if its file is another one; everything else is noticed by events";

struct record *hook_finding(void)
{
    struct record *r = record_new("finding");
    char program[PROGRAM_PATH], next[ERR_TEXT_MAX + 64];
    struct hook_report report = {0};
    struct err err = {0};
    int rc;

    program_path("virtrust-hook", program);
    rc = hook_status("", program, 0, &report, &err);
    record_add(r, "id", "hook");
    if (rc < 0) {
        record_add(r, "result", "unknown");
        record_add(r, "text", err.text);
        return r;
    }
    // virtrust works without it: a missing hook is told, and is no bad news.
    record_add(r, "result", report.state == HOOK_INSTALLED && !report.reload ? "good" : "unknown");
    record_add(r, "text", report.text);
    snprintf(next, sizeof next, "%s", report.next[0] ? report.next : "virtrust hook install");
    record_add(r, "next", report.state == HOOK_INSTALLED && !report.next[0] ? NULL : next);
    return r;
}

int cmd_hook(const struct cli *c, const char *command)
{
    char program[PROGRAM_PATH];
    struct hook_report report = {0};
    struct err err = {0};
    const char *what = c->args[0];
    int rc;

    (void)command;
    program_path("virtrust-hook", program);
    if (strcmp(what, "install") == 0)
        rc = hook_install("", program, 0, &report, &err);
    else if (strcmp(what, "remove") == 0)
        rc = hook_remove("", &report, &err);
    else if (strcmp(what, "status") == 0)
        rc = hook_status("", program, 0, &report, &err);
    else
        return cli_fail(EXIT_USAGE, "", "usage: virtrust hook install|remove|status");
    if (rc < 0)
        return cli_fail(EXIT_NO_WORK, "", "%s", err.text);
    if (c->json) {
        if (json_print(json_pack("{s:i, s:s, s:b, s:b, s:b, s:s, s:s, s:s}", "schema", CLI_SCHEMA, "state",
                                 hook_state_text(report.state), "changed", report.changed, "reload",
                                 report.reload, "other_hooks", report.other_hooks, "path", report.path,
                                 "text", report.text, "next", report.next)) != 0)
            return EXIT_NO_WORK;
    } else {
        printf("%s\n", report.text);
        if (report.next[0])
            printf("  -> %s\n", report.next);
        if (report.state == HOOK_ABSENT || report.state == HOOK_FOREIGN)
            printf("  %s\n", missed);
    }
    if (rc == HOOK_REFUSED)
        return cli_fail(EXIT_REFUSED, report.next, "%s", report.text);
    return EXIT_ANSWERED;
}
