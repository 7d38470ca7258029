// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/probe.h"

#include <errno.h>

int probe_look(const char *root, const struct record *request, struct record **ret, struct err *err)
{
    _cleanup_member_ struct member *m = member_look(root);

    if (m)
        *ret = probe_answer(m, record_get_bool(request, "log_on") == 1);
    return m && *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}
