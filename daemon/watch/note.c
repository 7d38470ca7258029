// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/note.h"

#include <string.h>
#include <time.h>

void notes_init(struct notes *list, size_t max)
{
    *list = (struct notes){.max = max};
    list->last = &list->first;
}

void note_free(struct note *n)
{
    if (!n)
        return;
    if (n->domain)
        virDomainFree(n->domain);
    record_free(n->hook);
    free(n->spool);
    free(n);
}

struct note *notes_add(struct notes *list, const char *source, enum signal_kind kind, const char *detail)
{
    struct note *n = list->count < list->max ? calloc(1, sizeof *n) : NULL;
    struct timespec t;

    if (!n)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &t);
    n->source = source;
    n->kind = kind;
    n->at_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    snprintf(n->detail, sizeof n->detail, "%s", detail ? detail : "");
    *list->last = n;
    list->last = &n->next;
    list->count++;
    return n;
}

struct note *notes_take(struct notes *list)
{
    struct note *n = list->first;

    if (!n)
        return NULL;
    list->first = n->next;
    if (!list->first)
        list->last = &list->first;
    list->count--;
    return n;
}

bool notes_hold_spool(const struct notes *list, const char *spool)
{
    for (const struct note *n = list->first; n; n = n->next)
        if (n->spool && strcmp(n->spool, spool) == 0)
            return true;
    return false;
}

static struct record *begin(const struct note *n)
{
    struct record *r = record_new("signal");

    record_add_i64(r, "at_us", n->at_us);
    record_add(r, "source", n->source);
    record_add(r, "kind", signal_kind_text(n->kind));
    if (n->detail[0])
        record_add(r, "detail", n->detail);
    return r;
}

// A message without a UUID had no XML that could be read: libvirt may still know the name.
static void find_by_name(virConnectPtr connection, struct record *r)
{
    const char *name = record_get(r, "name");
    char uuid[VIR_UUID_STRING_BUFLEN];
    virDomainPtr domain = connection && name ? virDomainLookupByName(connection, name) : NULL;

    if (domain && virDomainGetUUIDString(domain, uuid) == 0)
        record_add(r, "guest", uuid);
    if (domain)
        virDomainFree(domain);
}

static void describe_hook(const struct note *n, virConnectPtr connection, struct filestat *fs,
                          struct record *r)
{
    const void *xml = NULL;
    size_t len = 0;

    // The whole XML's uuid and name before those that the hook's small scanner found.
    if (record_get_bytes(n->hook, "xml", &xml, &len) == 0)
        (void)describe_xml(xml, len, fs, r, NULL); // what is no XML describes nothing
    if (!record_get(r, "guest"))
        record_add(r, "guest", record_get(n->hook, "guest"));
    if (!record_get(r, "name"))
        record_add(r, "name", record_get(n->hook, "name"));
    if (!record_get(r, "guest"))
        find_by_name(connection, r);
}

struct record *note_signal(const struct note *n, virConnectPtr connection, struct filestat *fs)
{
    _cleanup_record_ struct record *r = begin(n);

    if (!r)
        return NULL;
    if (n->domain)
        (void)describe_guest(n->domain, fs, r, NULL); // gone already: its uuid and name are in it
    if (n->hook) {
        describe_hook(n, connection, fs, r);
        if (!record_get(r, "guest"))
            return NULL;
    }
    return take(r);
}

struct record *note_bare_signal(const struct note *n, const struct record *full)
{
    struct record *r = begin(n);

    record_add(r, "guest", record_get(full, "guest"));
    record_add(r, "name", record_get(full, "name"));
    return r;
}
