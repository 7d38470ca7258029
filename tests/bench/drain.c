// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// bench-drain SOCKET: takes every datagram that comes to SOCKET and throws it away, as virtrust-watch takes the hook's,
// so that the hook is measured with somebody listening. SIGTERM ends it; it then prints how many there were.
#include "common/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static volatile sig_atomic_t over;

static void end(int number)
{
    (void)number;
    over = 1;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct sigaction action = {.sa_handler = end};
    static char piece[1 << 20];
    unsigned long taken = 0;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
        fputs("usage: bench-drain SOCKET\n", stderr);
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    sigaction(SIGTERM, &action, NULL);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        perror(argv[1]);
        return 4;
    }
    while (!over) {
        if (recv(fd, piece, sizeof piece, 0) >= 0)
            taken++;
        else if (errno != EINTR)
            return 4;
    }
    printf("%lu\n", taken);
    return 0;
}
