// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/probe.h"

#include "common/filetime.h"
#include "guest-helper/dcinstance.h"
#include "guest-helper/linux/dc.h"
#include "guest-helper/linux/krb.h"
#include "guest-helper/linux/member.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static void add_channel(struct record *a, const char *channel, const char *code, const char *text)
{
    record_add(a, "channel", channel);
    record_add(a, "channel_code", code);
    record_add(a, "channel_text", text && *text ? text : NULL);
}

// Samba keeps a copy of its own, and either copy can lag behind the other.
static void judge_both(struct record *a, const struct member *m, struct krb *k, bool keytab_works,
                       const char *text)
{
    _cleanup_secret_ struct secret password = {0};
    struct err ignored = {0};
    enum krb_answer samba = KRB_OTHER;

    if (winbind_password(&m->winbind, &password) == 0)
        samba = krb_try_password(k, &password, &ignored);
    if (keytab_works && samba == KRB_PREAUTH_FAILED)
        add_channel(a, "broken", "samba-stale",
                    "the keytab's key works, but the password in Samba's secrets.tdb does not");
    else if (!keytab_works && samba == KRB_OK)
        add_channel(a, "healthy", "keytab-stale",
                    "Samba's password works, but the keytab's key is old: run `net ads keytab create`");
    else
        add_channel(a, keytab_works ? "healthy" : "broken", keytab_works ? "ok" : "preauth-failed", text);
}

static void ask_dc(struct record *a, const struct member *m, const char *dc)
{
    const struct keytab_entry *machine = &m->kt.machine.entry;
    _cleanup_krb_ struct krb *k = NULL;
    enum krb_answer answer;
    struct err err = {0};

    if (krb_new(machine->realm, dc, machine->principal, &k, &err) < 0) {
        add_channel(a, "unknown", krb_answer_code(KRB_OTHER), err.text);
        return;
    }
    answer = krb_try_keytab(k, m->kt.path, &err);
    if (answer != KRB_OK && answer != KRB_PREAUTH_FAILED)
        add_channel(a, "unknown", krb_answer_code(answer), err.text);
    else if (m->has_winbind)
        judge_both(a, m, k, answer == KRB_OK, err.text);
    else
        add_channel(a, answer == KRB_OK ? "healthy" : "broken", krb_answer_code(answer), err.text);
}

static void add_dc(struct record *a, const struct member *m, bool log_on)
{
    char dc[DC_NAME] = "";
    struct err err = {0};
    int rc = dc_find(m->kt.machine.entry.realm, dc, &err);

    record_add(a, "dc", *dc ? dc : NULL);
    record_add_bool(a, "dc_reachable", rc == 0);
    if (rc == 0) {
        if (log_on)
            ask_dc(a, m, dc);
        else
            add_channel(a, "unknown", "not-asked",
                        "the account was not logged on: only a look was asked for");
        dcinstance_add(a, dc);
    } else {
        add_channel(a, "unknown", krb_answer_code(KRB_NO_DC), err.text);
    }
}

// "WEB1$" is the computer WEB1 and the account WEB1$; the realm in lower case is the domain's DNS name.
static void add_identity(struct record *a, const struct keytab_entry *machine)
{
    char domain[KEYTAB_NAME_MAX];
    size_t i;

    record_addf(a, "computer", "%.*s", (int)strlen(machine->principal) - 1, machine->principal);
    record_add(a, "sam_account_name", machine->principal);
    record_add(a, "realm", machine->realm);
    for (i = 0; machine->realm[i]; i++)
        domain[i] = (char)tolower((unsigned char)machine->realm[i]);
    domain[i] = '\0';
    record_add(a, "domain", domain);
}

static void add_secret(struct record *a, const struct member *m)
{
    const struct keytab_entry *machine = &m->kt.machine.entry;
    uint32_t set_at = machine->timestamp;

    // Either may be stale where only the other is kept up; a look at the disk takes the newer one, too.
    if (m->has_winbind && m->winbind.changed > set_at)
        set_at = m->winbind.changed;
    record_add_hex(a, "live_sha256", m->kt.sha256, DIGEST);
    record_add_u64(a, "kvno", machine->kvno);
    if (set_at != 0)
        record_add_u64(a, "set_at", filetime_from_us((int64_t)set_at * 1000000));
}

static void add_now(struct record *a)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    record_add_i64(a, "now_us", (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

struct record *probe_answer(const struct member *m, bool log_on)
{
    struct record *a = record_new("probe");

    record_add(a, "os", "linux");
    add_now(a);
    switch (m->state) {
    case MEMBER_JOINED:
        record_add_bool(a, "joined", true);
        record_add(a, "keystore", m->has_winbind ? "winbind" : "keytab");
        record_add(a, "rotation", "allowed");
        add_identity(a, &m->kt.machine.entry);
        add_secret(a, m);
        add_dc(a, m, log_on);
        break;
    case MEMBER_NOT_JOINED:
        record_add_bool(a, "joined", false);
        add_channel(a, "unknown", "not-joined", m->why.text);
        break;
    case MEMBER_NO_KEYTAB:
        record_add_bool(a, "joined", true);
        record_add(a, "keystore", "winbind");
        add_channel(a, "unknown", "no-keytab", m->why.text);
        break;
    case MEMBER_UNREADABLE:
        add_channel(a, "unknown", "unreadable", m->why.text);
        break;
    }
    return a;
}
