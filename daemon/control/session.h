// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// One connection of the command line: a request, its records, its end. Used by the handlers in this folder.
#pragma once

#include "common/record.h"
#include "daemon/engine/engine.h"
#include "daemon/engine/stream.h"
#include "daemon/store/overview.h"

struct sweep;
struct batch;
struct scoring;
struct diagnosis;

struct session {
    struct session *next;
    struct control *control;
    struct engine *engine;
    struct stream *stream;
    bool asked;                 // the one request has come
    int64_t wait_case;          // `wait`: until this case is closed
    char wait_guest[UUID_TEXT]; // or until this guest's burst of signals is over
    sd_event_source *wait_timer;
    unsigned pending;            // worker calls whose answer is awaited
    int64_t moved_us;            // when it last got on (now_us of the loop): connected, or was sent a page
    bool long_one;               // it was sent more than a page: its memory is given back
    int exit_code;               // of `end`, when the last pending answer has come
    struct record *request;      // kept for handlers that await workers
    char only[NAME_TEXT];        // `list`: the guests whose names match; "" all
    struct overview_place place; // how far it has come
    struct sweep *sweep;         // `sweep`: owned
    struct batch *batch;         // `approve-all`: owned
    struct scoring *scoring;     // `scorecard`: owned
    struct diagnosis *diagnosis; // `diagnose`: owned
    struct presence *presence;   // `doctor`: the guests that are asked (doctor.h)
};

struct control {
    struct engine *engine;
    sd_event_source *listener;
    struct session *sessions;
    unsigned count;      // of them
    struct lines *lines; // lines.h
};

typedef void (*handler)(struct session *s, const struct record *request);

// The handlers; each sends records and ends the session, now or later.
void handle_status(struct session *s, const struct record *r);
void handle_list(struct session *s, const struct record *r);
void handle_show(struct session *s, const struct record *r);
void handle_case(struct session *s, const struct record *r);
void handle_bindings(struct session *s, const struct record *r);
void handle_bind(struct session *s, const struct record *r);
void bind_by_proof(struct session *s, const struct record *r); // bindproof.c
void handle_unbind(struct session *s, const struct record *r);
void handle_repair(struct session *s, const struct record *r);
void handle_approve(struct session *s, const struct record *r);
void handle_wait(struct session *s, const struct record *r);
void handle_doctor(struct session *s, const struct record *r);
void handle_diagnose(struct session *s, const struct record *r);
void handle_sweep(struct session *s, const struct record *r);
void sweep_case_closed(struct session *s, const struct casefile *c); // of any guest
struct sweep *sweep_free(struct sweep *w);
void wait_for_case(struct session *s, const struct casefile *c); // answers now if it is closed

void session_end(struct session *s, int exit_code);
// So much waits already for all who ask that nobody should be sent much at once. Whoever takes nothing is to hold
// little, and nobody is to wait for them.
bool session_crowded(const struct session *s);
// A page of a long answer goes out.
void session_moves(struct session *s);
// `error`, and the session ends.
void session_error(struct session *s, int exit_code, const char *code, const char *next, const char *format,
                   ...) __attribute__((format(printf, 5, 6)));
// A store's error as `error`.
void session_store_error(struct session *s, int rc, const struct err *err);
// The guest of the request's `guest` key; false when the session was ended with an error.
bool session_guest(struct session *s, const struct record *r, struct guest *ret);

// Records of the nouns (views.c).
struct record *view_overview(struct engine *e, const struct overview *o); // list.c
struct record *view_guest(struct engine *e, const struct guest *g);
struct record *view_case(struct engine *e, const struct casefile *c);
struct record *view_binding(struct engine *e, const struct binding *b);
int case_exit_code(const struct casefile *c);
// The case with its history, its job and its evidence (several records).
void send_case(struct session *s, const struct casefile *c, bool with_evidence);
