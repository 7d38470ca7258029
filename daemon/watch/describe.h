// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest's description (PROTOCOL.md, "watch → virtrustd"): what libvirt, its XML and its disks' files say at this
// moment. Read-only. What cannot be learnt is left out.
//
//     describe_guest(domain, fs, record);
#pragma once

#include "common/record.h"
#include "daemon/watch/filestat.h"

#include <libvirt/libvirt.h>

// Adds guest and name where the record does not have them, and the description. 0; -ENOENT (libvirt knows the guest
// no more: the record keeps what could be had), -EIO with libvirt's sentence.
int describe_guest(virDomainPtr domain, struct filestat *fs, struct record *r, struct err *err);

// The same from an XML alone (the hook's): no state, no snapshot. 0, or guestxml_describe's errors.
int describe_xml(const char *xml, size_t len, struct filestat *fs, struct record *r, struct err *err);

// By UUID or name: a domain for virDomainFree, or NULL with a sentence in *err: *ret_rc is -ENOENT, or -EIO.
virDomainPtr describe_find(virConnectPtr connection, const char *guest, int *ret_rc, struct err *err);
