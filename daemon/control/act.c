// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Orders: bind, unbind, repair, approve.
#include "common/os/credential.h"
#include "daemon/control/session.h"
#include "daemon/engine/sides.h"
#include "daemon/engine/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DIRECTORY_TIMEOUT_S = 60 };

// The account that the directory answered with becomes the binding.
static void on_account(struct engine *e, const struct worker_key *key, const struct record *answer,
                       const char *lost, void *arg)
{
    struct session *s = arg;
    struct binding b;
    struct guest g;
    struct err err = {0};
    int rc;

    (void)key;
    if (!record_is(answer, "account")) {
        session_error(s, EXIT_NO_WORK, record_get_or(answer, "code", "worker"),
                      record_get_or(answer, "next", ""), "%s",
                      lost ? lost : record_get_or(answer, "text", "the directory gave no answer"));
        return;
    }
    if (record_get_bool(answer, "found") != 1) {
        session_error(s, EXIT_BAD_NEWS, "no-such-account",
                      "look for its name in the directory; the base in virtrust.yaml "
                      "must contain it",
                      "the domain has no such computer account");
        return;
    }
    if (!session_guest(s, s->request, &g))
        return;
    if (binding_of_account(answer, g.uuid, record_get(s->request, "domain"), "administrator", now_us(), &b) <
        0) {
        session_error(s, EXIT_NO_WORK, "protocol", "", "the directory's answer names no GUID or SID");
        return;
    }
    rc = store_begin(e->store, &err);
    if (rc >= 0)
        rc = store_binding_put(e->store, &b, &err);
    if (rc >= 0)
        rc = store_commit(e->store, &err);
    if (rc < 0) {
        store_rollback(e->store);
        session_store_error(s, rc, &err);
        return;
    }
    _cleanup_record_ struct record *r = view_binding(e, &b);

    stream_send(s->stream, r);
    session_end(s, EXIT_ANSWERED);
}

void handle_bind(struct session *s, const struct record *request)
{
    static const char *const ways[] = {"name", "guid", "sid"};
    const struct config *config = s->engine->config;
    const char *domain = record_get(request, "domain");
    struct record *ask;
    struct guest g;

    if (record_get_bool(request, "by_proof") == 1) {
        bind_by_proof(s, request);
        return;
    }
    if (!session_guest(s, request, &g))
        return;
    if (!domain && config->domains_count == 1)
        domain = config->domains[0].name;
    if (!domain || !config_domain(config, domain)) {
        session_error(s, domain ? EXIT_NO_WORK : EXIT_USAGE, "no-such-domain",
                      "name a domain of virtrust.yaml with --domain",
                      domain ? "the domain %s is not configured" : "%s",
                      domain ? domain : "no domain is named");
        return;
    }
    domain =
        config_domain(config, domain)->name; // named by its NetBIOS name perhaps; guests claim the DNS name
    ask = record_new("account");
    record_add(ask, "domain", domain);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
        record_add(ask, ways[i], record_get(request, ways[i]));
    s->request = record_new("bind");
    record_add(s->request, "guest", g.uuid);
    record_add(s->request, "domain", domain);
    worker_call(s->engine, WORKER_DIRECTORY, ask, DIRECTORY_TIMEOUT_S, (struct worker_key){0}, on_account, s);
}

void handle_unbind(struct session *s, const struct record *request)
{
    struct guest g;
    struct err err = {0};
    int rc;

    if (!session_guest(s, request, &g))
        return;
    rc = store_begin(s->engine->store, &err);
    if (rc >= 0)
        rc = store_binding_delete(s->engine->store, g.uuid, &err);
    if (rc == 0)
        rc = store_commit(s->engine->store, &err);
    if (rc != 0)
        store_rollback(s->engine->store);
    if (rc < 0)
        session_store_error(s, rc, &err);
    else if (rc == STORE_NONE)
        session_error(s, EXIT_NO_WORK, "not-bound", "`virtrust bindings` lists those that are",
                      "%s is not bound", g.name);
    else
        session_end(s, EXIT_ANSWERED);
}

static void send_case_id(struct session *s, int64_t id)
{
    struct casefile c;
    struct err err = {0};

    if (store_case_get(s->engine->store, id, &c, &err) == 0) {
        _cleanup_record_ struct record *r = view_case(s->engine, &c);

        stream_send(s->stream, r);
    }
}

