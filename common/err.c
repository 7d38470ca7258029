// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/err.h"

#include <stdio.h>
#include <string.h>

int err_setv(struct err *err, int code, const char *format, va_list args)
{
    if (err)
        vsnprintf(err->text, sizeof err->text, format, args);
    return code;
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(err, code, format, args);
    va_end(args);
    return code;
}

int err_prefix(struct err *err, int code, const char *format, ...)
{
    char text[2 * ERR_TEXT_MAX + 2]; // both whole: cut once, at the end
    va_list args;
    size_t used;

    if (!err)
        return code;
    va_start(args, format);
    vsnprintf(text, ERR_TEXT_MAX, format, args);
    va_end(args);
    used = strlen(text);
    snprintf(text + used, sizeof text - used, ": %s", err->text);
    snprintf(err->text, sizeof err->text, "%.*s", ERR_TEXT_MAX - 1, text);
    return code;
}
