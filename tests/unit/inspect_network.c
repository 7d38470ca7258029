// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is left of the network to the server of a disk that lies on it.
#include "daemon/inspect/cage.h"
#include "tests/unit/testing.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

// The server of a disk on the network connects to others; nobody connects to it, and it sees nothing else of the
// network.
static void test_network_out(void **state)
{
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = "here.sock"};
        int rc = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : cage_network_out();
        int out = socket(AF_INET, SOCK_STREAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0);
        bool closed = socket(AF_NETLINK, SOCK_RAW, 0) < 0 && socket(AF_PACKET, SOCK_RAW, 0) < 0 &&
                      bind(local, (struct sockaddr *)&here, sizeof here) < 0 && listen(out, 1) < 0;

        _exit(rc != 0 ? 77 : out >= 0 && local >= 0 && closed ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_network_out)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
