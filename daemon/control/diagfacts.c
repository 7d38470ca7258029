// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `diagnose`: the workers' records and the store as struct cause_facts. Records may come from hostile guests: what does
// not fit its form is unknown.
#include "common/filetime.h"
#include "daemon/control/diagnose.h"
#include "daemon/core/signal.h"
#include "daemon/engine/sides.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CASES_BACK = 50, OTHERS_MAX = 1000 };

static void text(const struct record *r, const char *key, char *ret, size_t size)
{
    const char *value = record_get(r, key);

    if (value && strlen(value) < size)
        snprintf(ret, size, "%s", value);
}

static enum tri answer(const struct record *r, const char *key)
{
    int value = record_get_bool(r, key);

    return value < 0 ? TRI_UNKNOWN : value ? TRI_YES : TRI_NO;
}

static int64_t number(const struct record *r, const char *key, int64_t unknown)
{
    int64_t value = unknown;

    record_get_i64(r, key, &value);
    return value;
}

static uint64_t filetime(const struct record *r, const char *key)
{
    uint64_t value = 0;

    return record_get_u64(r, key, &value) == 0 && filetime_plausible(value) ? value : 0;
}

// ---- the guest ----

// The first of these that is known decides: what a group policy says stands before the guest's own value.
static enum tri first_known(const struct record *r, const char *const *keys, size_t count)
{
    enum tri value = TRI_UNKNOWN;

    for (size_t i = 0; i < count && value == TRI_UNKNOWN; i++)
        value = answer(r, keys[i]);
    return value;
}

static enum tri either(enum tri a, enum tri b)
{
    return a == TRI_YES || b == TRI_YES ? TRI_YES : a == TRI_UNKNOWN ? b : a;
}

static enum tri is_word(const struct record *r, const char *key, const char *word)
{
    const char *value = record_get(r, key);

    return !value ? TRI_UNKNOWN : strcmp(value, word) == 0 ? TRI_YES : TRI_NO;
}

static enum tri has_word(const struct record *r, const char *key, const char *word)
{
    const char *value = record_get(r, key);

    return !value ? TRI_UNKNOWN : strstr(value, word) ? TRI_YES : TRI_NO;
}

static enum tri is_isolated(const struct record *disk, const struct record *probe)
{
    return either(either(answer(disk, "guard.isolated_secret"), answer(probe, "isolated")),
                  is_word(probe, "channel_code", "isolated"));
}

static void guest_facts(const struct record *disk, const struct record *probe, struct guest_facts *ret)
{
    static const char *const disabled[] = {"policy.group_policy.disable_password_change",
                                           "policy.disable_password_change"};

    *ret = (struct guest_facts){
        .windows = is_word(disk, "os", "windows"),
        .join_pending = either(has_word(disk, "pending", "domain-join"),
                               has_word(disk, "pending", "sysprep")),
        .rotation_off = first_known(disk, disabled, ARRAY_SIZE(disabled)),
        .netlogon_off = is_word(disk, "netlogon.start", "disabled"),
        .isolated = is_isolated(disk, probe),
        .bitlocker = is_word(disk, "encryption", "bitlocker"),
        .entra = answer(disk, "entra.joined"),
        .users_off = is_word(disk, "member.start", "disabled"),
    };
    if (ret->windows == TRI_UNKNOWN)
        ret->windows = is_word(probe, "os", "windows");
    ret->max_age_days = number(disk, "policy.group_policy.maximum_password_age_days",
                               number(disk, "policy.maximum_password_age_days", -1));
    text(disk, "member.service", ret->users_service, sizeof ret->users_service);
    text(disk, "member.realm", ret->realm, sizeof ret->realm);
    text(disk, "resolver.group_policy.servers", ret->resolvers, sizeof ret->resolvers);
    if (!ret->resolvers[0])
        text(disk, "resolver.servers", ret->resolvers, sizeof ret->resolvers);
}

static void probe_facts(struct engine *e, const struct found_record *f, struct probe_facts *ret)
{
    const struct record *r = f->record;
    const char *channel = record_get_or(r, "channel", "");
    unsigned char sha256[HASH];

    *ret = (struct probe_facts){
        .healthy = TRI_UNKNOWN, .may_rotate = TRI_UNKNOWN, .dc_reachable = TRI_UNKNOWN};
    if (!record_get(r, "channel"))
        return;
    ret->known = true;
    ret->at_us = f->at_us;
    if (strcmp(channel, "healthy") == 0 || strcmp(channel, "broken") == 0)
        ret->healthy = strcmp(channel, "healthy") == 0 ? TRI_YES : TRI_NO;
    ret->dc_reachable = answer(r, "dc_reachable");
    text(r, "channel_code", ret->code, sizeof ret->code);
    text(r, "channel_text", ret->text, sizeof ret->text);
    text(r, "dc", ret->dc, sizeof ret->dc);
    text(r, "dc_ports", ret->ports, sizeof ret->ports);
    ret->may_rotate = is_word(r, "rotation", "allowed");
    if (record_get_hex(r, "live_sha256", sha256, sizeof sha256) == 0) {
        hostkey_fingerprint(&e->key, sha256, ret->fingerprint);
        ret->has_fingerprint = true;
    }
}

