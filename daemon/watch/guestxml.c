// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/guestxml.h"

#include "daemon/watch/guestmeta.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <string.h>

static void doc_freep(xmlDoc **doc)
{
    if (*doc)
        xmlFreeDoc(*doc);
}

static void xml_freep(xmlChar **text)
{
    if (*text)
        xmlFree(*text);
}

static int parse(const char *xml, size_t len, const char *root, xmlDoc **ret, struct err *err)
{
    _cleanup_(doc_freep) xmlDoc *doc = NULL;
    xmlNode *top;

    if (len > GUESTXML_MAX)
        return err_set(err, -E2BIG, "the XML of a guest has %zu bytes, more than %d", len, GUESTXML_MAX);
    doc = xmlReadMemory(xml, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        return err_set(err, -EBADMSG, "the XML of a guest cannot be parsed");
    if (doc->intSubset || doc->extSubset)
        return err_set(err, -EBADMSG,
                       "the XML of a guest has a document type declaration, which libvirt never writes");
    top = xmlDocGetRootElement(doc);
    if (!top || strcmp((const char *)top->name, root) != 0)
        return err_set(err, -EBADMSG, "the XML is not that of a %s", root);
    *ret = take(doc);
    return 0;
}

static xmlNode *child(const xmlNode *node, const char *name)
{
    for (xmlNode *n = node ? node->children : NULL; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && !n->ns && strcmp((const char *)n->name, name) == 0)
            return n;
    return NULL;
}

static xmlNode *next_same(const xmlNode *node)
{
    for (xmlNode *n = node->next; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && !n->ns && xmlStrEqual(n->name, node->name))
            return n;
    return NULL;
}

static void add(struct record *r, const char *key, const char *value)
{
    if (value && strlen(value) <= GUESTXML_VALUE_MAX && record_count(r) < GUESTXML_KEYS_MAX)
        record_add(r, key, value);
}

static void add_text(struct record *r, const char *key, xmlNode *node)
{
    _cleanup_(xml_freep) xmlChar *text = node ? xmlNodeGetContent(node) : NULL;

    add(r, key, (const char *)text);
}

static void add_attribute(struct record *r, const char *key, xmlNode *node, const char *name)
{
    _cleanup_(xml_freep) xmlChar *text = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;

    add(r, key, (const char *)text);
}

static bool attribute_is(xmlNode *node, const char *name, const char *wanted)
{
    _cleanup_(xml_freep) xmlChar *text = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;

    return text && strcmp((const char *)text, wanted) == 0;
}

static void copy_text(xmlNode *node, char *ret, size_t room)
{
    _cleanup_(xml_freep) xmlChar *text = node ? xmlNodeGetContent(node) : NULL;

    if (text && strlen((const char *)text) < room)
        strcpy(ret, (const char *)text);
}

// The keys of one source: "disk.N" or "disk.N.backing.M" before each of them. `type` is the type attribute's owner.
static void add_source(struct record *r, const char *prefix, xmlNode *owner)
{
    // Which attribute of <source> is the place, by the type.
    static const struct {
        const char *type, *attribute;
    } places[] = {{"file", "file"}, {"block", "dev"}, {"dir", "dir"}};
    xmlNode *source = child(owner, "source");
    char key[RECORD_KEY_MAX];

    snprintf(key, sizeof key, "%s.type", prefix);
    add_attribute(r, key, owner, "type");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (attribute_is(owner, "type", places[i].type)) {
            snprintf(key, sizeof key, "%s.path", prefix);
            add_attribute(r, key, source, places[i].attribute);
        }
}

static void add_network(struct record *r, const char *prefix, xmlNode *disk)
{
    static const struct {
        const char *key, *attribute;
    } hosts[] = {{"host", "name"}, {"port", "port"}, {"transport", "transport"}, {"socket", "socket"}};
    xmlNode *source = child(disk, "source");
    char key[RECORD_KEY_MAX];

    if (!attribute_is(disk, "type", "network"))
        return;
    snprintf(key, sizeof key, "%s.protocol", prefix);
    add_attribute(r, key, source, "protocol");
    snprintf(key, sizeof key, "%s.name", prefix);
    add_attribute(r, key, source, "name");
    // The first host: a cluster's monitor tells of the others.
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(key, sizeof key, "%s.%s", prefix, hosts[i].key);
        add_attribute(r, key, child(source, "host"), hosts[i].attribute);
    }
    snprintf(key, sizeof key, "%s.auth", prefix);
    add(r, key, child(source, "auth") || child(disk, "auth") ? "1" : NULL);
    snprintf(key, sizeof key, "%s.tls", prefix);
    add(r, key, attribute_is(source, "tls", "yes") ? "1" : NULL);
}

static void add_volume(struct record *r, const char *prefix, xmlNode *disk)
{
    xmlNode *source = child(disk, "source");
    _cleanup_(xml_freep) xmlChar *pool = source ? xmlGetNoNsProp(source, (const xmlChar *)"pool") : NULL;
    _cleanup_(xml_freep) xmlChar *volume = source ? xmlGetNoNsProp(source, (const xmlChar *)"volume") : NULL;
    char key[RECORD_KEY_MAX], name[512];

    if (!attribute_is(disk, "type", "volume") || !pool || !volume)
        return;
    snprintf(key, sizeof key, "%s.name", prefix);
    if (snprintf(name, sizeof name, "%s/%s", (char *)pool, (char *)volume) < (int)sizeof name)
        add(r, key, name);
}

