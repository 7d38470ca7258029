// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/nonce.h"

#include "common/hex.h"
#include "common/hostname.h"
#include "daemon/directory/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "nonce."
#define NEXT_STATE "give virtrust-directory a state directory that it owns, mode 0700, on a disk with room"

enum { LINE = HOSTNAME_TEXT + 64, NAME_ROOM = sizeof PREFIX + NONCE_TEXT };

static const int64_t good_for_us = (int64_t)NONCE_S * 1000000;

static int failed(struct failure *f, const char *what)
{
    int code = -errno;

    return failure_set(f, code, "state", NEXT_STATE, "cannot %s a nonce: %s", what, strerror(-code));
}

static bool too_old(int dir, const char *name)
{
    struct stat st;
    int64_t made;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    made = (int64_t)st.st_mtim.tv_sec * 1000000;
    return now_us() - made > 2 * good_for_us || made - now_us() > 2 * good_for_us;
}

// Forgets the old ones and counts the rest.
static int sweep(int dir, unsigned *ret_count, struct failure *f)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return failed(f, "look for");
    }
    while ((e = readdir(d)))
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0) {
            if (too_old(dir, e->d_name))
                unlinkat(dir, e->d_name, 0);
            else
                ++*ret_count;
        }
    closedir(d);
    return 0;
}

int nonce_make(int dir, const char *domain, const char *guest, char ret[static NONCE_TEXT], struct failure *f)
{
    unsigned char bytes[NONCE];
    char text[NONCE_TEXT], name[NAME_ROOM];
    _cleanup_close_ int fd = -1;
    unsigned count = 0;
    int rc = sweep(dir, &count, f);

    if (rc < 0)
        return rc;
    if (count >= NONCES_MAX)
        return failure_set(f, -EBUSY, "busy", "ask again in some minutes", "%u attestations are under way",
                           count);
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return failed(f, "draw");
    hex_encode(bytes, sizeof bytes, text);
    snprintf(name, sizeof name, PREFIX "%s", text);
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || dprintf(fd, "%s %s %" PRId64 "\n", guest, domain, now_us()) < 0)
        return failed(f, "write");
    memcpy(ret, text, sizeof text);
    return 0;
}

static bool read_line(int dir, const char *name, char ret[static LINE])
{
    _cleanup_close_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : read(fd, ret, LINE - 1);

    if (n <= 0)
        return false;
    ret[n] = '\0';
    return true;
}

enum nonce_state nonce_take(int dir, const char *domain, const char *guest, const char *text)
{
    char name[NAME_ROOM], line[LINE], whose[LINE];
    int64_t made, now = now_us();

    snprintf(name, sizeof name, PREFIX "%s", text);
    if (!read_line(dir, name, line))
        return NONCE_UNKNOWN;
    snprintf(whose, sizeof whose, "%s %s ", guest, domain);
    if (strncmp(line, whose, strlen(whose)) != 0)
        return NONCE_OTHERS;
    if (unlinkat(dir, name, 0) < 0)
        return NONCE_UNKNOWN;
    if (sscanf(line + strlen(whose), "%" SCNd64, &made) != 1 || now < made || now - made > good_for_us)
        return NONCE_LATE;
    return NONCE_GOOD;
}
