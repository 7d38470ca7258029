// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/watch.h"

#include "daemon/watch/describe.h"
#include "daemon/watch/hookin.h"
#include "daemon/watch/kind.h"
#include "daemon/watch/log.h"
#include "daemon/watch/note.h"
#include "daemon/watch/patience.h"
#include "daemon/watch/uplink.h"
#include "daemon/watch/virt.h"
#include "daemon/watch/vloop.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

enum {
    QUEUE_COUNT = 50000, // signals kept for virtrustd
    QUEUE_BYTES = 64 * 1024 * 1024,
    NOTES_MAX = 50000, // notes not described yet
    STAT_MS = 1000,    // a disk's file that does not answer in this time lies on storage that hangs
};

struct watch {
    sd_event *event;
    struct virt *virt;
    struct hookin *hookin;
    struct uplink *uplink;
    struct queue *queue;
    struct filestat *fs;
    sd_event_source *worker; // describes one note at a time
    struct notes notes;
    unsigned scan; // the number of the scan under way or done
    bool scan_owed;
    bool spool_owed;
};

// NULL when there are too many, or no memory: then a scan makes up for it.
static struct note *add_note(struct watch *w, const char *source, enum signal_kind kind, const char *detail)
{
    struct note *n = notes_add(&w->notes, source, kind, detail);

    if (n)
        (void)sd_event_source_set_enabled(w->worker, SD_EVENT_ON);
    else
        w->scan_owed = true;
    return n;
}

// ---- scans ----

static void scan(struct watch *w)
{
    virConnectPtr connection = virt_connection(w->virt);
    virDomainPtr *domains = NULL;
    struct note *n;
    int count;

    if (!connection)
        return; // it follows by itself once there is a connection
    patience_begin();
    count = virConnectListAllDomains(connection, &domains, 0);
    patience_end();
    if (count < 0) {
        watch_log(LOG_WARNING, "the guests cannot be listed: %s", virGetLastErrorMessage());
        return; // the connection is lost, or will answer a later scan
    }
    w->scan_owed = false;
    w->scan++; // notes of an older scan are dropped from here on
    queue_drop_scans(w->queue);
    queue_clear_overflow(w->queue);
    n = add_note(w, "scan", SIGNAL_SCAN_BEGIN, NULL);
    if (n)
        n->scan = w->scan;
    for (int i = 0; i < count; i++) {
        n = add_note(w, "scan", SIGNAL_SCAN, NULL);
        if (n) {
            n->scan = w->scan;
            n->domain = domains[i];
        } else {
            virDomainFree(domains[i]);
        }
    }
    free(domains);
    n = w->scan_owed ? NULL : add_note(w, "scan", SIGNAL_SCAN_END, NULL); // never after a hole
    if (n)
        n->scan = w->scan;
}

// ---- notes become signals ----

static void put_signal(struct watch *w, const struct note *n)
{
    _cleanup_record_ struct record *r = NULL, *bare = NULL;
    int rc;

    patience_begin();
    r = note_signal(n, virt_connection(w->virt), w->fs);
    patience_end();
    if (!r) {
        watch_log(LOG_WARNING, "a message of the hook names no guest that libvirt knows (%s)", n->detail);
        if (n->spool)
            hookin_done(w->hookin, n->spool);
        return;
    }
    rc = queue_put(w->queue, r, n->scan != 0, n->spool);
    if (rc < 0) {
        watch_log(LOG_WARNING, "%s: its description is too long (%s) and is left out",
                  record_get_or(r, "name", "a guest"), strerror(-rc));
        bare = note_bare_signal(n, r);
        rc = queue_put(w->queue, bare, n->scan != 0, n->spool);
        if (rc == 0)
            queue_clear_overflow(w->queue);
    }
    if (rc < 0 || queue_overflowed(w->queue)) {
        if (!w->scan_owed)
            watch_log(LOG_WARNING,
                      "too many signals wait for virtrustd: some are dropped, a scan will follow");
        w->scan_owed = w->spool_owed = true;
        w->scan++; // the rest of a scan under way would have a hole before it
    }
}

