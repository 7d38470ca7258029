// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's own file on the host, whole in memory with its checksum, and its way into a guest's file: in pieces, by
// the agent. For push.c and push_windows.c. Failures are `push-refused`, or what the agent did.
//
//     _cleanup_pushfile_ struct pushfile f = {0};
//     if (pushfile_load("/usr/libexec/virtrust/virtrust-helper", &f, &fail) < 0 ||
//         pushfile_write(g, "/tmp/x", &f, &fail) < 0) …
#pragma once

#include "common/os/seal.h"
#include "daemon/deliver/guest.h"

#define PUSH_BY_HAND "install virtrust-helper in the guest by hand"

enum { PUSH_SUM = 2 * DIGEST };

struct pushfile {
    unsigned char *data;
    size_t len;
    char sum[PUSH_SUM + 1]; // SHA-256, hexadecimal
};
void pushfile_done(struct pushfile *f);
#define _cleanup_pushfile_ _cleanup_(pushfile_done)

int pushfile_load(const char *path, struct pushfile *f, struct fail *fail);
// Whatever lies there is overwritten.
int pushfile_write(struct guest *g, const char *path, const struct pushfile *f, struct fail *fail);
// Does the guest's file hold just these bytes? 1 yes, 0 no (*ret_exists: is there one?), -1. Reads it through the
// agent.
int pushfile_same(struct guest *g, const char *path, const struct pushfile *f, bool *ret_exists,
                  struct fail *fail);
