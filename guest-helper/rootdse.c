// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/rootdse.h"

#include "common/cleanup.h"
#include "common/sid.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char service[] = "dsServiceName", usn[] = "highestCommittedUSN";

// A searchRequest in BER, every length in one byte: the root, no aliases, no size limit, 10 seconds, types and values,
// (objectClass=*), two attributes; and the control by which names are written with their GUID, as text.
static const char request[] = "\x30\x6c\x02\x01\x01"
                              "\x63\x44\x04\x00\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x0a\x01\x01\x00"
                              "\x87\x0b"
                              "objectClass"
                              "\x30\x24\x04\x0d"
                              "dsServiceName"
                              "\x04\x13"
                              "highestCommittedUSN"
                              "\xa0\x21\x30\x1f\x04\x16"
                              "1.2.840.113556.1.4.529"
                              "\x04\x05\x30\x03\x02\x01\x01";

size_t rootdse_request(unsigned char ret[static ROOTDSE_REQUEST])
{
    memcpy(ret, request, sizeof request - 1);
    return sizeof request - 1;
}

enum {
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_INTEGER = 0x02,
    TAG_OCTETS = 0x04,
    TAG_ENTRY = 0x64 // searchResEntry
};

struct span {
    const unsigned char *data;
    size_t len;
};

// Takes the next element off the span: 0, -EAGAIN where the span ends before the element does, -EBADMSG.
static int next(struct span *s, unsigned *ret_tag, struct span *ret)
{
    size_t len, head = 2, more;

    if (s->len < head)
        return -EAGAIN;
    len = s->data[1];
    if (len & 0x80) {
        more = len & 0x7f;
        if (more == 0 || more > 4)
            return -EBADMSG;
        if (s->len < head + more)
            return -EAGAIN;
        len = 0;
        for (size_t i = 0; i < more; i++)
            len = len << 8 | s->data[head + i];
        head += more;
    }
    if (len > ROOTDSE_ANSWER_MAX)
        return -EBADMSG;
    if (s->len - head < len)
        return -EAGAIN;
    *ret_tag = s->data[0];
    *ret = (struct span){s->data + head, len};
    *s = (struct span){s->data + head + len, s->len - head - len};
    return 0;
}

// The same inside of a message that is there as a whole: it has to be of this kind.
static bool take_of(struct span *s, unsigned tag, struct span *ret)
{
    unsigned got;

    return next(s, &got, ret) == 0 && got == tag;
}

static bool is_name(const struct span *s, const char *name)
{
    return s->len == strlen(name) && strncasecmp((const char *)s->data, name, s->len) == 0;
}

int rootdse_guid(const char *text, size_t len, char ret[static ROOTDSE_GUID])
{
    static const char head[] = "<GUID=";
    enum { HEAD = sizeof head - 1, DIGITS = ROOTDSE_GUID - 1 };
    char digits[ROOTDSE_GUID];
    unsigned char guid[16];

    if (len < HEAD + DIGITS + 1 || strncasecmp(text, head, HEAD) != 0 || text[HEAD + DIGITS] != '>')
        return -EBADMSG;
    memcpy(digits, text + HEAD, DIGITS);
    digits[DIGITS] = '\0';
    if (strlen(digits) != DIGITS || guid_parse(digits, guid) < 0)
        return -EBADMSG;
    guid_text(guid, ret);
    return 0;
}

static void read_usn(const struct span *value, uint64_t *ret)
{
    uint64_t n = 0;

    if (value->len == 0 || value->len > 19) // 19 digits fit
        return;
    for (size_t i = 0; i < value->len; i++) {
        if (value->data[i] < '0' || value->data[i] > '9')
            return;
        n = n * 10 + (value->data[i] - '0');
    }
    *ret = n;
}

static int read_entry(struct span entry, struct rootdse *ret)
{
    struct span name, list, one, type, values, value;

    if (!take_of(&entry, TAG_OCTETS, &name) || !take_of(&entry, TAG_SEQUENCE, &list))
        return -EBADMSG;
    while (list.len > 0) {
        if (!take_of(&list, TAG_SEQUENCE, &one) || !take_of(&one, TAG_OCTETS, &type) ||
            !take_of(&one, TAG_SET, &values))
            return -EBADMSG;
        if (values.len == 0)
            continue;
        if (!take_of(&values, TAG_OCTETS, &value))
            return -EBADMSG;
        if (is_name(&type, service))
            rootdse_guid((const char *)value.data, value.len, ret->instance);
        else if (is_name(&type, usn))
            read_usn(&value, &ret->usn);
    }
    return 0;
}

int rootdse_answer(const unsigned char *data, size_t len, struct rootdse *ret)
{
    struct span all = {data, len}, message, number, entry;
    struct rootdse root = {0};
    unsigned tag;
    int rc = next(&all, &tag, &message);

    if (rc < 0)
        return rc;
    if (tag != TAG_SEQUENCE || !take_of(&message, TAG_INTEGER, &number) ||
        !take_of(&message, TAG_ENTRY, &entry) || read_entry(entry, &root) < 0)
        return -EBADMSG;
    *ret = root;
    return 0;
}
