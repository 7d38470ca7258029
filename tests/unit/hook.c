// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The real hook program (built with its paths below the current directory), run as libvirtd would run it, and worse:
// it tells the watcher or spools, prints nothing, holds nothing open, and exits 0.
#include "common/cleanup.h"
#include "common/record.h"
#include "hooks/hookspool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#define UUID "1b2f7c6e-0000-4000-8000-00000000002a"
static const char xml[] = "<domain type='qemu'>\n  <name>g\xc3\xbcst</name>\n  <uuid>" UUID
                          "</uuid>\n</domain>\n";

static char where[] = "/tmp/virtrust-hook-XXXXXX";
static char *program;
static int watcher = -1; // our end of hook.sock

struct run {
    pid_t pid;
    int input, output; // write to its standard input, read what it prints (stdout and stderr)
};

enum { CLOSED = -2 };

// Starts the hook; with stdin `input` when that is not -1 (CLOSED: none at all).
static struct run start(int input, bool close_output)
{
    int in[2], out[2];
    struct run r;

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
        execl(program, "virtrust-hook", "g\xc3\xbcst", "prepare", "begin", "-", (char *)NULL);
        _exit(99);
    }
    close(in[0]);
    close(out[1]);
    r.input = in[1];
    r.output = out[0];
    return r;
}

// Waits for its end: it printed nothing and exited 0.
static void expect_good_end(struct run *r)
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

static void run_with(const char *data, size_t len)
{
    struct run r = start(-1, false);

    while (len > 0) {
        ssize_t n = write(r.input, data, len);

        if (n <= 0)
            break; // it reads no more
        data += n;
        len -= (size_t)n;
    }
    expect_good_end(&r);
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

static void expect_message(struct record *r, const char *uuid, const char *xml_text)
{
    int64_t at = 0;

    assert_true(record_is(r, "hook"));
    if (uuid)
        assert_string_equal(record_get(r, "guest"), uuid);
    else
        assert_null(record_get(r, "guest"));
    assert_string_equal(record_get(r, "name"), "g\xc3\xbcst");
    assert_string_equal(record_get(r, "op"), "prepare");
    assert_string_equal(record_get(r, "subop"), "begin");
    assert_int_equal(record_get_i64(r, "at_us", &at), 0);
    assert_true(at > 0);
    if (xml_text)
        assert_string_equal(record_get(r, "xml"), xml_text);
    else
        assert_null(record_get(r, "xml"));
}

static struct record *received(void)
{
    static char data[RECORD_TOTAL_MAX];
    ssize_t n = recv(watcher, data, sizeof data, MSG_DONTWAIT);

    return n < 0 ? NULL : decode(data, (size_t)n);
}

static size_t spool_count(char *ret_name)
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

static struct record *spooled(void)
{
    static char data[RECORD_TOTAL_MAX];
    char name[300];
    struct stat st;
    _cleanup_close_ int fd = -1;

    assert_int_equal(spool_count(name), 1);
    assert_null(strstr(name, ".tmp"));
    fd = open(name, O_RDONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(read(fd, data, sizeof data), st.st_size);
    assert_int_equal(unlink(name), 0);
    return decode(data, (size_t)st.st_size);
}

static void no_socket(void)
{
    if (watcher >= 0)
        close(watcher);
    watcher = -1;
    (void)unlink("hook.sock");
}

static void open_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hook.sock"};

    no_socket();
    watcher = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(watcher, (struct sockaddr *)&address, sizeof address), 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(system("rm -rf spool"), 0);
    assert_int_equal(mkdir("spool", 0700), 0);
    open_socket();
    return 0;
}

static void test_datagram(void **state)
{
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    run_with(xml, sizeof xml - 1);
    r = received();
    assert_non_null(r);
    expect_message(r, UUID, xml);
    assert_int_equal(spool_count(NULL), 0);
}

static void test_no_watcher_spools(void **state)
{
    _cleanup_record_ struct record *r = NULL, *second = NULL;

    (void)state;
    no_socket();
    run_with(xml, sizeof xml - 1);
    r = spooled();
    expect_message(r, UUID, xml);
    open_socket(); // a socket's file that nobody listens on
    close(watcher);
    watcher = -1;
    run_with(xml, sizeof xml - 1);
    second = spooled();
    expect_message(second, UUID, xml);
}

// One sender alone may come to the end of its own buffer before the watcher's queue (net.unix.max_dgram_qlen) is
// full, and the hook is another sender: full is when somebody new can send nothing.
static void fill_queue(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "hook.sock"};
    size_t sent;

    do {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        sent = 0;
        while (sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof address) == 1)
            sent++;
    } while (sent > 0);
}