// The queue has shrunk, or libvirt or virtrustd has come back: what was put off is done now.
static void catch_up(struct watch *w)
{
    if (w->notes.count > 0 || !uplink_is_up(w->uplink) || queue_count(w->queue) > QUEUE_COUNT / 2)
        return;
    if (w->spool_owed) {
        w->spool_owed = false;
        hookin_read_spool(w->hookin);
    }
    if (w->scan_owed)
        scan(w);
}

static int on_work(sd_event_source *source, void *userdata)
{
    struct watch *w = userdata;
    struct note *n = notes_take(&w->notes);

    (void)source;
    // A guest of an older scan, or of a connection that was lost in the middle of it.
    if (n && (n->scan == 0 || n->scan == w->scan)) {
        put_signal(w, n);
        uplink_kick(w->uplink);
    }
    if (n)
        note_free(n);
    if (w->notes.count == 0) {
        (void)sd_event_source_set_enabled(w->worker, SD_EVENT_OFF);
        catch_up(w);
    }
    return 0;
}

// ---- what the others tell ----

static void on_event(virDomainPtr domain, enum signal_kind kind, const char *detail, void *user)
{
    struct note *n = add_note(user, "event", kind, detail);

    if (n && virDomainRef(domain) == 0)
        n->domain = domain;
}

static void on_up(void *user)
{
    struct watch *w = user;

    (void)add_note(w, "watch", SIGNAL_CONNECTED, NULL);
    scan(w);
    sd_notify(0, "STATUS=watching");
}

static void on_down(const char *why, void *user)
{
    struct watch *w = user;

    w->scan++; // a scan under way cannot be ended
    (void)add_note(w, "watch", SIGNAL_CONNECTION_LOST, why);
    sd_notify(0, "STATUS=libvirt is not reachable");
}

static bool on_message(struct record *message, const char *spool, void *user)
{
    _cleanup_record_ struct record *r = message;
    struct watch *w = user;
    const char *op = record_get_or(r, "op", "?");
    char detail[64];
    struct note *n;

    snprintf(detail, sizeof detail, "%.24s/%.24s", op, record_get_or(r, "subop", "?"));
    n = add_note(w, "hook", kind_of_hook(op), detail);
    if (!n) {
        w->spool_owed = w->spool_owed || spool;
        return false;
    }
    (void)record_get_i64(r, "at_us", &n->at_us);
    n->hook = take(r);
    n->spool = spool ? strdup(spool) : NULL; // without: read again after the next start
    return true;
}

static bool on_holds(const char *spool, void *user)
{
    const struct watch *w = user;

    return notes_hold_spool(&w->notes, spool) || queue_holds_spool(w->queue, spool);
}

// virtrustd may have come up after libvirt did: it would wait in vain for the signal that told so.
static void on_hello(struct record *r, void *user)
{
    const struct watch *w = user;

    record_add_bool(r, "libvirt", w->virt && virt_connection(w->virt));
}

static void on_done(const char *spool, void *user)
{
    struct watch *w = user;

    hookin_done(w->hookin, spool);
}

static void on_moved(void *user)
{
    catch_up(user);
}

static void answer_describe(struct watch *w, const struct record *request)
{
    _cleanup_record_ struct record *r = record_new("described");
    virConnectPtr connection = virt_connection(w->virt);
    const char *guest = record_get_or(request, "guest", "");
    virDomainPtr domain = NULL;
    struct err err = {0};
    int rc = -ENOTCONN;

    record_add(r, "id", record_get(request, "id"));
    patience_begin();
    if (connection)
        domain = describe_find(connection, guest, &rc, &err);
    else
        (void)err_set(&err, rc, "libvirt cannot be reached at the moment");
    if (domain)
        rc = describe_guest(domain, w->fs, r, &err);
    if (domain)
        virDomainFree(domain);
    patience_end();
    if (rc < 0) {
        record_free(r);
        r = record_new("error");
        record_add(r, "id", record_get(request, "id"));
        record_add(r, "code", rc == -ENOENT ? "guest-gone" : "no-libvirt");
        record_add(r, "text", err.text);
        record_add(r, "next",
                   rc == -ENOENT ? "see \"virsh list --all\"" : "see whether libvirt's daemon runs");
    }
    uplink_answer(w->uplink, r);
}

