// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/push.h"

#include "daemon/deliver/pushfile.h"

#include <stdio.h>
#include <string.h>

static const char parent[] = "/var/lib/virtrust-helper";
static const char directory[] = "/var/lib/virtrust-helper/bin";

// Runs a tool of the guest's own; anything but exit 0 is a refusal.
static int tool(struct guest *g, const char *path, const char *const *args, struct agent_status *ret,
                struct fail *fail)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    bool missing = false;

    if (guest_run(g, path, args, NULL, 0, &s, &missing, fail) < 0) {
        if (missing)
            return fail_set(fail, "push-refused", PUSH_BY_HAND, "the guest has no %s", path);
        return -1;
    }
    if (s.exit_code != 0)
        return fail_set(fail, "push-refused", PUSH_BY_HAND, "%s in the guest: exit %d: %.200s", path,
                        s.exit_code, s.err);
    if (ret) {
        *ret = s;
        s.out = NULL;
        s.out_len = 0;
    }
    return 0;
}

// Does the guest's file have this checksum? 1 yes, 0 no or no such file, -1.
static int has_sum(struct guest *g, const char *path, const char *sum, bool *ret_exists, struct fail *fail)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    bool missing = false;

    if (guest_run(g, "/usr/bin/sha256sum", (const char *const[]){path, NULL}, NULL, 0, &s, &missing, fail) <
        0) {
        if (missing)
            return fail_set(fail, "push-refused", PUSH_BY_HAND, "the guest has no /usr/bin/sha256sum");
        return -1;
    }
    *ret_exists = s.exit_code == 0;
    return s.exit_code == 0 && s.out_len > PUSH_SUM && strncmp(s.out, sum, PUSH_SUM) == 0 &&
           s.out[PUSH_SUM] == ' ';
}

static int place(struct guest *g, const char *path, const struct pushfile *s, struct fail *fail)
{
    char part[PUSH_PATH + 8];
    bool exists = false;
    int same;

    snprintf(part, sizeof part, "%s.part", path);
    if (pushfile_write(g, part, s, fail) < 0)
        return -1;
    same = has_sum(g, part, s->sum, &exists, fail);
    if (same < 0)
        return -1;
    if (!same)
        return fail_set(fail, "push-refused", PUSH_BY_HAND, "the helper arrived altered in the guest");
    if (tool(g, "/usr/bin/chmod", (const char *const[]){"0700", part, NULL}, NULL, fail) < 0)
        return -1;
    // -n: what came to lie there meanwhile is not overwritten.
    return tool(g, "/usr/bin/mv", (const char *const[]){"-n", "-T", part, path, NULL}, NULL, fail);
}

int push_helper(struct guest *g, const char *source, char ret_path[static PUSH_PATH], struct fail *fail)
{
    _cleanup_pushfile_ struct pushfile s = {0};
    const char *const make[] = {"-d", "-m", "0700", parent, directory, NULL};
    char path[PUSH_PATH];
    bool exists = false;
    int same;

    if (pushfile_load(source, &s, fail) < 0)
        return -1;
    snprintf(path, sizeof path, "%s/virtrust-helper-%.16s", directory, s.sum);
    same = has_sum(g, path, s.sum, &exists, fail);
    if (same < 0)
        return -1;
    if (!same && exists)
        return fail_set(fail, "push-refused", "look at that file in the guest, then remove it",
                        "%s in the guest is not what was pushed there", path);
    if (!same && (tool(g, "/usr/bin/install", make, NULL, fail) < 0 || place(g, path, &s, fail) < 0))
        return -1;
    strcpy(ret_path, path);
    return 0;
}
