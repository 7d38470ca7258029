// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/site.h"

#include "common/cleanup.h"
#include "common/hostname.h"

#include <errno.h>
#include <ldap.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

// An operation, flags and the domain's GUID; then names, packed as DNS packs them: forest, domain, host, the two
// NetBIOS names, user, the DC's site, the client's.
enum {
    NAMES_AT = 24,
    NAMES_BEFORE = 7,
    ANSWER_EX = 23,
    ANSWER_EX_NO_USER = 25,
    ANSWER_MAX = 4096,
    ASK_MS = 1000
};

int site_parse(const unsigned char *answer, size_t len, char ret[static SITE_TEXT])
{
    const unsigned char *at = answer + NAMES_AT, *end = answer + len;
    char name[NS_MAXDNAME] = "";

    if (len < NAMES_AT || len > ANSWER_MAX || answer[1] != 0 ||
        (answer[0] != ANSWER_EX && answer[0] != ANSWER_EX_NO_USER))
        return -EBADMSG;
    for (int i = 0; i <= NAMES_BEFORE; i++) {
        int n = at < end ? dn_expand(answer, end, at, name, sizeof name) : -1;

        if (n <= 0)
            return -EBADMSG;
        at += n;
    }
    if (!name[0] || strlen(name) >= SITE_TEXT || !hostname_valid(name))
        return -ENOENT;
    memcpy(ret, name, strlen(name) + 1);
    return 0;
}

// The question in BER: the root's `netlogon`, for this domain, in the form with a site in it.
static BerElement *question(const char *domain)
{
    enum { SEARCH = 0x63, AND = 0xa0, EQUAL = 0xa3 };
    BerElement *ber = ber_alloc_t(LBER_USE_DER);

    if (ber && ber_printf(ber, "{it{seeiibt{t{ss}t{so}}{s}}}", 1, (ber_tag_t)SEARCH, "", 0, 0, 0, 0, 0,
                          (ber_tag_t)AND, (ber_tag_t)EQUAL, "DnsDomain", domain, (ber_tag_t)EQUAL, "NtVer",
                          "\6\0\0\0", (ber_len_t)4, "netlogon") < 0) {
        ber_free(ber, 1);
        ber = NULL;
    }
    return ber;
}

// The first value of the first attribute of an entry.
int site_read(unsigned char *data, size_t len, char ret[static SITE_TEXT])
{
    struct berval whole = {.bv_len = len, .bv_val = (char *)data}, dn, name, value = {0};
    BerElement *ber = len > 0 ? ber_init(&whole) : NULL; // liblber reads the first byte of nothing
    ber_tag_t tag = 0;
    ber_int_t id;
    int rc = -EBADMSG;

    if (ber && ber_scanf(ber, "{it{m{{m[m", &id, &tag, &dn, &name, &value) != LBER_ERROR &&
        tag == LDAP_RES_SEARCH_ENTRY)
        rc = site_parse((const unsigned char *)value.bv_val, value.bv_len, ret);
    if (ber)
        ber_free(ber, 1);
    return rc;
}

static int ask(const struct addrinfo *to, const char *domain, char ret[static SITE_TEXT])
{
    _cleanup_close_ int fd = socket(to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    BerElement *ber = question(domain);
    unsigned char data[ANSWER_MAX];
    struct berval text;
    ssize_t n = -1;

    if (ber && fd >= 0 && ber_flatten2(ber, &text, 0) == 0 && connect(fd, to->ai_addr, to->ai_addrlen) == 0 &&
        send(fd, text.bv_val, text.bv_len, 0) == (ssize_t)text.bv_len && poll(&p, 1, ASK_MS) == 1)
        n = recv(fd, data, sizeof data, 0);
    if (ber)
        ber_free(ber, 1);
    return n <= 0 ? -EHOSTUNREACH : site_read(data, (size_t)n, ret);
}

int site_ask(const char *dc, const char *domain, char ret[static SITE_TEXT])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int rc = -EHOSTUNREACH;

    if (getaddrinfo(dc, "389", &hints, &list) != 0)
        return rc;
    rc = ask(list, domain, ret);
    freeaddrinfo(list);
    return rc;
}
