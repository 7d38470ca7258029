// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/member.h"

#include <errno.h>

void member_look(const char *root, struct member *ret)
{
    char path[PATH_MAX];
    int rc = ktfile_path(root, path, &ret->why);

    ret->has_winbind = winbind_find(root, &ret->winbind);
    if (rc == 0)
        rc = ktfile_read(path, &ret->kt, &ret->why);
    if (rc == 0)
        ret->state = MEMBER_JOINED;
    else if (rc == -ENOENT || rc == -ENOKEY)
        ret->state = ret->has_winbind ? MEMBER_NO_KEYTAB : MEMBER_NOT_JOINED;
    else
        ret->state = MEMBER_UNREADABLE;
}

void member_done(struct member *m)
{
    ktfile_done(&m->kt);
}
