// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/ask_request.h"

#include <string.h>

static bool all_digits(const char *text)
{
    return text[0] && strspn(text, "0123456789") == strlen(text);
}

// COMPUTER is an account's name, SID or GUID.
static void add_computer(struct record *r, const char *computer)
{
    if (strncmp(computer, "S-1-", 4) == 0)
        record_add(r, "sid", computer);
    else if (strlen(computer) == 36 && computer[8] == '-' && computer[13] == '-')
        record_add(r, "guid", computer);
    else
        record_add(r, "name", computer);
}

struct record *ask_request(const struct cli *c, const char *command)
{
    struct record *r = record_new(command);
    bool by_case = strcmp(command, "case") == 0 || strcmp(command, "approve") == 0 ||
                   (strcmp(command, "wait") == 0 && all_digits(c->args[0]));

    if (strcmp(command, "breaker") == 0)
        record_add(r, "reset", c->args_count == 2 ? c->args[1] : NULL);
    else if (c->args_count)
        record_add(r, by_case ? "id" : "guest", c->args[0]);
    if (c->by_proof)
        record_add_bool(r, "by_proof", true);
    else if (strcmp(command, "bind") == 0)
        add_computer(r, c->args[1]);
    record_add(r, "domain", c->domain);
    record_add(r, "only", c->only);
    if (strcmp(command, "repair") == 0)
        record_add_bool(r, "dry_run", c->dry_run);
    record_add(r, "strategy", c->strategy);
    if (c->log_on)
        record_add_bool(r, "log_on", true);
    if (c->timeout_s >= 0)
        record_add_i64(r, "timeout_s", c->timeout_s);
    return r;
}
