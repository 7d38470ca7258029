// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/attest.h"

#include "guest-helper/plan.h"
#include "guest-helper/state.h"

#include <errno.h>
#include <stdio.h>

static bool may_attest(const struct member *m, struct attest_end *end)
{
    struct plan_facts facts = {0};
    struct plan p;

    member_facts(m, NULL, &facts);
    p = plan_explain(plan_attest(&facts), member_why(m));
    if (p.kind == PLAN_READY)
        return true;
    end->result = "refused";
    end->reason = p.reason;
    err_set(&end->text, 0, "%s", p.text);
    return false;
}

int attest_run(const char *root, const struct record *request, struct record **ret, struct err *err)
{
    const char *token = record_get(request, "token");
    struct attestation_claim claim;
    struct attest_request q = {
        .claim = &claim, .dc = record_get(request, "dc"), .fresh = record_get_bool(request, "fresh") == 1};
    _cleanup_attestation_ struct attestation made = {0};
    _cleanup_record_ struct record *a = NULL;
    struct attest_end end = {0};
    struct member *m;
    int rc = attestation_claim_read(request, &claim, err);

    if (rc < 0)
        return rc;
    if (!token_valid(token))
        return err_set(err, -EINVAL, "the request's token must be %d lower-case hexadecimal digits",
                       TOKEN_LEN);
    m = member_look(root);
    if (!m)
        return err_set(err, -ENOMEM, "out of memory");
    if (may_attest(m, &end))
        attest_make(m, &q, &made, &end);
    member_free(m);
    a = record_new("attestation");
    record_add(a, "token", token);
    record_add(a, "result", end.result);
    record_add(a, "reason", end.reason);
    record_add(a, "text", end.text.text[0] ? end.text.text : NULL);
    record_add(a, "dc", end.dc[0] ? end.dc : NULL);
    if (made.gss_len)
        attestation_add(a, &made);
    *ret = take(a);
    return *ret ? 0 : err_set(err, -ENOMEM, "out of memory");
}