static void test_full_queue_spools(void **state)
{
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    fill_queue();
    run_with(xml, sizeof xml - 1);
    r = spooled();
    expect_message(r, UUID, xml);
}

// A valid document of about `len` bytes.
static char *big_document(size_t len)
{
    char *text = malloc(len + sizeof xml);

    memcpy(text, xml, sizeof xml);
    memset(text + sizeof xml - 1 - strlen("</domain>\n"), ' ', len);
    strcpy(text + len, "</domain>\n");
    return text;
}

static void test_too_big_for_a_datagram_spools(void **state)
{
    _cleanup_free_ char *big = big_document(400 * 1024);
    _cleanup_record_ struct record *r = NULL;

    (void)state;
    run_with(big, strlen(big));
    r = spooled();
    expect_message(r, UUID, big);
}

static void test_too_big_for_a_record_is_cut(void **state)
{
    _cleanup_free_ char *big = big_document(3 * 1024 * 1024);
    _cleanup_record_ struct record *r = NULL, *escaped = NULL;

    (void)state;
    run_with(big, strlen(big));
    r = received();
    assert_non_null(r);
    expect_message(r, UUID, NULL);
    assert_string_equal(record_get(r, "xml_cut"), "1");
    big[500 * 1024] = '\0'; // fits as it is, but each byte escaped does not
    memset(big + sizeof xml, '\n', 450 * 1024);
    run_with(big, strlen(big));
    escaped = received();
    expect_message(escaped, UUID, NULL);
    assert_string_equal(record_get(escaped, "xml_cut"), "1");
}

static void test_endless_input(void **state)
{
    _cleanup_close_ int zero = open("/dev/zero", O_RDONLY);
    _cleanup_record_ struct record *r = NULL;
    struct run run = start(zero, false);

    (void)state;
    expect_good_end(&run);
    r = received();
    expect_message(r, NULL, NULL);
    assert_string_equal(record_get(r, "xml_cut"), "1");
}

static void test_input_that_never_ends(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    struct run run = start(-1, false);
    int keep = run.input;

    (void)state;
    assert_int_equal(write(keep, xml, 60), 60);
    run.input = -1; // stays open
    expect_good_end(&run);
    close(keep);
    r = received();
    assert_string_equal(record_get(r, "xml_cut"), "1");
}

static void test_closed_descriptors(void **state)
{
    _cleanup_record_ struct record *r = NULL, *second = NULL;
    struct run run = start(CLOSED, true);

    (void)state;
    expect_good_end(&run);
    r = received();
    expect_message(r, NULL, NULL);
    assert_null(record_get(r, "xml_cut"));
    run = start(CLOSED, false);
    expect_good_end(&run);
    second = received();
    expect_message(second, NULL, NULL);
}

// While it waits for its input it holds that and /dev/null, nothing of what it inherited.
static void test_holds_nothing(void **state)
{
    struct run r = start(-1, false);
    char path[64], link[256], c;
    struct dirent *entry;
    DIR *dir;

    (void)state;
    // It lets go of its output before it reads: the end of file comes while it is still there.
    assert_int_equal(read(r.output, &c, 1), 0);
    snprintf(path, sizeof path, "/proc/%d/fd", r.pid);
    dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        ssize_t n;

        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "0") == 0)
            continue;
        n = readlinkat(dirfd(dir), entry->d_name, link, sizeof link - 1);
        assert_true(n > 0);
        link[n] = '\0';
        assert_string_equal(link, "/dev/null");
    }
    closedir(dir);
    expect_good_end(&r);
    record_free(received());
}

static void test_signals(void **state)
{
    static const int numbers[] = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP,  SIGALRM, SIGPIPE, SIGUSR1, SIGUSR2,
                                  SIGSEGV, SIGABRT, SIGBUS,  SIGFPE,  SIGILL,  SIGSYS,  SIGXCPU, SIGXFSZ,
                                  SIGTSTP, SIGTTIN, SIGTTOU, SIGTRAP, 40 /* a real-time one */};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        struct run r = start(-1, false);
        char c;

        assert_int_equal(read(r.output, &c, 1), 0); // it has settled
        assert_int_equal(kill(r.pid, numbers[i]), 0);
        expect_good_end(&r);
        record_free(received());
    }
}

