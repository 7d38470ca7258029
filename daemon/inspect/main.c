// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrust-inspect: one look, then exit.
#include "common/os/recio.h"
#include "daemon/inspect/disk_chain.h"
#include "daemon/inspect/look.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

enum { REQUEST_MS = 30 * 1000, PREPARE_TIMEOUT_S = 1800 };

static const char usage[] = "usage: virtrust-inspect < REQUEST\n"
                            "       virtrust-inspect --disk FILE [--format FORMAT] [--snapshot NAME] "
                            "[--engine ENGINE] [--key-file FILE] [--timeout SECONDS]\n"
                            "       virtrust-inspect --hives DIRECTORY\n"
                            "       virtrust-inspect --prepare | --version | --help\n"
                            "The answer is a record on standard output (virtrust-inspect(8)); `virtrust "
                            "inspect` shows it to people.\n";

struct options {
    const char *disk, *format, *snapshot, *engine, *hives, *key_file;
    unsigned long timeout_s; // 0: the default
    bool prepare, help, version;
};

// Only the command line guesses: the daemon names what libvirt names.
static struct record *disk_request(const struct options *o)
{
    struct record *r = record_new("look");
    const char *format = o->format ? o->format : disk_format_guess(o->disk);

    record_add(r, "disk.0.type", "file");
    record_add(r, "disk.0.path", o->disk);
    // A file that cannot be read has no format either; what is wrong with it is said when it is opened.
    record_add(r, "disk.0.format", format ? format : "raw");
    record_add(r, "snapshot", o->snapshot);
    record_add(r, "engine", o->engine);
    record_add(r, "key_file", o->key_file);
    if (!o->format)
        record_add_bool(r, "format_guessed", true);
    return r;
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"disk", required_argument, NULL, 'd'},     {"format", required_argument, NULL, 'f'},
        {"snapshot", required_argument, NULL, 's'}, {"engine", required_argument, NULL, 'e'},
        {"key-file", required_argument, NULL, 'k'}, {"hives", required_argument, NULL, 'H'},
        {"timeout", required_argument, NULL, 't'},  {"prepare", no_argument, NULL, 'p'},
        {"record", no_argument, NULL, 'r'},         {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},        {NULL, 0, NULL, 0},
    };
    char *end = NULL;
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'd')
            o->disk = optarg;
        else if (c == 'f')
            o->format = optarg;
        else if (c == 's')
            o->snapshot = optarg;
        else if (c == 'e')
            o->engine = optarg;
        else if (c == 'k')
            o->key_file = optarg;
        else if (c == 'H')
            o->hives = optarg;
        else if (c == 'p')
            o->prepare = true;
        else if (c == 'h')
            o->help = true;
        else if (c == 'V')
            o->version = true;
        else if (c == 't')
            o->timeout_s = strtoul(optarg, &end, 10);
        else if (c != 'r') // --record names what is printed anyway
            return -1;
    }
    if (optind < argc || (end && (*end || o->timeout_s == 0 || o->timeout_s > LOOK_TIMEOUT_MAX_S)))
        return -1;
    return !!o->disk + !!o->hives + o->prepare > 1 ||
                   ((o->format || o->snapshot || o->engine || o->key_file) && !o->disk)
               ? -1
               : 0;
}

// The request by the options, or from standard input. NULL with *ret_exit.
static struct record *request_of(const struct options *o, int *ret_exit)
{
    struct record *r = NULL;
    struct err err = {0};

    if (o->disk)
        r = disk_request(o);
    else if (o->hives) {
        r = record_new("look");
        record_add(r, "hives", o->hives);
    } else {
        // By a stream of its own, for one that takes nothing behind the request reads byte by byte.
        _cleanup_(recio_freep) struct recio *in = isatty(STDIN_FILENO)
                                                      ? NULL
                                                      : recio_new(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
        int rc = in ? recio_next(in, REQUEST_MS, &r, &err) : RECIO_END;

        if (rc == 0 && record_is(r, "look"))
            return r;
        r = record_free(r);
        if (rc == RECIO_END)
            fputs(usage, stderr);
        else
            fprintf(stderr, "virtrust-inspect: no look request on standard input: %s\n",
                    rc < 0 ? err.text : "a record of another type");
        *ret_exit = EXIT_USAGE;
        return NULL;
    }
    if (r && o->timeout_s)
        record_add_u64(r, "timeout_s", o->timeout_s);
    return r;
}

static int give(const struct record *answer)
{
    struct err err = {0};
    uint64_t code = EXIT_NO_WORK;

    if (!answer || recio_write(STDOUT_FILENO, answer, -1, &err) < 0) {
        fprintf(stderr, "virtrust-inspect: no answer: %s\n", answer ? err.text : "out of memory");
        return EXIT_NO_WORK;
    }
    if (!record_is(answer, "error"))
        return EXIT_ANSWERED;
    fprintf(stderr, "virtrust-inspect: %s: %s\n", record_get_or(answer, "text", ""),
            record_get_or(answer, "next", ""));
    record_get_u64(answer, "exit", &code);
    return (int)code;
}

int main(int argc, char **argv)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    struct options o = {0};
    int code = EXIT_NO_WORK;

    // Whoever starts it may have these ignored; a pipe that breaks is told by its errno.
    signal(SIGCHLD, SIG_DFL);
    signal(SIGPIPE, SIG_IGN);
    if (parse(argc, argv, &o) < 0) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (o.help) {
        fputs(usage, stdout);
        return EXIT_ANSWERED;
    }
    if (o.version) {
        puts("virtrust-inspect " VIRTRUST_VERSION);
        return EXIT_ANSWERED;
    }
    if (o.prepare) {
        answer = look_prepare(o.timeout_s ? (unsigned)o.timeout_s : PREPARE_TIMEOUT_S);
        return give(answer);
    }
    request = request_of(&o, &code);
    if (!request)
        return code;
    answer = look(request);
    return give(answer);
}
