// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's one LDAP answer: whatever comes over the network.
#include "guest-helper/rootdse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t len)
{
    struct rootdse r = {0};

    if (rootdse_answer(data, len, &r) == 0 && r.instance[0] && strlen(r.instance) != ROOTDSE_GUID - 1)
        abort();
    return 0;
}
