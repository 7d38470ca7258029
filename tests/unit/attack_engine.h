// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// virtrustd's engine itself, in a directory of its own, with workers that answer as the test wants: they listen on the
// real sockets, on the engine's own loop, so that nothing depends on time.
//
//     struct stage *s = stage_new("mode: repair\n" STAGE_DOMAIN);
//     s->answer[WORKER_DIRECTORY] = answer_account;      // NULL answers: the connection stays open, silent
//     stage_signal(s, GUEST, "started-from-snapshot", "state=running agent=connected");
//     stage_run(s, s->answers == 3);  ...
#pragma once

#include "daemon/engine/engine.h"
#include "daemon/engine/stream.h"
#include "daemon/engine/worker.h"
#include "tests/unit/testing.h"

#define GUEST_A "4c6c1b40-0000-0000-0000-00000000000a"
#define GUEST_B "4c6c1b40-0000-0000-0000-00000000000b"
#define GUID_A "11111111-2222-3333-4444-555555555555"
#define SID_A "S-1-5-21-1-2-3-1105"
#define GUID_B "11111111-2222-3333-4444-666666666666"
#define SID_B "S-1-5-21-1-2-3-1106"
#define STAGE_DOMAIN                                                                                       \
    "domains:\n  - name: corp.test\n    base: OU=VDI,DC=corp,DC=test\n    principal: virtrust@CORP.TEST\n" \
    "    keytab: /nowhere\n"

struct stage;
typedef struct record *(*stage_answer)(struct stage *s, const struct record *request);

struct stage_worker {
    struct stage *stage;
    stage_answer answer;
    sd_event_source *listener;
    unsigned asked;
    struct record *last; // the newest request
};

struct stage {
    struct engine *engine;
    struct stage_worker workers[3];
    struct stream *open[64]; // connections of workers that were left waiting
    size_t open_count;
};

// The engine over ./run and ./state with this configuration besides; aborts the test where it does not open.
struct stage *stage_new(const char *yaml);
int stage_try(const char *yaml, struct stage **ret, struct err *err); // for those that shall not open
struct stage *stage_free(struct stage *s);

// A test's set-up: nothing of an earlier one lies here.
int stage_fresh(void **state);
// One turn of the loop after another until it rests for a moment, or `turns` of them.
void stage_turns(struct stage *s, unsigned turns);
// Until cond (evaluated once a turn) holds; fails the test when it does not within many turns.
#define stage_until(s, cond)                                           \
    do {                                                               \
        bool came_ = false;                                            \
                                                                       \
        for (unsigned turns_ = 0; !came_ && turns_ < 4000; turns_++) { \
            came_ = (cond);                                            \
            if (!came_)                                                \
                sd_event_run((s)->engine->event, 5000);                \
        }                                                              \
        if (!came_)                                                    \
            fail_msg("never came: %s", #cond);                         \
    } while (0)

// One request at the control socket; ret gets the whole answer as text, until virtrustd closes.
void stage_ask(struct stage *s, const char *request, char *ret, size_t size);
// pairs as in core_common.h
void stage_signal(struct stage *s, const char *guest, const char *kind, const char *pairs);
void stage_bind(struct stage *s, const char *guest, const char *guid, const char *sid, const char *name);
struct casefile stage_case(struct stage *s, const char *guest); // the guest's newest; id 0: none
struct job stage_job(struct stage *s, int64_t case_id);         // state ENDED, id 0: none
