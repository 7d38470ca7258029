// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/doctor.h"

#include "common/os/recio.h"
#include "common/plural.h"
#include "daemon/watch/describe.h"
#include "daemon/watch/virt.h"
#include "hooks/hook_install.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <string.h>

#define HOOK_PROGRAM VIRTRUST_LIBEXECDIR "/virtrust-hook"

enum { NAMES_SHOWN = 10 };

// Guests with a lack, counted and the first of them named.
struct lack {
    unsigned count;
    char names[400];
};

static void close_connectionp(virConnectPtr *c)
{
    if (*c)
        virConnectClose(*c);
}

static virConnectPtr open_libvirt(const char *uri, struct err *err)
{
    virConnectPtr connection = virConnectOpenReadOnly(uri);

    if (!connection)
        (void)err_set(err, -EIO, "libvirt at %s cannot be reached: %s; does its daemon run?", uri,
                      virGetLastErrorMessage());
    return connection;
}

static int print(const struct record *r, struct err *err)
{
    return recio_write(1, r, -1, err) < 0 ? EXIT_NO_WORK : EXIT_ANSWERED;
}

// Whoever asked as a program reads why there is no description, too.
static int cannot_describe(const char *code, int exit_code, const char *next, const struct err *why)
{
    _cleanup_record_ struct record *r = record_new("error");
    struct err ignored = {0};

    record_add(r, "code", code);
    record_add(r, "text", why->text);
    record_add(r, "next", next);
    record_add_i64(r, "exit", EXIT_NO_WORK); // of the command line: there is nothing to look at
    (void)print(r, &ignored);
    return exit_code;
}

int doctor_describe(const char *uri, const char *guest, struct err *err)
{
    _cleanup_(close_connectionp) virConnectPtr connection = open_libvirt(uri, err);
    _cleanup_(filestat_freep) struct filestat *fs = filestat_new(5000);
    _cleanup_record_ struct record *r = record_new("described");
    virDomainPtr domain;
    int rc = 0;

    if (!connection)
        return cannot_describe("libvirt", EXIT_NO_WORK,
                               "start libvirt's daemon, or see libvirt.uri in virtrust.yaml", err);
    domain = describe_find(connection, guest, &rc, err);
    if (domain) {
        rc = describe_guest(domain, fs, r, err);
        virDomainFree(domain);
    }
    if (rc == -ENOENT)
        return cannot_describe("no-such-guest", EXIT_NO_LOOK,
                               "`virsh list --all` names those that are defined", err);
    if (rc < 0)
        return cannot_describe("libvirt", EXIT_NO_WORK, "see libvirt's own log", err);
    return print(r, err);
}

static void add_item(struct record *r, unsigned *n, const char *id, const char *result, const char *text,
                     const char *next)
{
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "item.%u.id", *n);
    record_add(r, key, id);
    snprintf(key, sizeof key, "item.%u.result", *n);
    record_add(r, key, result);
    snprintf(key, sizeof key, "item.%u.text", *n);
    record_add(r, key, text);
    if (next && next[0]) {
        snprintf(key, sizeof key, "item.%u.next", *n);
        record_add(r, key, next);
    }
    ++*n;
}

static void add_hook(struct record *r, unsigned *n, unsigned long version)
{
    struct hook_report report = {0};
    struct err why = {0};

    if (hook_status("", HOOK_PROGRAM, version, &report, &why) < 0)
        add_item(r, n, "hook", "unknown", why.text, NULL);
    else
        add_item(r, n, "hook", report.state == HOOK_INSTALLED ? "good" : "bad", report.text, report.next);
}

static void count_lack(struct lack *l, const char *name)
{
    size_t used = strlen(l->names);

    l->count++;
    if (l->count <= NAMES_SHOWN)
        snprintf(l->names + used, sizeof l->names - used, "%s%.60s", l->count > 1 ? ", " : "", name);
    else if (l->count == NAMES_SHOWN + 1)
        snprintf(l->names + used, sizeof l->names - used, ", …");
}

// lacking: the result where somebody has none
static void add_lack(struct record *r, unsigned *n, const char *id, const char *lacking, const struct lack *l,
                     int guests, const char *what, const char *next)
{
    char text[ERR_TEXT_MAX + 64];

    if (guests == 0)
        return;
    if (l->count == 0)
        snprintf(text, sizeof text, guests == 1 ? "the %d guest has %s" : "each of the %d guests has %s",
                 guests, what);
    else
        snprintf(text, sizeof text, "%u of %d %s %s no %s: %s", l->count, guests,
                 plural((unsigned)guests, "guest", "guests"), plural(l->count, "has", "have"), what,
                 l->names);
    add_item(r, n, id, l->count ? lacking : "good", text, l->count ? next : NULL);
}

