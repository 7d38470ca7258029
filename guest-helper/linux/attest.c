// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/attest.h"

#include "guest-helper/linux/attest_gss.h"
#include "guest-helper/linux/dc.h"
#include "guest-helper/linux/krb.h"
#include "guest-helper/linux/member.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// A broken channel is refused: there is nothing to prove before it is mended. The rest may pass.
static void no_ticket(enum krb_answer answer, struct attest_end *end)
{
    end->result = answer == KRB_PREAUTH_FAILED ? "refused" : "failed";
    end->reason = answer == KRB_PREAUTH_FAILED ? "channel-broken" : krb_answer_code(answer);
}

static int find_dc(const char *realm, const char *wish, char ret[static DC_NAME], struct err *err)
{
    if (!wish)
        return dc_find(realm, ret, err);
    snprintf(ret, DC_NAME, "%s", wish);
    return dc_reachable(ret) ? 0 : err_set(err, -EHOSTUNREACH, "%s:88 does not answer", wish);
}

static void sign(const struct attest_request *q, struct attestation *ret, struct attest_end *end)
{
    char statement[STATEMENT_TEXT];
    size_t len = attestation_statement(q->claim, statement);
    int rc = attest_gss(q->claim->target, statement, len, ret, &end->text);

    end->result = rc == 0 ? "done" : "failed";
    end->reason = rc == 0 ? NULL : rc == -ELIBACC ? "no-gssapi" : "kerberos";
}

// The keytab logs in anew each time, so that the ticket is fresh in any case.
void attest_make(const struct member *m, const struct attest_request *q, struct attestation *ret,
                 struct attest_end *end)
{
    const struct keytab_entry *machine = &m->kt.machine.entry;
    _cleanup_krb_ struct krb *k = NULL;
    enum krb_answer answer;

    if (find_dc(machine->realm, q->dc, end->dc, &end->text) < 0 ||
        krb_new(machine->realm, end->dc, machine->principal, &k, &end->text) < 0) {
        no_ticket(KRB_NO_DC, end);
        return;
    }
    answer = krb_service_ticket(k, m->kt.path, q->claim->target, &end->text);
    if (answer != KRB_OK)
        no_ticket(answer, end);
    else
        sign(q, ret, end);
    krb_drop_ticket(k);
}
