// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-spawn: virtrust's programs without systemd.
#include "daemon/spawn/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static int usage(FILE *to, int code)
{
    fputs("usage: virtrust-spawn [--config FILE] [--bin DIRECTORY]\n"
          "\n"
          "Starts virtrustd and virtrust-watch, starts them again when they die, and starts a worker for "
          "every\n"
          "connection to inspect.sock, directory.sock and deliver.sock. For systems without systemd; see\n"
          "virtrust-spawn(8). Ends, with everything that it started, at SIGTERM or SIGINT.\n"
          "\n"
          "  --config FILE     instead of " CONFIG_FILE "; handed on to the programs\n"
          "  --bin DIRECTORY   where the programs are; else beside virtrust-spawn, else " VIRTRUST_LIBEXECDIR
          "\n"
          "  --help, --version\n",
          to);
    return code;
}

// Beside this program when virtrustd is there, else where an installation puts it.
static const char *bin_default(char own[static PATH_MAX])
{
    char probe[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", own, PATH_MAX - 1);

    if (n <= 0)
        return VIRTRUST_LIBEXECDIR;
    own[n] = '\0';
    dirname(own);
    snprintf(probe, sizeof probe, "%s/virtrustd", own);
    return access(probe, X_OK) == 0 ? own : VIRTRUST_LIBEXECDIR;
}

static int run(const char *file, const char *bin)
{
    _cleanup_(config_freep) struct config *config = NULL;
    _cleanup_free_ char *bin_dir = NULL, *config_file = NULL;
    char own[PATH_MAX];
    struct err err = {0};

    if (config_load(file, &config, &err) < 0) {
        fprintf(stderr, "virtrust-spawn: %s\n", err.text);
        return EXIT_NO_WORK;
    }
    bin_dir = realpath(bin ? bin : bin_default(own), NULL);
    config_file = file ? realpath(file, NULL) : NULL;
    if (!bin_dir || (file && !config_file)) {
        fprintf(stderr, "virtrust-spawn: %s: %s\n", bin_dir ? file : bin ? bin : own, strerror(errno));
        return EXIT_NO_WORK;
    }
    return spawn_run(config, bin_dir, config_file);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"bin", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    const char *file = NULL, *bin = NULL;
    int fd;

    // Started with 0, 1 or 2 closed, a socket would take that number, and a program's words would go into it.
    while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
        ;
    close(fd);
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (o == 'h')
            return usage(stdout, EXIT_ANSWERED);
        if (o == 'V')
            return puts("virtrust-spawn " VIRTRUST_VERSION) < 0;
        if (o == 'c')
            file = optarg;
        else if (o == 'b')
            bin = optarg;
        else
            return usage(stderr, EXIT_USAGE);
    }
    return optind == argc ? run(file, bin) : usage(stderr, EXIT_USAGE);
}
