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

static int print_json(const struct hook_report *report, bool refused)
{
    json_t *j = json_pack("{s:i, s:s, s:b, s:b, s:b, s:s, s:s, s:s}", "schema", CLI_SCHEMA, "state",
                          hook_state_text(report->state), "changed", report->changed, "reload",
                          report->reload, "other_hooks", report->other_hooks, "path", report->path, "text",
                          report->text, "next", report->next);

    if (refused) {
        json_object_set_new(j, "error", json_error(EXIT_REFUSED, "foreign-hook", report->text, report->next));
        json_object_set_new(j, "exit", json_integer(EXIT_REFUSED));
    }
    return json_print(j);
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
        return cli_error(c, EXIT_NO_WORK, "hook", "", "%s", err.text);
    if (c->json) {
        if (print_json(&report, rc == HOOK_REFUSED) != 0)
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
