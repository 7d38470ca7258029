// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { DNS_ANSWER_MAX = 65536, SRV_RDATA_MIN = 7 };

static void swap(struct srv_target *a, struct srv_target *b)
{
    struct srv_target t = *a;

    *a = *b;
    *b = t;
}

// Lowest priority first; weight 0 before the rest of its priority, as RFC 2782 wants the sums to be made.
static void sort(struct srv_target *t, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = i; j > 0; j--) {
            bool later = t[j - 1].priority > t[j].priority ||
                         (t[j - 1].priority == t[j].priority && t[j - 1].weight > 0 && t[j].weight == 0);

            if (later)
                swap(&t[j - 1], &t[j]);
        }
}

// Brings the one that chance picks out of t[0..n) to the front.
static void pick(struct srv_target *t, size_t n, srv_random *random, void *arg)
{
    uint32_t sum = 0, at, running = 0;

    for (size_t i = 0; i < n; i++)
        sum += t[i].weight;
    at = random(sum, arg);
    for (size_t i = 0; i < n; i++) {
        running += t[i].weight;
        if (running < at)
            continue;
        for (size_t j = i; j > 0; j--) // the others keep their order
            swap(&t[j - 1], &t[j]);
        return;
    }
}

void srv_order(struct srv_target *targets, size_t n, srv_random *random, void *arg)
{
    sort(targets, n);
    for (size_t i = 0; i < n; i++) {
        size_t same = 1;

        while (i + same < n && targets[i + same].priority == targets[i].priority)
            same++;
        pick(targets + i, same, random, arg);
    }
}

static bool read_target(const ns_msg *msg, const ns_rr *rr, struct srv_target *ret)
{
    const unsigned char *data = ns_rr_rdata(*rr);
    size_t len;

    if (ns_rr_type(*rr) != ns_t_srv || ns_rr_rdlen(*rr) < SRV_RDATA_MIN)
        return false;
    ret->priority = (uint16_t)ns_get16(data);
    ret->weight = (uint16_t)ns_get16(data + 2);
    if (dn_expand(ns_msg_base(*msg), ns_msg_end(*msg), data + 6, ret->host, sizeof ret->host) < 0)
        return false;
    len = strlen(ret->host);
    if (len > 0 && ret->host[len - 1] == '.')
        ret->host[len - 1] = '\0';
    return hostname_valid(ret->host); // "." (no such service here) is none
}

int srv_parse(const unsigned char *answer, size_t len, struct srv_target ret[static SRV_MAX], size_t *ret_n)
{
    size_t n = 0;
    ns_msg msg;

    if (len > DNS_ANSWER_MAX || ns_initparse(answer, (int)len, &msg) < 0)
        return -EBADMSG;
    for (int i = 0; i < ns_msg_count(msg, ns_s_an) && n < SRV_MAX; i++) {
        ns_rr rr;

        if (ns_parserr(&msg, ns_s_an, i, &rr) < 0)
            return -EBADMSG;
        if (read_target(&msg, &rr, &ret[n]))
            n++;
    }
    *ret_n = n;
    return 0;
}

static uint32_t system_random(uint32_t most, void *arg)
{
    uint32_t value = 0;

    (void)arg;
    // Any number will do when the system has none yet: it spreads load and guards nothing.
    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = 0;
    return (uint32_t)(value % ((uint64_t)most + 1));
}

static int explain(int reason, const char *name, struct err *err)
{
    switch (reason) {
    case HOST_NOT_FOUND:
    case NO_DATA:
        return err_set(err, -ENOENT, "DNS knows no %s: the host's resolver does not know this domain", name);
    case TRY_AGAIN:
        return err_set(err, -EHOSTUNREACH, "no DNS server answered the question for %s", name);
    default: // libresolv's numbers, not ours
        return err_set(err, -EBADMSG, "the DNS server answered the question for %s with an error", name);
    }
}

int srv_lookup(const char *name, struct srv_target ret[static SRV_MAX], size_t *ret_n, struct err *err)
{
    _cleanup_free_ unsigned char *answer = malloc(DNS_ANSWER_MAX);
    struct __res_state state = {0};
    size_t n = 0;
    int len, rc;

    if (!answer || res_ninit(&state) < 0)
        return err_set(err, -ENOMEM, "cannot set up the resolver; is /etc/resolv.conf readable?");
    state.retrans = 2;
    state.retry = 2;
    len = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, DNS_ANSWER_MAX);
    rc = state.res_h_errno;
    res_nclose(&state);
    if (len < 0)
        return explain(rc, name, err);
    if (srv_parse(answer, len > DNS_ANSWER_MAX ? DNS_ANSWER_MAX : (size_t)len, ret, &n) < 0)
        return err_set(err, -EBADMSG, "the DNS answer for %s cannot be read", name);
    if (n == 0)
        return err_set(err, -ENOENT, "DNS names no host for %s", name);
    srv_order(ret, n, system_random, NULL);
    *ret_n = n;
    return 0;
}
