// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/failure.h"

#include <string.h>

void one_line(char *text)
{
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

int failure_set(struct failure *f, int rc, const char *code, const char *next, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    err_setv(&f->err, rc, format, args);
    va_end(args);
    one_line(f->err.text);
    f->code = code;
    f->next = next;
    return rc;
}

struct record *failure_record(const struct failure *f)
{
    const char *code = f->code ? f->code : "internal";
    struct record *r = record_new("error");

    record_add(r, "code", code);
    record_add(r, "text", f->err.text[0] ? f->err.text : "the request failed and no reason was given");
    record_add(r, "next", f->next ? f->next : "report this with the journal's lines of virtrust-directory");
    record_add_i64(r, "exit", strcmp(code, "timed-out") == 0 ? EXIT_TIMED_OUT : EXIT_NO_WORK);
    return r;
}
