// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/vloop.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <stdbool.h>
#include <sys/epoll.h>

// A handle or a timeout of libvirt's.
struct item {
    int id;
    int fd;         // libvirt's, as it wants to hear it in the callback
    int watched;    // our duplicate: libvirt may watch one descriptor twice, epoll may not. -1: a timeout
    int timeout_ms; // -1: off
    sd_event_source *source;
    union {
        virEventHandleCallback handle;
        virEventTimeoutCallback timeout;
    } call;
    void *opaque;
    virFreeCallback free_opaque;
    bool dead;
    struct item *next;
};

// libvirt's registration is global and without a pointer of ours, so this is too.
static struct {
    sd_event *event;
    sd_event_source *sweeper; // frees what is dead
    struct item *items;
    int last_id;
    bool withhold;
    int withheld; // -1: none
} loop = {.withheld = -1};

static struct item *find(int id)
{
    for (struct item *i = loop.items; i; i = i->next)
        if (i->id == id && !i->dead)
            return i;
    return NULL;
}

static uint32_t to_epoll(int events)
{
    return (events & VIR_EVENT_HANDLE_READABLE ? EPOLLIN : 0U) |
           (events & VIR_EVENT_HANDLE_WRITABLE ? EPOLLOUT : 0U) |
           (events & VIR_EVENT_HANDLE_ERROR ? EPOLLERR : 0U) |
           (events & VIR_EVENT_HANDLE_HANGUP ? EPOLLHUP : 0U);
}

static int from_epoll(uint32_t events)
{
    return (events & EPOLLIN ? VIR_EVENT_HANDLE_READABLE : 0) |
           (events & EPOLLOUT ? VIR_EVENT_HANDLE_WRITABLE : 0) |
           (events & EPOLLERR ? VIR_EVENT_HANDLE_ERROR : 0) |
           (events & EPOLLHUP ? VIR_EVENT_HANDLE_HANGUP : 0);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct item *i = userdata;

    (void)source;
    (void)fd;
    if (!i->dead)
        i->call.handle(i->id, i->fd, from_epoll(events), i->opaque);
    return 0;
}

static int arm(struct item *i)
{
    int rc;

    if (i->timeout_ms < 0)
        return sd_event_source_set_enabled(i->source, SD_EVENT_OFF);
    rc = sd_event_source_set_time_relative(i->source, (uint64_t)i->timeout_ms * 1000);
    return rc < 0 ? rc : sd_event_source_set_enabled(i->source, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source, uint64_t when, void *userdata)
{
    struct item *i = userdata;

    (void)source;
    (void)when;
    if (i->dead)
        return 0;
    (void)arm(i); // first, for the callback may change or remove it
    i->call.timeout(i->id, i->opaque);
    return 0;
}

static int on_sweep(sd_event_source *source, void *userdata)
{
    (void)source;
    (void)userdata;
    for (struct item **link = &loop.items; *link;) {
        struct item *i = *link;

        if (!i->dead) {
            link = &i->next;
            continue;
        }
        *link = i->next;
        if (i->free_opaque)
            i->free_opaque(i->opaque);
        free(i);
        link = &loop.items; // the callback may have added or removed
    }
    return 0;
}

static struct item *new_item(void *opaque, virFreeCallback free_opaque)
{
    struct item *i = calloc(1, sizeof *i);

    if (!i)
        return NULL;
    i->id = ++loop.last_id;
    i->watched = -1;
    i->opaque = opaque;
    i->free_opaque = free_opaque;
    i->next = loop.items;
    return i;
}

static int add_handle(int fd, int events, virEventHandleCallback callback, void *opaque,
                      virFreeCallback free_opaque)
{
    struct item *i;
    int rc;

    if (loop.withhold) {
        if (loop.withheld < 0)
            loop.withheld = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return -1;
    }
    i = new_item(opaque, free_opaque);
    if (!i)
        return -1;
    i->call.handle = callback;
    i->fd = fd;
    i->watched = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    rc = i->watched < 0 ? -errno
                        : sd_event_add_io(loop.event, &i->source, i->watched, to_epoll(events), on_io, i);
    if (rc >= 0 && events == 0)
        rc = sd_event_source_set_enabled(i->source, SD_EVENT_OFF);
    if (rc < 0) {
        sd_event_source_disable_unref(i->source);
        if (i->watched >= 0)
            close(i->watched);
        free(i);
        return -1;
    }
    loop.items = i;
    return i->id;
}

static void update_handle(int id, int events)
{
    struct item *i = find(id);

    if (!i)
        return;
    // With no events wanted epoll would still tell of a hang-up, over and over.
    (void)sd_event_source_set_io_events(i->source, to_epoll(events));
    (void)sd_event_source_set_enabled(i->source, events ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int remove_item(int id)
{
    struct item *i = find(id);

    if (!i)
        return -1;
    i->dead = true;
    i->source = sd_event_source_disable_unref(i->source);
    if (i->watched >= 0)
        close(i->watched);
    (void)sd_event_source_set_enabled(loop.sweeper, SD_EVENT_ONESHOT);
    return 0;
}

static int add_timeout(int ms, virEventTimeoutCallback callback, void *opaque, virFreeCallback free_opaque)
{
    struct item *i = new_item(opaque, free_opaque);
    int rc;

    if (!i)
        return -1;
    i->call.timeout = callback;
    i->timeout_ms = ms;
    rc = sd_event_add_time_relative(loop.event, &i->source, CLOCK_MONOTONIC, 0, 1000, on_time, i);
    if (rc >= 0)
        rc = arm(i);
    if (rc < 0) {
        sd_event_source_disable_unref(i->source);
        free(i);
        return -1;
    }
    loop.items = i;
    return i->id;
}

static void update_timeout(int id, int ms)
{
    struct item *i = find(id);

    if (!i)
        return;
    i->timeout_ms = ms;
    (void)arm(i);
}

int vloop_register(sd_event *event)
{
    int rc = sd_event_add_defer(event, &loop.sweeper, on_sweep, NULL);

    if (rc >= 0)
        rc = sd_event_source_set_enabled(loop.sweeper, SD_EVENT_OFF);
    if (rc < 0)
        return rc;
    loop.event = sd_event_ref(event);
    virEventRegisterImpl(add_handle, update_handle, remove_item, add_timeout, update_timeout, remove_item);
    return 0;
}

void vloop_withhold(bool on)
{
    loop.withhold = on;
}

int vloop_withheld(void)
{
    return take_fd(loop.withheld);
}

void vloop_drain(void)
{
    // Bounded: a connection that somebody forgot to close would keep its items for ever.
    for (int i = 0; i < 100 && loop.items; i++)
        if (sd_event_run(loop.event, 1000) < 0)
            break;
    loop.sweeper = sd_event_source_disable_unref(loop.sweeper);
    loop.event = sd_event_unref(loop.event);
}
