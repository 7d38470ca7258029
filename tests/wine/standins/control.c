// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// standctl.exe: what an administrator of the stand-in's world does.
//   standctl set NAME VALUE       netbios, dns, sid, account, dc
//   standctl password             takes the machine's password from standard input
//   standctl show, show-old       prints it, the one before
#include "store.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

static int password(void)
{
    wchar_t wide[512], old[STORE_MAX / 2];
    char line[512];
    size_t n = 0;
    int old_len = store_get(L"CurrVal", old);

    if (!fgets(line, sizeof line, stdin))
        return 1;
    line[strcspn(line, "\r\n")] = '\0';
    for (n = 0; line[n]; n++)
        wide[n] = (wchar_t)(unsigned char)line[n];
    store_set(wide, (int)(n * 2), old_len < 0 ? NULL : old, old_len);
    return 0;
}

static int show(const wchar_t *which)
{
    wchar_t value[STORE_MAX / 2 + 1] = {0};

    if (store_get(which, value) < 0)
        return 1;
    printf("%ls", value);
    return 0;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc == 4 && wcscmp(argv[1], L"set") == 0) {
        store_put_text(argv[2], argv[3]);
        return 0;
    }
    if (argc == 2 && wcscmp(argv[1], L"password") == 0)
        return password();
    if (argc == 2 && wcscmp(argv[1], L"show") == 0)
        return show(L"CurrVal");
    if (argc == 2 && wcscmp(argv[1], L"show-old") == 0)
        return show(L"OldVal");
    return 2;
}
