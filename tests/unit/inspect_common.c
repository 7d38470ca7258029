// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/inspect_common.h"

#include "common/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *real_hives(void)
{
    const char *named = getenv("VIRTRUST_HIVES"), *source = getenv("VIRTRUST_SOURCE_DIR");
    char *path = NULL;

    if (named ? asprintf(&path, "%s", named) < 0
              : asprintf(&path, "%s/../shared/hives", source ? source : ".") < 0)
        abort();
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

int read_xz(const char *dir, const char *name, struct blob *ret)
{
    _cleanup_free_ char *command = NULL;
    struct err err = {0};
    FILE *pipe;
    int rc;

    if (asprintf(&command, "xz -dc '%s/%s.xz' 2>/dev/null", dir, name) < 0)
        abort();
    pipe = popen(command, "r");
    if (!pipe)
        return -1;
    rc = blob_read_fd(fileno(pipe), HIVE_FILE_MAX, ret, &err);
    if (pclose(pipe) == 0 && rc == 0)
        return 0;
    blob_done(ret);
    return -1;
}

void set_add(struct hive_set *set, enum hive_name name, struct blob *bytes)
{
    if (source_of_blob(bytes, &set->in[name].file) < 0)
        abort();
}

void set_add_log(struct hive_set *set, enum hive_name name, unsigned log, struct blob *bytes)
{
    if (source_of_blob(bytes, &set->in[name].logs[log]) < 0)
        abort();
}

uint32_t rng_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void mutate(unsigned char *data, size_t len, uint32_t *rng)
{
    static const unsigned char likely[] = {0, 0xff, 0x7f, 0x80, 1};
    uint32_t changes = 1 + rng_next(rng) % 8;

    for (uint32_t i = 0; i < changes; i++) {
        // Half of the changes hit the first 16 kB, where the roots of everything lie.
        size_t reach = rng_next(rng) % 2 && len > 16384 ? 16384 : len;
        size_t at = rng_next(rng) % reach;

        data[at] = rng_next(rng) % 2 ? likely[rng_next(rng) % sizeof likely] : (unsigned char)rng_next(rng);
    }
}

void mend_base_block(unsigned char *data, size_t len)
{
    uint32_t sum = 0, word;

    if (len < 512)
        return;
    for (size_t at = 0; at < 508; at += 4) {
        memcpy(&word, data + at, 4);
        sum ^= word;
    }
    sum = sum == 0 ? 1 : sum == 0xffffffffu ? 0xfffffffeu : sum;
    memcpy(data + 508, &sum, 4);
}