static void refuse_repair(struct session *s, int rc, const struct err *err)
{
    if (rc == -EBUSY)
        session_error(s, EXIT_REFUSED, "case-open", "wait for the open case, or approve it", "%s", err->text);
    else if (rc == -ESTALE)
        session_error(s, EXIT_NO_WORK, "guest-gone",
                      "`virtrust show` tells what became of it; define it again, and virtrust looks at it",
                      "%s", err->text);
    else
        session_store_error(s, rc, err);
}

// The credential that is lent: handed over with the request, else out of the domain's directory of them. False, and
// the session ended, without one.
static bool find_credential(struct session *s, const struct record *request, const struct guest *g,
                            struct secret *ret)
{
    const struct config_domain *domain;
    const void *bytes = NULL;
    struct binding b = {0};
    struct err err = {0};
    size_t len = 0;
    int rc = store_binding_get(s->engine->store, g->uuid, &b, &err);

    if (rc != 0) {
        session_error(s, EXIT_REFUSED, "not-bound", "virtrust bind GUEST COMPUTER",
                      "%s is not bound: nobody could say for which account the credential must be good",
                      g->name);
        return false;
    }
    domain = config_domain(s->engine->config, b.domain);
    if (record_get_bytes(request, "credential", &bytes, &len) == 0) {
        rc = secret_set(ret, bytes, len);
        if (rc == 0)
            rc = credential_check(ret, &err);
    } else if (domain && domain->credentials) {
        rc = credential_read_dir(domain->credentials, b.name, ret, &err);
    } else {
        rc = err_set(&err, -ENOENT, "no credential was handed over, and the domain %s has no `credentials`",
                     b.domain);
    }
    if (rc < 0)
        session_error(s, EXIT_REFUSED, "no-credential",
                      "virtrust repair GUEST --strategy credential --credential-file FILE", "%s",
                      err.text[0] ? err.text : "the credential is too long");
    return rc == 0;
}

static bool repair_lending(struct session *s, const struct record *request, const struct guest *g,
                           int64_t *ret_id, int *ret_rc, struct err *err)
{
    _cleanup_secret_ struct secret credential = {0};

    if (!find_credential(s, request, g, &credential))
        return false;
    *ret_rc = engine_repair_lending(s->engine, g->uuid, &credential, ret_id, err);
    return true;
}

void handle_repair(struct session *s, const struct record *request)
{
    const char *strategy = record_get_or(request, "strategy", "provision");
    struct err err = {0};
    struct guest g;
    int64_t id = 0;
    int rc = 0;

    if (!session_guest(s, request, &g))
        return;
    if (strcmp(strategy, "provision") != 0 && strcmp(strategy, "credential") != 0) {
        session_error(s, EXIT_USAGE, "usage", "provision and credential are",
                      "%.64s is no strategy of a repair", strategy);
        return;
    }
    if (strcmp(strategy, "credential") == 0 && record_get_bool(request, "dry_run") != 1) {
        if (!repair_lending(s, request, &g, &id, &rc, &err))
            return;
    } else {
        rc = engine_repair(s->engine, g.uuid, record_get_bool(request, "dry_run") == 1, &id, &err);
    }
    if (rc < 0) {
        refuse_repair(s, rc, &err);
        return;
    }
    send_case_id(s, id);
    session_end(s, EXIT_ANSWERED);
}

void handle_approve(struct session *s, const struct record *request)
{
    struct case_input in = {.kind = CASE_IN_APPROVED};
    struct casefile c;
    struct err err = {0};
    uint64_t id;
    int rc;

    if (record_get_u64(request, "id", &id) < 0 || id > INT64_MAX) {
        session_error(s, EXIT_USAGE, "usage", "`virtrust list` shows cases that wait",
                      "a case is named by its number");
        return;
    }
    rc = store_case_get(s->engine->store, (int64_t)id, &c, &err);
    if (rc == STORE_NONE) {
        session_error(s, EXIT_NO_WORK, "no-such-case", "`virtrust list` shows cases that wait",
                      "there is no case %llu", (unsigned long long)id);
        return;
    }
    if (rc == 0 && c.state != CASE_AWAITING_APPROVAL) {
        session_error(s, EXIT_REFUSED, "not-waiting", "`virtrust case` shows its state",
                      "case %lld does not wait for approval: it is %s", (long long)c.id,
                      case_state_text(c.state));
        return;
    }
    if (rc == 0)
        rc = engine_case_input(s->engine, c.id, &in, &err);
    if (rc < 0) {
        session_store_error(s, rc, &err);
        return;
    }
    send_case_id(s, c.id);
    session_end(s, EXIT_ANSWERED);
}
