// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Facts for the core_cause tests: facts() is a bound Windows member whose dates are the same on both sides, which ran
// a minute ago, with one DC; each test changes what it is about and says which cause it expects.
//
//     struct cause_facts f = facts();
//     f.disk.netlogon_off = TRI_YES;
//     expect_cause(&f, "netlogon-disabled");
#pragma once

#include "daemon/core/cause.h"
#include "tests/unit/core_judge_bench.h"

static inline struct dc_view view(const char *dc)
{
    struct dc_view v = {.more = {.has_clock = true, .in_base = TRI_YES, .has_spn = TRI_YES}};
    struct evidence e = plain();

    v.side = e.directory;
    snprintf(v.dc, sizeof v.dc, "%s", dc);
    snprintf(v.side.dc, sizeof v.side.dc, "%s", dc);
    snprintf(v.side.guid, sizeof v.side.guid, "11111111-2222-3333-4444-555555555555");
    snprintf(v.side.name, sizeof v.side.name, "WS1$");
    snprintf(v.more.dn, sizeof v.more.dn, "CN=WS1,OU=VDI,DC=corp,DC=test");
    snprintf(v.more.dns_host_name, sizeof v.more.dns_host_name, "ws1.corp.test");
    return v;
}

// The directory's side as diagnose takes it.
static inline void take_newest(struct cause_facts *f)
{
    const struct dc_view *v = cause_newest(f->dcs, f->dcs_count);

    f->evidence.directory = v ? v->side
                              : (struct directory_side){.found = TRI_UNKNOWN, .kvno = -1, .uac = -1};
}

static inline struct cause_facts facts(void)
{
    struct cause_facts f = {.evidence = plain(),
                            .name = "vm1",
                            .base = "OU=VDI,DC=corp,DC=test",
                            .now_us = noon + 60 * second,
                            .ran_us = noon,
                            .running = TRI_YES,
                            .genid = TRI_NO,
                            .dcs_count = 1,
                            .namesake = TRI_NO};

    snprintf(f.evidence.binding.guid, sizeof f.evidence.binding.guid, "11111111-2222-3333-4444-555555555555");
    f.disk = (struct guest_facts){
        .windows = TRI_YES, .join_pending = 0, .rotation_off = 0, .netlogon_off = 0, .max_age_days = 30};
    f.probe = (struct probe_facts){
        .healthy = TRI_UNKNOWN, .dc_reachable = TRI_UNKNOWN, .may_rotate = TRI_UNKNOWN};
    f.dcs[0] = view("dc1.corp.test");
    take_newest(&f);
    add_pair(&f.evidence, 1, noon, at(0), at(0))->proven = true; // in step
    return f;
}

// The directory's password was changed so much later; nothing is remembered of it.
static inline void fall_behind(struct cause_facts *f, int64_t later_us)
{
    f->dcs[0].side.pwd_last_set = at(later_us);
    take_newest(f);
}

static inline struct cause cause_now(struct cause_facts *f)
{
    struct judgement j = judge(&f->evidence);
    struct cause c;

    memcpy(f->judged, j.cause, sizeof f->judged);
    if (f->verdict == VERDICT_UNKNOWN)
        f->verdict = j.verdict;
    cause_find(f, &c);
    return c;
}

static inline void expect_cause(struct cause_facts *f, const char *id)
{
    struct cause_facts copy = *f;
    struct cause c = cause_now(&copy);

    assert_string_equal(c.found[0].id, id);
}

static inline const struct cause_found *find_cause(const struct cause *c, const char *id)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->found[i].id, id) == 0)
            return &c->found[i];
    return NULL;
}

static inline void expect_beside(struct cause_facts *f, const char *id, bool there)
{
    struct cause_facts copy = *f;
    struct cause c = cause_now(&copy);

    if ((find_cause(&c, id) != NULL) != there)
        fail_msg("%s is %s beside %s", id, there ? "missing" : "there", c.found[0].id);
}

// Its exact next command; the cause must be there.
static inline const char *command_of(struct cause_facts *f, const char *id)
{
    static char text[LONG_TEXT];
    struct cause_facts copy = *f;
    struct cause c = cause_now(&copy);
    const struct cause_found *found = find_cause(&c, id);

    assert_non_null(found);
    snprintf(text, sizeof text, "%s", found->command);
    return text;
}