static void answer_check(struct watch *w)
{
    _cleanup_record_ struct record *r = record_new("checked");

    record_add_bool(r, "libvirt", virt_check(w->virt));
    uplink_answer(w->uplink, r);
}

static void on_request(const struct record *r, void *user)
{
    struct watch *w = user;

    if (record_is(r, "describe"))
        answer_describe(w, r);
    else if (record_is(r, "check"))
        answer_check(w);
    else if (record_is(r, "scan"))
        scan(w);
}

// ---- life ----

static int set_up_loop(struct watch *w, struct err *err)
{
    sigset_t signals;
    int rc;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    rc = sd_event_default(&w->event);
    if (rc >= 0)
        rc = sd_event_add_signal(w->event, NULL, SIGTERM, NULL, NULL);
    if (rc >= 0)
        rc = sd_event_add_signal(w->event, NULL, SIGINT, NULL, NULL);
    if (rc >= 0)
        rc = sd_event_add_defer(w->event, &w->worker, on_work, w);
    if (rc >= 0) // after everything that hears
        rc = sd_event_source_set_priority(w->worker, SD_EVENT_PRIORITY_NORMAL + 10);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(w->worker, SD_EVENT_OFF);
    if (rc >= 0)
        rc = vloop_register(w->event);
    return rc < 0 ? err_set(err, rc, "cannot set up the event loop: %s", strerror(-rc)) : 0;
}

static int set_up(struct watch *w, const struct config *config, struct err *err)
{
    static const struct hookin_calls hookin_calls = {on_message, on_holds};
    static const struct uplink_calls uplink_calls = {on_hello, on_done, on_moved, on_request};
    static const struct virt_calls virt_calls = {on_up, on_down, on_event};
    char path[PATH_MAX];
    int rc = set_up_loop(w, err);

    notes_init(&w->notes, NOTES_MAX);
    w->queue = queue_new(QUEUE_COUNT, QUEUE_BYTES);
    w->fs = filestat_new(STAT_MS);
    if (rc == 0 && (!w->queue || !w->fs))
        rc = err_set(err, -ENOMEM, "out of memory");
    snprintf(path, sizeof path, "%s/watch.sock", config->runtime_dir);
    if (rc == 0)
        rc = hookin_new(w->event, config->runtime_dir, config->spool_dir, &hookin_calls, w, &w->hookin, err);
    if (rc == 0)
        rc = uplink_new(w->event, path, w->queue, &uplink_calls, w, &w->uplink, err);
    if (rc == 0)
        rc = virt_new(w->event, config->libvirt_uri, &virt_calls, w, &w->virt, err);
    return rc;
}

static void tear_down(struct watch *w)
{
    struct note *n;

    virt_free(w->virt); // while the loop still runs
    while ((n = notes_take(&w->notes)))
        note_free(n);
    uplink_free(w->uplink);
    hookin_free(w->hookin);
    sd_event_source_disable_unref(w->worker);
    if (w->event)
        vloop_drain();
    queue_free(w->queue);
    filestat_free(w->fs);
    sd_event_unref(w->event);
}

int watch_run(const struct config *config, struct err *err)
{
    struct watch w = {0};
    int rc = set_up(&w, config, err);

    if (rc == 0) {
        hookin_read_spool(w.hookin);
        sd_notify(0, "READY=1\nSTATUS=connecting to libvirt");
        rc = sd_event_loop(w.event);
        if (rc < 0)
            (void)err_set(err, rc, "the event loop failed: %s", strerror(-rc));
        sd_notify(0, "STOPPING=1");
    }
    tear_down(&w);
    return rc < 0 ? rc : 0;
}
