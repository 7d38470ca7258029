// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Commands that virtrustd answers: one request over the control socket, the records of the answer printed as they come.
#include "common/os/credential.h"
#include "common/os/recio.h"
#include "daemon/cli/ask_request.h"
#include "daemon/cli/connect.h"
#include "daemon/cli/doctor.h"
#include "daemon/cli/list.h"
#include "daemon/cli/print.h"
#include "daemon/cli/progress.h"
#include "daemon/cli/text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char same_version[] = "use the virtrust that belongs to this virtrustd";

enum { ANSWER_TIMEOUT_MS = 150 * 1000, WAIT_GRACE_S = 10 };

// What an answer is gathered in, either way.
struct answer {
    const struct cli *c;
    const char *command;
    json_t *all;              // --json
    struct json_list json;    // --json of a list that may be long: printed as it comes
    struct list list;         // of it
    struct printer printer;   // else
    struct progress progress; // of a sweep
    struct record *newest;    // the newest case that was told
    unsigned told;            // records of nouns
};

static bool is_doctor(const struct answer *a)
{
    return strcmp(a->command, "doctor") == 0;
}

static bool is_list(const struct answer *a)
{
    return strcmp(a->command, "list") == 0;
}

static bool is_sweep(const struct answer *a)
{
    return strcmp(a->command, "sweep") == 0;
}

// An error's empty list would say that there is nothing, which nobody knows.
static void drop_empty_lists(json_t *all)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(all, next, key, value)
    {
        if (json_is_array(value) && json_array_size(value) == 0)
            json_object_del(all, key);
    }
}

static int refuse(struct answer *a, int exit_code, const char *code, const char *next, const char *text)
{
    drop_empty_lists(a->all);
    json_object_set_new(a->all, "error", json_error(exit_code, code, text, next));
    if (is_sweep(a) && !a->c->json && a->told)
        progress_end(&a->progress); // how far it came
    print_end(&a->printer);
    return cli_fail(exit_code, next, "%s", text);
}

static int tell_error(struct answer *a, const struct record *r)
{
    int64_t code = EXIT_NO_WORK;

    record_get_i64(r, "exit", &code);
    if (code <= EXIT_ANSWERED || code > EXIT_REFUSED)
        code = EXIT_NO_WORK;
    return refuse(a, (int)code, record_get_or(r, "code", "internal"), record_get(r, "next"),
                  record_get_or(r, "text", "virtrustd gave no reason"));
}

static int64_t case_id(const struct record *r)
{
    int64_t id = 0;

    record_get_i64(r, "id", &id);
    return id;
}

// Never an exit code other than 0 without a sentence.
static void sum_up(const struct answer *a, int exit_code)
{
    const struct record *newest = a->newest;

    if (exit_code == EXIT_ANSWERED)
        return;
    if (is_doctor(a))
        cli_fail(exit_code, "each of the lines above says what to do", "some things stand in the way");
    else if (is_sweep(a) && exit_code == EXIT_BAD_NEWS)
        cli_fail(exit_code, "`virtrust show GUEST` says why, `virtrust repair GUEST` repairs",
                 "some guests are behind");
    else if (is_sweep(a) && exit_code == EXIT_NO_LOOK)
        cli_fail(exit_code, "`virtrust show GUEST` says why", "some guests could not be looked at");
    else if (record_get(newest, "health"))
        cli_fail(exit_code, record_get(newest, "command"), "%s: %s", record_get_or(newest, "cause", "?"),
                 record_get_or(newest, "text", "no reason is noted"));
    else if (newest)
        cli_fail(exit_code, record_get(newest, "next"), "case %s: %s, %s: %s",
                 record_get_or(newest, "id", "?"), record_get_or(newest, "verdict", "not judged"),
                 record_get_or(newest, "outcome", "open"),
                 record_get_or(newest, "text", "no reason is noted"));
    else
        cli_fail(exit_code, "`virtrust status` and virtrustd's log may say more", "virtrustd gave no reason");
}

static void add_counts(struct answer *a, const struct record *r)
{
    static const char *const keys[] = {"looked", "behind", "unread"};
    int64_t n;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (record_get_i64(r, keys[i], &n) == 0)
            json_object_set_new(a->all, keys[i], json_integer(n));
}

// A pattern that fits no guest's name is more likely a slip than a host without guests: nothing was looked at.
static int none_matches(struct answer *a)
{
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "no guest's name matches %.300s", a->c->only);
    return refuse(a, EXIT_NO_WORK, "no-such-guest", "`virtrust list` shows the guests that are known", text);
}

