// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/section.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PATH_TEXT = 160 };

struct reading {
    struct document *d;
    const char *prefix;
    const struct option *table;
    void *base;
    section_list *list;
    void *arg;
};

// "" and nothing else: `paths:` whose options are all commented out.
static bool absent(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           node->data.scalar.length == 0;
}

int section_count(struct document *d, const yaml_node_t *node, const char *path, struct err *err)
{
    if (absent(node))
        return 0;
    if (node->type != YAML_SEQUENCE_NODE)
        return document_error(d, node, path, err, "is a list; write its entries below it, each with a dash");
    return (int)(node->data.sequence.items.top - node->data.sequence.items.start);
}

int section_scalar(struct document *d, const yaml_node_t *node, const char *path, const char **ret,
                   struct err *err)
{
    const char *text;

    if (node->type != YAML_SCALAR_NODE)
        return document_error(d, node, path, err, "holds a list or a section; write one value");
    if (absent(node))
        return document_error(d, node, path, err,
                              "has no value; write one, or leave the line out for the default");
    text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length)
        return document_error(d, node, path, err, "holds a NUL character; write plain text");
    *ret = text;
    return 0;
}

// The keys that may stand at this place, for the sentence about an unknown one.
static void known_keys(const struct option *table, const char *section, char *ret, size_t size)
{
    size_t len = strlen(section), n = 0;
    char last[64] = "";

    for (const struct option *o = table; o->key; o++) {
        size_t part;

        if (strncmp(o->key, section, len) != 0)
            continue;
        part = strcspn(o->key + len, ".");
        if (strlen(last) == part && strncmp(o->key + len, last, part) == 0)
            continue;
        snprintf(last, sizeof last, "%.*s", (int)part, o->key + len);
        n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", last);
        if (n >= size)
            return;
    }
}

static bool is_section(const struct option *table, const char *key)
{
    size_t len = strlen(key);

    for (; table->key; table++)
        if (strncmp(table->key, key, len) == 0 && table->key[len] == '.')
            return true;
    return false;
}

static int set_option(struct reading *r, const struct option *o, const yaml_node_t *value, const char *path,
                      struct err *err)
{
    struct err why = {0};
    const char *text = NULL;
    int rc;

    if (o->type == OPTION_WORDS || o->type == OPTION_DOMAINS || o->type == OPTION_POLICIES)
        return r->list(r->d, value, path, o, r->base, r->arg, err);
    rc = section_scalar(r->d, value, path, &text, err);
    if (rc < 0)
        return rc;
    rc = option_set(o, r->base, text, &why);
    return rc == -EINVAL ? document_error(r->d, value, path, err, "%s", why.text) : rc;
}

static int read_mapping(struct reading *r, const yaml_node_t *node, const char *section, struct err *err);

// `section` is "" or "look."; the key is looked for as "look.timeout".
static int read_pair(struct reading *r, const char *section, const yaml_node_t *key, const yaml_node_t *value,
                     struct err *err)
{
    char name[PATH_TEXT], path[2 * PATH_TEXT], below[PATH_TEXT + 1], known[300] = "";
    const struct option *o = r->table;

    snprintf(name, sizeof name, "%s%.64s", section, (const char *)key->data.scalar.value);
    snprintf(path, sizeof path, "%s%s%s", r->prefix, *r->prefix ? "." : "", name);
    while (o->key && strcmp(o->key, name) != 0)
        o++;
    if (o->key)
        return set_option(r, o, value, path, err);
    if (is_section(r->table, name)) {
        snprintf(below, sizeof below, "%s.", name);
        return read_mapping(r, value, below, err);
    }
    known_keys(r->table, section, known, sizeof known);
    return document_error(r->d, key, path, err, "there is no such option; here may stand: %s", known);
}

static int read_mapping(struct reading *r, const yaml_node_t *node, const char *section, struct err *err)
{
    char known[300] = "", path[2 * PATH_TEXT];

    if (absent(node))
        return 0;
    snprintf(path, sizeof path, "%s%s%.*s", r->prefix, *r->prefix && *section ? "." : "",
             *section ? (int)strlen(section) - 1 : 0, section);
    known_keys(r->table, section, known, sizeof known);
    if (node->type != YAML_MAPPING_NODE)
        return document_error(r->d, node, *path ? path : NULL, err,
                              "is a section; write its options as key: value (%s)", known);
    for (const yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        int rc = read_pair(r, section, document_node(r->d, p->key), document_node(r->d, p->value), err);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int section_read(struct document *d, const yaml_node_t *node, const char *prefix, const struct option *table,
                 void *base, section_list *list, void *arg, struct err *err)
{
    struct reading r = {.d = d, .prefix = prefix, .table = table, .base = base, .list = list, .arg = arg};

    return read_mapping(&r, node, "", err);
}
