// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `diagnose`: the records of its answer: `diagnosis`, `beside` for what stands beside the cause, and a `side` for the
// guest, the ledger and each DC.
#include "common/filetime.h"
#include "daemon/control/diagnose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PRINT_BYTES = 4 }; // of a fingerprint: enough to tell secrets apart, and of no use

static void add_filetime(struct record *r, const char *key, uint64_t filetime)
{
    char text[FILETIME_TEXT];

    if (!filetime_plausible(filetime))
        return;
    filetime_text(filetime, text);
    record_add(r, key, text);
}

static void add_time(struct record *r, const char *key, int64_t us)
{
    if (us > 0)
        record_add_i64(r, key, us);
}

static void add_kvno(struct record *r, int64_t kvno)
{
    if (kvno >= 0)
        record_add_i64(r, "kvno", kvno);
}

static void add_text(struct record *r, const char *key, const char *text)
{
    record_add(r, key, text[0] ? text : NULL);
}

static void add_tri(struct record *r, const char *key, enum tri value)
{
    if (value != TRI_UNKNOWN)
        record_add_bool(r, key, value == TRI_YES);
}

static void add_cause(struct record *r, const struct cause_found *c)
{
    char sources[128];

    cause_sources(c->rests, sources, sizeof sources);
    record_add(r, "cause", c->id);
    record_add(r, "health", health_text(c->health));
    record_add(r, "confidence", confidence_text(c->confidence));
    add_text(r, "rests_on", sources);
    record_add(r, "text", c->text);
    add_text(r, "where", c->command[0] ? place_text(c->place) : "");
    add_text(r, "command", c->command);
}

static void tell_diagnosis(struct session *s, const struct diagnosis *d)
{
    _cleanup_record_ struct record *r = record_new("diagnosis");
    struct config_choice choice;

    engine_choice(s->engine, d->guest.uuid, d->guest.name, &choice);
    record_add(r, "guest", d->guest.name);
    record_add(r, "uuid", d->guest.uuid);
    record_add_i64(r, "at_us", d->facts.now_us);
    record_add(r, "state", !d->guest.present ? "gone" : d->guest.running ? "running" : "off");
    record_add(r, "mode", config_mode_text(choice.mode));
    record_add_bool(r, "bound", d->bound);
    if (d->bound) {
        record_add(r, "computer", d->binding.name);
        record_add(r, "domain", d->binding.domain);
    }
    record_add(r, "verdict", verdict_text(d->facts.verdict));
    record_add(r, "judged_by", d->facts.judged);
    add_cause(r, &d->cause.found[0]);
    record_add(r, "action", action_text(d->decision.action));
    add_text(r, "rule", d->decision.rule);
    record_add(r, "would", d->decision.text);
    add_text(r, "next", d->decision.next);
    if (d->open)
        record_add_i64(r, "open_case", d->c.id);
    if (d->facts.rolled) {
        record_add(r, "rollback", rollback_kind_text(d->facts.rollback));
        record_add_i64(r, "rolled_back_us", d->facts.rolled_us);
    }
    record_add_bool(r, "others_compared", !d->others_cut);
    stream_send(s->stream, r);
}

static void tell_beside(struct session *s, const struct cause_found *c)
{
    _cleanup_record_ struct record *r = record_new("beside");

    add_cause(r, c);
    stream_send(s->stream, r);
}

static void add_print(struct record *r, bool has, const unsigned char fingerprint[HASH])
{
    if (has)
        record_add_hex(r, "secret", fingerprint, PRINT_BYTES);
}

static void tell_guest(struct session *s, const struct diagnosis *d)
{
    const struct guest_side *g = &d->facts.evidence.guest;
    const struct probe_facts *p = &d->facts.probe;
    _cleanup_record_ struct record *r = record_new("side");

    record_add(r, "side", "guest");
    record_add_bool(r, "known", g->known);
    record_add_bool(r, "fresh", d->disk.fresh);
    add_time(r, "seen_us", d->disk.at_us);
    if (!g->known)
        add_text(r, "why", g->why);
    add_text(r, "engine", g->engine);
    add_text(r, "account", g->sam);
    add_text(r, "domain", g->domain);
    add_text(r, "sid", g->account_sid);
    add_print(r, g->has_fingerprint, g->fingerprint);
    add_filetime(r, "password_set", g->set_at);
    add_kvno(r, g->kvno);
    add_text(r, "doubt", g->doubtful ? g->doubt : "");
    record_add(r, "os", record_get(d->disk.record, "os"));
    add_text(r, "resolvers", d->facts.disk.resolvers);
    if (d->facts.has_clock)
        record_add_i64(r, "clock_ms", d->facts.clock_us / 1000);
    if (record_is(d->asked.record, "error"))
        record_add(r, "not_asked", record_get_or(d->asked.record, "text", "no reason is known"));
    else if (d->asked.record)
        add_time(r, "asked_us", d->asked.at_us);
    if (p->known) {
        record_add(r, "channel", record_get(d->probe.record, "channel"));
        add_text(r, "channel_code", p->code);
        add_time(r, "probed_us", p->at_us);
        add_text(r, "uses_dc", p->dc);
        add_text(r, "dc_ports", p->ports);
    }
    stream_send(s->stream, r);
}