static int take_end(struct answer *a, const struct record *r)
{
    int64_t code = -1, looked = -1;

    record_get_i64(r, "exit", &code);
    if (code < EXIT_ANSWERED || code > EXIT_REFUSED)
        return refuse(a, EXIT_NO_WORK, "protocol", same_version,
                      "virtrustd's answer ends without an exit code that is known");
    if (a->c->config_error)
        return refuse(a, EXIT_NO_WORK, "config", "", a->c->config_error);
    record_get_i64(r, "looked", &looked);
    if (is_sweep(a) && a->c->json)
        add_counts(a, r);
    if (is_sweep(a) && a->c->only && looked == 0 && code == EXIT_ANSWERED)
        return none_matches(a);
    if (is_sweep(a) && !a->c->json)
        progress_end(&a->progress);
    print_end(&a->printer);
    sum_up(a, (int)code);
    return (int)code;
}

// A sweep's answer has no end in sight: with --json each record is a line.
static void tell_progress(struct answer *a, const struct record *r)
{
    json_t *line;

    if (!a->c->json) {
        progress_record(&a->progress, r);
        return;
    }
    line = json_of_record(r);
    json_object_set_new(line, "schema", json_integer(CLI_SCHEMA));
    json_object_set_new(line, "type", json_string(record_type(r)));
    json_print_line(line);
}

static bool is_broken(const struct record *r)
{
    return strcmp(record_get_or(r, "health", ""), "broken") == 0;
}

static void take_noun(struct answer *a, struct record *r)
{
    a->told++;
    if (is_sweep(a)) {
        tell_progress(a, r);
        record_free(r);
        return;
    }
    if (a->c->json)
        json_collect(a->all, r);
    else
        print_record(&a->printer, r);
    if (record_is(r, "diagnosis") || (record_is(r, "beside") && is_broken(r) && !is_broken(a->newest))) {
        record_free(a->newest);
        a->newest = r;
    } else if (record_is(r, "case") && (!a->newest || case_id(r) > case_id(a->newest))) {
        record_free(a->newest);
        a->newest = r;
    } else {
        record_free(r);
    }
}

static void take_finding(struct record *r, void *arg)
{
    take_noun(arg, r);
}

static int lost(struct answer *a, int rc, const struct err *err)
{
    char text[ERR_TEXT_MAX];

    if (rc == -ETIMEDOUT)
        return refuse(a, EXIT_TIMED_OUT, "timed-out", "`virtrust status` says whether it is well",
                      "virtrustd does not answer");
    if (rc == RECIO_END || rc == -ECONNRESET)
        return refuse(a, EXIT_NO_WORK, "no-daemon", "systemctl status virtrustd",
                      "virtrustd went away before it had answered");
    snprintf(text, sizeof text, "virtrustd's answer cannot be read: %.400s",
             err->text[0] ? err->text : strerror(-rc));
    return refuse(a, EXIT_NO_WORK, "protocol", same_version, text);
}

static int take_answers(struct answer *a, struct recio *s, int timeout_ms)
{
    for (;;) {
        _cleanup_record_ struct record *r = NULL;
        struct err err = {0};
        int rc = is_list(a) ? list_read(&a->list, s, timeout_ms, &r, &err)
                            : recio_next(s, timeout_ms, &r, &err);

        if (rc != 0)
            return lost(a, rc, &err);
        if (record_is(r, "error"))
            return tell_error(a, r);
        if (record_is(r, "end")) {
            if (is_doctor(a))
                doctor_alone(a->c, true, take_finding, a);
            return take_end(a, r);
        }
        take_noun(a, take(r));
    }
}

// What can be known without virtrustd.
static int unanswered(struct answer *a, const struct unasked *why)
{
    if (is_doctor(a)) {
        struct record *r = record_new("finding");

        record_add(r, "id", "daemon");
        record_add(r, "result", "bad");
        record_add(r, "text", why->err.text);
        record_add(r, "next", why->next[0] ? why->next : NULL);
        take_noun(a, r);
        doctor_alone(a->c, false, take_finding, a);
        if (a->c->config_error)
            return refuse(a, EXIT_NO_WORK, "config", "", a->c->config_error);
    }
    return refuse(a, EXIT_NO_WORK, why->code, why->next, why->err.text);
}

