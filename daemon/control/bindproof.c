// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust bind GUEST --by-proof`: the guest shows which account it holds.
#include "daemon/control/session.h"
#include "daemon/engine/proofs.h"

#include <stdio.h>
#include <string.h>

static void tell_none(struct session *s, const struct record *answer, const char *lost)
{
    bool refused = record_is(answer, "attested") ||
                   strcmp(record_get_or(answer, "result", ""), "refused") == 0;
    const char *reason = record_get_or(answer, "reason", "no-proof");

    session_error(s, refused ? EXIT_BAD_NEWS : EXIT_NO_WORK,
                  record_get_or(answer, "rule", record_get_or(answer, "code", reason)),
                  record_get_or(answer, "next",
                                "`virtrust doctor` tells whether agent, helper and directory are there"),
                  "no binding was made: %s", attest_why_not(answer, lost));
}

static void on_proof(struct engine *e, const struct attest_end *got, void *arg)
{
    struct session *s = arg;
    enum proof_end end;
    struct binding b;
    struct err err = {0};
    int rc = proofs_take(e, got->guest, record_get_or(s->request, "domain", ""), got->answer, &b, &end, &err);

    if (rc < 0) {
        session_store_error(s, rc, &err);
    } else if (end == PROOF_END_NONE) {
        tell_none(s, got->answer, got->lost);
    } else if (end == PROOF_END_DIFFERS) {
        session_error(
            s, EXIT_REFUSED, "identity-mismatch",
            "see which is right; `virtrust unbind` first, if the guest is to be bound anew",
            "the guest proves that it holds the account %s, and is bound to another: nothing was changed",
            b.name);
    } else if (store_binding_get(e->store, got->guest, &b, &err) == 0) {
        _cleanup_record_ struct record *r = view_binding(e, &b);

        stream_send(s->stream, r);
        session_end(s, EXIT_ANSWERED);
    } else {
        session_error(s, EXIT_NO_WORK, "not-bound", "ask again", "the binding was taken away at once");
    }
}

// The domain: named, else the policy's or the only one.
static const struct config_domain *domain_of(struct session *s, const struct record *request,
                                             const struct guest *g, struct config_choice *choice)
{
    const char *named = record_get(request, "domain");

    engine_choice(s->engine, g->uuid, g->name, choice);
    return named ? config_domain(s->engine->config, named) : choice->domain;
}

void bind_by_proof(struct session *s, const struct record *request)
{
    struct config_choice choice;
    const struct config_domain *domain;
    struct attest_question q;
    struct guest g;

    if (!session_guest(s, request, &g))
        return;
    domain = domain_of(s, request, &g, &choice);
    if (!domain) {
        const char *named = record_get(request, "domain");

        session_error(s, named ? EXIT_NO_WORK : EXIT_USAGE, "no-such-domain",
                      "name a domain of virtrust.yaml with --domain",
                      named ? "the domain %s is not configured"
                            : "it is not said of which domain %s is a member",
                      named ? named : g.name);
        return;
    }
    if (!g.running) {
        session_error(s, EXIT_BAD_NEWS, "guest-off", "start it and ask again",
                      "%s does not run: only a running guest can show what it holds", g.name);
        return;
    }
    s->request = record_new("bind");
    record_add(s->request, "guest", g.uuid);
    record_add(s->request, "domain", domain->name);
    q = (struct attest_question){.guest = g.uuid, .domain = domain->name, .push = choice.push_helper};
    attest_ask(s->engine, &q, on_proof, s);
}
