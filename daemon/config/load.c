// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/config.h"

#include "daemon/config/document.h"
#include "daemon/config/option.h"
#include "daemon/config/section.h"
#include "daemon/config/value.h"
#include "daemon/core/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ENTRIES_MAX = 1000, WORDS_MAX = 64, PATH_TEXT = 64 };

struct loader {
    struct config *config;
    const yaml_node_t *policies; // read last: they name domains
};

static int set_defaults(const struct option *table, void *base)
{
    for (const struct option *o = table; o->key; o++)
        if (option_default(o, base) < 0)
            return -ENOMEM;
    return 0;
}

static const yaml_node_t *item(struct document *d, const yaml_node_t *list, int i)
{
    return document_node(d, list->data.sequence.items.start[i]);
}

// The value of `key` in an entry, to point at in an error; the entry itself when the key is absent.
static const yaml_node_t *value_of(struct document *d, const yaml_node_t *entry, const char *key)
{
    if (entry->type == YAML_MAPPING_NODE)
        for (yaml_node_pair_t *p = entry->data.mapping.pairs.start; p < entry->data.mapping.pairs.top; p++)
            if (strcmp((const char *)document_node(d, p->key)->data.scalar.value, key) == 0)
                return document_node(d, p->value);
    return entry;
}

static int take_words(struct document *d, const yaml_node_t *node, const char *path, const struct option *o,
                      void *base, void *arg, struct err *err)
{
    int rc = 0, count = section_count(d, node, path, err);

    (void)arg;
    if (count < 0)
        return count;
    if (count > WORDS_MAX)
        return document_error(d, node, path, err, "has %d entries; at most %d can stand here", count,
                              WORDS_MAX);
    if (count == 0 && o->check == value_strategy)
        return document_error(d, node, path, err,
                              "is empty; write one or more of wait, provision and credential, or leave the "
                              "line out; mode: observe repairs nothing");
    option_clear_words(o, base);
    if (count == 0 && node->type == YAML_SEQUENCE_NODE)
        rc = option_no_words(o, base);
    for (int i = 0; rc == 0 && i < count; i++) {
        const char *text = NULL;
        struct err why = {0};

        rc = section_scalar(d, item(d, node, i), path, &text, err);
        if (rc == 0)
            rc = option_add_word(o, base, text, &why);
        if (rc == -EINVAL && why.text[0])
            rc = document_error(d, item(d, node, i), path, err, "%s", why.text);
    }
    return rc;
}

// An entry of a list by its table: `base` is zeroed memory that config_free already knows.
static int read_entry(struct document *d, const yaml_node_t *entry, const char *path,
                      const struct option *table, void *base, struct err *err)
{
    int rc = set_defaults(table, base);

    if (rc < 0)
        return rc;
    if (entry->type != YAML_MAPPING_NODE)
        return document_error(d, entry, path, err, "is an entry of options; write them as - key: value");
    return section_read(d, entry, path, table, base, take_words, NULL, err);
}

