// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Security descriptors as a domain controller may send them, and whatever else looks like one.
#include "common/secdesc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct secdesc_token t;
    struct secdesc_power own = {0}, below = {0};
    int rc;

    if (t.count == 0 &&
        (secdesc_token_add_text(&t, "S-1-5-11") < 0 || secdesc_token_add_text(&t, "S-1-5-21-1-2-3-1104") < 0))
        abort();
    rc = secdesc_evaluate(data, size, &t, false, &own);
    if (rc != secdesc_evaluate(data, size, &t, true, &below))
        abort();
    // What is counted with whatever lies below is never less but for what only this one object denies or gives.
    if (rc == 0 && own.governs && !below.governs)
        abort();
    return 0;
}
