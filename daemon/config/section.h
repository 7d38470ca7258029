// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A mapping of the document, read by a table of options into the table's struct. Lists come back to the caller,
// which knows what an entry is.
//
//     rc = section_read(&document, root, "", config_options, config, take_list, loader, &err);
#pragma once

#include "daemon/config/document.h"
#include "daemon/config/option.h"

// Called for OPTION_WORDS, OPTION_DOMAINS and OPTION_POLICIES: 0 or a negative errno with a sentence.
typedef int section_list(struct document *d, const yaml_node_t *node, const char *path,
                         const struct option *o, void *base, void *arg, struct err *err);

// `prefix` is "" or the way to this mapping for error texts: "domains[0]". Does not set defaults.
int section_read(struct document *d, const yaml_node_t *node, const char *prefix, const struct option *table,
                 void *base, section_list *list, void *arg, struct err *err);

// A sequence's length; an absent value (`domains:` and nothing behind it) is an empty one. -EINVAL with a sentence.
int section_count(struct document *d, const yaml_node_t *node, const char *path, struct err *err);
// A scalar as text; -EINVAL with a sentence when it is none, or holds a NUL.
int section_scalar(struct document *d, const yaml_node_t *node, const char *path, const char **ret,
                   struct err *err);
