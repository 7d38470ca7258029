// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/clock.h"

#include <errno.h>

int clock_run(const struct record *request, struct record **ret, struct err *err)
{
    uint64_t tolerance_ms = 2000;
    int64_t host_us = 0, offset_us;
    bool off, set;
    int rc;

    if (record_get_i64(request, "now_us", &host_us) < 0 || host_us <= 0)
        return err_set(err, -EINVAL, "the request does not say what time it is (now_us)");
    if (record_get_u64(request, "tolerance_ms", &tolerance_ms) == -EINVAL || tolerance_ms > INT64_MAX / 1000)
        return err_set(err, -EINVAL, "tolerance_ms must be a number of milliseconds");
    offset_us = clock_now_us() - host_us;
    off = offset_us > (int64_t)tolerance_ms * 1000 || offset_us < -(int64_t)tolerance_ms * 1000;
    set = off && record_get_bool(request, "set") == 1;
    rc = set ? clock_set_us(host_us, err) : 0;
    if (rc < 0)
        return rc;
    *ret = record_new("clock");
    record_add_i64(*ret, "offset_ms", offset_us / 1000);
    record_add_bool(*ret, "set", set);
    return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}
