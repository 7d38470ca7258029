// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// virtrust-spawn: where there is no systemd, starts virtrust's programs from a closed list. It decides nothing: it
// keeps virtrustd and virtrust-watch running, and starts a worker on each accepted connection, with the connection as
// its standard input and output. virtrust-spawn(8).
//
// Nothing outlives it: children die with it (PDEATHSIG), each leads a process group, and groups are ended together.
#include "common/cleanup.h"
#include "common/err.h"
#include "daemon/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHILDREN_MAX = 64, PAUSE_SHORTEST_MS = 200, PAUSE_LONGEST_MS = 10000, STEADY_MS = 30000, END_MS = 5000 };

// The closed list. Workers have a socket; the others are kept running.
static struct program {
    const char *name, *socket;
    bool unconfigured; // takes no --config: all that it needs is in its request
    unsigned at_once; // workers: how many run together; more connections wait in the backlog
    int listener;
    unsigned running;
    int64_t started_ms, due_ms; // kept programs
    int pause_ms;
} programs[] = {
    {.name = "virtrust-inspect", .socket = "inspect.sock", .unconfigured = true, .at_once = 2, .listener = -1},
    {.name = "virtrust-directory", .socket = "directory.sock", .at_once = 8, .listener = -1},
    {.name = "virtrust-deliver", .socket = "deliver.sock", .at_once = 16, .listener = -1},
    {.name = "virtrustd", .listener = -1},
    {.name = "virtrust-watch", .listener = -1},
};

static struct child {
    pid_t pid;
    struct program *program;
} children[CHILDREN_MAX];

static char bin_dir[PATH_MAX];
static char *config_file;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct child *room(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        if (!children[i].pid)
            return &children[i];
    return NULL;
}

// The environment is made anew: what a worker needs of it, and no more.
static void clean_environment(void)
{
    static const char *const keep[] = {"LIBGUESTFS_BACKEND", "LIBGUESTFS_BACKEND_SETTINGS", "LIBGUESTFS_CACHEDIR",
                                       "LIBGUESTFS_TMPDIR",  "SUPERMIN_KERNEL", "SUPERMIN_MODULES", "TMPDIR",
                                       "VIRTRUST_FAULT_DIR", "KRB5_CONFIG", "ASAN_OPTIONS", "UBSAN_OPTIONS"};
    char *values[ARRAY_SIZE(keep)];

    for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
        values[i] = getenv(keep[i]);
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
        if (values[i])
            setenv(keep[i], values[i], 1);
}

static _Noreturn void become(const struct program *p, int connection, pid_t parent)
{
    char path[PATH_MAX + 64];
    sigset_t none;
    bool configured = config_file && !p->unconfigured;
    char *argv[] = {(char *)p->name, configured ? "--config" : NULL, config_file, NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (connection < 0)
        connection = open("/dev/null", O_RDWR);
    if (dup2(connection, STDIN_FILENO) < 0 || dup2(connection, STDOUT_FILENO) < 0)
        _exit(127);
    snprintf(path, sizeof path, "%s/%s", bin_dir, p->name);
    execv(path, argv);
    fprintf(stderr, "<3>virtrust-spawn: %s: %s\n", path, strerror(errno));
    _exit(127);
}

// Takes the connection (-1: none).
static void start(struct program *p, int connection)
{
    struct child *c = room();
    pid_t parent = getpid(), pid = c ? fork() : -1;

    if (pid == 0)
        become(p, connection, parent);
    if (connection >= 0)
        close(connection);
    if (pid < 0) {
        fprintf(stderr, "<3>virtrust-spawn: cannot start %s: %s\n", p->name, c ? strerror(errno) : "too many children");
        return;
    }
    *c = (struct child){pid, p};
    p->running++;
    p->started_ms = now_ms();
    p->due_ms = 0;
}

static void ended(struct child *c, int status)
{
    struct program *p = c->program;

    kill(-c->pid, SIGKILL); // what it may have left of its group
    c->pid = 0;
    p->running--;
    if (p->socket)
        return;
    p->pause_ms = now_ms() - p->started_ms > STEADY_MS || !p->pause_ms ? PAUSE_SHORTEST_MS : p->pause_ms * 2;
    if (p->pause_ms > PAUSE_LONGEST_MS)
        p->pause_ms = PAUSE_LONGEST_MS;
    p->due_ms = now_ms() + p->pause_ms;
    if (WIFSIGNALED(status))
        fprintf(stderr, "<4>virtrust-spawn: %s was ended by signal %d; starts it again\n", p->name, WTERMSIG(status));
    else
        fprintf(stderr, "<4>virtrust-spawn: %s ended with %d; starts it again\n", p->name, WEXITSTATUS(status));
}

static void reap(void)
{
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (size_t i = 0; i < ARRAY_SIZE(children); i++)
            if (children[i].pid == pid)
                ended(&children[i], status);
}

static int listen_at(const char *dir, struct program *p, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", dir, p->socket) >= (int)sizeof address.sun_path)
        return err_set(err, -ENAMETOOLONG, "%s: the runtime directory's path is too long for a socket", dir);
    unlink(address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 64) < 0)
        return err_set(err, -errno, "%s: cannot listen: %s", address.sun_path, strerror(errno));
    p->listener = take_fd(fd);
    return 0;
}