static const char agent_next[] = "add a virtio channel named org.qemu.guest_agent.0 to the guest and install "
                                 "qemu-guest-agent in it; without it virtrust can notice but not repair";
static const char genid_next[] =
    "add <genid/> to the guest (virsh edit), so that it can tell a rollback from a restart";

// One guest's record. What it lacks is counted.
static struct record *check_guest(virDomainPtr domain, struct lack *no_agent, struct lack *no_genid)
{
    struct record *r = record_new("check");
    _cleanup_record_ struct record *d = record_new("described");
    const char *agent, *name = virDomainGetName(domain);
    struct err why = {0};
    unsigned n = 0;

    if (!r || !d || describe_guest(domain, NULL, d, &why) < 0)
        return record_free(r); // gone between the list and now
    record_add(r, "guest", record_get(d, "guest"));
    record_add(r, "name", name);
    agent = record_get_or(d, "agent", "none");
    if (strcmp(agent, "none") == 0) {
        count_lack(no_agent, name);
        add_item(r, &n, "agent", "bad", "no channel for the guest agent", agent_next);
    } else if (strcmp(agent, "connected") == 0) {
        add_item(r, &n, "agent", "good", "the guest agent is connected", NULL);
    } else {
        const char *state = record_get_or(d, "state", "other");

        add_item(r, &n, "agent", strcmp(state, "running") == 0 ? "bad" : "unknown",
                 strcmp(state, "running") == 0 ? "the guest runs, its agent is not connected"
                                               : "a channel for the guest agent; the guest is not running",
                 strcmp(state, "running") == 0 ? "install and start qemu-guest-agent in the guest" : NULL);
    }
    if (!record_get(d, "genid"))
        count_lack(no_genid, name);
    add_item(r, &n, "genid", record_get(d, "genid") ? "good" : "unknown",
             record_get(d, "genid") ? "it has a genid" : "it has no genid",
             record_get(d, "genid") ? NULL : genid_next);
    return r;
}

// The summary comes first, so that a reader of one record has the whole answer in short.
static int check_guests(virConnectPtr connection, struct record *summary, unsigned *n, struct err *err)
{
    virDomainPtr *domains = NULL;
    struct lack no_agent = {0}, no_genid = {0};
    int count = virConnectListAllDomains(connection, &domains, 0), code = EXIT_ANSWERED;
    struct record **each = count > 0 ? calloc((size_t)count, sizeof(struct record *)) : NULL;

    if (count < 0) {
        add_item(summary, n, "guests", "unknown", virGetLastErrorMessage(), NULL);
        return print(summary, err);
    }
    for (int i = 0; i < count; i++) {
        if (each)
            each[i] = check_guest(domains[i], &no_agent, &no_genid);
        virDomainFree(domains[i]);
    }
    free(domains);
    add_lack(summary, n, "agent", "bad", &no_agent, count, "channel for the guest agent", agent_next);
    add_lack(summary, n, "genid", "unknown", &no_genid, count, "genid", genid_next);
    code = print(summary, err);
    for (int i = 0; each && i < count; i++) {
        if (each[i] && code == EXIT_ANSWERED)
            code = print(each[i], err);
        record_free(each[i]);
    }
    free(each);
    return code;
}

int doctor_check(const char *uri, struct err *err)
{
    _cleanup_record_ struct record *r = record_new("check");
    _cleanup_(close_connectionp) virConnectPtr connection = NULL;
    unsigned long version = 0;
    struct err why = {0};
    char text[128];
    unsigned n = 0;

    connection = open_libvirt(uri, &why);
    if (!connection) {
        add_item(r, &n, "libvirt", "bad", why.text,
                 "start libvirt's daemon, or see libvirt.uri in virtrust.yaml");
        add_hook(r, &n, 0);
        *err = why;
        return print(r, NULL) == EXIT_ANSWERED ? EXIT_BAD_NEWS : EXIT_NO_WORK;
    }
    (void)virConnectGetLibVersion(connection, &version);
    snprintf(text, sizeof text, "libvirt %lu.%lu.%lu answers at %.60s", version / 1000000,
             version / 1000 % 1000, version % 1000, uri);
    add_item(r, &n, "libvirt", "good", text, NULL);
    add_hook(r, &n, version);
    return check_guests(connection, r, &n, err);
}