// What is lent is read here, by the one who may, and goes over the socket alone.
static int add_credential(struct answer *a, struct record *request)
{
    _cleanup_secret_ struct secret credential = {0};
    struct err err = {0};

    if (!a->c->credential_file)
        return 0;
    if (!a->c->strategy || strcmp(a->c->strategy, "credential") != 0)
        return refuse(a, EXIT_USAGE, "usage", "--strategy credential takes it",
                      "--credential-file belongs to the strategy credential");
    if (credential_read_file(a->c->credential_file, &credential, &err) < 0)
        return refuse(
            a, EXIT_NO_WORK, "no-credential",
            "the file has a line DOMAIN\\user and a line with the password, and is its owner's alone",
            err.text);
    record_add_bytes(request, "credential", credential.data, credential.len);
    return 0;
}

static int converse(struct answer *a)
{
    _cleanup_(recio_freep) struct recio *s = NULL;
    _cleanup_record_ struct record *request = ask_request(a->c, a->command);
    bool waits = strcmp(a->command, "wait") == 0 || is_sweep(a);
    int64_t timeout_s = a->c->timeout_s;
    int timeout_ms = ANSWER_TIMEOUT_MS;
    struct unasked why = {0};
    struct err err = {0};
    int rc = add_credential(a, request);

    if (rc != 0)
        return rc;
    if (connect_control(a->c, &s, &why) < 0)
        return unanswered(a, &why);
    if (waits)
        timeout_ms = timeout_s < 0 || timeout_s > INT_MAX / 1000 - WAIT_GRACE_S
                         ? -1
                         : (int)(timeout_s + WAIT_GRACE_S) * 1000;
    rc = recio_write(recio_fd(s), request, ANSWER_TIMEOUT_MS, &err);
    // EPIPE: it may have answered and gone already, for example to say why it does not listen.
    if (rc < 0 && rc != -EPIPE) {
        unasked_set(&why, "no-daemon", "", "cannot ask virtrustd: %.400s",
                    err.text[0] ? err.text : strerror(-rc));
        return unanswered(a, &why);
    }
    return take_answers(a, s, timeout_ms);
}

// An empty list is an answer, too, and should not look like none.
static void tell_nothing(const char *command, const char *only)
{
    char safe[TEXT_SAFE];

    if (strcmp(command, "list") == 0 && only)
        printf("no guest's name matches %s; `virtrust list` shows the guests that are known\n",
               text_safe(only, safe, sizeof safe));
    else if (strcmp(command, "list") == 0)
        puts("no guest is known yet; `virtrust doctor` says whether libvirt can be reached");
    else if (strcmp(command, "bindings") == 0)
        puts("no guest has a binding; `virtrust bind GUEST COMPUTER` makes one");
}

// `breaker`, `breaker list`, `breaker reset NAME`; nothing else.
static bool breaker_words(const struct cli *c)
{
    return c->args_count == 0 || (c->args_count == 1 && strcmp(c->args[0], "list") == 0) ||
           (c->args_count == 2 && strcmp(c->args[0], "reset") == 0);
}

int cmd_ask(const struct cli *c, const char *command)
{
    static const struct {
        const char *command, *list;
    } empty_lists[] = {{"list", "guests"},
                       {"breaker", "breakers"},
                       {"bindings", "bindings"},
                       {"doctor", "findings"},
                       {"show", "cases"}};
    struct answer a = {.c = c, .command = command, .printer = {.command = command}};
    int rc;

    if (strcmp(command, "breaker") == 0 && !breaker_words(c))
        return cli_fail(EXIT_USAGE, "", "usage: virtrust breaker [list|reset NAME]");
    a.all = json_pack("{s:i}", "schema", CLI_SCHEMA);
    for (size_t i = 0; i < ARRAY_SIZE(empty_lists); i++)
        if (strcmp(empty_lists[i].command, command) == 0)
            json_object_set_new(a.all, empty_lists[i].list, json_array());
    a.list = (struct list){.printer = &a.printer, .json = c->json ? &a.json : NULL};
    rc = converse(&a);
    record_free(a.newest);
    list_done(&a.list);
    if (rc == EXIT_ANSWERED && !a.told && !a.list.told && !c->json)
        tell_nothing(command, c->only);
    if (!c->json) {
        json_decref(a.all);
        return rc;
    }
    json_object_set_new(a.all, "exit", json_integer(rc));
    if (is_sweep(&a)) {
        json_object_set_new(a.all, "type", json_string("end"));
        return json_print_line(a.all) != 0 ? EXIT_NO_WORK : rc;
    }
    if (a.json.begun)
        json_object_del(a.all, "guests"); // are printed
    return json_list_end(&a.json, a.all) != 0 ? EXIT_NO_WORK : rc;
}
