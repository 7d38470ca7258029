// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions on what guest and account were, and what happened to them.
#include "daemon/core/causerows.h"

#include "common/filetime.h"

#include <string.h>
#include <strings.h>

bool when_always(const struct cause_facts *f)
{
    (void)f;
    return true;
}

bool when_rolled_without_genid(const struct cause_facts *f)
{
    return f->rolled && f->genid == TRI_NO;
}

bool when_rolled_with_genid(const struct cause_facts *f)
{
    return f->rolled && f->genid == TRI_YES;
}

bool when_join_pending(const struct cause_facts *f)
{
    return f->evidence.guest.known && f->disk.join_pending == TRI_YES;
}

// ---- identity ----

// The very account, under the name that the directory has for it now: the binding remembers the old one.
bool when_renamed(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;

    return e->guest.known && e->bound && e->directory.found == TRI_YES && e->directory.name[0] &&
           strcmp(e->directory.guid, e->binding.guid) == 0 &&
           strcasecmp(e->guest.sam, e->directory.name) == 0 && strcasecmp(e->guest.sam, e->binding.name) != 0;
}

bool when_other_domain(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;

    return e->guest.known && e->bound && e->guest.domain[0] &&
           strcasecmp(e->guest.domain, e->binding.domain) != 0;
}

bool when_recreated(const struct cause_facts *f)
{
    return f->evidence.directory.known && (f->namesake == TRI_YES || f->verdict == VERDICT_ACCOUNT_RECREATED);
}

bool when_unbound(const struct cause_facts *f)
{
    return !f->evidence.bound && f->evidence.directory.known;
}

bool when_clone(const struct cause_facts *f)
{
    return f->evidence.guest.has_fingerprint && f->clone[0];
}

bool when_double_name(const struct cause_facts *f)
{
    uint64_t set = f->double_set_at, changed = f->evidence.directory.pwd_last_set;
    int64_t gap;

    if (!f->double_name[0] || !f->evidence.directory.known || !filetime_plausible(set) ||
        !filetime_plausible(changed))
        return false;
    gap = filetime_to_us(changed) - filetime_to_us(set);
    return (gap < 0 ? -gap : gap) <= f->evidence.tolerance_us;
}

// ---- rollbacks ----

enum { RECURRING_AT = 3 };

bool when_recurring(const struct cause_facts *f)
{
    return f->same_fingerprint >= RECURRING_AT;
}

bool when_rolled(const struct cause_facts *f)
{
    return f->rolled;
}

static bool rolled_by(const struct cause_facts *f, enum rollback_kind first, enum rollback_kind last)
{
    return f->rolled && f->rollback >= first && f->rollback <= last;
}

bool when_reverted(const struct cause_facts *f)
{
    return rolled_by(f, ROLLBACK_REVERT_RUNNING, ROLLBACK_REVERT_MISSED);
}

bool when_restored(const struct cause_facts *f)
{
    return rolled_by(f, ROLLBACK_RESTORE, ROLLBACK_MANAGEDSAVE_START);
}

bool when_replaced(const struct cause_facts *f)
{
    return rolled_by(f, ROLLBACK_DISK_REPLACED, ROLLBACK_DISK_CHANGED);
}

bool when_rolled_unseen(const struct cause_facts *f)
{
    return strcmp(f->judged, "older-secret") == 0 && changed_by_this_guest(&f->evidence);
}

// A DC that shows less than was proven before was itself set back; unless one that did not answer has it still.
bool when_dc_restored(const struct cause_facts *f)
{
    const struct evidence *e = &f->evidence;

    if (!e->directory.known || !filetime_plausible(e->directory.pwd_last_set) || when_dc_unasked(f))
        return false;
    for (size_t i = 0; i < e->pairs_count; i++)
        if (e->pairs[i].proven && e->pairs[i].pwd_last_set > e->directory.pwd_last_set)
            return true;
    return false;
}

bool when_dc_unasked(const struct cause_facts *f)
{
    for (size_t i = 0; i < f->dcs_count; i++)
        if (!f->dcs[i].side.known && strcmp(f->dcs[i].code, "read-only") != 0)
            return f->evidence.directory.known;
    return false;
}

// When AD's password was set, on the host's clock; 0 unknown.
static int64_t changed_us(const struct cause_facts *f)
{
    const struct directory_side *d = &f->evidence.directory;

    return d->known && filetime_plausible(d->pwd_last_set) ? filetime_to_us(d->pwd_last_set) - d->skew_us : 0;
}

// A rotation ends within minutes; what came later than that after the guest's last sign of life is not its own.
bool when_changed_while_off(const struct cause_facts *f)
{
    int64_t changed = changed_us(f);

    return !f->rolled && f->running == TRI_NO && f->ran_us && changed > f->ran_us + f->evidence.tolerance_us;
}

bool when_changed_while_running(const struct cause_facts *f)
{
    int64_t changed = changed_us(f);

    return !f->rolled && changed && f->ran_us && changed <= f->ran_us;
}

// ---- what could not be known ----

bool when_encrypted(const struct cause_facts *f)
{
    return !f->evidence.guest.known && strcmp(f->evidence.guest.why_code, "encrypted") == 0;
}

bool when_unread(const struct cause_facts *f)
{
    return !f->evidence.guest.known || f->evidence.guest.joined == TRI_UNKNOWN;
}

bool when_no_directory(const struct cause_facts *f)
{
    return !f->evidence.directory.known;
}
