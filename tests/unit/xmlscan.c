// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The hook's scanner, against tables and against libxml2: on documents made of random pieces the two must agree on
// what /domain/uuid is, and the scanner must never find something where libxml2 finds another thing.
#include "hooks/xmlscan.h"

#include "common/cleanup.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *xml, *element;
    int rc;
    const char *text;
} rows[] = {
    {"<domain type='qemu' id='3'>\n  <name>a</name>\n  <uuid>u-1</uuid>\n</domain>", "uuid", 0, "u-1"},
    {"<domain type='qemu' id='3'>\n  <name>a</name>\n  <uuid>u-1</uuid>\n</domain>", "name", 0, "a"},
    {"<!-- <domain><uuid>no</uuid> -->\n<domain><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<?xml version='1.0'?><domain><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain><metadata><uuid>no</uuid></metadata><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain><metadata><uuid>no</uuid></metadata></domain>", "uuid", -ENOENT, NULL},
    {"<domain><title><![CDATA[<uuid>no</uuid>]]></title><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain><title>&lt;uuid&gt;no</title><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain a='>' b=\"'><uuid>no</uuid>\"><uuid>yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain><on_crash/><uuid x='/>' >yes</uuid></domain>", "uuid", 0, "yes"},
    {"<domain><name>a&amp;b&lt;&#xe4;&#8364;&#x1F600;</name></domain>", "name", 0,
     "a&b<\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"<domain><name></name></domain>", "name", 0, ""},
    {"<domain><name/></domain>", "name", -ENOENT, NULL},
    {"<domain><names>no</names><name>yes</name></domain>", "name", 0, "yes"},
    {"<domain></domain><uuid>no</uuid>", "uuid", -ENOENT, NULL},
    {"</domain><uuid>no</uuid>", "uuid", -ENOENT, NULL},
    {"<uuid>no</uuid>", "uuid", -ENOENT, NULL},
    {"<!DOCTYPE d [<!ENTITY e 'x'>]><domain><uuid>&e;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&e;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&#0;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&#xD800;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&#x;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&#-5;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>&#x110000;</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>a<b/>c</uuid></domain>", "uuid", -EBADMSG, NULL},
    {"<domain><uuid>u-1", "uuid", -ENOENT, NULL},
    {"<domain><uuid", "uuid", -ENOENT, NULL},
    {"<domain", "uuid", -ENOENT, NULL},
    {"<", "uuid", -ENOENT, NULL},
    {"", "uuid", -ENOENT, NULL},
    {"no xml at all", "uuid", -ENOENT, NULL},
    {"<domain><uuid>0123456789012345678901234567890123456789012345678901234567890123</uuid>", "uuid", -E2BIG,
     NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char text[64] = "untouched";
        size_t len = strlen(rows[i].xml);
        // An allocation of the exact size, so that a read beyond the end is seen.
        _cleanup_free_ char *copy = malloc(len + !len);

        assert_non_null(copy);
        memcpy(copy, rows[i].xml, len);
        if (xmlscan_child(copy, len, rows[i].element, text, sizeof text) != rows[i].rc)
            fail_msg("row %zu: %s", i, rows[i].xml);
        assert_string_equal(text, rows[i].text ? rows[i].text : "untouched");
    }
}

// Every beginning of a document is safe, and none finds anything but the whole's answer.
static void test_every_beginning(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t len = 0; len <= strlen(rows[i].xml); len++) {
            _cleanup_free_ char *copy = malloc(len + 1);
            char text[64];

            memcpy(copy, rows[i].xml, len);
            if (xmlscan_child(copy, len, rows[i].element, text, sizeof text) == 0) {
                assert_int_equal(rows[i].rc, 0);
                assert_string_equal(text, rows[i].text);
            }
        }
}

static uint32_t random_state = 1;

static uint32_t roll(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static void append(char *out, size_t room, const char *piece)
{
    if (strlen(out) + strlen(piece) < room)
        strcat(out, piece);
}

static void make_document(char *out, size_t room)
{
    static const char *const pieces[] = {
        "<uuid>",
        "</uuid>",
        "<uuid/>",
        "<a>",
        "</a>",
        "<a b='<uuid>'>",
        "<a b=\"'>\"/>",
        "<!-- <uuid>x</uuid> -->",
        "<![CDATA[</domain>]]>",
        "text",
        "&amp;",
        "&#65;",
        " ",
        "<?p <uuid>y</uuid> ?>",
        "<uuid>z</uuid>",
        "<a><uuid>deep</uuid></a>",
        "<uuids>n</uuids>",
        "\n",
    };
    out[0] = '\0';
    append(out, room, "<domain>");
    for (uint32_t n = roll(8); n > 0; n--)
        append(out, room, pieces[roll(ARRAY_SIZE(pieces))]);
    append(out, room, "</domain>");
}

// What libxml2 says is the text of the first non-empty /domain/uuid: false when there is none; *ret_plain tells
// whether it is nothing but text (the scanner refuses markup in there).
static bool by_libxml(const xmlDoc *doc, char *ret, size_t room, bool *ret_plain)
{
    xmlNode *root = xmlDocGetRootElement(doc);

    for (xmlNode *n = root->children; n; n = n->next) {
        xmlChar *text;

        if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, "uuid") != 0)
            continue;
        *ret_plain = true;
        for (xmlNode *c = n->children; c; c = c->next)
            *ret_plain = *ret_plain && c->type == XML_TEXT_NODE;
        text = xmlNodeGetContent(n);
        snprintf(ret, room, "%s", (const char *)text);
        xmlFree(text);
        return true;
    }
    return false;
}

static void test_against_libxml(void **state)
{
    unsigned compared = 0;

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        char document[1024], mine[256], theirs[256];
        bool plain = false, found;
        xmlDoc *doc;
        int rc;

        make_document(document, sizeof document);
        doc = xmlReadMemory(document, (int)strlen(document), NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        if (!doc)
            continue;
        found = by_libxml(doc, theirs, sizeof theirs, &plain);
        xmlFreeDoc(doc);
        rc = xmlscan_child(document, strlen(document), "uuid", mine, sizeof mine);
        compared++;
        if (rc == 0 && (!found || (strcmp(mine, theirs) != 0 && !strstr(document, "<uuid/>"))))
            fail_msg("the scanner finds \"%s\" in %s", mine, document);
        if (rc != 0 && found && plain && !strstr(document, "<uuid/>"))
            fail_msg("the scanner finds nothing (%d) in %s", rc, document);
    }
    assert_true(compared > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_beginning),
        cmocka_unit_test(test_against_libxml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
