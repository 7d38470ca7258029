// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/hook_bench.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

const char hook_xml[] = "<domain type='qemu'>\n  <name>" NAME "</name>\n  <uuid>" UUID "</uuid>\n</domain>\n";

static char where[] = "/tmp/virtrust-hook-XXXXXX";
static char *program;
static int watcher = -1; // our end of hook.sock

struct hook_run hook_start(int input, bool close_output)
{
    int in[2], out[2];
    struct hook_run r;

    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    r.pid = fork();
    if (r.pid == 0) {
        int kept = open("/dev/zero", O_RDONLY); // what libvirtd might leave open

        (void)kept;
        dup2(out[1], 1);
        dup2(out[1], 2);
        if (input == CLOSED)
            close(0);
        else
            dup2(input >= 0 ? input : in[0], 0);
        if (close_output) {
            close(1);
            close(2);
        }
        execl(program, "virtrust-hook", NAME, "prepare", "begin", "-", (char *)NULL);
        _exit(99);
    }
    close(in[0]);
    close(out[1]);
    r.input = in[1];
    r.output = out[0];
    return r;
}

void hook_become(const char *const *argv)
{
    int fd = open("doc", O_RDONLY);

    dup2(fd, 0);
    execv(program, (char *const *)argv);
}

void hook_good_end(struct hook_run *r)
{
    char c;
    int status;

    if (r->input >= 0)
        close(r->input);
    assert_int_equal(read(r->output, &c, 1), 0);
    close(r->output);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void hook_run(const char *data, size_t len)
{
    struct hook_run r = hook_start(-1, false);

    while (len > 0) {
        ssize_t n = write(r.input, data, len);

        if (n <= 0)
            break; // it reads no more
        data += n;
        len -= (size_t)n;
    }
    hook_good_end(&r);
}

static struct record *decode(const char *data, size_t len)
{
    struct record *r = NULL;
    struct err err = {0};
    size_t used = 0;

    if (record_decode(data, len, &used, &r, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(used, len);
    return r;
}

void hook_expect(const struct record *r, const char *uuid, const char *xml)
{
    int64_t at = 0;

    assert_true(record_is(r, "hook"));
    if (uuid)
        assert_string_equal(record_get(r, "guest"), uuid);
    else
        assert_null(record_get(r, "guest"));
    assert_string_equal(record_get(r, "name"), NAME);
    assert_string_equal(record_get(r, "op"), "prepare");
    assert_string_equal(record_get(r, "subop"), "begin");
    assert_int_equal(record_get_i64(r, "at_us", &at), 0);
    assert_true(at > 0);
    if (xml)
        assert_string_equal(record_get(r, "xml"), xml);
    else
        assert_null(record_get(r, "xml"));
}

struct record *hook_received(void)
{
    static char data[RECORD_TOTAL_MAX];
    ssize_t n = recv(watcher, data, sizeof data, MSG_DONTWAIT);

    return n < 0 ? NULL : decode(data, (size_t)n);
}

size_t hook_spool_count(char ret_name[300])
{
    DIR *dir = opendir("spool");
    struct dirent *entry;
    size_t n = 0;

    while (dir && (entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            n++;
            if (ret_name)
                snprintf(ret_name, 300, "spool/%s", entry->d_name);
        }
    if (dir)
        closedir(dir);
    return n;
}

struct record *hook_spooled(void)
{
    static char data[RECORD_TOTAL_MAX];
    char name[300];
    struct stat st;
    _cleanup_close_ int fd = -1;

    assert_int_equal(hook_spool_count(name), 1);
    assert_null(strstr(name, ".tmp"));
    fd = open(name, O_RDONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(read(fd, data, sizeof data), st.st_size);
    assert_int_equal(unlink(name), 0);
    return decode(data, (size_t)st.st_size);
}

void hook_no_socket(void)
{
    if (watcher >= 0)
        close(watcher);
    watcher = -1;
    (void)unlink("hook.sock");
}

void hook_open_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hook.sock"};

    hook_no_socket();
    watcher = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(watcher, (struct sockaddr *)&address, sizeof address), 0);
}

void hook_deaf_socket(void)
{
    hook_open_socket();
    close(watcher);
    watcher = -1;
}

int hook_set_up(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf spool"), 0);
    assert_int_equal(mkdir("spool", 0700), 0);
    hook_open_socket();
    return 0;
}

int hook_prepare(void **state)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    FILE *f;

    (void)state;
    assert_true(n > 0);
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    assert_true(asprintf(&program, "%s/hook-here", self) > 0);
    assert_non_null(mkdtemp(where));
    assert_int_equal(chdir(where), 0);
    signal(SIGPIPE, SIG_IGN);
    f = fopen("doc", "w");
    assert_int_equal(fwrite(hook_xml, 1, strlen(hook_xml), f), strlen(hook_xml));
    fclose(f);
    return 0;
}

int hook_clear(void **state)
{
    (void)state;
    hook_no_socket();
    assert_int_equal(chdir("/"), 0);
    if (fork() == 0)
        execlp("rm", "rm", "-rf", where, (char *)NULL);
    wait(NULL);
    free(program);
    return 0;
}
