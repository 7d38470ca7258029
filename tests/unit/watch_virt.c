// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which addresses of libvirt's are sockets of this host: only over those is silence no sign of anything.
#include "daemon/watch/virt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void local_sockets(void **state)
{
    static const char *const local[] = {
        "qemu:///system", "qemu:///session", "qemu+unix:///system", "qemu+unix:///system?socket=/run/a+b",
        "ch:///system",
    };
    static const char *const remote[] = {
        "qemu://host/system",          "qemu+ssh://root@host/system", "qemu+tls://host/system",
        "qemu+tcp://127.0.0.1/system", "qemu+ssh:///system",          "qemu+unixy:///system",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(local); i++)
        assert_true(virt_is_local(local[i]));
    for (size_t i = 0; i < ARRAY_SIZE(remote); i++)
        assert_false(virt_is_local(remote[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(local_sockets)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
