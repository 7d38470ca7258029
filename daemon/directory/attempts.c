// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/directory/attempts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "virtrust-directory attempts 1\n"

enum { LINE_ROOM = 512, HOUR_S = 3600, KEEP_S = 30 * 24 * 3600 };

static const char *const states[] = {
    [ATTEMPT_STARTED] = "started",
    [ATTEMPT_DONE] = "done",
    [ATTEMPT_REFUSED] = "refused",
    [ATTEMPT_UNKNOWN] = "unknown",
};

void attempts_done(struct attempts *a)
{
    free(a->items);
    *a = (struct attempts){0};
}

static int append(struct attempts *a, const struct attempt *attempt)
{
    if (a->n == a->room) {
        size_t room = a->room ? a->room * 2 : 64;
        struct attempt *grown = reallocarray(a->items, room, sizeof *grown);

        if (!grown)
            return -ENOMEM;
        a->items = grown;
        a->room = room;
    }
    a->items[a->n++] = *attempt;
    return 0;
}

static int parse_state(const char *text, enum attempt_state *ret)
{
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        if (strcmp(states[i], text) == 0) {
            *ret = (enum attempt_state)i;
            return 0;
        }
    return -EBADMSG;
}

static int parse_line(const char *line, struct attempt *ret)
{
    struct attempt a = {0};
    char state[16];
    int used = 0;

    if (sscanf(line, "%" SCNd64 " %32[0-9a-f] %36[0-9a-f-] %15[a-z] %" SCNu32 " %255[A-Za-z0-9._-]%n",
               &a.at_us, a.token, a.guid, state, &a.kvno, a.dc, &used) != 6)
        return -EBADMSG;
    if (line[used] || a.at_us < 0 || strlen(a.token) != DIGEST_TEXT - 1 || strlen(a.guid) != GUID_TEXT - 1)
        return -EBADMSG;
    if (parse_state(state, &a.state) < 0)
        return -EBADMSG;
    *ret = a;
    return 0;
}

// `line` starts behind a newline; the last line must end with one, else the file was cut.
static int parse_lines(const char *text, struct attempts *a, struct err *err)
{
    unsigned number = 1;
    const char *end;

    for (const char *line = text; *line; line = end + 1) {
        struct attempt attempt;
        char copy[LINE_ROOM];
        int rc;

        number++;
        end = strchr(line, '\n');
        if (!end || (size_t)(end - line) >= sizeof copy)
            return err_set(err, -EBADMSG, "line %u is cut or too long", number);
        memcpy(copy, line, (size_t)(end - line));
        copy[end - line] = '\0';
        if (parse_line(copy, &attempt) < 0)
            return err_set(err, -EBADMSG, "line %u is no attempt", number);
        rc = append(a, &attempt);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int attempts_parse(const char *text, struct attempts *ret, struct err *err)
{
    _cleanup_attempts_ struct attempts a = {0};
    int rc;

    if (strncmp(text, HEADER, strlen(HEADER)) != 0)
        return err_set(err, -EBADMSG, "line 1 is not that of a list of attempts");
    rc = parse_lines(text + strlen(HEADER), &a, err);
    if (rc < 0)
        return rc;
    *ret = a;
    a = (struct attempts){0};
    return 0;
}

int attempts_format(const struct attempts *a, char **ret, size_t *ret_len)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    bool failed;

    if (!f)
        return -ENOMEM;
    fputs(HEADER, f);
    for (size_t i = 0; i < a->n; i++) {
        const struct attempt *t = &a->items[i];

        fprintf(f, "%" PRId64 " %s %s %s %" PRIu32 " %s\n", t->at_us, t->token, t->guid, states[t->state],
                t->kvno, t->dc);
    }
    failed = ferror(f);
    if (fclose(f) != 0 || failed)
        return -ENOMEM;
    *ret = take(text);
    *ret_len = len;
    return 0;
}

static int64_t newest(const struct attempts *a)
{
    return a->n > 0 ? a->items[a->n - 1].at_us : 0;
}

unsigned attempts_in_hour(const struct attempts *a, int64_t now_us)
{
    int64_t now = now_us > newest(a) ? now_us : newest(a);
    unsigned n = 0;

    for (size_t i = 0; i < a->n; i++)
        n += a->items[i].at_us > now - (int64_t)HOUR_S * 1000000;
    return n;
}

struct attempt *attempts_of_token(const struct attempts *a, const char *digest)
{
    for (size_t i = a->n; i > 0; i--)
        if (strcmp(a->items[i - 1].token, digest) == 0)
            return &a->items[i - 1];
    return NULL;
}

const struct attempt *attempts_of_guid(const struct attempts *a, const char *guid)
{
    for (size_t i = a->n; i > 0; i--)
        if (strcmp(a->items[i - 1].guid, guid) == 0)
            return &a->items[i - 1];
    return NULL;
}

int attempts_add(struct attempts *a, const struct attempt *attempt)
{
    struct attempt t = *attempt;
    size_t old = 0;

    if (t.at_us < newest(a))
        t.at_us = newest(a);
    while (old < a->n && a->items[old].at_us < t.at_us - (int64_t)KEEP_S * 1000000)
        old++;
    if (old > 0)
        memmove(a->items, a->items + old, (a->n - old) * sizeof *a->items);
    a->n -= old;
    return append(a, &t);
}
