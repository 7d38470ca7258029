// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/guestmeta.h"

#include <stdio.h>
#include <string.h>

#define OWN "urn:virtrust:guest"

struct walk {
    struct record *record;
    unsigned count;
};

static void add(struct walk *w, const char *way, xmlNode *node)
{
    xmlChar *text = xmlNodeGetContent(node);
    const char *value = (const char *)text;
    size_t len;
    char key[RECORD_KEY_MAX], copy[GUESTMETA_VALUE];

    value += value ? strspn(value, " \t\r\n") : 0;
    len = value ? strlen(value) : sizeof copy;
    while (len > 0 && len < sizeof copy && strchr(" \t\r\n", value[len - 1]))
        len--;
    if (len < sizeof copy && w->count < GUESTMETA_MAX) {
        snprintf(copy, sizeof copy, "%.*s", (int)len, value);
        snprintf(key, sizeof key, "metadata.%u.key", w->count);
        record_add(w->record, key, way);
        snprintf(key, sizeof key, "metadata.%u.value", w->count++);
        record_add(w->record, key, copy);
    }
    if (text)
        xmlFree(text);
}

// False when it does not fit: a cut key would be another one.
static bool step(char ret[static GUESTMETA_KEY], const char *way, const xmlChar *name)
{
    const char *slash = way[0] && way[strlen(way) - 1] != '}' ? "/" : "";

    return snprintf(ret, GUESTMETA_KEY, "%s%s%s", way, slash, (const char *)name) < GUESTMETA_KEY;
}

static void walk_element(struct walk *w, const char *way, xmlNode *node, unsigned depth)
{
    bool leaf = true;
    char below[GUESTMETA_KEY];

    for (xmlAttr *a = node->properties; a; a = a->next)
        if (step(below, way, a->name))
            add(w, below, (xmlNode *)a);
    for (xmlNode *n = node->children; n && w->count < GUESTMETA_MAX; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        leaf = false;
        if (depth < GUESTMETA_DEPTH && step(below, way, n->name))
            walk_element(w, below, n, depth + 1);
    }
    if (leaf && way[0] && node->children)
        add(w, way, node);
}

void guestmeta_add(struct record *r, xmlNode *metadata)
{
    struct walk w = {.record = r};

    for (xmlNode *n = metadata ? metadata->children : NULL; n; n = n->next) {
        const char *space = n->type == XML_ELEMENT_NODE && n->ns ? (const char *)n->ns->href : NULL;
        char way[GUESTMETA_KEY] = "";

        if (!space)
            continue;
        if (strcmp(space, OWN) != 0 &&
            snprintf(way, sizeof way, "{%s}%s", space, (const char *)n->name) >= (int)sizeof way)
            continue;
        walk_element(&w, way, n, 0);
    }
}
