// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `list`: a page of guests, and the next one when the reader has taken it. A hundred thousand guests hold nobody up:
// signals, answers and other sessions come between two pages, and no more than two pages wait in memory; where much
// waits already for those who take nothing, pages are small. The guests' lines lie ready in the store
// (daemon/store/lines.h); after a start they are checked first, while there is nothing else to do, and a list that
// comes meanwhile makes them anew.
#include "daemon/control/lines.h"
#include "daemon/control/session.h"
#include "daemon/engine/subject.h"
#include "daemon/store/lines.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 1000, PAGE_ANEW = 250, PAGE_CROWDED = 25, CHECK_AT_START = 1000, CHECK_PAGE = 250 };

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
    record_add(r, "rule", o->bound || !choice.domain || !choice.computer[0] ? NULL : choice.computer);
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

static int send_line(const char *line, size_t len, void *arg)
{
    struct session *s = arg;

    stream_send_text(s->stream, line, len);
    return 0;
}

static void send_page(struct stream *stream, void *arg)
{
    struct session *s = arg;
    struct store *store = s->engine->store;
    struct err err = {0};
    bool more = false, crowded = session_crowded(s);
    int rc;

    if (crowded)
        stream_narrow(stream);
    else
        stream_widen(stream);
    session_moves(s);
    stream_hold(stream, true);
    if (store_lines_ready(store))
        rc = store_lines(store, &s->place, s->only, crowded ? PAGE_CROWDED : PAGE, send_line, s, &more, &err);
    else
        rc = store_overview(store, &s->place, s->only, crowded ? PAGE_CROWDED : PAGE_ANEW, send_overview, s,
                            &more, &err);
    stream_hold(stream, false);

    if (rc < 0) {
        session_store_error(s, rc, &err);
    } else if (more) {
        s->long_one = true;
        stream_when_sent(stream, send_page);
    } else {
        session_end(s, EXIT_ANSWERED);
    }
}

void handle_list(struct session *s, const struct record *request)
{
    snprintf(s->only, sizeof s->only, "%s", record_get_or(request, "only", ""));
    send_page(s->stream, s);
}

// ---- the lines ----

static int make_line(const struct overview *o, void *arg, char **ret, size_t *ret_len)
{
    _cleanup_record_ struct record *r = view_overview(arg, o);

    return record_encode(r, ret, ret_len);
}

struct lines {
    struct engine *engine;
    struct overview_place place; // how far the check has come
    sd_event_source *check;
};

// A page of the check: false when there is nothing more to do for now.
static bool check_page(struct lines *l, size_t max)
{
    struct err err = {0};
    bool more = false;
    int rc = store_lines_check(l->engine->store, &l->place, max, &more, &err);

    if (rc < 0)
        engine_log(4, 0, NULL, "lists are made anew until the next start, which takes longer: %s", err.text);
    return rc == 0 && more;
}

static int on_check(sd_event_source *source, void *arg)
{
    struct lines *l = arg;

    if (!check_page(l, CHECK_PAGE)) {
        sd_event_source_set_enabled(source, SD_EVENT_OFF);
        store_rest(l->engine->store);
        malloc_trim(0);
    }
    return 0;
}

int lines_open(struct engine *e, struct lines **ret, struct err *err)
{
    _cleanup_(lines_closep) struct lines *l = calloc(1, sizeof *l);
    int rc = l ? store_lines_by(e->store, make_line, e, err) : -ENOMEM;

    if (rc < 0)
        return rc;
    l->engine = e;
    if (!check_page(l, CHECK_AT_START)) {
        *ret = take(l);
        return 0;
    }
    rc = sd_event_add_defer(e->event, &l->check, on_check, l);
    if (rc >= 0)
        rc = sd_event_source_set_priority(l->check, SD_EVENT_PRIORITY_IDLE);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(l->check, SD_EVENT_ON);
    if (rc < 0)
        return err_set(err, rc, "cannot watch over the lists: %s", strerror(-rc));
    *ret = take(l);
    return 0;
}

struct lines *lines_close(struct lines *l)
{
    if (l)
        sd_event_source_disable_unref(l->check);
    free(l);
    return NULL;
}
