// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// config_load takes any file: it is read or refused with a sentence, and what it read can be used.
#include "daemon/config/config.h"
#include "daemon/core/policy.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void choose(const struct config *c, const char *name, const char *title, struct config_choice *ret)
{
    static const struct policy_value pool = {"pool", "vdi"};
    struct policy_subject s = {.name = name,
                               .title = title,
                               .described = title != NULL,
                               .dn = "CN=x,OU=VDI,DC=corp,DC=test",
                               .metadata = &pool,
                               .metadata_count = title ? 1 : 0};

    config_choose(c, &s, ret);
}

static void use(const struct config *c)
{
    struct config_choice choice;

    choose(c, "vdi-0123456789abcdef", "a title", &choice);
    choose(c, "x", NULL, &choice);
    if (strlen(choice.computer) >= sizeof choice.computer || c->runtime_dir[0] != '/')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);
    struct config *c = NULL;
    struct err err = {0};
    char path[64];
    int rc;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return 0;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = config_load(path, &c, &err);
    if (rc == 0)
        use(c);
    else if (c || !err.text[0])
        abort();
    config_free(c);
    return 0;
}
