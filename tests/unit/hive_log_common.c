// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/hive_log_common.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

char dir[] = "/tmp/virtrust-test-XXXXXX";
struct blob states[STATES], grown;
const uint64_t dates[STATES] = {133203110020139115, 133229110020139115, 133255110020139115};

void run(const char *format, ...)
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

int make_states(void **state)
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

int remove_states(void **state)
{
    (void)state;
    for (int i = 0; i < STATES; i++)
        blob_done(&states[i]);
    blob_done(&grown);
    run("rm -rf %s", dir);
    return 0;
}

void dirty_hive(struct blob *ret)
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

int look(struct blob *file, struct blob logs[static HIVE_LOGS], struct evidence *e, struct failure *f)
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

void expect(struct blob logs[static HIVE_LOGS], enum hive_state state, unsigned entries, int password,
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

void make_log(struct blob *log, int from, int to, uint32_t seq)
{
    hivelog_begin(log, &states[from], seq);
    for (int i = from; i < to; i++)
        hivelog_entry(log, &states[i], &states[i + 1], seq + (uint32_t)(i - from));
}
