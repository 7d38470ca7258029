// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/windows/wide.h"

#include <windows.h>

#include <errno.h>
#include <string.h>

int wide_of(const char *text, wchar_t *ret, size_t size)
{
    ret[0] = L'\0';
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, ret, (int)size) > 0)
        return 0;
    ret[0] = L'\0';
    return -EINVAL;
}

int wide_to_utf8(const wchar_t *text, size_t len, char *ret, size_t size)
{
    int n = 0;

    ret[0] = '\0';
    if (len > 0)
        n = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, (int)len, ret, (int)size - 1, NULL,
                                NULL);
    ret[n] = '\0';
    return len > 0 && n == 0 ? -EINVAL : 0;
}

bool wide_same(const char *a, const char *b)
{
    return _stricmp(a, b) == 0;
}

void wide_secret_of(const struct secret *s, struct wide_secret *ret)
{
    for (size_t i = 0; i < s->len; i++)
        ret->text[i] = s->data[i];
    ret->text[s->len] = L'\0';
    ret->len = s->len;
}
