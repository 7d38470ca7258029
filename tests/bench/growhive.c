// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-growhive FILE MIB [windows]: fills a registry hive with invented keys and values, as services and classes
// fill a real one, until the file has about that size. `windows` makes it a SOFTWARE by which libguestfs knows a
// Windows. For the fixture of the looks, where no real hive is at hand.
#include "common/cleanup.h"

#include <hivex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// What a key costs in the file, keys and values below it included: about what real hives show (160 bytes a cell).
enum { VALUES = 4, VALUE_BYTES = 96, BATCH = 2000 };

static int die(const char *what)
{
    perror(what);
    return 4;
}

static void fill_value(unsigned char *data, uint64_t *state)
{
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        data[i] = (unsigned char)(*state >> 56);
    }
}

static int add_key(hive_h *h, hive_node_h parent, unsigned number, uint64_t *state)
{
    static char names[VALUES][16] = {"Type", "Start", "ImagePath", "DisplayName"};
    unsigned char data[VALUES][VALUE_BYTES];
    hive_set_value values[VALUES];
    char name[32];
    hive_node_h node;

    snprintf(name, sizeof name, "Service%06u", number);
    node = hivex_node_add_child(h, parent, name);
    if (!node)
        return -1;
    for (size_t i = 0; i < VALUES; i++) {
        fill_value(data[i], state);
        values[i] = (hive_set_value){
            .key = names[i], .t = hive_t_REG_BINARY, .len = VALUE_BYTES, .value = (char *)data[i]};
    }
    return hivex_node_set_values(h, node, VALUES, values, 0);
}

// hivex keeps a list of subkeys in one piece: so many a parent.
static int add_batch(const char *file, unsigned number, uint64_t *state)
{
    hive_h *h = hivex_open(file, HIVEX_OPEN_WRITE);
    hive_node_h filler, parent;
    char name[32];
    int rc = 0;

    if (!h)
        return -1;
    // Not in the root itself: it is small in a real hive, and whoever asks there for a key in vain may read all of it.
    filler = hivex_node_get_child(h, hivex_root(h), "Filler");
    if (!filler)
        filler = hivex_node_add_child(h, hivex_root(h), "Filler");
    if (!filler)
        rc = -1;
    for (unsigned i = 0; rc == 0 && i < BATCH / 100; i++) {
        snprintf(name, sizeof name, "Filler%04u-%02u", number, i);
        parent = hivex_node_add_child(h, filler, name);
        for (unsigned k = 0; parent && rc == 0 && k < 100; k++)
            rc = add_key(h, parent, k, state);
        if (!parent)
            rc = -1;
    }
    if (rc == 0)
        rc = hivex_commit(h, NULL, 0);
    hivex_close(h);
    return rc;
}

static hive_node_h add_path(hive_h *h, const char *const *names, size_t n)
{
    hive_node_h node = hivex_root(h);

    for (size_t i = 0; node && i < n; i++)
        node = hivex_node_add_child(h, node, names[i]);
    return node;
}

static int set_text(hive_h *h, hive_node_h node, const char *name, const char *text)
{
    unsigned char data[128] = {0};
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        data[2 * i] = (unsigned char)text[i];
    return hivex_node_set_value(
        h, node,
        &(hive_set_value){.key = (char *)name, .t = hive_t_REG_SZ, .len = 2 * len + 2, .value = (char *)data},
        0);
}

static int make_windows(const char *file)
{
    static const char *const path[] = {"Microsoft", "Windows NT", "CurrentVersion"};
    hive_h *h = hivex_open(file, HIVEX_OPEN_WRITE);
    hive_node_h node = h ? add_path(h, path, ARRAY_SIZE(path)) : 0;
    int rc = node ? 0 : -1;

    if (rc == 0)
        rc = set_text(h, node, "ProductName", "Windows 10 Pro");
    if (rc == 0)
        rc = set_text(h, node, "CurrentVersion", "6.3");
    if (rc == 0)
        rc = set_text(h, node, "InstallationType", "Client");
    if (rc == 0)
        rc = hivex_commit(h, NULL, 0);
    if (h)
        hivex_close(h);
    return rc;
}

int main(int argc, char **argv)
{
    uint64_t state = 1469598103934665603u;
    unsigned long mib;
    struct stat st;

    if (argc < 3 || (mib = strtoul(argv[2], NULL, 10)) == 0) {
        fputs("usage: bench-growhive FILE MIB [windows]\n", stderr);
        return 2;
    }
    if (argc > 3 && make_windows(argv[1]) < 0)
        return die(argv[1]);
    for (unsigned n = 0;; n++) {
        if (stat(argv[1], &st) < 0)
            return die(argv[1]);
        if ((unsigned long)st.st_size >= mib << 20)
            return 0;
        if (add_batch(argv[1], n, &state) < 0)
            return die(argv[1]);
    }
}
