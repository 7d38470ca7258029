// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/look.h"

#include "daemon/inspect/answer.h"
#include "daemon/inspect/disk_chain.h"
#include "daemon/inspect/key_file.h"
#include "daemon/inspect/look_direct.h"
#include "daemon/inspect/look_guestfs.h"
#include "daemon/inspect/look_sectors.h"
#include "daemon/inspect/supervise.h"

#include <string.h>
#include <sys/prctl.h>

enum engine { ENGINE_AUTO, ENGINE_DIRECT, ENGINE_GUESTFS };

struct job {
    const struct record *request;
    enum engine engine;
    unsigned limit_s;
    struct evidence e;    // what is known outside of the parsers: doubts, live
    const char *key_path; // borrowed; NULL: there is no key
    int key_fd;
    struct nbd_server *servers;
    struct disk_chain *chains; // of `count` disks
    size_t count;
};

// The answer from what a parser said; NULL only when out of memory.
static struct record *answer_of(const struct job *job, const struct record *parsed, const char *engine)
{
    struct record *answer = NULL;
    struct failure f = {0};
    int rc = answer_take(parsed, &job->e, engine, &answer, &f);

    if (rc == ANSWER_OTHER) {
        char what[ERR_TEXT_MAX];

        memcpy(what, f.err.text, sizeof what);
        fail(&f, "not-direct", "the engine direct does not read %.300s", what);
    }
    return rc == 0 ? answer : failure_record(&f);
}

static struct record *look_hives(struct job *job, const char *dir)
{
    _cleanup_disk_found_ struct disk_found found = {.windows = true};
    _cleanup_record_ struct record *parsed = NULL;
    struct failure f = {0};
    struct evidence e;

    job->e.live = ANSWER_NO;
    evidence_init(&e);
    if (hives_dir_read(dir, &found.hives, &f) < 0 || look_parse(&found, &e, job->limit_s, &parsed, &f) < 0)
        return failure_record(&f);
    return answer_of(job, parsed, "hives");
}

// Is there a disk n in the request at all?
static bool has_disk(const struct record *request, unsigned n)
{
    static const char *const keys[] = {"path", "type", "target"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char name[RECORD_KEY_MAX];

        snprintf(name, sizeof name, "disk.%u.%s", n, keys[i]);
        if (record_get(request, name))
            return true;
    }
    return false;
}

// Those that can be opened; a disk that cannot is a doubt when another one can, and the answer when none can.
static int open_chains(struct job *job, struct failure *first)
{
    bool in_use = false;

    job->chains = calloc(DISKS_MAX, sizeof *job->chains);
    if (!job->chains)
        return fail(first, "internal", "out of memory");
    for (unsigned n = 0; n < DISKS_MAX && has_disk(job->request, n); n++) {
        struct failure f = {0};

        if (disk_chain_open(job->request, n, &job->chains[job->count], &f) == 0) {
            in_use |= job->chains[job->count++].in_use;
            continue;
        }
        disk_chain_done(&job->chains[job->count]);
        evidence_doubt(&job->e, "disk-left-out", "%s", f.err.text);
        if (!first->code)
            *first = f;
    }
    if (job->count == 0)
        return first->code ? -1 : fail(first, "no-disk", "the guest has no disk");
    // What a snapshot holds does not change under a running guest.
    if (!record_get(job->request, "snapshot") && (in_use || record_get_bool(job->request, "running") == 1)) {
        job->e.live = ANSWER_YES;
        evidence_doubt(&job->e, "live",
                       "the disk was read under a running guest: what it holds may be incomplete or behind "
                       "the guest's memory");
    } else {
        job->e.live = ANSWER_NO;
    }
    return 0;
}

static struct record *prepare(void *arg)
{
    struct job *job = arg;
    const char *hives = record_get(job->request, "hives");
    struct failure f = {0};

    if (hives)
        return look_hives(job, hives);
    job->key_path = record_get(job->request, "key_file");
    job->key_fd = job->key_path ? key_file_open(job->key_path, &f) : -1;
    if (job->key_path && job->key_fd < 0)
        return failure_record(&f);
    return open_chains(job, &f) < 0 ? failure_record(&f) : NULL;
}

static int start_servers(const struct job *job, const char *work, struct nbd_server *servers,
                         struct failure *f)
{
    for (size_t i = 0; i < job->count; i++) {
        char base[NBD_PATH_MAX];

        snprintf(base, sizeof base, "%s/disk-%zu", work, i);
        if (nbd_server_start(&job->chains[i], base, &servers[i], f) < 0)
            return -1;
    }
    return 0;
}

