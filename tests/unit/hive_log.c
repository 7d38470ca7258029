// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Transaction logs of a joined member's SECURITY hive, made by tool: where the newest password stands only in a log,
// it is found there; where the logs are missing, stale or broken, the old one is told with a doubt.
#include "tests/fixtures/hivelog.h"
#include "tests/unit/inspect_common.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { STATES = 3, SEQ = 41, SECTOR = 512 };

static char dir[] = "/tmp/virtrust-test-XXXXXX";
static struct blob states[STATES], grown; // SECURITY after one, two, three passwords; the third one, longer
static const uint64_t dates[STATES] = {133203110020139115, 133229110020139115, 133255110020139115};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s failed", command);
}

static void load(const char *name, struct blob *ret)
{
    _cleanup_free_ char *path = NULL;
    struct err err = {0};
    int fd;

    assert_true(asprintf(&path, "%s/%s/SECURITY", dir, name) > 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && blob_read_fd(fd, 1 << 20, ret, &err) == 0);
    close(fd);
}

static int make_states(void **state)
{
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    char mkhive[256], name[8];

    (void)state;
    snprintf(mkhive, sizeof mkhive, "%s/../test/mkhive", bin ? bin : "build/bin");
    if (!mkdtemp(dir))
        return -1;
    run("mkdir %s/0 %s/1 %s/2 %s/g", dir, dir, dir, dir);
    run("%s %s/0 computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 machine_sid=S-1-5-21-7-8-9 "
        "secret=p0 set_at=%llu",
        mkhive, dir, (unsigned long long)dates[0]);
    for (int i = 1; i < STATES; i++)
        run("%s %s/%d security=%s/%d/SECURITY secret=p%d set_at=%llu", mkhive, dir, i, dir, i - 1, i,
            (unsigned long long)dates[i]);
    run("%s %s/g security=%s/1/SECURITY pad=9000 secret=p2 set_at=%llu", mkhive, dir, dir,
        (unsigned long long)dates[2]);
    for (int i = 0; i < STATES; i++) {
        snprintf(name, sizeof name, "%d", i);
        load(name, &states[i]);
    }
    load("g", &grown);
    assert_true(grown.len > states[2].len);
    return 0;
}

static int remove_states(void **state)
{
    (void)state;
    for (int i = 0; i < STATES; i++)
        blob_done(&states[i]);
    blob_done(&grown);
    run("rm -rf %s", dir);
    return 0;
}

// The hive as it was after the first password, dirty since.
static void dirty_hive(struct blob *ret)
{
    assert_int_equal(blob_copy(ret, states[0].data, states[0].len), 0);
    hivelog_dirty(ret, SEQ + 1, SEQ);
}

static bool doubted(const struct evidence *e, const char *id)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0)
            return true;
    }
    return false;
}

// Looks at a hive and its logs, which it takes.
static int look(struct blob *file, struct blob logs[static HIVE_LOGS], struct evidence *e, struct failure *f)
{
    _cleanup_hive_set_ struct hive_set set = {0};

    set_add(&set, HIVE_SECURITY, file);
    for (unsigned i = 0; i < HIVE_LOGS; i++) {
        if (logs[i].data)
            set_add_log(&set, HIVE_SECURITY, i, &logs[i]);
    }
    evidence_init(e);
    return windows_evidence(&set, e, f);
}

// What a dirty hive with these logs tells: the state, how many entries, which password; a doubt or none (NULL).
static void expect(struct blob logs[static HIVE_LOGS], enum hive_state state, unsigned entries, int password,
                   const char *doubt)
{
    struct blob file = {0};
    struct failure f = {0};
    struct evidence e;

    dirty_hive(&file);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, state);
    assert_int_equal(e.hives[HIVE_SECURITY].entries_replayed, entries);
    assert_true(e.filetime == dates[password]);
    assert_int_equal(e.joined, ANSWER_YES);
    assert_string_equal(e.computer, "WS1");
    if (doubt)
        assert_true(doubted(&e, doubt));
    else
        assert_int_equal(e.doubt_count, 1); // no SYSTEM
    assert_int_equal(e.hives[HIVE_SECURITY].log_gap, doubt && strcmp(doubt, "log-gap") == 0);
}

// A log whose entries lead from one state to the next, the first of them with this number.
static void make_log(struct blob *log, int from, int to, uint32_t seq)
{
    hivelog_begin(log, &states[from], seq);
    for (int i = from; i < to; i++)
        hivelog_entry(log, &states[i], &states[i + 1], seq + (uint32_t)(i - from));
}

static void test_newest_in_one(void **state)
{
    (void)state;
    for (unsigned log = 0; log < HIVE_LOGS; log++) {
        struct blob logs[HIVE_LOGS] = {0};

        make_log(&logs[log], 0, 1, SEQ);
        expect(logs, HIVE_REPLAYED, 1, 1, NULL);
        make_log(&logs[log], 0, 2, SEQ);
        expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    }
}

