// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A guest's libvirt metadata as values that policies compare: each attribute and each element without elements below
// it, by its way from the top, parted by slashes. Of virtrust's own element (namespace urn:virtrust:guest) the way
// begins below it; of any other it begins with {NAMESPACE} and that element's name.
//
//     <virtrust:guest xmlns:virtrust="urn:virtrust:guest" pool="vdi"/>       pool = vdi
//     <nova:instance xmlns:nova="http://nova"><nova:owner id="7"/> ...        {http://nova}instance/owner/id = 7
//
// Adds metadata.N.key and metadata.N.value; what is too long, too deep or too many is left out.
#pragma once

#include "common/record.h"

#include <libxml/tree.h>

enum { GUESTMETA_MAX = 32, GUESTMETA_KEY = 256, GUESTMETA_VALUE = 256, GUESTMETA_DEPTH = 8 };

void guestmeta_add(struct record *r, xmlNode *metadata);
