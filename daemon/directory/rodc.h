// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest whose domain controller is a read-only one: nothing can be reset there. What is asked about such a DC is
// answered by a writable one, its partner; of the read-only DC itself only its instance and its highest committed USN
// are told, since those are what the guest sees of the directory (daemon/core/samedc.h). A mark is made at the partner,
// and the read-only DC is asked to fetch it at once (rootDSE `replicateSingleObject`, which takes the right
// DS-Replication-Synchronize); where it does not, its own replication brings the mark later.
//
//     rc = rodc_account(domain, request, &record, &failure);
#pragma once

#include "daemon/directory/session.h"

enum { RODC_NONE = 1 };

// 0 with the answer; RODC_NONE: the request's `dc` is no read-only DC of this domain, as a writable one's configuration
// shows it; or negative errno.
int rodc_account(const struct config_domain *domain, const struct request *q, struct record **ret,
                 struct failure *f);
