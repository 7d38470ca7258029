// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/attack_engine.h"

#include "common/os/recio.h"
#include "daemon/engine/listen.h"
#include "tests/unit/core_common.h"

#include <sys/socket.h>
#include <sys/stat.h>

static bool on_record(struct stream *stream, const struct record *r, void *arg)
{
    struct stage_worker *w = arg;
    _cleanup_record_ struct record *answer = NULL;
    char *text;
    size_t len, used;

    w->asked++;
    record_free(w->last);
    w->last = NULL;
    assert_int_equal(record_encode(r, &text, &len), 0);
    assert_int_equal(record_decode(text, len, &used, &w->last, NULL), 0);
    free(text);
    answer = w->answer ? w->answer(w->stage, w->last) : NULL;
    if (!answer)
        return true;
    stream_send(stream, answer);
    stream_end(stream);
    return true;
}

static void on_end(struct stream *stream, void *arg)
{
    struct stage_worker *w = arg;
    struct stage *s = w->stage;

    for (size_t i = 0; i < s->open_count; i++)
        if (s->open[i] == stream)
            s->open[i] = s->open[--s->open_count];
    stream_free(stream);
}

static void on_connection(int fd, void *arg)
{
    struct stage_worker *w = arg;
    struct stage *s = w->stage;

    assert_true(s->open_count < ARRAY_SIZE(s->open));
    s->open[s->open_count++] = stream_new(s->engine->event, fd, on_record, on_end, w);
}

int stage_try(const char *yaml, struct stage **ret, struct err *err)
{
    struct stage *s = calloc(1, sizeof *s);
    FILE *f = fopen("virtrust.yaml", "we");
    char here[256], name[64];
    struct config *config = NULL;
    int rc;

    assert_non_null(getcwd(here, sizeof here));
    fprintf(f, "paths:\n  runtime: %s/run\n  state: %s/state\n  spool: %s/spool\n%s", here, here, here, yaml);
    fclose(f);
    (void)mkdir("run", 0700);
    (void)mkdir("state", 0700);
    rc = config_load("virtrust.yaml", &config, err);
    if (rc == 0)
        rc = engine_open(config, &s->engine, err);
    if (rc < 0) {
        free(s);
        return rc;
    }
    for (unsigned w = 0; w < ARRAY_SIZE(s->workers); w++) {
        s->workers[w].stage = s;
        snprintf(name, sizeof name, "%s.sock", worker_name((enum worker)w));
        assert_int_equal(
            listen_open(s->engine, name, 0600, on_connection, &s->workers[w], &s->workers[w].listener, err),
            0);
    }
    *ret = s;
    return 0;
}

struct stage *stage_new(const char *yaml)
{
    struct stage *s = NULL;
    struct err err = {0};

    if (stage_try(yaml, &s, &err) < 0)
        fail_msg("%s", err.text);
    return s;
}

struct stage *stage_free(struct stage *s)
{
    while (s->open_count)
        stream_free(s->open[--s->open_count]);
    for (unsigned w = 0; w < ARRAY_SIZE(s->workers); w++) {
        sd_event_source_disable_unref(s->workers[w].listener);
        record_free(s->workers[w].last);
    }
    engine_close(s->engine);
    free(s);
    return NULL;
}

void stage_turns(struct stage *s, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++)
        if (sd_event_run(s->engine->event, 20000) == 0)
            return;
}

void stage_signal(struct stage *s, const char *guest, const char *kind, const char *pairs)
{
    _cleanup_record_ struct record *r = record_of("signal", pairs);
    struct err err = {0};

    record_add(r, "kind", kind);
    record_add(r, "guest", guest);
    record_add(r, "name", strcmp(guest, GUEST_A) == 0 ? "vdi-a" : "vdi-b");
    if (!record_get(r, "at_us"))
        record_add_i64(r, "at_us", now_us());
    if (engine_signal(s->engine, r, &err) < 0)
        fail_msg("%s", err.text);
}

void stage_bind(struct stage *s, const char *guest, const char *guid, const char *sid, const char *name)
{
    struct binding b = {.since_us = now_us()};
    struct err err = {0};

    snprintf(b.guest, sizeof b.guest, "%s", guest);
    snprintf(b.domain, sizeof b.domain, "corp.test");
    snprintf(b.guid, sizeof b.guid, "%s", guid);
    snprintf(b.sid, sizeof b.sid, "%s", sid);
    snprintf(b.name, sizeof b.name, "%s", name);
    snprintf(b.how, sizeof b.how, "administrator");
    assert_int_equal(store_binding_put(s->engine->store, &b, &err), 0);
}

struct casefile stage_case(struct stage *s, const char *guest)
{
    struct casefile c = {0};
    struct guest g;
    struct err err = {0};

    if (store_guest_get(s->engine->store, guest, &g, &err) == 0 && g.last_case)
        assert_int_equal(store_case_get(s->engine->store, g.last_case, &c, &err), 0);
    return c;
}

struct job stage_job(struct stage *s, int64_t case_id)
{
    struct job j = {.state = JOB_ENDED};
    struct err err = {0};

    store_job_of_case(s->engine->store, case_id, &j, &err);
    return j;
}

void stage_ask(struct stage *s, const char *request, char *ret, size_t size)
{
    struct err err = {0};
    int fd = recio_connect("run/control.sock", &err);
    size_t n = 0;
    ssize_t got = -1;

    assert_true(fd >= 0);
    assert_true(write(fd, request, strlen(request)) > 0);
    stage_until(s, ((got = recv(fd, ret + n, size - 1 - n, MSG_DONTWAIT)) > 0 && (n += (size_t)got, false)) ||
                       got == 0);
    ret[n] = '\0';
    close(fd);
}

int stage_fresh(void **state)
{
    (void)state;
    return system("rm -rf run state spool virtrust.yaml") == 0 ? 0 : -1;
}
