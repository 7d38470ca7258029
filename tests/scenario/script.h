// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The lines of a scenario file, told to a stage. The language is described in runner.c.
//
//     struct script script = {.stage = stage_new(), .file = "x.scn"};
//     while (getline(…)) if (script_line(&script, line) < 0) …    // the reason is in script.error
#pragma once

#include "tests/scenario/stage.h"

struct script {
    struct stage *stage;
    const char *file;
    unsigned line;
    char every[NAME_TEXT]; // what $STATE stands for
    char error[1024];
};

// 0, or -1 with a sentence in s->error.
int script_line(struct script *s, const char *line);

// ---- for the other files of the language: words.c, answers.c, expect.c ----

#define SCRIPT_GUID "11111111-2222-3333-4444-555555555555"
#define SCRIPT_SID "S-1-5-21-1-2-3-1105"
#define SCRIPT_INSTANCE "aaaaaaaa-1111-2222-3333-444444444444"

int script_fail(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct script_words {
    char *rest;
    char *key, *value;
};

// 1 and the next key=value, 0 at the end, -1.
int script_word(struct script *s, struct script_words *w);
// The words as a record; NULL when one is none.
struct record *script_record(struct script *s, const char *type, char *rest);
// The key's value; the fallback is added when it has none.
const char *script_default(struct record *r, const char *key, const char *fallback);
// "-5d", "12.5s", "10m", "3h" since the story's begin, in microseconds; as FILETIME ("?" and NULL: 0).
int script_time(struct script *s, const char *text, int64_t *ret);
int script_filetime(struct script *s, const char *text, uint64_t *ret);

int script_expect(struct script *s, char *what, char *rest);
int script_answer(struct script *s, const char *what, char *rest);
// What an ordinary worker would answer to the job's effect, with the given words put over it.
struct record *script_ordinary(struct script *s, enum job_effect effect, char *rest);
int script_give(struct script *s, const char *how, const struct record *answer);
