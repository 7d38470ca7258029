// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/os/ownname.h"
#include "daemon/directory/attest.h"
#include "daemon/directory/krb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int attest_target(const struct config_domain *domain, char ret[static ATTESTATION_TARGET], struct failure *f)
{
    char realm[HOST_TEXT], service[ATTESTATION_TARGET] = "", text[2 * ATTESTATION_TARGET];
    int rc = krb_realm_of(domain, realm, f), n;

    if (rc < 0)
        return rc;
    if (domain->service)
        snprintf(service, sizeof service, "%s", domain->service);
    else
        own_service(domain->name, service, sizeof service);
    n = snprintf(text, sizeof text, "%s@%s", service, realm);
    if (!service[0] || n >= ATTESTATION_TARGET)
        return failure_set(f, -EINVAL, "config", "name virtrust's service principal under `service`",
                           "domain %s: this host has no name of which a service principal could be made",
                           domain->name);
    memcpy(ret, text, (size_t)n + 1);
    return 0;
}
