// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/disk_network.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct place {
    const char *protocol, *name, *host, *port, *transport, *socket;
};

static const char *get(const struct record *request, unsigned n, const char *key)
{
    char name[RECORD_KEY_MAX];

    snprintf(name, sizeof name, "disk.%u.%s", n, key);
    return record_get(request, name);
}

// Letters, digits and what names of hosts, targets and images are made of besides: nothing that ends a text in JSON.
static bool plain(const char *text)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:/@+=";

    return !text || (strlen(text) < 512 && text[strspn(text, good)] == '\0');
}

static int nbd(const struct place *p, char **ret)
{
    if (p->transport && strcmp(p->transport, "unix") == 0)
        return p->socket ? asprintf(ret,
                                    "{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"%s\"},"
                                    "\"export\":\"%s\"}",
                                    p->socket, p->name ? p->name : "")
                         : 0;
    return p->host ? asprintf(
                         ret,
                         "{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"%s\",\"port\":\"%s\"},"
                         "\"export\":\"%s\"}",
                         p->host, p->port ? p->port : "10809", p->name ? p->name : "")
                   : 0;
}

// The name is TARGET or TARGET/LUN.
static int iscsi(const struct place *p, char **ret)
{
    const char *slash = p->name ? strrchr(p->name, '/') : NULL;
    size_t target = slash ? (size_t)(slash - p->name) : p->name ? strlen(p->name) : 0;

    if (!p->host || target == 0)
        return 0;
    return asprintf(ret,
                    "{\"driver\":\"iscsi\",\"transport\":\"tcp\",\"portal\":\"%s:%s\",\"target\":\"%.*s\","
                    "\"lun\":%lu,\"read-only\":true}",
                    p->host, p->port ? p->port : "3260", (int)target, p->name,
                    slash ? strtoul(slash + 1, NULL, 10) : 0);
}

// The name is POOL/IMAGE; without a host the cluster is that of /etc/ceph/ceph.conf.
static int rbd(const struct place *p, char **ret)
{
    const char *slash = p->name ? strchr(p->name, '/') : NULL;

    if (!slash || slash == p->name || !slash[1] || strchr(slash + 1, '/'))
        return 0;
    if (!p->host)
        return asprintf(ret, "{\"driver\":\"rbd\",\"pool\":\"%.*s\",\"image\":\"%s\",\"read-only\":true}",
                        (int)(slash - p->name), p->name, slash + 1);
    return asprintf(ret,
                    "{\"driver\":\"rbd\",\"pool\":\"%.*s\",\"image\":\"%s\",\"read-only\":true,"
                    "\"server\":[{\"host\":\"%s\",\"port\":\"%s\"}]}",
                    (int)(slash - p->name), p->name, slash + 1, p->host, p->port ? p->port : "6789");
}

static const struct {
    const char *protocol;
    int (*node)(const struct place *p, char **ret); // as asprintf; 0: something is missing
} protocols[] = {{"nbd", nbd}, {"iscsi", iscsi}, {"rbd", rbd}};

int disk_network_node(const struct record *request, unsigned n, char **ret, struct failure *f)
{
    const struct place p = {
        .protocol = get(request, n, "protocol"),
        .name = get(request, n, "name"),
        .host = get(request, n, "host"),
        .port = get(request, n, "port"),
        .transport = get(request, n, "transport"),
        .socket = get(request, n, "socket"),
    };

    if (get(request, n, "auth") || get(request, n, "tls"))
        return fail(
            f, "unsupported-disk",
            "disk %u is a network disk (%s) that asks for a secret or a certificate, which virtrust does "
            "not take",
            n, p.protocol ? p.protocol : "protocol unknown");
    if (!plain(p.name) || !plain(p.host) || !plain(p.port) || !plain(p.socket))
        return fail(f, "unsupported-disk",
                    "disk %u is a network disk with a name of other than plain characters", n);
    for (size_t i = 0; p.protocol && i < ARRAY_SIZE(protocols); i++) {
        int rc;

        if (strcmp(p.protocol, protocols[i].protocol) != 0)
            continue;
        rc = protocols[i].node(&p, ret);
        if (rc > 0)
            return 0;
        return rc < 0 ? fail(f, "internal", "out of memory")
                      : fail(f, "unsupported-disk",
                             "disk %u is a network disk (%s) without its host or its name", n, p.protocol);
    }
    return fail(f, "unsupported-disk", "disk %u is a network disk (%s); NBD, iSCSI and Ceph (rbd) are read",
                n, p.protocol ? p.protocol : "protocol unknown");
}
