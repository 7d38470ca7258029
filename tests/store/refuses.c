// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the store refuses to open or to believe, each with a sentence that names the file.
#include "tests/store/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

// Opening gives this code and a sentence with this word; nothing is handed out.
static void refused(struct fixture *f, int code, const char *word)
{
    fixture_close(f);
    f->err = (struct err){0};
    assert_int_equal(store_open(f->path, &f->store, &f->err), code);
    assert_null(f->store);
    if (!strstr(f->err.text, word) || !strstr(f->err.text, f->path))
        fail_msg("no “%s” in: %s", word, f->err.text);
}

static void overwrite(const char *path, off_t at, const void *bytes, size_t len)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, at), len);
}

static void a_second_opener(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    struct casefile c;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) { // another process: the inherited connection is not touched
        int rc = store_open(f->path, &second, &f->err);

        _exit(rc == -EBUSY && strstr(f->err.text, "another virtrustd") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(store_open(f->path, &second, &f->err), -EBUSY); // the same process
    assert_null(second);
    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err)); // the first is none the worse
}

static void a_newer_schema(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    raw_sql(f->path, "PRAGMA user_version = 77");
    refused(f, -EPROTO, "newer virtrust (schema 77, this one knows");
    raw_sql(f->path, "PRAGMA user_version = -1");
    refused(f, -EUCLEAN, "no schema -1");
}

static void another_programs_database(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    unlink(f->path);
    raw_sql(f->path, "CREATE TABLE guest (x)");
    refused(f, -EUCLEAN, "some other program's");
}

static void no_database_at_all(void **state)
{
    struct fixture *f = *state;
    char text[8192];

    fixture_close(f);
    memset(text, 'x', sizeof text);
    overwrite(f->path, 0, text, sizeof text);
    refused(f, -EUCLEAN, "damaged");
}

static void cut_short(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    assert_int_equal(truncate(f->path, 4096), 0);
    refused(f, -EUCLEAN, "damaged");
}

