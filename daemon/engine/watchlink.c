// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/engine/watchlink.h"

#include "daemon/engine/engine.h"
#include "daemon/engine/listen.h"
#include "daemon/engine/stream.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { CHECK_US = 2 * 1000 * 1000 }; // libvirt answers in a millisecond

struct watchlink {
    struct engine *engine;
    sd_event_source *listener;
    struct stream *stream; // one watcher; a newer connection replaces an older one
    bool libvirt_lost;
    int64_t scan_began_us;
    bool scan_owed;   // the end of one could not be committed
    int64_t asked_us; // 0, or since when it owes the answer to a check
};

static void acknowledge(struct stream *s, const struct record *signal)
{
    _cleanup_record_ struct record *ack = record_new("ack");

    record_add(ack, "seq", record_get(signal, "seq"));
    stream_send(s, ack);
}

// A scan tells who is there; whoever was last heard of before it began is gone: every guest that it names is newer.
// Where one is older, the clock was set back meanwhile, and the scan cannot tell who is gone.
static int take_record(struct watchlink *w, const struct record *r, struct err *err)
{
    _cleanup_record_ struct record *end = NULL;
    const char *kind = record_get_or(r, "kind", "");
    int64_t at_us;
    int rc;

    if (strcmp(kind, "connection-lost") == 0)
        w->libvirt_lost = true;
    if (strcmp(kind, "connected") == 0 || strcmp(kind, "scan-begin") == 0)
        w->libvirt_lost = false;
    if (strcmp(kind, "scan-begin") == 0)
        record_get_i64(r, "at_us", &w->scan_began_us);
    if (record_get_i64(r, "at_us", &at_us) == 0 && at_us < w->scan_began_us)
        w->scan_began_us = 0;
    if (strcmp(kind, "scan-end") != 0)
        return engine_signal(w->engine, r, err);
    if (!w->scan_began_us)
        return 0;
    end = record_new("signal");
    record_add(end, "kind", "scan-end");
    record_add_i64(end, "began_us", w->scan_began_us);
    w->scan_began_us = 0;
    rc = end ? engine_signal(w->engine, end, err) : -ENOMEM;
    w->scan_owed = rc < 0;
    return rc;
}

static bool on_record(struct stream *s, const struct record *r, void *arg)
{
    struct watchlink *w = arg;
    struct err err = {0};

    if (record_is(r, "hello"))
        w->libvirt_lost = record_get_bool(r, "libvirt") != 1;
    if (record_is(r, "checked"))
        w->asked_us = 0;
    if (record_is(r, "hello") && w->scan_owed)
        watchlink_scan(w);
    if (!record_is(r, "signal"))
        return true;
    if (take_record(w, r, &err) < 0) {
        // Not committed, not acknowledged: the watcher keeps it and sends it again after it has reconnected.
        engine_log(3, 0, record_get(r, "guest"), "cannot take a signal: %s", err.text);
        return false;
    }
    acknowledge(s, r);
    return true;
}

static void on_end(struct stream *s, void *arg)
{
    struct watchlink *w = arg;

    if (w->stream == s)
        w->stream = NULL;
    w->scan_began_us = 0;
    stream_free(s);
}

static void on_connection(int fd, void *arg)
{
    struct watchlink *w = arg;

    w->stream = stream_free(w->stream);
    w->libvirt_lost = true; // until it says otherwise
    w->asked_us = 0;
    w->scan_began_us = 0;
    w->stream = stream_new(w->engine->event, fd, on_record, on_end, w);
}

int watchlink_open(struct engine *e, struct watchlink **ret, struct err *err)
{
    struct watchlink *w = calloc(1, sizeof *w);
    int rc;

    if (!w)
        return -ENOMEM;
    w->engine = e;
    rc = listen_open(e, "watch.sock", 0600, on_connection, w, &w->listener, err);
    if (rc < 0) {
        watchlink_close(w);
        return rc;
    }
    *ret = w;
    return 0;
}

struct watchlink *watchlink_close(struct watchlink *w)
{
    if (!w)
        return NULL;
    stream_free(w->stream);
    sd_event_source_disable_unref(w->listener);
    free(w);
    return NULL;
}

static int64_t monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void check(struct watchlink *w)
{
    _cleanup_record_ struct record *r = NULL;

    if (w->asked_us)
        return;
    w->asked_us = monotonic_us();
    r = record_new("check");
    stream_send(w->stream, r);
}

enum watch_state watchlink_state(struct watchlink *w)
{
    enum watch_state state;

    if (!w || !w->stream)
        return WATCH_ABSENT;
    state = w->libvirt_lost || (w->asked_us && monotonic_us() - w->asked_us > CHECK_US) ? WATCH_LOST
                                                                                        : WATCH_CONNECTED;
    check(w);
    return state;
}

const char *watch_state_text(enum watch_state s)
{
    static const char *const texts[] = {"absent", "lost", "connected"};

    return texts[s];
}

bool watchlink_scan(struct watchlink *w)
{
    _cleanup_record_ struct record *r = record_new("scan");

    if (!w || !w->stream)
        return false;
    stream_send(w->stream, r);
    return true;
}
