// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/xmlscan.h"

#include "common/utf8.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 }; // no uuid and no name of a guest is longer

struct scan {
    const char *at, *end;
};

static bool starts(const struct scan *s, const char *word)
{
    size_t n = strlen(word);

    return (size_t)(s->end - s->at) >= n && memcmp(s->at, word, n) == 0;
}

// Goes behind the next `word`: false at the end of the text.
static bool skip_past(struct scan *s, const char *word)
{
    const char *found = memmem(s->at, (size_t)(s->end - s->at), word, strlen(word));

    if (!found)
        return false;
    s->at = found + strlen(word);
    return true;
}

// Goes behind the '>' that ends the tag; one inside an attribute's quotes does not.
static bool skip_tag(struct scan *s, bool *ret_empty)
{
    char quote = 0;

    for (; s->at < s->end; s->at++) {
        char c = *s->at;

        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            *ret_empty = s->at[-1] == '/';
            s->at++;
            return true;
        }
    }
    return false;
}

static size_t name_length(const struct scan *s)
{
    size_t n = 0;

    while (s->at + n < s->end && !memchr(" \t\r\n/>", s->at[n], 6))
        n++;
    return n;
}

// One reference at s->at ('&'): its length in `out`, 0 when it is none.
static size_t decode_reference(struct scan *s, char out[static UTF8_MAX])
{
    static const struct {
        const char *word;
        char c;
    } named[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char digits[12];
    const char *end = memchr(s->at, ';', (size_t)(s->end - s->at));
    char *stop;
    unsigned long c;
    size_t n;

    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (starts(s, named[i].word)) {
            s->at += strlen(named[i].word);
            out[0] = named[i].c;
            return 1;
        }
    if (!end || !starts(s, "&#") || (n = (size_t)(end - s->at) - 2) == 0 || n >= sizeof digits)
        return 0;
    memcpy(digits, s->at + 2, n);
    digits[n] = '\0';
    if (!(digits[0] == 'x' ? strchr("0123456789abcdefABCDEF", digits[1]) && digits[1]
                           : digits[0] >= '0' && digits[0] <= '9'))
        return 0;
    c = digits[0] == 'x' ? strtoul(digits + 1, &stop, 16) : strtoul(digits, &stop, 10);
    if (*stop)
        return 0;
    s->at = end + 1;
    return c > UINT32_MAX ? 0 : utf8_put((uint32_t)c, out);
}

// The element's text, which must end with a closing tag and hold no other markup.
static int read_text(struct scan *s, char *ret, size_t room)
{
    char text[TEXT_MAX];
    size_t len = 0;

    while (s->at < s->end && *s->at != '<') {
        char piece[UTF8_MAX];
        size_t n = 1;

        if (*s->at == '&')
            n = decode_reference(s, piece);
        else
            piece[0] = *s->at++;
        if (n == 0 || piece[0] == '\0')
            return -EBADMSG;
        if (len + n >= sizeof text || len + n >= room)
            return -E2BIG;
        memcpy(text + len, piece, n);
        len += n;
    }
    if (s->at >= s->end)
        return -ENOENT;
    if (!starts(s, "</"))
        return -EBADMSG;
    memcpy(ret, text, len);
    ret[len] = '\0';
    return 0;
}

// Comments, CDATA and processing instructions: 1 skipped, 0 not one of them, negative: the end, or a DTD.
static int skip_other(struct scan *s)
{
    static const struct {
        const char *open, *close;
    } kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (starts(s, kinds[i].open)) {
            s->at += strlen(kinds[i].open);
            return skip_past(s, kinds[i].close) ? 1 : -ENOENT;
        }
    return starts(s, "<!") ? -EBADMSG : 0;
}

int xmlscan_child(const char *xml, size_t len, const char *element, char *ret, size_t room)
{
    struct scan s = {xml, xml + len};
    size_t depth = 0;

    while (s.at < s.end && (s.at = memchr(s.at, '<', (size_t)(s.end - s.at)))) {
        bool closing = starts(&s, "</"), empty = false, wanted;
        int rc = skip_other(&s);
        size_t n;

        if (rc < 0)
            return rc;
        if (rc > 0)
            continue;
        s.at += closing ? 2 : 1;
        n = name_length(&s);
        wanted = !closing && depth == 1 && n == strlen(element) && memcmp(s.at, element, n) == 0;
        s.at += n;
        if (!skip_tag(&s, &empty))
            return -ENOENT;
        if (wanted && !empty)
            return read_text(&s, ret, room);
        if (closing && depth-- <= 1)
            return -ENOENT;
        if (!closing && !empty)
            depth++;
    }
    return -ENOENT;
}