static void test_newest_in_both(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 2; first++) {
        struct blob logs[HIVE_LOGS] = {0};

        make_log(&logs[first], 0, 1, SEQ);
        make_log(&logs[1 - first], 1, 2, SEQ + 1);
        expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    }
}

// The fingerprint is that of the secret in the log.
static void test_fingerprint(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, none[HIVE_LOGS] = {0}, file = {0}, newest = {0};
    struct failure f = {0};
    struct evidence replayed, plain;

    (void)state;
    make_log(&logs[1], 0, 2, SEQ);
    dirty_hive(&file);
    assert_int_equal(look(&file, logs, &replayed, &f), 0);
    assert_int_equal(blob_copy(&newest, states[2].data, states[2].len), 0);
    assert_int_equal(look(&newest, none, &plain, &f), 0);
    assert_memory_equal(replayed.secret_sha256, plain.secret_sha256, 32);
}

// Sequence numbers run over.
static void test_numbers_run_over(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(blob_copy(&file, states[0].data, states[0].len), 0);
    hivelog_dirty(&file, 0, UINT32_MAX);
    make_log(&logs[0], 0, 1, UINT32_MAX);
    make_log(&logs[1], 1, 2, 0);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].entries_replayed, 2);
    assert_true(e.filetime == dates[2]);
}

// A clean hive is taken as it is, whatever lies in its logs.
static void test_clean(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    assert_int_equal(blob_copy(&file, states[0].data, states[0].len), 0);
    hivelog_dirty(&file, SEQ, SEQ);
    make_log(&logs[0], 0, 2, SEQ);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_CLEAN);
    assert_true(e.filetime == dates[0]);
}

static void test_missing_or_stale(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // An empty file, as Windows keeps one for .LOG.
    logs[2] = (struct blob){calloc(1, 1), 0};
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    make_log(&logs[0], 1, 2, SEQ - 7);
    make_log(&logs[1], 0, 1, SEQ - 9);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // What earlier times left behind the chain is let alone, broken or not.
    make_log(&logs[0], 0, 1, SEQ);
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ - 5);
    expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    make_log(&logs[0], 0, 1, SEQ);
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ - 5);
    logs[0].data[logs[0].len - 1] ^= 1;
    expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    // Entries that the hive holds already stand before those that it does not.
    make_log(&logs[0], 0, 2, SEQ - 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
}

static void test_gaps(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    make_log(&logs[0], 0, 1, SEQ);
    make_log(&logs[1], 1, 2, SEQ + 5);
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    make_log(&logs[0], 0, 2, SEQ + 2);
    expect(logs, HIVE_REPLAYED, 2, 2, "log-gap");
}

static void test_broken(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};
    size_t second;

    (void)state;
    // Each checksum of the first entry, then of the second.
    for (size_t at = 24; at <= 32; at += 8) {
        make_log(&logs[0], 0, 1, SEQ);
        logs[0].data[SECTOR + at] ^= 1;
        expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    }
    make_log(&logs[0], 0, 1, SEQ);
    second = logs[0].len;
    hivelog_entry(&logs[0], &states[1], &states[2], SEQ + 1);
    logs[0].data[second + 1000] ^= 1;
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    // Cut off within the second entry, and within the first one.
    make_log(&logs[0], 0, 2, SEQ);
    logs[0].len = second + 4096;
    expect(logs, HIVE_REPLAYED, 1, 1, "log-gap");
    make_log(&logs[0], 0, 2, SEQ);
    logs[0].len = SECTOR + 4096;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // The log's own first block.
    make_log(&logs[0], 0, 1, SEQ);
    logs[0].data[100] ^= 1;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    make_log(&logs[0], 0, 1, SEQ);
    logs[0].len = 100;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
}

// Sizes and places that cannot be, with checksums that are right.
static void test_impossible(void **state)
{
    static const struct {
        size_t at; // in the entry
        uint32_t value;
    } cases[] = {
        {4, 0xfffffe00},  {4, 0},  {4, 40},          {4, 1000},        {16, 0},          {16, 0x40000000},
        {16, 0xfffff000}, {16, 5}, {20, 0xffffffff}, {20, 0x10000000}, {40, 0xfffffe00}, {40, 0x7ffff000},
        {40, 100},        {44, 0}, {44, 0xfffffe00}, {44, 0x10000000}, {44, 100},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct blob logs[HIVE_LOGS] = {0};
        unsigned char *size;
        uint32_t was;

        make_log(&logs[0], 0, 1, SEQ);
        size = logs[0].data + SECTOR + 4;
        memcpy(&was, size, 4);
        memcpy(logs[0].data + SECTOR + cases[i].at, &cases[i].value, 4);
        if (cases[i].at != 4)
            hivelog_mend(&logs[0], SECTOR);
        expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    }
}

