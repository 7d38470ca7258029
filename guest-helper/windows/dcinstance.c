// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/dcinstance.h"

#include "guest-helper/rootdse.h"
#include "guest-helper/windows/directory.h"

#include <string.h>

void dcinstance_add(struct record *a, const char *dc)
{
    _cleanup_directory_ struct directory *d = NULL;
    char service[DIRECTORY_NAME], guid[ROOTDSE_GUID];
    uint64_t usn = 0;

    if (directory_open(dc, &d, NULL) < 0 || directory_root(d, service, &usn) < 0)
        return;
    if (rootdse_guid(service, strlen(service), guid) == 0)
        record_add(a, "dc_instance", guid);
    if (usn)
        record_add_u64(a, "dc_usn", usn);
}