// Ends as a killed virtrustd does, with its WAL behind it.
static void die_with(struct fixture *f)
{
    struct casefile c;
    int status;
    pid_t pid;

    fixture_close(f);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sample_case(1, &c);
        if (store_open(f->path, &f->store, NULL) < 0 || store_case_add(f->store, &c, NULL) < 0)
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static void damage_is_found_after_an_unclean_end(void **state)
{
    struct fixture *f = *state;
    struct guest g;
    struct stat st;
    char page[4096];

    for (unsigned n = 0; n < 200; n++) {
        sample_guest(n, &g);
        OK(store_guest_put(f->store, &g, &f->err));
    }
    fixture_close(f);
    assert_int_equal(stat(f->path, &st), 0);
    memset(page, 0x5a, sizeof page);
    die_with(f);
    overwrite(f->path, st.st_size - 2 * (off_t)sizeof page, page,
              sizeof page); // a leaf in the middle of the table
    refused(f, -EUCLEAN, "damaged");
}

static int see(const struct guest *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

static void damage_is_found_when_it_is_read(void **state)
{
    struct fixture *f = *state;
    struct guest g;
    struct stat st;
    char page[4096];
    int rc;

    for (unsigned n = 0; n < 200; n++) {
        sample_guest(n, &g);
        OK(store_guest_put(f->store, &g, &f->err));
    }
    fixture_close(f);
    assert_int_equal(stat(f->path, &st), 0);
    memset(page, 0x5a, sizeof page);
    for (int back = 1; back <= 8; back++)
        overwrite(f->path, st.st_size - back * (off_t)sizeof page, page, sizeof page);
    rc = store_open(f->path, &f->store, &f->err);
    if (rc == 0)
        rc = store_guest_each(f->store, see, NULL, &f->err);
    assert_int_equal(rc, -EUCLEAN);
    assert_non_null(strstr(f->err.text, "damaged"));
}

static void unbelievable_rows(void **state)
{
    static const struct {
        const char *sql, *word;
    } edits[] = {
        {"UPDATE casefile SET verdict = 'whole'", "'whole'"},
        {"UPDATE casefile SET state = ''", "state"},
        {"UPDATE casefile SET kind = 'behind'", "'behind'"}, // a word, but of another list
        {"UPDATE casefile SET epoch = -1", "out of range"},
        {"UPDATE casefile SET tries = 4294967296", "out of range"},
        {"UPDATE casefile SET fingerprint = x'00'", "length"},
    };
    struct fixture *f = *state;
    struct casefile c, out;
    struct guest g;

    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    sample_guest(1, &g);
    OK(store_guest_put(f->store, &g, &f->err));
    for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
        fixture_close(f);
        raw_sql(f->path, edits[i].sql);
        fixture_reopen(f);
        memset(&out, 0x11, sizeof out);
        assert_int_equal(store_case_get(f->store, c.id, &out, &f->err), -EUCLEAN);
        if (!strstr(f->err.text, edits[i].word) || !strstr(f->err.text, f->path))
            fail_msg("no “%s” in: %s", edits[i].word, f->err.text);
        assert_int_equal(((unsigned char *)&out)[100], 0x11); // untouched
        OK(store_case_put(f->store, &c, &f->err));            // and it can be written over
        OK(store_case_get(f->store, c.id, &out, &f->err));
    }
    fixture_close(f);
    raw_sql(f->path, "UPDATE guest SET burst_seen = 'scan  resumed nonsense'");
    fixture_reopen(f);
    assert_int_equal(store_guest_get(f->store, g.uuid, &g, &f->err), -EUCLEAN);
}

static void unreadable_records(void **state)
{
    struct fixture *f = *state;
    _cleanup_record_ struct record *in = record_new("scan");
    struct record *out = NULL;
    enum journal_state journal;
    unsigned char blob[8];
    char dc[NAME_TEXT];
    size_t len;

    OK(store_description_put(f->store, "g", in, &f->err));
    OK(store_journal_put(f->store, "g", JOURNAL_MINTED, "dc1", "123456789", 9, 1, &f->err));
    assert_int_equal(store_journal_get(f->store, "g", &journal, dc, blob, sizeof blob, &len, &f->err),
                     -EUCLEAN);
    fixture_close(f);
    raw_sql(f->path,
            "UPDATE description SET record = 'type=scan'; UPDATE journal SET blob = x'00', state = 'lost'");
    fixture_reopen(f);
    assert_int_equal(store_description_get(f->store, "g", &out, &f->err), -EUCLEAN);
    assert_int_equal(store_journal_get(f->store, "g", &journal, dc, blob, sizeof blob, &len, &f->err),
                     -EUCLEAN);
    fixture_close(f);
    raw_sql(f->path, "UPDATE description SET record = char(10)");
    fixture_reopen(f);
    assert_int_equal(store_description_get(f->store, "g", &out, &f->err), -EUCLEAN);
    assert_null(out);
}

static void no_directory(void **state)
{
    struct fixture *f = *state;
    char kept[sizeof f->path];

    fixture_close(f);
    memcpy(kept, f->path, sizeof kept);
    snprintf(f->path, sizeof f->path, "%s/absent/virtrust.db", f->dir);
    refused(f, -ENOENT, "directory does not exist");
    memcpy(f->path, kept, sizeof kept);
}

static void not_a_plain_file(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    unlink(f->path);
    assert_int_equal(mkdir(f->path, 0700), 0);
    refused(f, -EINVAL, "not a plain file");
    rmdir(f->path);
    assert_int_equal(symlink("/dev/null", f->path), 0);
    refused(f, -EINVAL, "not a plain file");
}

static void others_may_not_read_it(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    struct casefile c;

    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    fixture_close(f);
    assert_int_equal(chmod(f->path, 0644), 0); // as a restored copy may be
    fixture_reopen(f);
    sample_case(1, &c);
    OK(store_case_add(f->store, &c, &f->err));
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(f->wal, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

// As a user to whom neither the file nor (then) its directory belongs.
static void without_permission(void **state)
{
    struct fixture *f = *state;
    int status;
    pid_t pid;

    if (geteuid() != 0) {
        print_message("skipped: becoming another user needs root\n");
        skip();
    }
    fixture_close(f);
    assert_int_equal(chmod(f->dir, 0755), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char other[160];

        snprintf(other, sizeof other, "%s/other.db", f->dir);
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(1);
        if (store_open(f->path, &f->store, &f->err) != -EACCES || !strstr(f->err.text, f->path))
            _exit(2);
        if (store_open(other, &f->store, &f->err) != -EACCES || !strstr(f->err.text, "must belong"))
            _exit(3);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_second_opener),
        TEST(a_newer_schema),
        TEST(another_programs_database),
        TEST(no_database_at_all),
        TEST(cut_short),
        TEST(damage_is_found_after_an_unclean_end),
        TEST(damage_is_found_when_it_is_read),
        TEST(unbelievable_rows),
        TEST(unreadable_records),
        TEST(no_directory),
        TEST(not_a_plain_file),
        TEST(others_may_not_read_it),
        TEST(without_permission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
