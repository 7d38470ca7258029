// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Distinguished names compared as what they are: lists of attribute-value pairs, parsed by OpenLDAP, never
// strings ("OU=Guests,DC=x" is also the end of "CN=a\,OU=Guests,DC=x"). Escapes, blanks around separators and
// the case of ASCII letters do not count; other letters must be the same bytes: a base written in another
// case than the directory's then matches nothing, which is the safe side.
//
//     bool below;
//     if (dn_below("CN=vm1,OU=Guests,DC=corp,DC=test", base, &below) == 0 && below) ...
#pragma once

#include <stdbool.h>

// 0, or -EINVAL when one of the two is empty or no DN. Below is strictly below: a DN is not below itself.
int dn_below(const char *dn, const char *base, bool *ret);
int dn_equal(const char *a, const char *b, bool *ret);

// Is this the DN of that DNS domain ("corp.test" and "DC=corp,DC=test")?
bool dn_is_domain(const char *dn, const char *domain);
