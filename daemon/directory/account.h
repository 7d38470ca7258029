// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One account as the directory shows it. What could not be read is marked as not known.
//
//     struct account a;
//     rc = account_by_guid(session, request->guid, &a, &failure);     // a.matches says how many there are
#pragma once

#include "daemon/directory/session.h"

struct account {
    unsigned matches; // 0, 1, or 2 for "several"; the rest counts only with 1
    char guid[GUID_TEXT], sid[SID_TEXT], name[NAME_TEXT], dn[DN_TEXT], dns_host_name[HOST_TEXT];
    bool plain_computer; // of class computer, and no managed service account (they derive from it)
    bool delegates;      // msDS-AllowedToDelegateTo has a value
    bool pwd_last_set_known, kvno_known, uac_known, group_known, created_known;
    int64_t pwd_last_set; // FILETIME; 0 and -1 are AD's sentinels
    uint32_t kvno, uac, group;
    int64_t created_us;
};

// Any object of the domain that has the GUID: what it is, is judged afterwards. 0 or negative errno.
int account_by_guid(struct session *s, const char *guid, struct account *ret, struct failure *f);
// The same by its SID; and the SID of this domain's object with that RID.
int account_by_sid(struct session *s, const char *sid, struct account *ret, struct failure *f);
int account_domain_sid(struct session *s, uint32_t rid, char ret[static SID_TEXT], struct failure *f);
// Computers only; by exactly one of the request's guid, sid and name.
int account_by_request(struct session *s, const struct request *q, struct account *ret, struct failure *f);

// An entry of a search for account_attributes, filters being made as account_by_request makes them. -EACCES: what names
// it is not shown.
extern const char *const account_attributes[];
int account_of_entry(struct session *s, LDAPMessage *entry, struct account *ret, struct failure *f);

// The answer to an `account` request, or NULL when out of memory; its parts.
void account_add(struct record *r, const struct account *a, const char *prefix);
void account_add_dc(struct record *r, const struct session *s);
struct record *account_record(const struct session *s, const struct account *a);