// Where libguestfs found nothing to read either, the reason is what the engine direct had seen (a dynamic disk, say).
static struct record *also_say(struct record *answer, const char *why)
{
    char text[ERR_TEXT_MAX];

    if (!answer || !why || strcmp(record_get_or(answer, "code", ""), "unknown-filesystem") != 0)
        return answer;
    snprintf(text, sizeof text, "%.300s; the engine direct found %.100s", record_get_or(answer, "text", ""),
             why);
    record_set(answer, "text", text);
    return answer;
}

// The other engine's answer; its name then tells why it was asked, if it was not asked for by name.
static struct record *run_guestfs(struct job *job, const char *why, const char *work)
{
    _cleanup_record_ struct record *parsed = NULL;
    _cleanup_secret_ struct secret key = {0};
    char engine[EVIDENCE_TEXT];
    struct failure f = {0};

    look_sectors(job->servers, job->count, job->limit_s);
    // From here on this process makes no other that parses, and shows its memory to nobody.
    if (job->key_path &&
        (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || key_file_read(job->key_fd, job->key_path, &key, &f) < 0))
        return f.code ? failure_record(&f) : NULL;
    if (look_guestfs(job->servers, job->count, work, job->key_path ? &key : NULL, job->limit_s, &parsed, &f) <
        0)
        return failure_record(&f);
    snprintf(engine, sizeof engine, "%.60s%s%.200s%s", record_get_or(parsed, "engine", "guestfs"),
             why ? " (direct: " : "", why ? why : "", why ? ")" : "");
    return also_say(answer_of(job, parsed, engine), why);
}

// The servers and libguestfs' machine are not put away here: the janitor ends them at once, with everything they
// made.
static struct record *run(void *arg, const char *work)
{
    _cleanup_record_ struct record *parsed = NULL;
    struct job *job = arg;
    struct failure f = {0};

    job->servers = calloc(DISKS_MAX, sizeof *job->servers);
    if (!job->servers)
        return NULL;
    if (start_servers(job, work, job->servers, &f) < 0)
        return failure_record(&f);
    if (job->engine == ENGINE_GUESTFS)
        return run_guestfs(job, NULL, work);
    if (look_direct(job->servers, job->count, job->key_path != NULL, job->limit_s, &parsed, &f) < 0)
        return failure_record(&f);
    if (job->engine == ENGINE_AUTO && record_is(parsed, "other"))
        return run_guestfs(job, record_get_or(parsed, "what", "unknown"), work);
    return answer_of(job, parsed, "direct " VIRTRUST_VERSION);
}

static int engine_of(const struct record *request, enum engine *ret, struct failure *f)
{
    static const char *const names[] = {
        [ENGINE_AUTO] = "auto", [ENGINE_DIRECT] = "direct", [ENGINE_GUESTFS] = "guestfs"};
    const char *name = record_get_or(request, "engine", "auto");

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *ret = (enum engine)i;
        return 0;
    }
    return fail(f, "bad-request", "there is no engine %.60s", name);
}

struct record *look(const struct record *request)
{
    struct supervised job = {.prepare = prepare, .run = run};
    struct record *answer = NULL;
    struct failure f = {0};
    uint64_t limit;
    struct job *state;

    if (record_get_u64(request, "timeout_s", &limit) < 0 || limit == 0)
        limit = LOOK_TIMEOUT_S;
    if (limit > LOOK_TIMEOUT_MAX_S)
        limit = LOOK_TIMEOUT_MAX_S;
    state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->request = request;
    state->limit_s = (unsigned)limit;
    evidence_init(&state->e);
    if (record_get_bool(request, "format_guessed") == 1)
        evidence_doubt(&state->e, "format-guessed", "nobody named the image's format; its first bytes say %s",
                       record_get_or(request, "disk.0.format", "nothing"));
    job.arg = state;
    if (engine_of(request, &state->engine, &f) < 0 || supervise(&job, (unsigned)limit, &answer, &f) < 0)
        answer = failure_record(&f);
    free(state);
    return answer;
}

static struct record *nothing_first(void *arg)
{
    (void)arg;
    return NULL;
}

static struct record *launch_once(void *arg, const char *work)
{
    (void)arg;
    return look_guestfs_prepare(work);
}

struct record *look_prepare(unsigned timeout_s)
{
    struct supervised job = {.prepare = nothing_first, .run = launch_once};
    struct record *answer = NULL;
    struct failure f = {0};

    return supervise(&job, timeout_s, &answer, &f) < 0 ? failure_record(&f) : answer;
}
