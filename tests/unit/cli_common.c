// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/cli_common.h"

#include "common/os/recio.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

// ---- the server ----

int listen_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "run/control.sock"};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

// Answers one connection with `reply` as it is, and keeps the request in the file "request".
static pid_t serve(int listener, const char *reply)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    int fd = accept(listener, NULL, NULL);
    struct record *request = NULL;
    char *text = NULL;
    size_t len = 0;
    int out = open("request", O_WRONLY | O_CREAT | O_TRUNC, 0600);

    signal(SIGPIPE, SIG_IGN);
    if (recio_read(fd, 20000, &request, NULL) == 0 && record_encode(request, &text, &len) == 0)
        len = (size_t)write(out, text, len);
    len = (size_t)write(fd, reply, strlen(reply));
    _exit(0);
}

// ---- the program ----

static void slurp(const char *path, char *ret)
{
    _cleanup_fclose_ FILE *f = fopen(path, "re");

    ret[f ? fread(ret, 1, OUTPUT - 1, f) : 0] = '\0';
}

static int run(const char *const *args)
{
    const char *argv[ARGS + 4] = {"virtrust", "--config", "c.yaml"};
    char program[4096];
    int status = 0;
    pid_t pid;

    for (size_t i = 0; args[i]; i++)
        argv[i + 3] = args[i];
    snprintf(program, sizeof program, "%s/virtrust", getenv("VIRTRUST_BIN_DIR"));
    pid = fork();
    if (pid == 0) {
        dup2(open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
        dup2(open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
        execv(program, (char **)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

void converse(const char *const *args, const char *reply, struct result *ret)
{
    int listener = reply ? listen_here() : -1;
    pid_t server = reply ? serve(listener, reply) : -1;

    unlink("request");
    ret->code = run(args);
    if (server > 0) {
        close(listener);
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
        unlink("run/control.sock");
    }
    slurp("out", ret->out);
    slurp("err", ret->err);
    slurp("request", ret->request);
}

int cli_setup(void **state)
{
    _cleanup_fclose_ FILE *f = NULL;
    char dir[4000];

    if (testing_dir_make(state) < 0 || mkdir("run", 0700) < 0 || !getcwd(dir, sizeof dir))
        return -1;
    f = fopen("c.yaml", "we");
    setenv("TZ", "UTC", 1);
    return f && fprintf(f, "paths: {runtime: %s/run}\n", dir) > 0 ? 0 : -1;
}
