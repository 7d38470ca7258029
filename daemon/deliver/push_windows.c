// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Windows has no tool for a checksum that every version carries: the file is read back through the agent and compared.
#include "daemon/deliver/push.h"
#include "daemon/deliver/pushfile.h"

#include <stdio.h>
#include <string.h>

static const char shell[] = "C:\\Windows\\System32\\cmd.exe";

// A built-in command of Windows' shell, whose words have no blank but in paths, and no sign that means something to it
// (value_windows_path sees to that). What came of it is looked at, not its exit code: it is in the guest's language.
static int tell_shell(struct guest *g, const char *command, const char *first, const char *second,
                      struct fail *fail)
{
    const char *const args[] = {"/d", "/c", command, first, second, NULL};
    _cleanup_agent_status_ struct agent_status s = {0};
    bool missing = false;

    if (guest_run(g, shell, args, NULL, 0, &s, &missing, fail) == 0)
        return 0;
    return missing ? fail_set(fail, "push-refused", PUSH_BY_HAND, "the guest has no %s", shell) : -1;
}

static int place(struct guest *g, const char *path, const struct pushfile *f, struct fail *fail)
{
    const char *name = strrchr(path, '\\') + 1;
    char part[PUSH_PATH + 8];
    bool exists = false;
    int same;

    snprintf(part, sizeof part, "%s.part", path);
    if (pushfile_write(g, part, f, fail) < 0)
        return -1;
    same = pushfile_same(g, part, f, &exists, fail);
    if (same < 0)
        return -1;
    if (!same)
        return fail_set(fail, "push-refused", PUSH_BY_HAND, "the helper arrived altered in the guest");
    // `ren` never overwrites: what came to lie there meanwhile stays, and is found out.
    if (tell_shell(g, "ren", part, name, fail) < 0)
        return -1;
    same = pushfile_same(g, path, f, &exists, fail);
    if (same == 0)
        return fail_set(fail, "push-refused", PUSH_BY_HAND, "the helper could not be given its name %.200s",
                        path);
    return same < 0 ? -1 : 0;
}

int push_windows_path(const char *helper, const char *sum, char ret[static PUSH_PATH])
{
    const char *name = strrchr(helper, '\\');
    int n;

    if (!name)
        return -1;
    n = snprintf(ret, PUSH_PATH, "%.*s\\pushed\\virtrust-helper-%.16s.exe", (int)(name - helper), helper,
                 sum);
    return n > 0 && n < PUSH_PATH ? 0 : -1;
}

int push_helper_windows(struct guest *g, const char *source, const char *helper,
                        char ret_path[static PUSH_PATH], struct fail *fail)
{
    _cleanup_pushfile_ struct pushfile f = {0};
    char path[PUSH_PATH], directory[PUSH_PATH];
    bool exists = false;
    int same;

    if (pushfile_load(source, &f, fail) < 0)
        return -1;
    if (push_windows_path(helper, f.sum, path) < 0)
        return fail_set(fail, "push-refused", "correct helper.windows_path", "%.200s is no path of Windows'",
                        helper);
    same = pushfile_same(g, path, &f, &exists, fail);
    if (same < 0)
        return -1;
    if (!same && exists)
        return fail_set(fail, "push-refused", "look at that file in the guest, then remove it",
                        "%s in the guest is not what was pushed there", path);
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '\\') - path), path);
    if (!same && (tell_shell(g, "mkdir", directory, NULL, fail) < 0 || place(g, path, &f, fail) < 0))
        return -1;
    strcpy(ret_path, path);
    return 0;
}
