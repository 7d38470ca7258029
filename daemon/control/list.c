// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `list`: a page of guests, and the next one when the reader has taken it. A hundred thousand guests hold nobody up:
// signals, answers and other sessions come between two pages, and no more than a page waits in memory.
#include "daemon/control/session.h"
#include "daemon/engine/subject.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 250 };

static const char *add_description(struct record *r, const struct overview *o, const char *key,
                                   const char *otherwise, char *text, size_t size)
{
    const char *value = overview_get(o->description, key, text, size) ? text : otherwise;

    record_add(r, key, value);
    return value;
}

static void add_policy(struct record *r, struct engine *e, const struct overview *o)
{
    struct policy_subject sees = {.name = o->name, .described = o->description != NULL};
    struct config_choice choice;
    char title[NAME_TEXT] = "";

    // A page is told quickly where nothing but names and titles counts.
    if (subject_in_full(e->config)) {
        engine_choice(e, o->uuid, o->name, &choice);
    } else {
        overview_get(o->description, "title", title, sizeof title);
        sees.title = o->description ? title : NULL;
        config_choose(e->config, &sees, &choice);
    }
    record_add(r, "mode", config_mode_text(choice.mode));
    record_add(r, "policy", choice.policy ? choice.policy->name : NULL);
}

static void add_case(struct record *r, const struct overview *o)
{
    if (!o->last_case)
        return;
    record_add(r, "verdict", o->looked_us ? o->verdict : NULL);
    record_add(r, "cause", o->cause[0] ? o->cause : NULL);
    if (o->looked_us)
        record_add_i64(r, "last_look_us", o->looked_us);
    record_add_i64(r, "case", o->open_case ? o->open_case : o->last_case);
    if (!o->has_case)
        return;
    record_add(r, "case_state", o->case_state);
    record_add(r, "outcome", o->outcome);
    record_add(r, "text", o->text);
}

// As view_guest makes it of a single one.
struct record *view_overview(struct engine *e, const struct overview *o)
{
    struct record *r = record_new("guest");
    char text[SHORT_TEXT];

    record_add(r, "uuid", o->uuid);
    record_add(r, "name", o->name);
    if (o->present)
        add_description(r, o, "state", o->running ? "running" : "off", text, sizeof text);
    else
        record_add(r, "state", "gone");
    add_policy(r, e, o);
    record_add_bool(r, "bound", o->bound);
    if (o->bound) {
        record_add(r, "computer", o->computer);
        record_add(r, "domain", o->domain);
    }
    if (!o->running || o->agent_connected)
        record_add(r, "agent", o->running ? "connected" : "off");
    else
        add_description(r, o, "agent", "none", text, sizeof text);
    record_add_bool(r, "genid", overview_get(o->description, "genid", text, sizeof text));
    record_add_i64(r, "last_seen_us", o->seen_us);
    add_case(r, o);
    return r;
}

static int send_overview(const struct overview *o, void *arg)
{
    struct session *s = arg;
    _cleanup_record_ struct record *r = view_overview(s->engine, o);

    stream_send(s->stream, r);
    return 0;
}

static void send_page(struct stream *stream, void *arg)
{
    struct session *s = arg;
    struct err err = {0};
    bool more = false;
    int rc;

    stream_hold(stream, true);
    rc = store_overview(s->engine->store, &s->place, s->only, PAGE, send_overview, s, &more, &err);
    stream_hold(stream, false);

    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (more)
        stream_when_sent(stream, send_page);
    else
        session_end(s, EXIT_ANSWERED);
}

void handle_list(struct session *s, const struct record *request)
{
    snprintf(s->only, sizeof s->only, "%s", record_get_or(request, "only", ""));
    send_page(s->stream, s);
}
