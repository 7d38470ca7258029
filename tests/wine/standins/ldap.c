// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Stands where WLDAP32.dll is: Wine's Negotiate bind signs and seals, but its options for that are not there (92).
// They are answered here; that what follows is sealed the DC shows, since it refuses a plain bind. $STANDIN_FAULT:
// ldap-no-sealing; ldap-die-after-reset (the process ends when the DC has taken a password), ldap-reset-lost (so it
// has, and the connection breaks).
#include "exchange.h"

#include <windows.h>

#include <winldap.h>

static ULONG real_set_option(LDAP *ld, int option, const void *value)
{
    typedef ULONG(__cdecl * set_option)(LDAP *, int, const void *);
    set_option f = (set_option)(void *)GetProcAddress(LoadLibraryA("wldap32.dll"), "ldap_set_optionW");

    return f(ld, option, value);
}

ULONG __cdecl ldap_set_optionW(LDAP *ld, int option, const void *value)
{
    if (option == LDAP_OPT_SIGN || option == LDAP_OPT_ENCRYPT)
        return exchange_fault("ldap-no-sealing") ? LDAP_NOT_SUPPORTED : LDAP_SUCCESS;
    return real_set_option(ld, option, value);
}

ULONG __cdecl ldap_modify_sW(LDAP *ld, PWCHAR dn, LDAPModW **changes)
{
    typedef ULONG(__cdecl * modify)(LDAP *, PWCHAR, LDAPModW **);
    modify f = (modify)(void *)GetProcAddress(LoadLibraryA("wldap32.dll"), "ldap_modify_sW");
    ULONG rc = f(ld, dn, changes);

    exchange_log(rc == 0 ? "reset done" : "reset refused");
    if (rc == 0 && exchange_fault("ldap-die-after-reset"))
        TerminateProcess(GetCurrentProcess(), 9);
    return rc == 0 && exchange_fault("ldap-reset-lost") ? LDAP_SERVER_DOWN : rc;
}