// A base block with a wrong checksum is taken from a log; without one the hive is damaged.
static void test_base_recovered(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    for (int both = 0; both < 2; both++) {
        dirty_hive(&file);
        memset(file.data + 4, 0xee, 40);
        make_log(&logs[0], 0, 1, SEQ);
        if (both)
            make_log(&logs[1], 1, 2, SEQ + 1);
        assert_int_equal(look(&file, logs, &e, &f), 0);
        assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
        assert_int_equal(e.hives[HIVE_SECURITY].entries_replayed, 1 + both);
        assert_true(e.filetime == dates[1 + both]);
        assert_int_equal(e.doubt_count, 1);
    }
    dirty_hive(&file);
    file.data[200] ^= 1;
    assert_int_equal(look(&file, logs, &e, &f), -1);
    assert_string_equal(f.code, "damaged-hive");
    assert_non_null(strstr(f.err.text, "checksum"));
}

// The hive is longer after the log, and its file is as short as it was.
static void test_growth(void **state)
{
    struct blob logs[HIVE_LOGS] = {0};

    (void)state;
    hivelog_begin(&logs[0], &states[0], SEQ);
    hivelog_entry(&logs[0], &states[0], &states[1], SEQ);
    hivelog_entry(&logs[0], &states[1], &grown, SEQ + 1);
    expect(logs, HIVE_REPLAYED, 2, 2, NULL);
    hivelog_begin(&logs[0], &states[0], SEQ);
    hivelog_old(&logs[1], &states[0], &grown, SEQ + 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
}

static void test_old_format(void **state)
{
    struct blob logs[HIVE_LOGS] = {0}, file = {0};
    struct failure f = {0};
    struct evidence e;

    (void)state;
    for (unsigned log = 0; log < HIVE_LOGS; log++) {
        hivelog_old(&logs[log], &states[0], &states[1], SEQ + 1);
        expect(logs, HIVE_REPLAYED, 1, 1, NULL);
    }
    // Of two that fit the newer one counts.
    hivelog_old(&logs[0], &states[0], &states[2], SEQ + 2);
    hivelog_old(&logs[1], &states[0], &states[1], SEQ + 1);
    expect(logs, HIVE_REPLAYED, 1, 2, NULL);
    // Of another time; older without any time; unfinished; cut off; not marked; of an impossible size.
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].data[12] ^= 1;
    hivelog_mend_base(&logs[2]);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ - 1);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    hivelog_dirty(&logs[2], SEQ + 2, SEQ + 1);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].len -= 1;
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    logs[2].data[SECTOR] = 'X';
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    hivelog_old(&logs[2], &states[0], &states[1], SEQ + 1);
    memset(logs[2].data + 40, 0xff, 4);
    hivelog_mend_base(&logs[2]);
    expect(logs, HIVE_DIRTY, 0, 0, "dirty-hive");
    // The base block is damaged: the time in the first bin tells which log belongs to the hive.
    dirty_hive(&file);
    file.data[200] ^= 1;
    memcpy(file.data + 4096 + 20, "\1\2\3\4\5\6\7\1", 8);
    hivelog_old(&logs[0], &states[0], &states[1], SEQ + 1);
    memcpy(logs[0].data + 12, "\1\2\3\4\5\6\7\1", 8);
    hivelog_mend_base(&logs[0]);
    assert_int_equal(look(&file, logs, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
    assert_true(e.filetime == dates[1]);
}

// The whole way from files, named in any case, and by mkhivelog.
static void test_by_tool(void **state)
{
    _cleanup_hive_set_ struct hive_set set = {0};
    const char *bin = getenv("VIRTRUST_BIN_DIR");
    struct failure f = {0};
    struct evidence e;
    char path[64];

    (void)state;
    run("rm -rf %s/t && mkdir %s/t && cp %s/0/SECURITY %s/t && %s/../test/mkhivelog %s/t/SECURITY seq=90 "
        "LOG1=%s/1/SECURITY LOG2=%s/2/SECURITY && cd %s/t && mv SECURITY.LOG1 Security.log1 && mv "
        "SECURITY.LOG2 security.Log2",
        dir, dir, dir, dir, bin ? bin : "build/bin", dir, dir, dir, dir);
    snprintf(path, sizeof path, "%s/t", dir);
    assert_int_equal(hives_dir_read(path, &set, &f), 0);
    evidence_init(&e);
    assert_int_equal(windows_evidence(&set, &e, &f), 0);
    assert_int_equal(e.hives[HIVE_SECURITY].state, HIVE_REPLAYED);
    assert_int_equal(e.hives[HIVE_SECURITY].seq2, 90);
    assert_true(e.filetime == dates[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_in_one), cmocka_unit_test(test_newest_in_both),
        cmocka_unit_test(test_fingerprint),   cmocka_unit_test(test_numbers_run_over),
        cmocka_unit_test(test_clean),         cmocka_unit_test(test_missing_or_stale),
        cmocka_unit_test(test_gaps),          cmocka_unit_test(test_broken),
        cmocka_unit_test(test_impossible),    cmocka_unit_test(test_base_recovered),
        cmocka_unit_test(test_growth),        cmocka_unit_test(test_old_format),
        cmocka_unit_test(test_by_tool),
    };

    return cmocka_run_group_tests(tests, make_states, remove_states);
}
