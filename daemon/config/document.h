// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A YAML file as libyaml's document, after everything was refused that a configuration has no use for: more than
// a megabyte, bytes that are no UTF-8, control characters, anchors and aliases (a few lines of which unfold to
// gigabytes), tags, more than one document, deep nesting, a key twice in one mapping.
//
// The caller owns the struct and ends it with document_done. Errors are sentences "FILE:LINE:COLUMN: ...".
//
//     _cleanup_(document_done) struct document d = {0};
//     rc = document_load("/etc/virtrust/virtrust.yaml", &d, &err);
#pragma once

#include "common/err.h"

#include <stdbool.h>
#include <yaml.h>

enum { DOCUMENT_BYTES_MAX = 1024 * 1024, DOCUMENT_NODES_MAX = 50000, DOCUMENT_DEPTH_MAX = 8 };

struct document {
    const char *file; // borrowed
    yaml_document_t yaml;
    bool loaded;
};

// 0, -ENOENT, -EINVAL, other negative errno.
int document_load(const char *file, struct document *ret, struct err *err);
void document_done(struct document *d);

// NULL when the file holds nothing but comments.
const yaml_node_t *document_root(struct document *d);
const yaml_node_t *document_node(struct document *d, int id);

// Writes "FILE:LINE:COLUMN: PATH: " and the sentence about `node`; returns -EINVAL.
int document_error(const struct document *d, const yaml_node_t *node, const char *path, struct err *err,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