static int netbios_default(struct config_domain *domain)
{
    size_t len = strcspn(domain->name, ".");

    if (domain->netbios)
        return 0;
    domain->netbios = strndup(domain->name, len < 15 ? len : 15);
    for (char *p = domain->netbios; p && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return domain->netbios ? 0 : -ENOMEM;
}

static int read_domain(struct document *d, const yaml_node_t *entry, int i, struct config *config,
                       struct err *err)
{
    struct config_domain *domain = &config->domains[config->domains_count++];
    char path[PATH_TEXT];
    int rc;

    snprintf(path, sizeof path, "domains[%d]", i);
    rc = read_entry(d, entry, path, domain_options, domain, err);
    if (rc < 0)
        return rc;
    if (!domain->name)
        return document_error(d, entry, path, err, "has no name; write the domain's DNS name as name:");
    rc = netbios_default(domain);
    for (const struct config_domain *other = config->domains; rc == 0 && other < domain; other++)
        if (strcasecmp(other->name, domain->name) == 0 || strcasecmp(other->netbios, domain->netbios) == 0)
            rc = document_error(d, value_of(d, entry, "name"), path, err,
                                "%s (%s) stands a second time; write one entry for each domain", domain->name,
                                domain->netbios);
    return rc;
}

static int policy_domain(struct document *d, const yaml_node_t *entry, const char *path,
                         struct config *config, const struct config_policy *policy, struct err *err)
{
    if (policy->domain && !config_domain(config, policy->domain))
        return document_error(d, value_of(d, entry, "domain"), path, err,
                              "'%.100s' is no entry of domains; write the name of one, or add it there",
                              policy->domain);
    if (policy->computer && !policy->domain && config->domains_count != 1)
        return document_error(d, value_of(d, entry, "computer"), path, err, "%s",
                              config->domains_count
                                  ? "in which domain? Several are configured; write one as domain:"
                                  : "no domain is configured; add one to domains");
    return 0;
}

static int quiet_of(const struct config_words *w, struct quiet_span **ret)
{
    if (!w->count)
        return 0;
    *ret = calloc(w->count, sizeof **ret);
    for (size_t i = 0; *ret && i < w->count; i++)
        quiet_parse(w->items[i], &(*ret)[i]); // was checked when it was read
    return *ret ? 0 : -ENOMEM;
}

// "KEY=PATTERN" as the two, in one piece of memory that the key begins.
static int metadata_of(struct config_policy *p)
{
    if (!p->match_metadata.count)
        return 0;
    p->metadata = calloc(p->match_metadata.count, sizeof *p->metadata);
    for (size_t i = 0; p->metadata && i < p->match_metadata.count; i++) {
        char *key = strdup(p->match_metadata.items[i]), *equals;

        if (!key)
            return -ENOMEM;
        equals = (char *)value_metadata_split(key);
        *equals = '\0';
        p->metadata[i] = (struct policy_value){key, equals + 1};
    }
    return p->metadata ? 0 : -ENOMEM;
}

// What core compares, out of the fields as they were read.
static int finish_policy(struct config *config, struct config_policy *p)
{
    const struct config_domain *domain = p->match_domain ? config_domain(config, p->match_domain) : NULL;
    int rc = metadata_of(p);

    if (rc == 0)
        rc = quiet_of(&p->quiet_hours, &p->quiet);
    if (rc == 0 && !p->name && asprintf(&p->name, "policy-%zu", config->policies_count) < 0)
        rc = -ENOMEM;
    p->match = (struct policy_match){
        .name = p->match_name,
        .title = p->match_title,
        .domain = domain ? domain->name : p->match_domain,
        .ou = p->match_ou,
        .role = p->match_role ? role_parse(p->match_role) : -1,
        .metadata = p->metadata,
        .metadata_count = p->match_metadata.count,
    };
    return rc;
}

static int policy_binding(struct document *d, const yaml_node_t *entry, const char *path,
                          const struct config_policy *policy, struct err *err)
{
    return policy->bind && policy->computer
               ? document_error(d, value_of(d, entry, "bind"), path, err,
                                "bind and computer are two ways to bind; write one of them")
               : 0;
}

static int policy_name(struct document *d, const yaml_node_t *entry, const char *path, struct config *config,
                       const struct config_policy *policy, struct err *err)
{
    for (const struct config_policy *other = config->policies; other < policy; other++)
        if (strcmp(other->name, policy->name) == 0)
            return document_error(d, value_of(d, entry, "name"), path, err,
                                  "%s stands a second time; give each entry a name of its own", policy->name);
    if (policy->match_domain && !config_domain(config, policy->match_domain))
        return document_error(
            d, value_of(d, entry, "match"), path, err,
            "match.domain: '%.100s' is no entry of domains; write the name of one, or add it there",
            policy->match_domain);
    return 0;
}

static int read_policy(struct document *d, const yaml_node_t *entry, int i, struct config *config,
                       struct err *err)
{
    struct config_policy *policy = &config->policies[config->policies_count++];
    char path[PATH_TEXT];
    int rc;

    snprintf(path, sizeof path, "policies[%d]", i);
    rc = read_entry(d, entry, path, policy_options, policy, err);
    if (rc == 0)
        rc = finish_policy(config, policy);
    if (rc == 0)
        rc = policy_name(d, entry, path, config, policy, err);
    if (rc == 0)
        rc = policy_binding(d, entry, path, policy, err);
    return rc < 0 ? rc : policy_domain(d, entry, path, config, policy, err);
}

static int read_list(struct document *d, const yaml_node_t *node, const char *path, size_t size, void **ret,
                     int (*read_one)(struct document *, const yaml_node_t *, int, struct config *,
                                     struct err *),
                     struct config *config, struct err *err)
{
    int rc = 0, count = section_count(d, node, path, err);

    if (count <= 0)
        return count;
    if (count > ENTRIES_MAX)
        return document_error(d, node, path, err, "has %d entries; at most %d can stand here", count,
                              ENTRIES_MAX);
    *ret = calloc((size_t)count, size);
    if (!*ret)
        return -ENOMEM;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = read_one(d, item(d, node, i), i, config, err);
    return rc;
}

static int take_list(struct document *d, const yaml_node_t *node, const char *path, const struct option *o,
                     void *base, void *arg, struct err *err)
{
    struct loader *loader = arg;
    struct config *config = base;

    if (o->type == OPTION_WORDS)
        return take_words(d, node, path, o, base, arg, err);
    if (o->type == OPTION_POLICIES) {
        loader->policies = node;
        return 0;
    }
    return read_list(d, node, path, sizeof *config->domains, (void **)&config->domains, read_domain, config,
                     err);
}

static int read_document(struct document *d, struct config *config, struct err *err)
{
    struct loader loader = {.config = config};
    const yaml_node_t *root = document_root(d);
    int rc;

    if (!root)
        return 0;
    rc = section_read(d, root, "", config_options, config, take_list, &loader, err);
    if (rc == 0)
        rc = quiet_of(&config->quiet_hours, &config->quiet);
    if (rc < 0 || !loader.policies)
        return rc;
    return read_list(d, loader.policies, "policies", sizeof *config->policies, (void **)&config->policies,
                     read_policy, config, err);
}

static int load_file(const char *file, struct config *config, struct err *err)
{
    _cleanup_(document_done) struct document d = {0};
    int rc = document_load(file, &d, err);

    if (rc < 0)
        return rc;
    rc = read_document(&d, config, err);
    if (rc == 0 && !(config->file = strdup(file)))
        rc = -ENOMEM;
    return rc;
}

int config_load(const char *file, struct config **ret, struct err *err)
{
    _cleanup_(config_freep) struct config *config = calloc(1, sizeof *config);
    int rc = config ? set_defaults(config_options, config) : -ENOMEM;

    if (rc == 0)
        rc = load_file(file ? file : CONFIG_FILE, config, err);
    if (rc == -ENOENT && !file)
        rc = 0;
    if (rc == -ENOMEM)
        return err_set(err, rc, "out of memory while reading the configuration");
    if (rc < 0)
        return rc;
    *ret = take(config);
    return 0;
}