// mkdir -p, 0711 for what has to be passed through.
static int make_directory(const char *path, mode_t mode, struct err *err)
{
    char part[PATH_MAX];

    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0755) < 0 && errno != EEXIST)
            return err_set(err, -errno, "%s: %s", part, strerror(errno));
    }
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return err_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

static int prepare(const struct config *config, struct err *err)
{
    mode_t before = umask(022);
    int rc = make_directory(config->runtime_dir, 0711, err);

    if (rc == 0)
        rc = make_directory(config->state_dir, 0700, err);
    if (rc == 0)
        rc = make_directory(config->spool_dir, 0700, err);
    umask(077);
    programs[0].at_once = config->looks_at_once;
    for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(programs); i++)
        if (programs[i].socket)
            rc = listen_at(config->runtime_dir, &programs[i], err);
    umask(before);
    return rc;
}

static void serve_once(int signals)
{
    struct pollfd fds[ARRAY_SIZE(programs) + 1] = {{.fd = signals, .events = POLLIN}};
    int64_t now = now_ms();
    int wait = -1;

    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct program *p = &programs[i];

        fds[i + 1] = (struct pollfd){.fd = p->socket && p->running < p->at_once && room() ? p->listener : -1,
                                     .events = POLLIN};
        if (p->socket || p->running)
            continue;
        if (p->due_ms <= now)
            start(p, -1);
        else if (wait < 0 || p->due_ms - now < wait)
            wait = (int)(p->due_ms - now);
    }
    if (poll(fds, ARRAY_SIZE(fds), wait) <= 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        int connection = fds[i + 1].revents & POLLIN ? accept4(programs[i].listener, NULL, NULL, SOCK_CLOEXEC) : -1;

        if (connection >= 0)
            start(&programs[i], connection);
    }
}

static void signal_all(int sig)
{
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        if (children[i].pid)
            kill(-children[i].pid, sig);
}

static bool any_left(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(children); i++)
        if (children[i].pid)
            return true;
    return false;
}

static void end_all(int signals)
{
    int64_t until = now_ms() + END_MS;

    signal_all(SIGTERM);
    for (reap(); any_left() && now_ms() < until; reap()) {
        struct signalfd_siginfo si;
        struct pollfd p = {.fd = signals, .events = POLLIN};

        if (poll(&p, 1, 100) > 0 && read(signals, &si, sizeof si) < 0)
            break;
    }
    signal_all(SIGKILL);
    while (any_left() && waitpid(-1, NULL, 0) > 0)
        ;
}

static int serve(void)
{
    sigset_t set;
    int signals;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct signalfd_siginfo si;

        serve_once(signals);
        while (read(signals, &si, sizeof si) == (ssize_t)sizeof si) {
            if (si.ssi_signo == SIGCHLD)
                continue;
            end_all(signals);
            return EXIT_ANSWERED;
        }
        reap();
    }
}

static void default_bin(void)
{
    ssize_t n = readlink("/proc/self/exe", bin_dir, sizeof bin_dir - 1);
    char *slash;

    bin_dir[n > 0 ? n : 0] = '\0';
    slash = strrchr(bin_dir, '/');
    if (slash)
        *slash = '\0';
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'}, {"bin", required_argument, NULL, 'b'},
                                            {"version", no_argument, NULL, 'V'},      {"help", no_argument, NULL, 'h'}, {0}};
    static const char usage[] = "usage: virtrust-spawn [--config FILE] [--bin DIR]\n";
    _cleanup_(config_freep) struct config *config = NULL;
    struct err err = {0};
    int rc;

    default_bin();
    for (int o; (o = getopt_long(argc, argv, "c:b:h", options, NULL)) != -1;) {
        if (o == 'c') {
            config_file = realpath(optarg, NULL);
            if (!config_file) {
                fprintf(stderr, "virtrust-spawn: %s: %s\n", optarg, strerror(errno));
                return EXIT_NO_WORK;
            }
        } else if (o == 'b' && realpath(optarg, bin_dir)) {
            continue;
        } else if (o == 'V') {
            puts("virtrust-spawn " VIRTRUST_VERSION);
            return EXIT_ANSWERED;
        } else {
            fputs(usage, o == 'h' ? stdout : stderr);
            return o == 'h' ? EXIT_ANSWERED : EXIT_USAGE;
        }
    }
    clean_environment();
    rc = config_load(config_file, &config, &err);
    if (rc == 0)
        rc = prepare(config, &err);
    if (rc < 0) {
        fprintf(stderr, "virtrust-spawn: %s\n", err.text[0] ? err.text : strerror(-rc));
        return EXIT_NO_WORK;
    }
    rc = serve();
    free(config_file);
    return rc;
}
