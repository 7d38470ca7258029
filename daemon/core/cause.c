// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/core/cause.h"

#include "common/cleanup.h"
#include "common/filetime.h"
#include "daemon/core/causerows.h"

#include <stdio.h>
#include <string.h>

#define TEXT(name, text) text,
static const char *const healths[] = {CAUSE_HEALTHS(TEXT)};
static const char *const confidences[] = {CAUSE_CONFIDENCES(TEXT)};
static const char *const places[] = {CAUSE_PLACES(TEXT)};

const char *health_text(enum health v)
{
    return (size_t)v < ARRAY_SIZE(healths) ? healths[v] : "?";
}

const char *confidence_text(enum confidence v)
{
    return (size_t)v < ARRAY_SIZE(confidences) ? confidences[v] : "?";
}

const char *place_text(enum place v)
{
    return (size_t)v < ARRAY_SIZE(places) ? places[v] : "?";
}

void cause_sources(unsigned rests, char *ret, size_t size)
{
    static const char *const names[] = {"disk",    "probe",   "directory", "ledger",
                                        "history", "libvirt", "clocks",    "other guests"};
    size_t used = 0;

    ret[0] = '\0';
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (rests & 1u << i && used < size)
            used += (size_t)snprintf(ret + used, size - used, "%s%s", used ? ", " : "", names[i]);
}

const struct dc_view *cause_newest(const struct dc_view *dcs, size_t count)
{
    const struct dc_view *best = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct directory_side *d = &dcs[i].side;

        if (!d->known)
            continue;
        if (!best || (d->found == TRI_YES &&
                      (best->side.found != TRI_YES || d->pwd_last_set > best->side.pwd_last_set)))
            best = &dcs[i];
    }
    return best;
}

// ---- quoting ----

static size_t put(char *ret, size_t size, size_t used, const char *text, size_t len)
{
    if (used + len + 1 < size) {
        memcpy(ret + used, text, len);
        used += len;
    }
    ret[used] = '\0';
    return used;
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@%+,=";

    return text[0] && text[0] != '-' && strspn(text, plain) == strlen(text);
}

