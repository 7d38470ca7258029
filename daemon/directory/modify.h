// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one write: replaces an account's password over a sealed session, and says honestly how it ended.
//
// It is an LDAP modify, `unicodePwd` replaced, and not Kerberos' set-password, because
//   - it names the object by its GUID, the very object that the rules have just been checked on, over the
//     same connection; set-password names it by a name, which another object may have taken meanwhile;
//   - its end is one result code of the DC (set-password returns success with a refusal inside);
//   - it needs no port besides 389, and sealing is ours to insist on.
//
//     struct err err = {0};
//     enum written w = modify_password(session, guid, &secret, &err);
#pragma once

#include "common/secret.h"
#include "daemon/directory/session.h"

enum written {
    WRITTEN_DONE,
    WRITTEN_NOT_SENT, // failed before anything left this host
    WRITTEN_DENIED,   // the DC: no right to
    WRITTEN_REFUSED,  // the DC: not so (policy, no such object, ...)
    WRITTEN_UNKNOWN,  // connection lost, no answer in time, or an answer that leaves it open
};

// `err` gets a sentence unless done. The password must be printable ASCII (the rules see to it).
enum written modify_password(struct session *s, const char *guid, const struct secret *secret,
                             struct err *err);

// What a result code of the DC (or of the library, when negative) means once the request may have been sent.
// Pure.
enum written modify_meaning(int code);
