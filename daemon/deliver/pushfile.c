// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/pushfile.h"

#include "common/hex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

// The agent takes and gives 48 KiB at once easily; at 192 KiB it fails.
enum { PIECE = 48 * 1024, SOURCE_MAX = 8 * 1024 * 1024 };

void pushfile_done(struct pushfile *f)
{
    free(f->data);
    f->data = NULL;
}

int pushfile_load(const char *path, struct pushfile *f, struct fail *fail)
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
    f->data = malloc((size_t)st.st_size);
    while (f->data && f->len < (size_t)st.st_size) {
        ssize_t n = read(fd, f->data + f->len, (size_t)st.st_size - f->len);

        if (n <= 0)
            break;
        f->len += (size_t)n;
    }
    if (f->len != (size_t)st.st_size || seal_sha256(f->data, f->len, digest) < 0)
        return fail_set(fail, "internal", "try again", "%.200s: cannot read it whole", path);
    hex_encode(digest, DIGEST, f->sum);
    return 0;
}

static int write_pieces(struct guest *g, int64_t handle, const struct pushfile *f, struct fail *fail)
{
    for (size_t at = 0; at < f->len;) {
        size_t piece = f->len - at < PIECE ? f->len - at : PIECE, written = 0;
        _cleanup_agent_ char *reply = NULL;
        bool refused = false;

        if (guest_agent(g, agent_write_command(handle, f->data + at, piece), &reply, &refused, fail) < 0) {
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

int pushfile_write(struct guest *g, const char *path, const struct pushfile *f, struct fail *fail)
{
    _cleanup_agent_ char *opened = NULL, *closed = NULL;
    struct fail ignored = {0};
    bool refused = false;
    int64_t handle = 0;
    int rc;

    if (guest_agent(g, agent_open_command(path, "w"), &opened, &refused, fail) < 0) {
        if (refused)
            fail->code = "push-refused", fail->next = PUSH_BY_HAND;
        return -1;
    }
    if (agent_read_number(opened, &handle, &fail->text) < 0)
        return fail_set(fail, "push-refused", PUSH_BY_HAND,
                        "the guest agent gave no handle of the file it opened");
    rc = write_pieces(g, handle, f, fail);
    if (guest_agent(g, agent_close_command(handle), &closed, &refused, &ignored) < 0 && rc == 0) {
        *fail = ignored;
        if (refused)
            fail->code = "push-refused", fail->next = "is the guest's disk full?";
        rc = -1;
    }
    return rc;
}

// 1 as long as the file's bytes are ours to its end; 0 at the first that is not.
static int compare(struct guest *g, int64_t handle, const struct pushfile *f, struct fail *fail)
{
    for (size_t at = 0;;) {
        _cleanup_agent_ char *reply = NULL;
        _cleanup_free_ char *bytes = NULL;
        bool refused = false, eof = false;
        size_t len = 0;

        if (guest_agent(g, agent_read_file_command(handle, PIECE), &reply, &refused, fail) < 0) {
            if (refused)
                fail->code = "push-refused", fail->next = PUSH_BY_HAND;
            return -1;
        }
        if (agent_read_piece(reply, PIECE, &bytes, &len, &eof, &fail->text) < 0 || (len == 0 && !eof))
            return fail_set(fail, "push-refused", PUSH_BY_HAND,
                            "the guest agent did not read back what it wrote");
        if (len > f->len - at || (len > 0 && memcmp(f->data + at, bytes, len) != 0))
            return 0;
        at += len;
        if (eof)
            return at == f->len;
    }
}

int pushfile_same(struct guest *g, const char *path, const struct pushfile *f, bool *ret_exists,
                  struct fail *fail)
{
    _cleanup_agent_ char *opened = NULL, *closed = NULL;
    struct fail ignored = {0};
    bool refused = false;
    int64_t handle = 0;
    int rc;

    *ret_exists = false;
    if (guest_agent(g, agent_open_command(path, "r"), &opened, &refused, fail) < 0)
        return refused ? 0 : -1;
    if (agent_read_number(opened, &handle, &fail->text) < 0)
        return fail_set(fail, "push-refused", PUSH_BY_HAND,
                        "the guest agent gave no handle of the file it opened");
    *ret_exists = true;
    rc = compare(g, handle, f, fail);
    guest_agent(g, agent_close_command(handle), &closed, &refused, &ignored);
    return rc;
}
