// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Finds the text of one child element of an XML document's root: the hook needs a guest's uuid and nothing else, and
// must not bring an XML library into libvirt's way. It walks the tags, so that an element of that name deeper down
// (in somebody's <metadata>, say), in a comment, in CDATA or in an attribute is not taken for it. What it finds is a
// hint: the watcher reads the same XML again, properly. Pure, no allocation; the text may end anywhere.
//
//     char uuid[37];
//     xmlscan_child(xml, len, "uuid", uuid, sizeof uuid);
#pragma once

#include <stddef.h>

// 0 with *ret NUL-terminated (entities and character references decoded), -ENOENT when the document has none or ends
// before it, -EBADMSG when this is no XML that libvirt would write (a DTD, a bad entity, markup inside the text),
// -E2BIG when it does not fit. *ret is untouched on failure.
int xmlscan_child(const char *xml, size_t len, const char *element, char *ret, size_t room);
