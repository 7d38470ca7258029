// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/port.h"

#include "common/chunks.h"
#include "common/secret.h"
#include "guest-helper/child.h"
#include "guest-helper/plan.h"

#include <errno.h>
#include <string.h>

enum { PIECE = 16 * 1024, ID_MAX = 64 };

DEFINE_CLEANUP(struct port *, port_free);

void child_end_done(struct child_end *e)
{
    if (e->out)
        secret_wipe(e->out, e->out_len);
    free(e->out);
    e->out = NULL;
}

// The service answers for itself: whoever wants to know that it is there starts nothing by asking.
static struct record *tell_version(const char *id)
{
    static const char line[] = "virtrust-helper " VIRTRUST_VERSION "\n";
    struct record *a = record_new("ran");

    record_add(a, "id", id);
    record_add_i64(a, "exit", EXIT_ANSWERED);
    record_add_bytes(a, "out", line, sizeof line - 1);
    return a;
}

static bool is_verb(const char *name)
{
    enum verb v;

    return strcmp(name, "clock") == 0 || strcmp(name, "attest") == 0 || strcmp(name, "look") == 0 ||
           verb_parse(name, &v) == 0;
}

struct record *port_answer(const struct record *request)
{
    const char *id = record_get(request, "id"), *verb = record_type(request);
    __attribute__((cleanup(child_end_done))) struct child_end end = {0};
    struct record *a;
    struct err err = {0};
    size_t len = 0;
    char *input = NULL;

    if (!id || !*id || strlen(id) > ID_MAX)
        return NULL;
    if (strcmp(verb, "version") == 0)
        return tell_version(id);
    if (!is_verb(verb) || record_encode(request, &input, &len) < 0)
        return NULL;
    if (child_run(verb, input, len, &end, &err) < 0) {
        end.exit_code = EXIT_NO_WORK;
        snprintf(end.line, sizeof end.line, "%.500s", err.text);
    }
    secret_wipe(input, len);
    free(input);
    a = record_new("ran");
    record_add(a, "id", id);
    record_add_i64(a, "exit", end.exit_code);
    record_add(a, "text", *end.line ? end.line : NULL);
    if (end.out_len > 0)
        record_add_bytes(a, "out", end.out, end.out_len);
    return a;
}

// What is half sent when the other end goes is closed by the empty line that begins the next message.
static int send_whole(struct port *p, const struct record *r)
{
    char *text = NULL;
    size_t len = 0;
    int rc = record_encode(r, &text, &len);

    if (rc == 0)
        rc = port_write(p, "\n\n", 2);
    if (rc == 0)
        rc = port_write(p, text, len);
    if (text)
        secret_wipe(text, len);
    free(text);
    return rc;
}

static int serve_ready(struct port *p, struct chunks *c)
{
    for (;;) {
        _cleanup_record_ struct record *request = NULL, *a = NULL;
        int rc = chunks_next(c, &request);

        if (rc != 0)
            return rc == RECORD_MORE ? 0 : rc;
        a = port_answer(request);
        // The host may be gone again: its next request comes all the same.
        if (a)
            send_whole(p, a);
    }
}

int port_serve(struct err *err)
{
    _cleanup_(port_freep) struct port *p = NULL;
    _cleanup_chunks_ struct chunks c = {0};
    int rc = port_open(&p, err);

    while (rc == 0) {
        char buf[PIECE];
        int n = port_read(p, buf, sizeof buf);

        if (n < 0)
            rc = n == -ECANCELED ? n : err_set(err, n, "the port cannot be read: %s", strerror(-n));
        else if (n == 0)
            chunks_done(&c); // the host went away: what it had begun to say is void
        else if (chunks_feed(&c, buf, (size_t)n) < 0 || serve_ready(p, &c) < 0)
            rc = err_set(err, -ENOMEM, "out of memory");
        secret_wipe(buf, n > 0 ? (size_t)n : 0);
    }
    return rc == -ECANCELED ? 0 : rc;
}
