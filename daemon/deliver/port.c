// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/port.h"

#include "common/chunks.h"
#include "common/hex.h"
#include "common/os/seal.h"
#include "common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ID_BYTES = 16, PIECE = 16 * 1024 };

static const char service[] = "is the helper's service running in the guest?";

static void stream_done(virStreamPtr *s)
{
    if (*s) {
        virStreamAbort(*s);
        virStreamFree(*s);
    }
}
#define _cleanup_stream_ _cleanup_(stream_done)

static int send_all(virStreamPtr s, const char *data, size_t len)
{
    while (len > 0) {
        int n = virStreamSend(s, data, len < PIECE ? len : PIECE);

        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

// The request with the verb for its type and the id; an empty line first, which ends whatever was left half said.
static int send_request(virStreamPtr s, const char *verb, const struct record *request, const char *id,
                        struct fail *fail)
{
    _cleanup_record_ struct record *r = record_new(verb);
    char *text = NULL;
    size_t len = 0;
    int rc;

    record_add(r, "id", id);
    for (size_t i = 0; i < record_count(request); i++) {
        const char *key, *value;
        size_t value_len;

        record_at(request, i, &key, &value, &value_len);
        if (strcmp(key, "type") != 0 && strcmp(key, "v") != 0)
            record_add_bytes(r, key, value, value_len);
    }
    if (record_encode(r, &text, &len) < 0)
        return fail_set(fail, "internal", "free some memory", "cannot encode the helper's request");
    rc = send_all(s, "\n\n", 2);
    if (rc == 0)
        rc = send_all(s, text, len);
    secret_wipe(text, len);
    free(text);
    return rc < 0 ? fail_set(fail, "agent-timeout", service, "the guest's port takes no request") : 0;
}

int port_read_ran(const struct record *ran, struct agent_status *ret, struct err *err)
{
    struct agent_status s = {.exited = true, .exit_code = -1};
    const void *out = NULL;
    uint64_t code = 0;
    size_t len = 0;

    if (record_get_u64(ran, "exit", &code) < 0 || code > 255)
        return err_set(err, -EBADMSG, "the port's answer has no exit code");
    s.exit_code = (int)code;
    snprintf(s.err, sizeof s.err, "%s", record_get_or(ran, "text", ""));
    for (char *c = s.err; *c; c++)
        *c = *c >= 0x20 && *c <= 0x7e ? *c : '?';
    if (record_get_bytes(ran, "out", &out, &len) == 0 && len <= AGENT_OUT_MAX) {
        s.out = malloc(len + 1);
        if (!s.out)
            return err_set(err, -ENOMEM, "out of memory");
        memcpy(s.out, out, len);
        s.out[len] = '\0';
        s.out_len = len;
    }
    *ret = s;
    return 0;
}

// Reads until the answer with this id is there.
static int receive(struct guest *g, virStreamPtr s, const char *id, struct agent_status *ret,
                   struct fail *fail)
{
    _cleanup_chunks_ struct chunks c = {0};
    char buf[PIECE];

    while (guest_left_ms(g) > 0) {
        int n = virStreamRecv(s, buf, sizeof buf);

        if (n <= 0 || chunks_feed(&c, buf, (size_t)n) < 0)
            return fail_set(fail, "agent-timeout", service,
                            "the guest's port was closed before an answer came");
        for (;;) {
            _cleanup_record_ struct record *r = NULL;

            if (chunks_next(&c, &r) != 0)
                break;
            if (!record_is(r, "ran") || strcmp(record_get_or(r, "id", ""), id) != 0)
                continue;
            if (port_read_ran(r, ret, &fail->text) == 0)
                return 0;
            fail->code = "helper-failed";
            fail->next = "is the helper of the same version as the host's virtrust?";
            return -1;
        }
    }
    return fail_set(fail, "agent-timeout", service, "the guest's port did not answer in time");
}

int port_run(struct guest *g, const char *verb, const struct record *request, struct agent_status *ret,
             struct fail *fail)
{
    _cleanup_stream_ virStreamPtr s = guest_open_port(g, fail);
    unsigned char random[ID_BYTES];
    char id[2 * ID_BYTES + 1];

    if (!s)
        return -1;
    if (seal_random(random, sizeof random, &fail->text) < 0)
        return fail_set(fail, "internal", "try again", "no random bytes");
    hex_encode(random, sizeof random, id);
    if (send_request(s, verb, request, id, fail) < 0)
        return -1;
    return receive(g, s, id, ret, fail);
}
