// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/views.h"

#include "common/os/recio.h"
#include "daemon/directory/accounts.h"
#include "daemon/directory/dcs.h"
#include "daemon/directory/details.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/mark.h"
#include "daemon/directory/newest.h"
#include "daemon/directory/rodc.h"
#include "daemon/directory/silence.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 40, WRITE_MS = 5000, READ_BYTES = 65536 };

struct view {
    const char *dc; // borrowed
    pid_t pid;      // 0: none
    int fd;         // -1: none, or closed
    char *text;
    size_t len;
    struct record *answer;
    int64_t at_us; // when it came
};

struct views {
    struct view *items;
    size_t n;
};

static int64_t clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t views_grace(int64_t took_us)
{
    const int64_t least = 2000000, most = 10000000;

    return took_us * 2 < least ? least : took_us * 2 > most ? most : took_us * 2;
}

static void views_done(struct views *v)
{
    for (size_t i = 0; i < v->n; i++) {
        struct view *view = &v->items[i];

        if (view->pid > 0) {
            kill(view->pid, SIGKILL); // a child of ours that nobody has waited for: no other has its number
            waitpid(view->pid, NULL, 0);
        }
        if (view->fd >= 0)
            close(view->fd);
        record_free(view->answer);
        free(view->text);
    }
    free(v->items);
}

// ---- in the process that asks one DC ----

static struct record *ask_one(const struct config_domain *domain, const char *dc, const struct request *q)
{
    _cleanup_(session_freep) struct session *s = NULL;
    struct record *r = NULL;
    struct account account;
    struct failure f = {0};
    int rc = session_open_at(domain, dc, &s, &f);

    if (rc == 0 && q->kind == REQUEST_ACCOUNTS) {
        rc = accounts_answer(s, q, &r, &f);
    } else if (rc == 0) {
        rc = account_by_request(s, q, &account, &f);
        r = rc == 0 ? account_record(s, &account) : NULL;
        if (r)
            details_add(s, domain, &account, r);
        if (r && q->mark)
            mark_add(s, domain, r);
    }
    if (rc == 0)
        return r;
    record_free(r);
    return failure_record(&f);
}

static void __attribute__((noreturn))
child(const struct config_domain *domain, const char *dc, const struct request *q, pid_t parent, int fd)
{
    _cleanup_record_ struct record *r = NULL;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGALRM, SIG_DFL);
    alarm(PATIENCE_S + 5);
    if (getppid() != parent)
        _exit(1);
    // The requester's connection is the parent's alone: it ends with the parent.
    if (nowhere < 0 || dup2(nowhere, STDIN_FILENO) < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
        _exit(1);
    r = ask_one(domain, dc, q);
    _exit(recio_write(fd, r, WRITE_MS, NULL) < 0);
}

// ---- in the one that waits for all ----

static void set_error(struct view *v, const char *code, const char *text)
{
    v->answer = record_new("error");
    record_add(v->answer, "code", code);
    record_addf(v->answer, "text", "%s: %s", v->dc, text);
    record_add(v->answer, "next", "see whether the DC is up and whether this host reaches its ports");
    v->at_us = clock_us();
}

// It gave no answer a moment ago: this question does not wait for it as well.
static void leave_alone(struct view *v, const struct config_domain *domain)
{
    char text[SILENCE_TEXT] = "gave no answer a moment ago";
    const struct silent *one;
    struct silence all;

    silence_load(domain->name, &all);
    one = silence_find(&all, v->dc);
    if (one)
        silence_text(one, now_us(), text);
    set_error(v, "dc-unreachable", text);
}

static void learn(const struct config_domain *domain, const struct views *all, size_t asked)
{
    for (size_t i = 0; i < asked; i++)
        silence_learn(domain->name, all->items[i].dc,
                      strcmp(record_get_or(all->items[i].answer, "code", ""), "dc-unreachable") != 0);
}

static void start(struct view *v, const struct config_domain *domain, const struct request *q)
{
    pid_t parent = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0) {
        set_error(v, "internal", strerror(errno));
        return;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    v->pid = fork();
    if (v->pid == 0)
        child(domain, v->dc, q, parent, ends[1]);
    if (v->pid < 0)
        set_error(v, "internal", "no process could be started to ask it");
    close(ends[1]);
    v->fd = ends[0];
}

