// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Every combination of what gates the decision to repair, known good, known bad and unknown: what disk and directory
// say of identity and account, what speaks for a broken trust, and what surrounds the case. Evidence that comes to the
// same verdict, and is as good or bad, is the same for the decision: it is gone through once, with all that surrounds
// it. (The probe of the guest itself, and all that follows on it: core_gates.c.)
#include "tests/unit/core_judge_bench.h"

#include "daemon/core/casestep.h"

enum { YES, NO, UNTOLD, EACH }; // of a claim: the bound one's, another's, none

enum kvnos { KVNO_OLDER, KVNO_SAME, KVNO_NEWER, KVNO_UNKNOWN, KVNOS };
enum dates { DATE_OLDER, DATE_CLOSE, DATE_NEWER, DATE_UNKNOWN, DATES };
enum ledger { LEDGER_EMPTY, LEDGER_OLDER_OWN, LEDGER_OLDER, LEDGER_PROVEN, LEDGER_MOVED, LEDGERS };

struct found { // about one piece of evidence
    struct evidence e;
    struct judgement j;
    bool older_own, bad, behind; // bad: identity or account is known to be wrong; behind: something says so
};

static struct found kinds[VERDICTS_COUNT * 8];
static size_t kinds_count;
static unsigned seen;

static unsigned draw(unsigned *n, unsigned count)
{
    unsigned v = *n % count;

    *n /= count;
    return v;
}

static void claim(char *field, size_t size, unsigned which, const char *own, const char *other)
{
    snprintf(field, size, "%s", which == YES ? own : which == NO ? other : "");
}

static void tell_guest(struct found *f, unsigned n)
{
    static const enum tri joined[] = {TRI_YES, TRI_NO, TRI_UNKNOWN};
    static const enum role roles[] = {ROLE_MEMBER, ROLE_DOMAIN_CONTROLLER, ROLE_UNKNOWN};
    struct guest_side *g = &f->e.guest;
    unsigned sid, sam, domain;

    g->joined = joined[draw(&n, EACH)];
    g->role = roles[draw(&n, EACH)];
    sid = draw(&n, EACH);
    sam = draw(&n, EACH);
    domain = draw(&n, EACH);
    g->doubtful = draw(&n, 2);
    claim(g->account_sid, sizeof g->account_sid, sid, f->e.binding.sid, "S-1-5-21-1-2-3-9");
    claim(g->sam, sizeof g->sam, sam, "WS1$", "WS2$");
    claim(g->domain, sizeof g->domain, domain, "corp.test", "x.test");
    f->bad = f->bad || (g->joined == TRI_NO && !g->doubtful) || g->role == ROLE_DOMAIN_CONTROLLER ||
             sid == NO || sam == NO || domain == NO;
}

static void tell_directory(struct found *f, unsigned n)
{
    static const enum tri found[] = {TRI_YES, TRI_NO, TRI_UNKNOWN};
    static const int64_t uac[] = {0x1000, 0x1002, 0x82000, -1};
    struct directory_side *d = &f->e.directory;
    unsigned sid;

    d->found = found[draw(&n, EACH)];
    d->uac = uac[draw(&n, 4)];
    sid = draw(&n, EACH);
    claim(d->sid, sizeof d->sid, sid, f->e.binding.sid, "S-1-5-21-1-2-3-9");
    f->bad = f->bad || d->found == TRI_NO || (d->found == TRI_YES && sid == NO) || d->uac == 0x1002 ||
             d->uac == 0x82000;
}

// now: the directory's present date.
static void tell_ledger(struct evidence *e, enum ledger ledger, uint64_t now)
{
    if (ledger == LEDGER_OLDER_OWN || ledger == LEDGER_OLDER) {
        add_pair(e, 1, 10, 0, 0);
        add_pair(e, 2, 20, 0, ledger == LEDGER_OLDER_OWN ? now : at(900 * second));
    } else if (ledger == LEDGER_PROVEN || ledger == LEDGER_MOVED) {
        add_pair(e, 1, 10, 0, ledger == LEDGER_PROVEN ? now : at(-9000 * second))->proven = true;
    }
}

// What was not read of the guest says nothing, whatever else is known; neither does a directory that was not asked.
static void tell_need(struct found *f, enum kvnos kvno, enum dates date, enum ledger ledger)
{
    static const int64_t directory[] = {3, 2, 1, -1};
    static const int64_t gap[] = {7200, 5, -7200, 0};
    uint64_t now = date == DATE_UNKNOWN ? 0 : at(gap[date] * second);
    struct evidence *e = &f->e;
    bool moved = kvno == KVNO_OLDER || (date == DATE_OLDER && !e->guest.doubtful) ||
                 (ledger == LEDGER_MOVED && date != DATE_UNKNOWN);

    if (e->guest.known)
        e->guest.kvno = 2;
    if (e->directory.known) {
        e->directory.kvno = directory[kvno];
        e->directory.pwd_last_set = now;
    }
    tell_ledger(e, ledger, now);
    f->behind = e->guest.known && e->guest.joined != TRI_UNKNOWN &&
                (ledger == LEDGER_OLDER_OWN || ledger == LEDGER_OLDER || (e->directory.known && moved));
}

