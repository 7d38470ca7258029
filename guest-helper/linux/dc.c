// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/dc.h"

#include "common/cleanup.h"
#include "common/plural.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <krb5/krb5.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <profile.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

enum {
    DCS_MAX = 16,       // DCs that are tried
    CONNECT_MS = 1500,  // for one address
    ADDRESSES_MAX = 4,  // of one DC
    ANSWER_MAX = 16384, // bytes of a DNS answer
};

struct candidates {
    struct {
        char name[DC_NAME];
        unsigned priority, weight;
    } dc[DCS_MAX];
    size_t n;
};

static void add(struct candidates *c, const char *name, unsigned priority, unsigned weight)
{
    size_t len = strcspn(name, ":"); // krb5.conf may name a port
    size_t at;

    if (len == 0 || len >= DC_NAME || c->n == DCS_MAX)
        return;
    for (at = c->n; at > 0; at--) {
        if (c->dc[at - 1].priority < priority ||
            (c->dc[at - 1].priority == priority && c->dc[at - 1].weight >= weight))
            break;
        c->dc[at] = c->dc[at - 1];
    }
    memcpy(c->dc[at].name, name, len);
    c->dc[at].name[len] = '\0';
    c->dc[at].priority = priority;
    c->dc[at].weight = weight;
    c->n++;
}

static void add_answer(struct candidates *c, ns_msg *msg, int i)
{
    char name[NS_MAXDNAME];
    const unsigned char *data;
    ns_rr rr;

    if (ns_parserr(msg, ns_s_an, i, &rr) < 0 || ns_rr_type(rr) != ns_t_srv || ns_rr_rdlen(rr) < 7)
        return;
    data = ns_rr_rdata(rr);
    if (ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), data + 6, name, sizeof name) < 0)
        return;
    add(c, name, ns_get16(data), ns_get16(data + 2));
}

static void ask_dns(const char *realm, struct candidates *c)
{
    _cleanup_free_ unsigned char *answer = malloc(ANSWER_MAX);
    struct __res_state resolver = {0};
    char query[DC_NAME + 32];
    ns_msg msg;
    int len;

    if (!answer || res_ninit(&resolver) != 0)
        return;
    resolver.retrans = 2;
    resolver.retry = 2;
    snprintf(query, sizeof query, "_ldap._tcp.dc._msdcs.%s", realm);
    len = res_nquery(&resolver, query, ns_c_in, ns_t_srv, answer, ANSWER_MAX);
    res_nclose(&resolver);
    if (len < 0 || len > ANSWER_MAX || ns_initparse(answer, len, &msg) < 0)
        return;
    for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++)
        add_answer(c, &msg, i);
}

// krb5.conf's [realms] REALM = { kdc = … }.
static void ask_krb5_conf(const char *realm, struct candidates *c)
{
    const char *const path[] = {"realms", realm, "kdc", NULL};
    char **values = NULL;
    profile_t config = NULL;
    krb5_context ctx = NULL;

    if (krb5_init_context(&ctx) != 0)
        return;
    if (krb5_get_profile(ctx, &config) == 0 && profile_get_values(config, path, &values) == 0) {
        for (char **v = values; *v; v++)
            add(c, *v, 0, 0);
        profile_free_list(values);
    }
    if (config)
        profile_release(config);
    krb5_free_context(ctx);
}

static bool accepts(const struct addrinfo *a)
{
    _cleanup_close_ int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int code = 0;
    socklen_t len = sizeof code;

    if (fd < 0)
        return false;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS || poll(&p, 1, CONNECT_MS) != 1)
        return false;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0;
}

bool dc_reachable(const char *dc)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    bool yes = false;
    int n = 0;

    if (getaddrinfo(dc, "88", &hints, &list) != 0)
        return false;
    for (const struct addrinfo *a = list; a && !yes && n < ADDRESSES_MAX; a = a->ai_next, n++)
        yes = accepts(a);
    freeaddrinfo(list);
    return yes;
}

int dc_find(const char *realm, char ret[static DC_NAME], struct err *err)
{
    struct candidates c = {0};

    ask_dns(realm, &c);
    if (c.n == 0)
        ask_krb5_conf(realm, &c);
    if (c.n == 0)
        return err_set(err, -ENOENT, "neither DNS nor krb5.conf names a DC of %.200s", realm);
    for (size_t i = 0; i < c.n; i++) {
        if (dc_reachable(c.dc[i].name)) {
            strcpy(ret, c.dc[i].name);
            return 0;
        }
    }
    strcpy(ret, c.dc[0].name);
    return err_set(err, -EHOSTUNREACH,
                   "%.200s and %zu other %s of %.100s: none accepts a connection to port 88", c.dc[0].name,
                   c.n - 1, plural(c.n - 1, "DC", "DCs"), realm);
}
