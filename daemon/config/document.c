// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/document.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct bytes {
    char *data;
    size_t len;
};

static int not_at(const char *file, yaml_mark_t at, struct err *err, const char *what)
{
    return err_set(err, -EINVAL, "%s:%zu:%zu: %s", file, at.line + 1, at.column + 1, what);
}

static int read_failed(const char *file, int code, struct err *err)
{
    const char *what = code == -ENOENT   ? "; name an existing file with --config"
                       : code == -EACCES ? "; run as root, or let this user read the file"
                                         : "";

    return err_set(err, code, "%s: %s%s", file, strerror(-code), what);
}

// Regular files and /dev/null; a pipe would block and a directory is a slip.
static int open_plain(const char *file, struct err *err)
{
    _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return read_failed(file, -errno, err);
    if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return err_set(err, -EINVAL, "%s: is not a file; name the YAML file itself", file);
    return take_fd(fd);
}

static int read_file(const char *file, struct bytes *ret, struct err *err)
{
    _cleanup_close_ int fd = open_plain(file, err);
    _cleanup_free_ char *data = NULL;
    size_t len = 0;

    if (fd < 0)
        return fd;
    data = malloc(DOCUMENT_BYTES_MAX + 1);
    if (!data)
        return -ENOMEM;
    for (;;) {
        ssize_t n = read(fd, data + len, DOCUMENT_BYTES_MAX + 1 - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return read_failed(file, -errno, err);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > DOCUMENT_BYTES_MAX)
            return err_set(err, -EINVAL, "%s: is larger than %d bytes; this is no virtrust.yaml", file,
                           DOCUMENT_BYTES_MAX);
    }
    ret->data = take(data);
    ret->len = len;
    return 0;
}

static void feed(yaml_parser_t *parser, const struct bytes *b)
{
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(parser, (const unsigned char *)b->data, b->len);
}

// libyaml tells a bad byte only by its offset.
static yaml_mark_t mark_of(const struct bytes *b, size_t offset)
{
    yaml_mark_t at = {0};

    for (size_t i = 0; i < offset && i < b->len; i++) {
        at.column++;
        if (b->data[i] == '\n') {
            at.line++;
            at.column = 0;
        }
    }
    return at;
}

static int parser_error(const char *file, const yaml_parser_t *p, const struct bytes *b, struct err *err)
{
    char text[ERR_TEXT_MAX];

    if (p->error == YAML_MEMORY_ERROR)
        return -ENOMEM;
    if (p->error == YAML_READER_ERROR) {
        snprintf(text, sizeof text, "%s; the file has to be plain UTF-8 text", p->problem);
        return not_at(file, mark_of(b, p->problem_offset), err, text);
    }
    snprintf(text, sizeof text, "not YAML: %s%s%s; check indentation, colons and quotes here and just above",
             p->problem ? p->problem : "cannot be read", p->context ? " " : "", p->context ? p->context : "");
    return not_at(file, p->problem_mark, err, text);
}

struct census {
    size_t nodes, depth, documents;
};

// What the document must not hold: NULL when the event is fine.
static const char *unwanted(const yaml_event_t *e, struct census *c)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++c->documents > 1 ? "a second document begins; there is room for one only" : NULL;
    case YAML_ALIAS_EVENT:
        return "an alias (*name); write the value itself";
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
        c->depth++;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
        c->depth++;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        c->depth--;
        return NULL;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return NULL;
    }
    if (anchor)
        return "an anchor (&name); anchors and aliases are not used here";
    if (tag)
        return "a tag (!name); write the plain value";
    if (c->depth > DOCUMENT_DEPTH_MAX)
        return "nested too deeply; no option lies that deep";
    if (++c->nodes > DOCUMENT_NODES_MAX)
        return "too many values; this is no virtrust.yaml";
    return NULL;
}

static int take_census(const char *file, const struct bytes *b, struct err *err)
{
    struct census census = {0};
    yaml_parser_t parser;
    bool done = false;
    int rc = 0;

    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    feed(&parser, b);
    while (rc == 0 && !done) {
        yaml_event_t event;
        const char *what;

        if (!yaml_parser_parse(&parser, &event)) {
            rc = parser_error(file, &parser, b, err);
            break;
        }
        what = unwanted(&event, &census);
        if (what)
            rc = not_at(file, event.start_mark, err, what);
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return rc;
}

static bool scalars_equal(const yaml_node_t *a, const yaml_node_t *b)
{
    return a->type == YAML_SCALAR_NODE && b->type == YAML_SCALAR_NODE &&
           a->data.scalar.length == b->data.scalar.length &&
           memcmp(a->data.scalar.value, b->data.scalar.value, a->data.scalar.length) == 0;
}

// libyaml keeps both of two equal keys; which one counts would be a guess.
static int refuse_duplicates(struct document *d, const yaml_node_t *mapping, struct err *err)
{
    const yaml_node_pair_t *first = mapping->data.mapping.pairs.start;

    if (mapping->data.mapping.pairs.top - first > 100)
        return document_error(d, mapping, NULL, err,
                              "a mapping of more than 100 keys; no section has as many");
    for (const yaml_node_pair_t *p = first; p < mapping->data.mapping.pairs.top; p++) {
        const yaml_node_t *key = document_node(d, p->key);

        if (key->type != YAML_SCALAR_NODE)
            return document_error(d, key, NULL, err, "a key that is no word; write key: value");
        for (const yaml_node_pair_t *q = first; q < p; q++)
            if (scalars_equal(key, document_node(d, q->key)))
                return document_error(
                    d, key, NULL, err, "%.64s: stands a second time (first in line %zu); keep one",
                    (const char *)key->data.scalar.value, document_node(d, q->key)->start_mark.line + 1);
    }
    return 0;
}

static int load(struct document *d, const struct bytes *b, struct err *err)
{
    yaml_parser_t parser;
    int rc = 0;

    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    feed(&parser, b);
    if (yaml_parser_load(&parser, &d->yaml))
        d->loaded = true;
    else
        rc = parser_error(d->file, &parser, b, err);
    yaml_parser_delete(&parser);
    for (int id = 1; rc == 0 && id <= d->yaml.nodes.top - d->yaml.nodes.start; id++)
        if (document_node(d, id)->type == YAML_MAPPING_NODE)
            rc = refuse_duplicates(d, document_node(d, id), err);
    return rc;
}

int document_load(const char *file, struct document *ret, struct err *err)
{
    _cleanup_(document_done) struct document d = {.file = file};
    _cleanup_free_ char *data = NULL;
    struct bytes bytes = {0};
    int rc = read_file(file, &bytes, err);

    if (rc < 0)
        return rc;
    data = bytes.data;
    rc = take_census(file, &bytes, err);
    if (rc == 0)
        rc = load(&d, &bytes, err);
    if (rc < 0)
        return rc;
    *ret = d;
    d.loaded = false;
    return 0;
}

void document_done(struct document *d)
{
    if (d->loaded)
        yaml_document_delete(&d->yaml);
    d->loaded = false;
}

const yaml_node_t *document_root(struct document *d)
{
    return yaml_document_get_root_node(&d->yaml);
}

const yaml_node_t *document_node(struct document *d, int id)
{
    return yaml_document_get_node(&d->yaml, id);
}

int document_error(const struct document *d, const yaml_node_t *node, const char *path, struct err *err,
                   const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(err, -EINVAL, format, args);
    va_end(args);
    return err_prefix(err, -EINVAL, "%s:%zu:%zu%s%s", d->file, node->start_mark.line + 1,
                      node->start_mark.column + 1, path ? ": " : "", path ? path : "");
}