static void note(struct found *f)
{
    f->j = judge(&f->e);
    f->older_own = strcmp(f->j.cause, "older-secret") == 0 && changed_by_this_guest(&f->e);
    seen++;
    for (size_t i = 0; i < kinds_count; i++)
        if (kinds[i].j.verdict == f->j.verdict && kinds[i].older_own == f->older_own &&
            kinds[i].bad == f->bad && kinds[i].behind == f->behind)
            return;
    assert_true(kinds_count < ARRAY_SIZE(kinds));
    kinds[kinds_count++] = *f;
}

// One guest's side (0: it could not be read) with one of the directory's (0: it gave no answer) and every need.
static void combine(unsigned guest, unsigned directory)
{
    for (unsigned n = 0; n < (unsigned)KVNOS * DATES * LEDGERS; n++) {
        struct found f = {.e = plain()};
        unsigned rest = n, kvno = draw(&rest, KVNOS), date = draw(&rest, DATES);

        if (guest)
            tell_guest(&f, guest - 1);
        else
            f.e.guest = (struct guest_side){.kvno = -1};
        if (directory)
            tell_directory(&f, directory - 1);
        else
            f.e.directory = (struct directory_side){.kvno = -1, .uac = -1};
        tell_need(&f, (enum kvnos)kvno, (enum dates)date, (enum ledger)rest);
        note(&f);
    }
}

static bool may(const struct found *f, const struct casefile *c, const struct circumstances *a)
{
    bool manual = c->kind == ROLLBACK_MANUAL;
    bool need = f->behind || c->witnessed || manual;
    bool sure = c->witnessed || f->older_own || c->approved;
    bool fit = a->bound && a->domain_configured && !a->twin[0] && !a->transient_disks && a->has_agent &&
               (!a->away || c->approved);
    bool willing = a->mode == MODE_CORE_REPAIR || (a->mode == MODE_CORE_ASK && c->approved);

    return !f->bad && need && sure && fit && willing && (a->same_fingerprint < 3 || c->approved);
}

static bool decide_one(const struct found *f, unsigned n)
{
    struct case_world w = {.evidence = f->e};
    struct circumstances *a = &w.circumstances;
    struct casefile c = {0};
    struct judgement j;
    struct decision d;

    w.evidence.bound = a->bound = draw(&n, 2);
    a->by_policy = draw(&n, 2);
    a->domain_configured = draw(&n, 2);
    a->has_agent = draw(&n, 2);
    a->transient_disks = draw(&n, 2);
    a->twin[0] = draw(&n, 2) ? 't' : '\0';
    a->away = draw(&n, 2);
    a->same_fingerprint = draw(&n, 2) ? 3 : 1;
    a->mode = (enum mode)draw(&n, 3);
    c.witnessed = draw(&n, 2);
    c.approved = draw(&n, 2);
    c.kind = draw(&n, 2) ? ROLLBACK_MANUAL : ROLLBACK_NONE;
    d = case_decide(&c, &w, &j);
    if (d.action == ACTION_REPAIR && !may(f, &c, a))
        fail_msg("repairs by %s (%s): witnessed %d, approved %d, manual %d", verdict_text(j.verdict), j.cause,
                 c.witnessed, c.approved, c.kind == ROLLBACK_MANUAL);
    return d.action == ACTION_REPAIR;
}

static void test_every_combination(void **state)
{
    enum { GUESTS = EACH * EACH * EACH * EACH * EACH * 2, DIRECTORIES = EACH * EACH * 4 };
    enum { SURROUNDINGS = 3 << 11 };
    unsigned repairs = 0;

    (void)state;
    for (unsigned guest = 0; guest <= GUESTS; guest++)
        for (unsigned directory = 0; directory <= DIRECTORIES; directory++)
            combine(guest, directory);
    assert_int_equal(seen, (GUESTS + 1) * (DIRECTORIES + 1) * KVNOS * DATES * LEDGERS);
    for (size_t i = 0; i < kinds_count; i++) {
        unsigned of_kind = 0;

        for (unsigned n = 0; n < SURROUNDINGS; n++)
            of_kind += decide_one(&kinds[i], n);
        // Where something says that it is behind, and nothing speaks against it, some surroundings let it.
        assert_true(of_kind > 0 || kinds[i].bad || kinds[i].j.verdict != VERDICT_BEHIND);
        repairs += of_kind;
    }
    assert_true(kinds_count > 15 && repairs > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_combination)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
