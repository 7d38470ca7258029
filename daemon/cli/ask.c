// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that virtrustd answers: one request over the control socket, the records of the answer printed as they come.
#include "common/os/recio.h"
#include "daemon/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_TIMEOUT_MS = 150 * 1000, WAIT_GRACE_S = 10 };

static bool all_digits(const char *text)
{
    return text[0] && strspn(text, "0123456789") == strlen(text);
}

// COMPUTER is an account's name, SID or GUID.
static void add_computer(struct record *r, const char *computer)
{
    if (strncmp(computer, "S-1-", 4) == 0)
        record_add(r, "sid", computer);
    else if (strlen(computer) == 36 && computer[8] == '-' && computer[13] == '-')
        record_add(r, "guid", computer);
    else
        record_add(r, "name", computer);
}

static struct record *request_of(const struct cli *c, const char *command)
{
    struct record *r = record_new(command);
    bool by_case = strcmp(command, "case") == 0 || strcmp(command, "approve") == 0 ||
                   (strcmp(command, "wait") == 0 && all_digits(c->args[0]));

    if (c->args_count)
        record_add(r, by_case ? "id" : "guest", c->args[0]);
    if (strcmp(command, "bind") == 0)
        add_computer(r, c->args[1]);
    record_add(r, "domain", c->domain);
    if (strcmp(command, "repair") == 0)
        record_add_bool(r, "dry_run", c->dry_run);
    if (c->timeout_s >= 0)
        record_add_i64(r, "timeout_s", c->timeout_s);
    return r;
}

static int connect_control(const struct cli *c, struct recio **ret)
{
    _cleanup_free_ char *path = NULL;
    struct err err = {0};
    int fd;

    if (asprintf(&path, "%s/control.sock", c->config->runtime_dir) < 0)
        return cli_fail(EXIT_NO_WORK, "", "out of memory");
    fd = recio_connect(path, &err);
    if (fd == -EACCES || fd == -EPERM)
        return cli_fail(EXIT_NO_WORK, "be root, or join the group virtrust", "%s: you may not use virtrust", path);
    if (fd == -ENOENT || fd == -ECONNREFUSED)
        return cli_fail(EXIT_NO_WORK, "systemctl start virtrustd", "%s: virtrustd is not running", path);
    if (fd < 0)
        return cli_fail(EXIT_NO_WORK, "", "%s", err.text);
    *ret = recio_new(fd);
    return *ret ? 0 : cli_fail(EXIT_NO_WORK, "", "out of memory");
}

static int tell_error(const struct record *r)
{
    int64_t code = EXIT_NO_WORK;

    record_get_i64(r, "exit", &code);
    return cli_fail((int)code, record_get(r, "next"), "%s", record_get_or(r, "text", "virtrustd gave no reason"));
}

// In JSON, records of one type become an array of that name; nouns of which there is one stay objects.
static void collect(json_t *all, const struct record *r)
{
    static const char *const lists[] = {"guest", "case", "step", "binding", "finding", "evidence"};
    static const char *const names[] = {"guests", "cases", "steps", "bindings", "findings", "evidence"};
    const char *type = record_type(r);

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        json_t *list;

        if (strcmp(lists[i], type) != 0)
            continue;
        list = json_object_get(all, names[i]);
        if (!list) {
            list = json_array();
            json_object_set_new(all, names[i], list);
        }
        json_array_append_new(list, json_of_record(r));
        return;
    }
    json_object_set_new(all, type, json_of_record(r));
}

static void sum_up(const struct cli *c, const char *command, const struct record *last_case, int exit_code)
{
    const char *text = last_case ? record_get_or(last_case, "text", "") : "";

    if (exit_code == EXIT_ANSWERED || c->json)
        return;
    if (strcmp(command, "doctor") == 0)
        cli_fail(exit_code, "", "some things stand in the way; each line says what to do");
    else if (last_case)
        cli_fail(exit_code, record_get(last_case, "next"), "case %s: %s, %s: %s", record_get_or(last_case, "id", "?"),
                 record_get_or(last_case, "verdict", "not judged"), record_get_or(last_case, "outcome", "open"), text);
}

static int take_answers(const struct cli *c, const char *command, struct recio *s, int timeout_ms, json_t *all)
{
    _cleanup_record_ struct record *last_case = NULL;

    for (;;) {
        _cleanup_record_ struct record *r = NULL;
        struct err err = {0};
        int64_t code = EXIT_NO_WORK;
        int rc = recio_next(s, timeout_ms, &r, &err);

        if (rc == -ETIMEDOUT)
            return cli_fail(EXIT_TIMED_OUT, "`virtrust status` says whether it is well", "virtrustd does not answer");
        if (rc == RECIO_END)
            return cli_fail(EXIT_NO_WORK, "systemctl status virtrustd", "virtrustd went away before it had answered");
        if (rc < 0)
            return cli_fail(EXIT_NO_WORK, "", "virtrustd's answer cannot be read: %s", err.text);
        if (record_is(r, "error"))
            return tell_error(r);
        if (record_is(r, "end")) {
            record_get_i64(r, "exit", &code);
            print_end();
            sum_up(c, command, last_case, (int)code);
            return (int)code;
        }
        if (c->json)
            collect(all, r);
        else
            print_record(r);
        if (record_is(r, "case")) {
            record_free(last_case);
            last_case = take(r);
        }
    }
}

int cmd_ask(const struct cli *c, const char *command)
{
    static const struct {
        const char *command, *list;
    } empty_lists[] = {{"list", "guests"}, {"bindings", "bindings"}, {"doctor", "findings"}, {"show", "cases"}};
    _cleanup_(recio_freep) struct recio *s = NULL;
    _cleanup_record_ struct record *request = request_of(c, command);
    struct err err = {0};
    bool waits = strcmp(command, "wait") == 0;
    int timeout_ms = !waits ? ANSWER_TIMEOUT_MS : c->timeout_s < 0 ? -1 : (int)(c->timeout_s + WAIT_GRACE_S) * 1000;
    json_t *all;
    int rc = connect_control(c, &s);

    if (rc != 0)
        return rc;
    rc = recio_write(recio_fd(s), request, ANSWER_TIMEOUT_MS, &err);
    if (rc < 0)
        return cli_fail(EXIT_NO_WORK, "", "cannot ask virtrustd: %s", err.text);
    all = json_pack("{s:i}", "schema", CLI_SCHEMA);
    for (size_t i = 0; i < ARRAY_SIZE(empty_lists); i++)
        if (strcmp(empty_lists[i].command, command) == 0)
            json_object_set_new(all, empty_lists[i].list, json_array());
    rc = take_answers(c, command, s, timeout_ms, all);
    if (!c->json) {
        json_decref(all);
        return rc;
    }
    json_object_set_new(all, "exit", json_integer(rc));
    return json_print(all) != 0 ? EXIT_NO_WORK : rc;
}