static void finish(struct view *v)
{
    struct err err = {0};
    size_t used;

    close(v->fd);
    v->fd = -1;
    v->at_us = clock_us();
    if (record_decode(v->text ? v->text : "", v->len, &used, &v->answer, &err) != 0)
        set_error(v, "internal", "the process that asked it ended without an answer");
}

static void take_bytes(struct view *v)
{
    char *more = v->len > RECORD_TOTAL_MAX ? NULL : realloc(v->text, v->len + READ_BYTES);
    ssize_t n;

    if (!more) {
        v->len = 0;
        finish(v);
        return;
    }
    v->text = more;
    n = read(v->fd, v->text + v->len, READ_BYTES);
    if (n > 0)
        v->len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        finish(v);
}

// Whom to wait for. 0: nobody any more.
static size_t gather(const struct views *all, struct pollfd *ret_fds, struct view **ret_views)
{
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++)
        if (all->items[i].fd >= 0 && !all->items[i].answer) {
            ret_fds[n] = (struct pollfd){.fd = all->items[i].fd, .events = POLLIN};
            ret_views[n++] = &all->items[i];
        }
    return n;
}

static void wait_for_all(struct views *all)
{
    int64_t begin = clock_us(), deadline = begin + PATIENCE_S * INT64_C(1000000), now;
    struct view *waiting[SRV_MAX];
    struct pollfd fds[SRV_MAX];
    bool first = true;
    size_t n;

    while ((n = gather(all, fds, waiting)) > 0 && (now = clock_us()) < deadline) {
        if (poll(fds, n, (int)((deadline - now) / 1000) + 1) <= 0)
            continue;
        for (size_t i = 0; i < n; i++)
            if (fds[i].revents) {
                take_bytes(waiting[i]);
                if (first && waiting[i]->answer && !record_is(waiting[i]->answer, "error")) {
                    first = false;
                    deadline = clock_us() + views_grace(clock_us() - begin);
                }
            }
    }
    for (size_t i = 0; i < all->n; i++)
        if (!all->items[i].answer)
            set_error(&all->items[i], "dc-unreachable",
                      "no answer in time; the others were not kept waiting");
}

static struct record *compose(const struct views *all, const struct request *q)
{
    struct dc_answer answers[SRV_MAX];
    int64_t now = clock_us();
    struct record *r;

    for (size_t i = 0; i < all->n; i++)
        answers[i] = (struct dc_answer){
            .dc = all->items[i].dc, .answer = all->items[i].answer, .age_us = now - all->items[i].at_us};
    r = q->kind == REQUEST_ACCOUNTS ? newest_accounts(answers, all->n, q->count)
                                    : newest_account(answers, all->n);
    return r ? r : newest_error(answers, all->n);
}

int views_answer(const struct config_domain *domain, const struct request *q, struct record **ret,
                 struct failure *f)
{
    _cleanup_(views_done) struct views all = {0};
    struct dc_list list;
    int rc = dcs_find(domain, q->dc, &list, f);

    if (rc == 0 && q->kind == REQUEST_ACCOUNT && q->dc[0] && !list.wished)
        rc = rodc_account(domain, q, ret, f);
    else if (rc == 0)
        rc = RODC_NONE;
    if (rc != RODC_NONE)
        return rc;
    all.items = calloc(list.n, sizeof *all.items);
    if (!all.items)
        return failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
    for (; all.n < list.n; all.n++) {
        all.items[all.n] = (struct view){.dc = list.hosts[all.n], .fd = -1};
        if (all.n < list.n - list.resting)
            start(&all.items[all.n], domain, q);
        else
            leave_alone(&all.items[all.n], domain);
    }
    wait_for_all(&all);
    learn(domain, &all, list.n - list.resting);
    *ret = compose(&all, q);
    return *ret ? 0 : failure_set(f, -ENOMEM, "internal", NULL, "out of memory");
}
