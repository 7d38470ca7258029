// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Whatever a guest's agent replies: the readers take it or leave it, and what a program printed keeps to its caps.
#include "daemon/deliver/agent.h"
#include "daemon/deliver/verbs.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_helper(const struct agent_status *s)
{
    _cleanup_record_ struct record *helper = NULL, *answer = record_new("done");
    struct fail fail = {0};

    if (verbs_read_helper("probe", s, &helper, &fail) < 0) {
        if (!fail.code || !fail.text.text[0])
            abort();
        return;
    }
    verbs_copy(answer, helper);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_agent_status_ struct agent_status s = {0};
    _cleanup_free_ char *text = malloc(size + 1);
    struct agent_info info;
    bool windows;
    size_t written;
    int64_t n;

    memcpy(text, data, size);
    text[size] = '\0';
    agent_read_info(text, &info, NULL);
    agent_read_pid(text, &n, NULL);
    agent_read_number(text, &n, NULL);
    agent_read_written(text, &written, NULL);
    agent_read_os(text, &windows, NULL);
    if (agent_read_status(text, &s, NULL) == 0) {
        if (s.out_len > AGENT_OUT_MAX || strlen(s.err) > AGENT_ERR_MAX)
            abort();
        read_helper(&s);
    }
    return 0;
}
