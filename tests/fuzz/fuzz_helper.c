// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's records, both ways. The host reads a port's stream, whatever a guest writes there: each record that
// comes out of it is taken for a port's answer, and what that carries for the helper's answer to every verb. The
// same stream cut anywhere gives the same records.
#include "common/chunks.h"
#include "daemon/deliver/port.h"
#include "daemon/deliver/verbs.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(const struct record *r)
{
    static const char *const verbs[] = {"probe", "store-check", "store", "rotate", "repair", "clock"};
    _cleanup_agent_status_ struct agent_status s = {0};
    struct err err = {0};

    if (port_read_ran(r, &s, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    if (s.out_len > AGENT_OUT_MAX || strlen(s.err) > AGENT_ERR_MAX || s.exit_code < 0)
        abort();
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        _cleanup_record_ struct record *helper = NULL, *answer = record_new("done");
        struct fail fail = {0};

        if (verbs_read_helper(verbs[i], &s, &helper, &fail) == 0)
            verbs_copy(answer, helper);
        else if (!fail.code || !fail.text.text[0])
            abort();
    }
}

// How many records the stream has when it comes in pieces of this size.
static size_t count(const uint8_t *data, size_t size, size_t piece)
{
    _cleanup_chunks_ struct chunks c = {0};
    size_t n = 0;

    for (size_t at = 0; at < size; at += piece) {
        if (chunks_feed(&c, data + at, size - at < piece ? size - at : piece) < 0)
            return 0;
        for (;;) {
            _cleanup_record_ struct record *r = NULL;

            if (chunks_next(&c, &r) != 0)
                break;
            n++;
            if (piece == size)
                read_answer(r);
        }
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && count(data, size, size) != count(data, size, 1 + size / 3))
        abort();
    return 0;
}
