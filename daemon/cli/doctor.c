// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// What `virtrust doctor` knows by itself: configuration, programs, hook, and, while virtrustd cannot be asked, libvirt.
#include "daemon/cli/doctor.h"

#include "daemon/cli/programs.h"
#include "hooks/hook_install.h"

#include <errno.h>
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
    if (report.state == HOOK_INSTALLED)
        return finding("hook", report.reload ? "unknown" : "good", report.text, report.next);
    // virtrust works without it, and misses something: told, and no bad news.
    return finding("hook", "warning", report.text, next);
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

// What virtrust-watch answers to one question; NULL with the sentence when it gives no answer.
static struct record *ask_watch(const struct cli *c, const char *question, const char *guest, struct err *err)
{
    const char *argv[6] = {"virtrust-watch", question};
    struct record *answer = NULL;
    char path[PROGRAM_PATH];
    size_t n = 2;

    if (guest)
        argv[n++] = guest;
    if (c->config->file) {
        argv[n++] = "--config";
        argv[n++] = c->config->file;
    }
    program_path(argv[0], path);
    if (program_ask(path, (char **)argv, NULL, LIBVIRT_MS, &answer, err) < 0)
        return NULL;
    if (!record_is(answer, "error"))
        return answer;
    err_set(err, -EIO, "%s", record_get_or(answer, "text", "libvirt was not to be asked"));
    return record_free(answer);
}

static void ask_libvirt(const struct cli *c, doctor_tell *tell, void *arg)
{
    struct err err = {0};
    _cleanup_record_ struct record *answer = ask_watch(c, "--doctor", NULL, &err);

    if (answer)
        take_items(answer, tell, arg);
    else
        tell(finding("libvirt", "bad", err.text, "is libvirt's daemon running, or stalled?"), arg);
}

// The one guest that was named, as libvirt sees it; its helper is asked by virtrustd alone.
static void ask_guest(const struct cli *c, const char *guest, doctor_tell *tell, void *arg)
{
    struct err err = {0};
    _cleanup_record_ struct record *answer = ask_watch(c, "--describe", guest, &err);
    const char *agent = record_get_or(answer, "agent", "none"), *result = "unknown", *next = NULL;
    char text[ERR_TEXT_MAX];

    if (!answer) {
        tell(finding("libvirt", "bad", err.text, "is libvirt's daemon running, and has it this guest?"), arg);
        return;
    }
    if (strcmp(agent, "none") == 0) {
        result = "bad";
        next = "virsh edit it: add a channel org.qemu.guest_agent.0";
        snprintf(text, sizeof text, "%.200s has no agent channel", guest);
    } else {
        next = "start virtrustd: it asks the guest for its agent and its helper";
        snprintf(text, sizeof text, "%.200s has an agent channel, which is %.40s; its helper was not asked",
                 guest, agent);
    }
    tell(finding("agent", result, text, next), arg);
}

void doctor_alone(const struct cli *c, bool asked, doctor_tell *tell, void *arg)
{
    if (!asked && c->args_count)
        ask_guest(c, c->args[0], tell, arg);
    else if (!asked)
        ask_libvirt(c, tell, arg);
    tell(hook_finding(), arg);
    tell(programs_finding(), arg);
    tell(config_finding(c), arg);
}
