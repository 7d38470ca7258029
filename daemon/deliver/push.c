// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/push.h"

#include "common/hex.h"
#include "common/os/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// The agent takes 48 KiB at once easily; at 192 KiB it fails.
enum { PIECE = 48 * 1024, SOURCE_MAX = 8 * 1024 * 1024, SUM = 2 * DIGEST };

static const char parent[] = "/var/lib/virtrust-helper";
static const char directory[] = "/var/lib/virtrust-helper/bin";
static const char by_hand[] = "install virtrust-helper in the guest by hand";

struct source {
    unsigned char *data;
    size_t len;
    char sum[SUM + 1];
};

static void source_done(struct source *s)
{
    free(s->data);
}

static int load(const char *path, struct source *s, struct fail *fail)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char digest[DIGEST];
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return fail_set(fail, "push-refused", "install virtrust's guest helper on the host", "%.200s: %s",
                        path, strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > SOURCE_MAX)
        return fail_set(fail, "push-refused", "name the helper's own file",
                        "%.200s: no program of a sensible size", path);
    s->data = malloc((size_t)st.st_size);
    while (s->data && s->len < (size_t)st.st_size) {
        ssize_t n = read(fd, s->data + s->len, (size_t)st.st_size - s->len);

        if (n <= 0)
            break;
        s->len += (size_t)n;
    }
    if (s->len != (size_t)st.st_size || seal_sha256(s->data, s->len, digest) < 0)
        return fail_set(fail, "internal", "try again", "%.200s: cannot read it whole", path);
    hex_encode(digest, DIGEST, s->sum);
    return 0;
}

// Runs a tool of the guest's own; anything but exit 0 is a refusal.
static int tool(struct guest *g, const char *path, const char *const *args, struct agent_status *ret,
                struct fail *fail)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    bool missing = false;

    if (guest_run(g, path, args, NULL, 0, &s, &missing, fail) < 0) {
        if (missing)
            return fail_set(fail, "push-refused", by_hand, "the guest has no %s", path);
        return -1;
    }
    if (s.exit_code != 0)
        return fail_set(fail, "push-refused", by_hand, "%s in the guest: exit %d: %.200s", path, s.exit_code,
                        s.err);
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
            return fail_set(fail, "push-refused", by_hand, "the guest has no /usr/bin/sha256sum");
        return -1;
    }
    *ret_exists = s.exit_code == 0;
    return s.exit_code == 0 && s.out_len > SUM && strncmp(s.out, sum, SUM) == 0 && s.out[SUM] == ' ';
}

static int write_pieces(struct guest *g, int64_t handle, const struct source *s, struct fail *fail)
{
    for (size_t at = 0; at < s->len;) {
        size_t piece = s->len - at < PIECE ? s->len - at : PIECE, written = 0;
        _cleanup_agent_ char *reply = NULL;
        bool refused = false;

        if (guest_agent(g, agent_write_command(handle, s->data + at, piece), &reply, &refused, fail) < 0) {
            if (refused)
                fail->code = "push-refused", fail->next = "is the guest's disk full?";
            return -1;
        }
        if (agent_read_written(reply, &written, &fail->text) < 0 || written == 0 || written > piece)
            return fail_set(fail, "push-refused", "is the guest's disk full?",
                            "the guest agent did not write what it was given");
        at += written;
    }
    return 0;
}

static int write_file(struct guest *g, const char *path, const struct source *s, struct fail *fail)
{
    _cleanup_agent_ char *opened = NULL, *closed = NULL;
    struct fail ignored = {0};
    bool refused = false;
    int64_t handle = 0;
    int rc;

    if (guest_agent(g, agent_open_command(path, "w"), &opened, &refused, fail) < 0) {
        if (refused)
            fail->code = "push-refused", fail->next = by_hand;
        return -1;
    }
    if (agent_read_number(opened, &handle, &fail->text) < 0)
        return fail_set(fail, "push-refused", by_hand,
                        "the guest agent gave no handle of the file it opened");
    rc = write_pieces(g, handle, s, fail);
    if (guest_agent(g, agent_close_command(handle), &closed, &refused, &ignored) < 0 && rc == 0) {
        *fail = ignored;
        if (refused)
            fail->code = "push-refused", fail->next = "is the guest's disk full?";
        rc = -1;
    }
    return rc;
}

static int place(struct guest *g, const char *path, const struct source *s, struct fail *fail)
{
    char part[PUSH_PATH + 8];
    bool exists = false;
    int same;

    snprintf(part, sizeof part, "%s.part", path);
    if (write_file(g, part, s, fail) < 0)
        return -1;
    same = has_sum(g, part, s->sum, &exists, fail);
    if (same < 0)
        return -1;
    if (!same)
        return fail_set(fail, "push-refused", by_hand, "the helper arrived altered in the guest");
    if (tool(g, "/usr/bin/chmod", (const char *const[]){"0700", part, NULL}, NULL, fail) < 0)
        return -1;
    // -n: what came to lie there meanwhile is not overwritten.
    return tool(g, "/usr/bin/mv", (const char *const[]){"-n", "-T", part, path, NULL}, NULL, fail);
}

int push_helper(struct guest *g, const char *source, char ret_path[static PUSH_PATH], struct fail *fail)
{
    __attribute__((cleanup(source_done))) struct source s = {0};
    const char *const make[] = {"-d", "-m", "0700", parent, directory, NULL};
    char path[PUSH_PATH];
    bool exists = false;
    int same;

    if (load(source, &s, fail) < 0)
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
