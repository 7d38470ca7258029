// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks/hook_install.h"

#include "common/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define HOOK "etc/libvirt/hooks/qemu.d/virtrust"

static char where[] = "/tmp/virtrust-hook-install-XXXXXX";
static char program[4096];

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static char *contents(const char *path)
{
    static char text[256];
    FILE *f = fopen(path, "r");
    size_t n;

    assert_non_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static int set_up(void **state)
{
    (void)state;
    run("rm -rf etc && mkdir -p etc/libvirt");
    return 0;
}

static struct hook_report install(int rc)
{
    struct hook_report r = {0};
    struct err err = {0};

    if (hook_install(where, program, 9000000, &r, &err) != rc)
        fail_msg("%s %s", err.text, r.text);
    return r;
}

static struct hook_report status(void)
{
    struct hook_report r = {0};
    struct err err = {0};

    assert_int_equal(hook_status(where, program, 9000000, &r, &err), 0);
    return r;
}

static void test_first_hook(void **state)
{
    struct hook_report r;
    struct err err = {0};
    struct stat st;

    (void)state;
    r = status();
    assert_int_equal(r.state, HOOK_ABSENT);
    r = install(0);
    assert_int_equal(r.state, HOOK_INSTALLED);
    assert_true(r.changed);
    assert_true(r.reload);
    assert_false(r.other_hooks);
    assert_non_null(strstr(r.next, "reload"));
    assert_non_null(strstr(r.text, HOOK));
    assert_int_equal(lstat(HOOK, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07777, 0755);
    run("test -z \"$(ls -A etc/libvirt/hooks | grep -v qemu.d)\"");
    r = install(0); // again: nothing to do
    assert_false(r.changed);
    assert_false(r.reload);
    assert_int_equal(status().state, HOOK_INSTALLED);
    assert_int_equal(hook_remove(where, &r, &err), 0);
    assert_true(r.changed);
    assert_int_equal(r.state, HOOK_ABSENT);
    assert_int_equal(access(HOOK, F_OK), -1);
    assert_int_equal(hook_remove(where, &r, &err), 0);
    assert_false(r.changed);
}

static void test_others_hook_is_kept(void **state)
{
    struct hook_report r;
    struct err err = {0};

    (void)state;
    run("mkdir -p etc/libvirt/hooks");
    write_file("etc/libvirt/hooks/qemu", "#!/bin/sh\nexit 0\n", 0755);
    r = install(0);
    assert_true(r.other_hooks);
    assert_false(r.reload); // libvirt knows of hooks already
    assert_string_equal(r.next, "");
    assert_string_equal(contents("etc/libvirt/hooks/qemu"), "#!/bin/sh\nexit 0\n");
    assert_int_equal(hook_remove(where, &r, &err), 0);
    assert_int_equal(access("etc/libvirt/hooks/qemu", X_OK), 0);
}

static void test_reload_rule(void **state)
{
    struct hook_report r;

    (void)state;
    run("mkdir -p etc/libvirt/hooks/qemu.d/guest1/started"); // a folder is no hook
    write_file("etc/libvirt/hooks/qemu", "not executable", 0644);
    write_file("etc/libvirt/hooks/qemu.d/README", "not executable", 0644);
    r = install(0);
    assert_true(r.reload);
    run("rm " HOOK);
    write_file("etc/libvirt/hooks/qemu.d/other", "#!/bin/sh\n", 0755);
    r = install(0);
    assert_false(r.reload);
    assert_true(r.other_hooks);
}

// What install said of a reload, status says again for as long as the same daemon runs.
static void test_status_repeats_the_reload(void **state)
{
    struct hook_report r = {0};
    struct err err = {0};

    (void)state;
    run("mkdir run && touch -d '1 hour ago' run/libvirtd.pid");
    install(0);
    assert_int_equal(hook_status(where, program, 0, &r, &err), 0);
    assert_int_equal(r.state, HOOK_INSTALLED);
    assert_true(r.reload);
    assert_non_null(strstr(r.next, "unless that was done since, reload libvirt's daemon"));
    run("touch -d '1 hour' run/libvirtd.pid"); // the daemon was started again
    assert_int_equal(hook_status(where, program, 0, &r, &err), 0);
    assert_false(r.reload);
    assert_string_equal(r.next, "");
    // A newer copy in the place of an older one: the daemon knows that there is a hook.
    run("touch -d '2 hours ago' " HOOK " && chmod 644 " HOOK " && touch -d '1 hour ago' run/libvirtd.pid");
    install(0);
    assert_int_equal(hook_status(where, program, 0, &r, &err), 0);
    assert_int_equal(r.state, HOOK_INSTALLED);
    assert_false(r.reload);
    run("rm -r run");
}

static void test_foreign_file(void **state)
{
    static const char *const makers[] = {
        "printf '#!/bin/sh\\n# virtrust-hook 3c0d4f6e-6f5b-4a57-9c70-8d1c5e8a2b14\\n' > " HOOK
        " && chmod 755 " HOOK,
        "ln -s /nowhere " HOOK,
        "mkdir " HOOK,
        "mkfifo " HOOK,
        "ln -s /bin/true " HOOK,
        ": > " HOOK,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
        struct hook_report r;
        struct err err = {0};

        run("rm -rf etc/libvirt/hooks && mkdir -p etc/libvirt/hooks/qemu.d");
        run(makers[i]);
        run("stat -c '%F %s %i' " HOOK " > before");
        r = install(HOOK_REFUSED);
        assert_int_equal(r.state, HOOK_FOREIGN);
        assert_false(r.changed);
        assert_non_null(strstr(r.text, "somebody else"));
        assert_int_equal(hook_remove(where, &r, &err), HOOK_REFUSED);
        assert_int_equal(status().state, HOOK_FOREIGN);
        run("stat -c '%F %s %i' " HOOK " | cmp - before");
    }
}

static void test_stale_copy(void **state)
{
    struct hook_report r;
    char command[5000];

    (void)state;
    install(0);
    run("printf x >> " HOOK); // another version
    assert_int_equal(status().state, HOOK_STALE);
    r = install(0);
    assert_true(r.changed);
    assert_false(r.reload);
    assert_int_equal(r.state, HOOK_INSTALLED);
    run("chmod 600 " HOOK);
    assert_int_equal(status().state, HOOK_STALE);
    install(0);
    assert_int_equal(status().state, HOOK_INSTALLED);
    // A packager's link to the program is ours as well.
    snprintf(command, sizeof command, "ln -sf %s " HOOK, program);
    run(command);
    assert_int_equal(status().state, HOOK_INSTALLED);
}

static void test_old_libvirt(void **state)
{
    struct hook_report r = {0};
    struct err err = {0};

    (void)state;
    assert_int_equal(hook_install(where, program, 6004000, &r, &err), 0);
    assert_non_null(strstr(r.next, "6.4.0"));
    assert_non_null(strstr(r.next, "hooks/qemu"));
    assert_int_equal(hook_status(where, NULL, 6005000, &r, &err), 0);
    assert_int_equal(r.state, HOOK_INSTALLED);
    assert_string_equal(r.next, "");
}

static void test_errors(void **state)
{
    struct hook_report r = {.path = "untouched"};
    struct err err = {0};

    (void)state;
    assert_int_equal(hook_install(where, "/nowhere/virtrust-hook", 0, &r, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/virtrust-hook"));
    assert_int_equal(hook_install(where, "/bin/true", 0, &r, &err), -EINVAL);
    run("rm -rf etc");
    assert_int_equal(hook_install(where, program, 0, &r, &err), -ENOENT);
    assert_non_null(strstr(err.text, "is libvirt installed"));
    assert_string_equal(r.path, "untouched");
    assert_int_equal(hook_status(where, program, 0, &r, &err), 0);
    assert_int_equal(r.state, HOOK_ABSENT);
}

static int prepare(void **state)
{
    (void)state;
    snprintf(program, sizeof program, "%s/virtrust-hook", getenv("VIRTRUST_BIN_DIR"));
    assert_non_null(mkdtemp(where));
    return chdir(where);
}

static int clear(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", where);
    run(command);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_first_hook, set_up),
        cmocka_unit_test_setup(test_others_hook_is_kept, set_up),
        cmocka_unit_test_setup(test_reload_rule, set_up),
        cmocka_unit_test_setup(test_status_repeats_the_reload, set_up),
        cmocka_unit_test_setup(test_foreign_file, set_up),
        cmocka_unit_test_setup(test_stale_copy, set_up),
        cmocka_unit_test_setup(test_old_libvirt, set_up),
        cmocka_unit_test_setup(test_errors, set_up),
    };

    return cmocka_run_group_tests(tests, prepare, clear);
}