// The newest proven pair, else the newest.
static const struct pair *witness(const struct evidence *e)
{
    for (size_t i = 0; i < e->pairs_count; i++)
        if (e->pairs[i].proven)
            return &e->pairs[i];
    return e->pairs_count ? &e->pairs[0] : NULL;
}

static void tell_ledger(struct session *s, const struct diagnosis *d)
{
    const struct pair *p = witness(&d->facts.evidence);
    _cleanup_record_ struct record *r = record_new("side");

    record_add(r, "side", "ledger");
    record_add_bool(r, "known", p != NULL);
    if (p) {
        record_add_u64(r, "pairs", d->facts.evidence.pairs_count);
        record_add_bool(r, "proven", p->proven);
        add_print(r, true, p->fingerprint);
        add_filetime(r, "password_set", p->set_at);
        add_filetime(r, "directory_set", p->pwd_last_set);
        add_kvno(r, p->kvno);
        add_time(r, "seen_us", p->last_us);
    } else {
        record_add(r, "why", d->bound ? "nothing was seen of this guest before" : "the guest is not bound");
    }
    stream_send(s->stream, r);
}

static void tell_view(struct session *s, const struct diagnosis *d, const struct dc_view *v)
{
    _cleanup_record_ struct record *r = record_new("side");

    record_add(r, "side", v->dc);
    record_add_bool(r, "known", v->side.known);
    record_add_bool(r, "fresh", true);
    add_time(r, "seen_us", d->facts.now_us);
    if (!v->side.known) {
        add_text(r, "why", v->side.why);
        stream_send(s->stream, r);
        return;
    }
    add_tri(r, "found", v->side.found);
    add_text(r, "account", v->side.name);
    add_text(r, "sid", v->side.sid);
    add_text(r, "guid", v->side.guid);
    add_text(r, "dn", v->more.dn);
    add_filetime(r, "password_set", v->side.pwd_last_set);
    add_kvno(r, v->side.kvno);
    if (v->side.uac >= 0) {
        record_add_i64(r, "uac", v->side.uac);
        record_add_bool(r, "enabled", !(v->side.uac & 2));
    }
    add_tri(r, "in_base", v->more.in_base);
    add_tri(r, "spn_host", v->more.has_spn);
    add_text(r, "spn_other", v->more.spn_other);
    add_time(r, "created_us", v->more.created_us);
    add_time(r, "changed_us", v->more.changed_us);
    add_filetime(r, "last_logon", v->more.last_logon);
    if (v->more.password_changes)
        record_add_u64(r, "password_changes", v->more.password_changes);
    add_text(r, "password_changed_at", v->more.password_changed_at);
    add_text(r, "address", v->more.address);
    if (v->more.has_clock)
        record_add_i64(r, "clock_ms", v->more.clock_us / 1000);
    stream_send(s->stream, r);
}

int diagnosis_tell(struct session *s, const struct diagnosis *d)
{
    const struct cause *c = &d->cause;

    tell_diagnosis(s, d);
    tell_guest(s, d);
    tell_ledger(s, d);
    for (size_t i = 0; i < d->facts.dcs_count; i++)
        tell_view(s, d, &d->facts.dcs[i]);
    for (size_t i = 1; i < c->count; i++)
        tell_beside(s, &c->found[i]);
    if (c->found[0].health == HEALTH_BROKEN)
        return EXIT_BAD_NEWS;
    for (size_t i = 1; i < c->count; i++)
        if (c->found[i].health == HEALTH_BROKEN)
            return EXIT_BAD_NEWS;
    return !d->facts.evidence.guest.known && c->found[0].health == HEALTH_UNKNOWN ? EXIT_NO_LOOK
                                                                                  : EXIT_ANSWERED;
}