// In single quotes; `inner` stands for a single quote. Room for the closing quote is kept.
static void quote(const char *text, const char *inner, char *ret, size_t size)
{
    size_t used = put(ret, size, 0, "'", 1), len = strlen(inner);

    for (; *text && used + len + 2 < size; text++) {
        char c = (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text;

        used = c == '\'' ? put(ret, size, used, inner, len) : put(ret, size, used, &c, 1);
    }
    put(ret, size, used, "'", 1);
}

void quote_shell(const char *text, char *ret, size_t size)
{
    if (is_plain(text))
        snprintf(ret, size, "%s", text);
    else
        quote(text, "'\\''", ret, size);
}

void quote_powershell(const char *text, char *ret, size_t size)
{
    quote(text, "''", ret, size);
}

// ---- templates ----

struct filling {
    const struct cause_facts *f;
    const struct judgement *judged;
    const char *subject, *spn;
};

static const char *account_of(const struct evidence *e)
{
    return e->bound ? e->binding.name : e->directory.name[0] ? e->directory.name : e->guest.sam;
}

static const char *plain_of(const struct filling *fill, char mark)
{
    const struct evidence *e = &fill->f->evidence;
    const struct dc_view *v = view_judged(fill->f);

    switch (mark) {
    case 'g':
    case 'G':
        return fill->f->name;
    case 'a':
    case 'A':
    case 'S':
        return account_of(e);
    case 'd':
        return e->bound ? e->binding.domain : is_plain(e->guest.domain) ? e->guest.domain : "";
    case 'D':
    case 'n':
        return e->directory.dc;
    case 'H':
        return fill->spn;
    case 'N':
        return v && v->more.dn[0] ? v->more.dn : account_of(e);
    case 'c':
    case 'C':
    case 'P':
        return fill->subject;
    case 'I':
        return e->bound ? e->binding.guid : e->directory.guid;
    case 't':
        return fill->judged->text;
    case 'p':
        return fill->f->probe.text[0] ? fill->f->probe.text : fill->f->probe.code;
    }
    return "";
}

static void fill_in(const struct filling *fill, const char *template, char *ret, size_t size)
{
    char quoted[LONG_TEXT];
    size_t used = 0;

    ret[0] = '\0';
    for (const char *at = template; *at; at++) {
        const char *text;

        if (at[0] != '%' || !at[1]) {
            used = put(ret, size, used, at, 1);
            continue;
        }
        at++;
        text = plain_of(fill, *at);
        if (strchr("GCS", *at))
            quote_shell(text, quoted, sizeof quoted);
        else if (strchr("APDNIH", *at))
            quote_powershell(text, quoted, sizeof quoted);
        else
            snprintf(quoted, sizeof quoted, "%.400s", text);
        used = put(ret, size, used, quoted, strlen(quoted));
    }
}

// ---- the table ----

static void add(const struct cause_row *row, const struct cause_facts *f, const struct judgement *judged,
                struct cause *ret)
{
    struct cause_found *c = &ret->found[ret->count++];
    char subject[LONG_TEXT] = "", spn[LONG_TEXT] = "", *other;
    struct filling fill = {.f = f, .judged = judged, .subject = subject, .spn = spn};

    *c = (struct cause_found){
        .id = row->id,
        .health = row->health,
        .confidence = row->confidence,
        .rests = row->rests,
        .place = row->place,
    };
    if (row->subject)
        row->subject(f, subject, sizeof subject);
    subject_spn(f, spn, sizeof spn);
    // What rests on the disk is no surer than the look at it.
    if (c->confidence == CONFIDENCE_CERTAIN && row->rests & FROM_DISK &&
        (f->stale || f->evidence.guest.doubtful))
        c->confidence = CONFIDENCE_LIKELY;
    fill_in(&fill, row->text, c->text, sizeof c->text);
    fill_in(&fill, row->command, c->command, sizeof c->command);
    other = strchr(c->command, '\n');
    if (other && f->disk.windows == TRI_NO)
        memmove(c->command, other + 1, strlen(other + 1) + 1);
    else if (other)
        *other = '\0';
}

// A row that holds always says what judge() said, by what it had.
static unsigned rests_of_verdict(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;

    return (e->guest.known ? FROM_DISK : 0u) | (e->directory.known ? FROM_DIRECTORY : 0u) |
           (e->pairs_count ? FROM_LEDGER : 0u);
}

void cause_find(const struct cause_facts *f, struct cause *ret)
{
    struct judgement judged = judge(&f->evidence);

    ret->count = 0;
    for (size_t i = 0; i < cause_rows_count; i++) {
        const struct cause_row *row = &cause_rows[i];

        if (!cause_row_explains(row, f->verdict) || !row->holds(f))
            continue;
        add(row, f, &judged, ret);
        if (!row->rests)
            ret->found[0].rests = rests_of_verdict(f);
        break;
    }
    for (size_t i = 0; i < cause_rows_count && ret->count < CAUSES_MAX; i++)
        if (cause_rows[i].beside && (!ret->count || ret->found[0].id != cause_rows[i].id) &&
            cause_rows[i].holds(f))
            add(&cause_rows[i], f, &judged, ret);
}

const struct cause_row *cause_row(size_t i)
{
    return i < cause_rows_count ? &cause_rows[i] : NULL;
}

const char *cause_row_id(const struct cause_row *row)
{
    return row->id;
}

unsigned cause_row_rests(const struct cause_row *row)
{
    return row->rests;
}

bool cause_row_explains(const struct cause_row *row, enum verdict v)
{
    return row->explains & 1u << v;
}

bool cause_row_holds(const struct cause_row *row, const struct cause_facts *f)
{
    return row->holds(f);
}