static void add_chain(struct record *r, const char *prefix, xmlNode *disk)
{
    unsigned depth = 0;

    // <backingStore/> without a type ends the chain.
    for (xmlNode *n = child(disk, "backingStore"); n && depth < GUESTXML_CHAIN_MAX;
         n = child(n, "backingStore")) {
        char inner[RECORD_KEY_MAX / 2], key[RECORD_KEY_MAX];

        if (!xmlHasProp(n, (const xmlChar *)"type"))
            break;
        snprintf(inner, sizeof inner, "%s.backing.%u", prefix, depth++);
        add_source(r, inner, n);
        snprintf(key, sizeof key, "%s.format", inner);
        add_attribute(r, key, child(n, "format"), "type");
    }
}

static void add_disk(struct record *r, unsigned n, xmlNode *disk)
{
    xmlNode *encryption = child(child(disk, "source"), "encryption");
    char prefix[16], key[RECORD_KEY_MAX];

    snprintf(prefix, sizeof prefix, "disk.%u", n);
    snprintf(key, sizeof key, "%s.device", prefix);
    add(r, key, "disk");
    snprintf(key, sizeof key, "%s.target", prefix);
    add_attribute(r, key, child(disk, "target"), "dev");
    add_source(r, prefix, disk);
    snprintf(key, sizeof key, "%s.format", prefix);
    add_attribute(r, key, child(disk, "driver"), "type");
    snprintf(key, sizeof key, "%s.readonly", prefix);
    add(r, key, child(disk, "readonly") ? "1" : "0");
    snprintf(key, sizeof key, "%s.encryption", prefix);
    add_attribute(r, key, encryption ? encryption : child(disk, "encryption"), "format");
    add_network(r, prefix, disk);
    add_volume(r, prefix, disk);
    add_chain(r, prefix, disk);
}

// Returns whether one of them forgets what is written when the guest stops.
static bool add_disks(struct record *r, xmlNode *devices)
{
    bool transient = false;
    unsigned n = 0;

    for (xmlNode *disk = child(devices, "disk"); disk && n < GUESTXML_DISKS_MAX; disk = next_same(disk)) {
        // "disk" is what libvirt means when it says nothing.
        if (xmlHasProp(disk, (const xmlChar *)"device") && !attribute_is(disk, "device", "disk"))
            continue;
        transient = transient || child(disk, "transient");
        add_disk(r, n++, disk);
    }
    return transient;
}

// QEMU's own way to forget what is written, behind libvirt's back: -snapshot, or snapshot=on of a -drive.
static bool snapshot_mode(xmlNode *root)
{
    bool found = false;

    for (xmlNode *n = root->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || !n->ns || !xmlStrEqual(n->name, (const xmlChar *)"commandline") ||
            strcmp((const char *)n->ns->href, "http://libvirt.org/schemas/domain/qemu/1.0") != 0)
            continue;
        for (xmlNode *arg = n->children; arg; arg = arg->next) {
            _cleanup_(xml_freep) xmlChar *value = NULL;

            if (arg->type != XML_ELEMENT_NODE || !xmlStrEqual(arg->name, (const xmlChar *)"arg"))
                continue;
            value = xmlGetNoNsProp(arg, (const xmlChar *)"value");
            found = found || (value && (strcmp((const char *)value, "-snapshot") == 0 ||
                                        strstr((const char *)value, "snapshot=on")));
        }
    }
    return found;
}

// The helper's own port does as well as an agent: deliver finds out which of them helps.
static bool is_way(xmlNode *target)
{
    return attribute_is(target, "type", "virtio") &&
           (attribute_is(target, "name", "org.qemu.guest_agent.0") ||
            attribute_is(target, "name", "org.virtrust.guest.0"));
}

static const char *agent_state(xmlNode *devices)
{
    const char *state = "none";

    for (xmlNode *n = child(devices, "channel"); n; n = next_same(n)) {
        xmlNode *target = child(n, "target");

        if (!is_way(target))
            continue;
        if (attribute_is(target, "state", "connected"))
            return "connected";
        state = "disconnected";
    }
    return state;
}

int guestxml_describe(const char *xml, size_t len, struct guestxml_id *ret_id, struct record *r,
                      struct err *err)
{
    _cleanup_(doc_freep) xmlDoc *doc = NULL;
    xmlNode *root, *devices;
    struct guestxml_id id = {0};
    int rc = parse(xml, len, "domain", &doc, err);

    if (rc < 0)
        return rc;
    root = xmlDocGetRootElement(doc);
    devices = child(root, "devices");
    copy_text(child(root, "uuid"), id.uuid, sizeof id.uuid);
    copy_text(child(root, "name"), id.name, sizeof id.name);
    add_text(r, "title", child(root, "title"));
    add_text(r, "genid", child(root, "genid"));
    add(r, "agent", agent_state(devices));
    add(r, "tpm", child(devices, "tpm") ? "1" : NULL);
    add(r, "transient_disks", add_disks(r, devices) || snapshot_mode(root) ? "1" : "0");
    guestmeta_add(r, child(root, "metadata"));
    *ret_id = id;
    return 0;
}

int guestxml_snapshot(const char *xml, size_t len, struct record *r, struct err *err)
{
    _cleanup_(doc_freep) xmlDoc *doc = NULL;
    _cleanup_(xml_freep) xmlChar *created = NULL;
    xmlNode *root, *time_node;
    char *end = NULL;
    long long seconds;
    int rc = parse(xml, len, "domainsnapshot", &doc, err);

    if (rc < 0)
        return rc;
    root = xmlDocGetRootElement(doc);
    add_text(r, "snapshot", child(root, "name"));
    time_node = child(root, "creationTime");
    created = time_node ? xmlNodeGetContent(time_node) : NULL;
    seconds = created ? strtoll((const char *)created, &end, 10) : 0;
    if (seconds > 0 && seconds < INT64_MAX / 1000000 && *end == '\0')
        record_add_i64(r, "snapshot_created_us", seconds * 1000000);
    return 0;
}
