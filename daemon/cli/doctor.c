// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What `virtrust doctor` knows by itself: configuration, programs, hook, and, while virtrustd cannot be asked, libvirt.
#include "daemon/cli/doctor.h"

#include "daemon/cli/programs.h"
#include "hooks/hook_install.h"

#include <stdio.h>
#include <string.h>

enum { LIBVIRT_MS = 70 * 1000, ITEMS_MAX = 64 }; // virtrust-watch ends itself before that

static struct record *finding(const char *id, const char *result, const char *text, const char *next)
{
    struct record *r = record_new("finding");

    record_add(r, "id", id);
    record_add(r, "result", result);
    record_add(r, "text", text);
    record_add(r, "next", next && next[0] ? next : NULL);
    return r;
}

static struct record *config_finding(const struct cli *c)
{
    char text[ERR_TEXT_MAX];

    if (c->config_error)
        return finding("config", "bad", c->config_error, "mend it; virtrust.yaml(5) tells of every option");
    if (!c->config->file)
        return finding("config", "good", "there is no " CONFIG_FILE ": every option is at its default", NULL);
    snprintf(text, sizeof text, "%.400s is valid", c->config->file);
    return finding("config", "good", text, NULL);
}

static struct record *programs_finding(void)
{
    static const char *const names[] = {"virtrustd",          "virtrust-watch",   "virtrust-inspect",
                                        "virtrust-directory", "virtrust-deliver", "virtrust-hook"};
    char text[ERR_TEXT_MAX] = "these programs are missing:", path[PROGRAM_PATH];
    size_t none = strlen(text), n = none;

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        program_path(names[i], path);
        if (access(path, X_OK) < 0 && n < sizeof text)
            n += (size_t)snprintf(text + n, sizeof text - n, " %.70s", path);
    }
    if (n == none)
        return finding("programs", "good", "each of virtrust's programs is there", NULL);
    return finding("programs", "bad", text, "install virtrust again, and completely");
}

static struct record *hook_finding(void)
{
    char program[PROGRAM_PATH], next[ERR_TEXT_MAX + 64];
    struct hook_report report = {0};
    struct err err = {0};

    program_path("virtrust-hook", program);
    if (hook_status("", program, 0, &report, &err) < 0)
        return finding("hook", "unknown", err.text, NULL);
    snprintf(next, sizeof next, "%s", report.next[0] ? report.next : "virtrust hook install");
    // virtrust works without it: a missing hook is told, and is no bad news.
    return finding("hook", report.state == HOOK_INSTALLED && !report.reload ? "good" : "unknown", report.text,
                   report.state == HOOK_INSTALLED && !report.next[0] ? NULL : next);
}

// The items of virtrust-watch's summary, but for the hook, which is told of here.
static void take_items(const struct record *answer, doctor_tell *tell, void *arg)
{
    for (unsigned i = 0; i < ITEMS_MAX; i++) {
        char id[32], result[32], text[32], next[32];

        snprintf(id, sizeof id, "item.%u.id", i);
        snprintf(result, sizeof result, "item.%u.result", i);
        snprintf(text, sizeof text, "item.%u.text", i);
        snprintf(next, sizeof next, "item.%u.next", i);
        if (!record_get(answer, id))
            return;
        if (strcmp(record_get(answer, id), "hook") != 0)
            tell(finding(record_get(answer, id), record_get_or(answer, result, "unknown"),
                         record_get_or(answer, text, ""), record_get(answer, next)),
                 arg);
    }
}

static void ask_libvirt(const struct cli *c, doctor_tell *tell, void *arg)
{
    _cleanup_record_ struct record *answer = NULL;
    char path[PROGRAM_PATH];
    char *argv[] = {"virtrust-watch", "--doctor", c->config->file ? "--config" : NULL, c->config->file, NULL};
    struct err err = {0};

    program_path(argv[0], path);
    if (program_ask(path, argv, NULL, LIBVIRT_MS, &answer, &err) < 0)
        tell(finding("libvirt", "bad", err.text, "is libvirt's daemon running, or stalled?"), arg);
    else
        take_items(answer, tell, arg);
}

void doctor_alone(const struct cli *c, bool asked, doctor_tell *tell, void *arg)
{
    if (!asked)
        ask_libvirt(c, tell, arg);
    tell(hook_finding(), arg);
    tell(programs_finding(), arg);
    tell(config_finding(c), arg);
}
