// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// How each repair went that got its turn, and the state of the circuit breakers that rests on it
// (daemon/core/breaker.h). One attempt a case.
//
//     rc = store_attempt_counts(s, "domain", "corp.test", since_us, &counts, &err);
#pragma once

#include "daemon/core/breaker.h"
#include "daemon/store/store.h"

struct attempt {
    int64_t case_id;
    char guest[UUID_TEXT], name[NAME_TEXT];
    char domain[NAME_TEXT], policy[NAME_TEXT]; // policy "": none matches the guest
    char dc[NAME_TEXT];
    int64_t begun_us; // when its account was first about to be reset; 0: not yet
    int64_t ended_us; // 0: under way
    enum attempt_result result;
    int64_t at_us; // when that was known
    char text[LONG_TEXT];
};

int store_attempt_get(struct store *s, int64_t case_id, struct attempt *ret, struct err *err); // STORE_NONE
int store_attempt_put(struct store *s, const struct attempt *a, struct err *err);
// Failed and strange ones since then; pool is left alone. scope: "domain" or "policy".
int store_attempt_counts(struct store *s, const char *scope, const char *name, int64_t since_us,
                         struct breaker_counts *ret, struct err *err);
// How many were begun since then, and when the first of those was; scope "": of all.
int store_attempt_begun(struct store *s, const char *scope, const char *name, int64_t since_us,
                        unsigned *ret_count, int64_t *ret_first_us, struct err *err);
int store_attempt_prune(struct store *s, int64_t before_us, struct err *err);

int store_breaker_get(struct store *s, const char *name, struct breaker *ret, struct err *err); // STORE_NONE
int store_breaker_put(struct store *s, const struct breaker *b, struct err *err);
int store_breaker_each(struct store *s, int (*f)(const struct breaker *b, void *arg), void *arg,
                       struct err *err);