static void test_bad_spools(void **state)
{
    (void)state;
    no_socket();
    assert_int_equal(chmod("spool", 0777), 0); // anybody could put files there
    run_with(xml, sizeof xml - 1);
    assert_int_equal(spool_count(NULL), 0);
    assert_int_equal(hookspool_put("spool", 1, 2, "x", 1), -EPERM);
    assert_int_equal(rmdir("spool"), 0);
    run_with(xml, sizeof xml - 1); // it is not made
    assert_int_equal(access("spool", F_OK), -1);
    assert_int_equal(symlink("/tmp", "spool"), 0);
    run_with(xml, sizeof xml - 1);
    assert_true(hookspool_put("spool", 1, 2, "x", 1) < 0);
    assert_int_equal(unlink("spool"), 0);
}

// The watcher runs as a user of its own: what root puts into its directory is its own to read and remove.
static void test_spool_of_the_watcher(void **state)
{
    struct stat st;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown("spool", 12345, 23456), 0);
    assert_int_equal(hookspool_put("spool", 1, 2, "x", 1), 0);
    assert_int_equal(stat("spool/1-2", &st), 0);
    assert_int_equal(st.st_uid, 12345);
    assert_int_equal(st.st_gid, 23456);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(seteuid(12346), 0); // somebody else may not
    assert_int_not_equal(hookspool_put("spool", 1, 3, "x", 1), 0);
    assert_int_equal(seteuid(0), 0);
}

static void test_spool_caps(void **state)
{
    static char block[1024 * 1024];
    int rc = 0, n = 0;

    (void)state;
    no_socket();
    while ((rc = hookspool_put("spool", 1, n, block, sizeof block)) == 0)
        n++;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(n, HOOKSPOOL_BYTES_MAX / (int)sizeof block);
    assert_int_equal(system("rm -rf spool && mkdir -m 700 spool"), 0);
    for (n = 0; (rc = hookspool_put("spool", 2, n, "x", 1)) == 0; n++)
        ;
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(n, HOOKSPOOL_FILES_MAX);
    run_with(xml, sizeof xml - 1);
    assert_int_equal(spool_count(NULL), HOOKSPOOL_FILES_MAX);
}

static void test_short_of_memory(void **state)
{
    struct rlimit limit;

    (void)state;
    if (VIRTRUST_SANITIZED)
        skip();
    // From "cannot even be loaded" upwards; whenever it runs at all, it ends well.
    for (rlim_t kib = 3 * 1024; kib <= 8 * 1024; kib += 128) {
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            int fd = open("doc", O_RDONLY);

            dup2(fd, 0);
            limit.rlim_cur = limit.rlim_max = kib * 1024;
            setrlimit(RLIMIT_AS, &limit);
            close(2);
            execl(program, "virtrust-hook", "a", "start", "begin", "-", (char *)NULL);
            _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) != 127) // 127: the loader itself
            assert_int_equal(WEXITSTATUS(status), 0);
        record_free(received());
    }
}

static void test_no_arguments(void **state)
{
    _cleanup_record_ struct record *r = NULL;
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        int fd = open("doc", O_RDONLY);

        dup2(fd, 0);
        execl(program, "virtrust-hook", (char *)NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    r = received();
    assert_string_equal(record_get(r, "guest"), UUID);
    assert_string_equal(record_get(r, "name"), "g\xc3\xbcst");
    assert_null(record_get(r, "op"));
}

static int prepare(void **state)
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
    assert_int_equal(fwrite(xml, 1, sizeof xml - 1, f), sizeof xml - 1);
    fclose(f);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    no_socket();
    assert_int_equal(chdir("/"), 0);
    if (fork() == 0)
        execlp("rm", "rm", "-rf", where, (char *)NULL);
    wait(NULL);
    free(program);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_datagram, set_up),
        cmocka_unit_test_setup(test_no_watcher_spools, set_up),
        cmocka_unit_test_setup(test_full_queue_spools, set_up),
        cmocka_unit_test_setup(test_too_big_for_a_datagram_spools, set_up),
        cmocka_unit_test_setup(test_too_big_for_a_record_is_cut, set_up),
        cmocka_unit_test_setup(test_endless_input, set_up),
        cmocka_unit_test_setup(test_input_that_never_ends, set_up),
        cmocka_unit_test_setup(test_closed_descriptors, set_up),
        cmocka_unit_test_setup(test_holds_nothing, set_up),
        cmocka_unit_test_setup(test_signals, set_up),
        cmocka_unit_test_setup(test_bad_spools, set_up),
        cmocka_unit_test_setup(test_spool_of_the_watcher, set_up),
        cmocka_unit_test_setup(test_spool_caps, set_up),
        cmocka_unit_test_setup(test_short_of_memory, set_up),
        cmocka_unit_test_setup(test_no_arguments, set_up),
    };

    return cmocka_run_group_tests(tests, prepare, clear);
}
