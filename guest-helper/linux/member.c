// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/member.h"

#include <errno.h>
#include <string.h>

static void look(const char *root, struct member *m)
{
    char path[PATH_MAX];
    int rc = ktfile_path(root, path, &m->why);

    m->has_winbind = winbind_find(root, &m->winbind);
    if (rc == 0)
        rc = ktfile_read(path, &m->kt, &m->why);
    if (rc == 0)
        m->state = MEMBER_JOINED;
    else if (rc == -ENOENT || rc == -ENOKEY)
        m->state = m->has_winbind ? MEMBER_NO_KEYTAB : MEMBER_NOT_JOINED;
    else
        m->state = MEMBER_UNREADABLE;
}

struct member *member_look(const char *root)
{
    struct member *m = calloc(1, sizeof *m);

    if (m)
        look(root, m);
    return m;
}

struct member *member_free(struct member *m)
{
    if (!m)
        return NULL;
    ktfile_done(&m->kt);
    free(m);
    return NULL;
}

bool member_joined(const struct member *m)
{
    return m->state == MEMBER_JOINED;
}

const unsigned char *member_sha256(const struct member *m)
{
    return member_joined(m) ? m->kt.sha256 : NULL;
}

const char *member_why(const struct member *m)
{
    return m->why.text;
}

// A keytab's fingerprint follows from the password: what was about to be stored is told by it.
bool member_holds(const struct member *m, const unsigned char storing[static DIGEST])
{
    return member_joined(m) && memcmp(m->kt.sha256, storing, DIGEST) == 0;
}

void member_facts(const struct member *m, const char *sid, struct plan_facts *f)
{
    (void)sid;
    f->joined = member_joined(m);
    f->not_readable = m->state == MEMBER_UNREADABLE || m->state == MEMBER_NO_KEYTAB;
    f->store_writable = f->joined && ktfile_writable(&m->kt);
}
