// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// In builds without libFuzzer: runs a fuzzer's function over its kept corpus, so that every test run does.
//
//     replay-NAME CORPUS_DIRECTORY
#include "common/cleanup.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *dir, const char *name)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_free_ uint8_t *data = NULL;
    _cleanup_fclose_ FILE *f = NULL;
    struct stat st;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        return -1;
    f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    data = malloc((size_t)st.st_size + 1);
    if (!data || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        return -1;
    // What aborts is a finding; the name tells which.
    printf("%s\n", name);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    return 1;
}

int main(int argc, char **argv)
{
    const struct dirent *entry;
    int done = 0;
    DIR *dir;

    if (argc != 2)
        return 2;
    dir = opendir(argv[1]);
    if (!dir) {
        printf("skipped: there is no corpus %s\n", argv[1]);
        return 77;
    }
    while ((entry = readdir(dir))) {
        int rc = replay(argv[1], entry->d_name);

        if (rc < 0) {
            printf("%s cannot be read\n", entry->d_name);
            return 1;
        }
        done += rc;
    }
    closedir(dir);
    return done > 0 ? 0 : 1;
}