// ---- the directory ----

// One DC's own words out of the answer of all: an `account`, or the `error` of one that did not answer.
static struct record *words_of(const struct record *all, size_t at)
{
    char prefix[32], key[RECORD_KEY_MAX];
    size_t len = (size_t)snprintf(prefix, sizeof prefix, "dcs.%zu.", at);
    struct record *r;

    snprintf(key, sizeof key, "%scode", prefix);
    r = record_new(record_get(all, key) ? "error" : "account");
    for (size_t i = 2; i < record_count(all); i++) { // behind type and v
        const char *name, *value;
        size_t value_len;

        record_at(all, i, &name, &value, &value_len);
        if (strncmp(name, prefix, len) == 0)
            record_add_bytes(r, name + len, value, value_len);
    }
    return r;
}

static void view_facts(const struct record *r, int64_t at_us, struct dc_view *ret)
{
    struct account_facts *m = &ret->more;
    int64_t dc_now = number(r, "dc_now_us", 0);

    *ret = (struct dc_view){0};
    side_of_directory(r, at_us, &ret->side);
    text(r, "dc", ret->dc, sizeof ret->dc);
    text(r, "code", ret->code, sizeof ret->code);
    *m = (struct account_facts){.in_base = answer(r, "in_base"), .has_spn = answer(r, "spn_host")};
    m->has_clock = dc_now != 0;
    m->clock_us = dc_now ? dc_now - at_us : 0;
    text(r, "dn", m->dn, sizeof m->dn);
    text(r, "dns_host_name", m->dns_host_name, sizeof m->dns_host_name);
    text(r, "address", m->address, sizeof m->address);
    text(r, "spn_other", m->spn_other, sizeof m->spn_other);
    text(r, "password_changed_at", m->password_changed_at, sizeof m->password_changed_at);
    m->created_us = number(r, "when_created_us", 0);
    m->changed_us = number(r, "when_changed_us", 0);
    m->last_logon = filetime(r, "last_logon");
    m->laps_expires = filetime(r, "laps_expires");
    m->password_changes = (uint32_t)number(r, "password_version", 0);
    m->password_changed_us = number(r, "password_changed_us", 0);
}

static void directory_facts(const struct diagnosis *d, struct cause_facts *f)
{
    const struct found_record *all = &d->directory;
    char key[RECORD_KEY_MAX];

    for (f->dcs_count = 0; f->dcs_count < CAUSE_DCS_MAX; f->dcs_count++) {
        _cleanup_record_ struct record *r = NULL;

        snprintf(key, sizeof key, "dcs.%zu.dc", f->dcs_count);
        if (!record_get(all->record, key))
            break;
        r = words_of(all->record, f->dcs_count);
        view_facts(r, all->at_us, &f->dcs[f->dcs_count]);
    }
    if (f->dcs_count || !all->record)
        return;
    view_facts(all->record, all->at_us, &f->dcs[0]); // none answered: one column says why
    if (!f->dcs[0].dc[0])
        snprintf(f->dcs[0].dc, sizeof f->dcs[0].dc, "%s", d->domain);
    f->dcs_count = 1;
}

static enum tri is_namesake(const struct diagnosis *d)
{
    const struct record *r = d->namesake.record;

    if (!d->bound || !record_is(r, "account"))
        return TRI_UNKNOWN;
    if (record_get_bool(r, "found") != 1)
        return answer(r, "found");
    return strcmp(record_get_or(r, "guid", ""), d->binding.guid) != 0 ? TRI_YES : TRI_NO;
}

// ---- history ----

static int find_rollback(const struct casefile *c, void *arg)
{
    struct casefile *ret = arg;

    if (c->outcome == OUTCOME_PROVEN ||
        (c->state == CASE_CLOSED && c->verdict == VERDICT_IN_STEP && c->cause[0]))
        return 1; // whole since
    if (!c->witnessed)
        return 0;
    *ret = *c;
    return 1;
}

bool diagnosis_rollback(struct engine *e, const char *guest, struct casefile *ret)
{
    struct casefile found = {0};
    struct err err = {0};

    store_case_each(e->store, guest, false, CASES_BACK, find_rollback, &found, &err);
    if (found.id)
        *ret = found;
    return found.id != 0;
}

// ---- other guests of this host ----

struct others {
    struct engine *engine;
    struct diagnosis *d;
    const char *secret, *sam; // this guest's; NULL unknown. A copy has both
    unsigned compared;
};

static int compare(const struct guest *g, void *arg)
{
    struct others *o = arg;
    struct cause_facts *f = &o->d->facts;
    _cleanup_record_ struct record *disk = NULL;
    const char *secret, *sam;
    struct err err = {0};

    if (strcmp(g->uuid, o->d->guest.uuid) == 0 || !g->present || !g->last_case)
        return 0;
    if (o->compared++ == OTHERS_MAX) {
        o->d->others_cut = true;
        return 1;
    }
    if (store_evidence_get(o->engine->store, g->last_case, "disk", &disk, &err) != 0)
        return 0;
    secret = record_get_or(disk, "secret_sha256", "");
    sam = record_get_or(disk, "sam_account_name", "");
    if (!o->sam || strcasecmp(sam, o->sam) != 0)
        return 0;
    if (o->secret && strcmp(secret, o->secret) == 0) {
        snprintf(f->clone, sizeof f->clone, "%s", g->name);
    } else if (o->secret && secret[0]) {
        snprintf(f->double_name, sizeof f->double_name, "%s", g->name);
        f->double_set_at = filetime(disk, "password.filetime");
    }
    return 0;
}

static void compare_others(struct engine *e, struct diagnosis *d)
{
    struct others o = {.engine = e, .d = d, .secret = record_get(d->disk.record, "secret_sha256")};
    struct err err = {0};

    o.sam = record_get(d->disk.record, "sam_account_name");
    if (!o.sam && d->bound)
        o.sam = d->binding.name;
    store_guest_each(e->store, compare, &o, &err);
}

// ---- all of it ----

static void guest_state(struct engine *e, struct diagnosis *d)
{
    _cleanup_record_ struct record *description = NULL;
    struct cause_facts *f = &d->facts;
    const struct config_domain *domain = config_domain(e->config, d->domain);
    struct err err = {0};
    int64_t ms;

    snprintf(f->name, sizeof f->name, "%s", d->guest.name);
    snprintf(f->base, sizeof f->base, "%s", domain && domain->base ? domain->base : "");
    f->now_us = now_us();
    f->ran_us = d->guest.running ? f->now_us : d->guest.ran_us;
    f->running = d->guest.running ? TRI_YES : TRI_NO;
    f->genid = f->tpm = TRI_UNKNOWN;
    if (store_description_get(e->store, d->guest.uuid, &description, &err) == 0) {
        f->genid = record_get(description, "genid") ? TRI_YES : TRI_NO;
        f->tpm = record_get(description, "tpm") ? TRI_YES : TRI_NO;
    }
    f->stale = !d->disk.fresh;
    f->has_clock = record_get_i64(d->clock.record, "offset_ms", &ms) == 0;
    if (f->has_clock)
        f->clock_us = ms * 1000;
}

// Without a case: as if one were opened now, for nothing that was seen.
static void case_to_decide(struct diagnosis *d)
{
    int64_t id = d->c.id;

    if (d->open)
        return;
    d->c.approved = d->c.dry_run = false; // what was approved is over
    if (d->facts.rolled)
        return;
    case_open(&d->c, d->guest.uuid, d->guest.name, ROLLBACK_NONE, false, d->facts.now_us, d->facts.now_us);
    d->c.id = id;
}

int diagnosis_conclude(struct engine *e, struct diagnosis *d, struct err *err)
{
    struct cause_facts *f = &d->facts;
    struct judgement judged;
    struct casefile rolled;
    int rc;

    guest_state(e, d);
    f->rolled = diagnosis_rollback(e, d->guest.uuid, &rolled);
    if (f->rolled) {
        f->rollback = rolled.kind;
        f->rolled_us = rolled.rolled_us;
    }
    case_to_decide(d);
    guest_facts(d->disk.record, d->probe.record, &f->disk);
    probe_facts(e, &d->probe, &f->probe);
    directory_facts(d, f);
    f->namesake = is_namesake(d);
    compare_others(e, d);
    rc = engine_world_of(e, &d->c, d->disk.record, d->directory.record, &d->world, err);
    if (rc < 0)
        return rc;
    f->evidence = d->world.evidence;
    f->same_fingerprint = d->world.circumstances.same_fingerprint;
    snprintf(f->twin, sizeof f->twin, "%s", d->world.circumstances.twin);
    d->decision = case_decide(&d->c, &d->world, &judged);
    f->verdict = d->decision.verdict;
    // Which of two copies of a directory the guest sees, only its repair could find out: what that found stays so until
    // the next one.
    if (d->guest.verdict == VERDICT_OTHER_DIRECTORY &&
        (f->verdict == VERDICT_BEHIND || f->verdict == VERDICT_CHANGED_ELSEWHERE ||
         f->verdict == VERDICT_UNKNOWN))
        f->verdict = VERDICT_OTHER_DIRECTORY;
    snprintf(f->judged, sizeof f->judged, "%s", judged.cause);
    cause_find(f, &d->cause);
    return 0;
}
