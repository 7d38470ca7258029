// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// Records as JSON. The wire has only text; which keys are numbers, yes/no answers or times is said here, once.
#include "daemon/cli/cli.h"

#include "common/filetime.h"
#include "daemon/cli/json_line.h"

#include <stdio.h>
#include <string.h>

static bool among(const char *key, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], key) == 0)
            return true;
    return false;
}

static const char *const numbers[] = {
    "id",
    "case",
    "guests",
    "running",
    "bound_guests",
    "open_cases",
    "waiting_approval",
    "open_jobs",
    "looks",
    "looks_most",
    "looks_waiting",
    "looks_done",
    "questions",
    "questions_waiting",
    "questions_done",
    "directory_requests",
    "directory_running",
    "directory_waiting",
    "deliver_running",
    "deliver_waiting",
    "domains",
    "epoch",
    "attempt",
    "clock_ms",
    "password_changes",
    "pairs",
    "open_case",
    "kvno_before",
    "kvno_reset",
    "kvno_after",
    "guest_kvno",
    "ad_kvno",
    "kvno",
    "offset_ms",
    "uac",
    "password.kvno",
    "policy.maximum_password_age_days",
    "keytab.entries",
    "age_seconds",
    "exit",
    "trips",
    "failures",
    "failed_guests",
    "pool",
    "under_way",
    "held",
    "begun",
    "limit_at_once",
    "limit_per_hour",
    "predicted",
    "by_hand",
    "by_virtrust",
    "by_rollback",
    "still",
    "open",
    "wrong",
    "settled_case",
};

static bool is_answer(const char *key)
{
    static const char *const keys[] = {
        "bound",     "behind",         "unread",       "witnessed",
        "approved",  "genid",          "found",        "joined",
        "live",      "pushed",         "dc_reachable", "policy.disable_password_change",
        "hook",      "known",          "fresh",        "enabled",
        "in_base",   "spn_host",       "proven",       "others_compared",
        "described", "transient_disks"};

    return among(key, keys, ARRAY_SIZE(keys));
}

json_t *json_text(const char *value, size_t len)
{
    json_t *j = json_stringn(value, len);

    if (j)
        return j;
    // Not UTF-8: a guest's bytes. What cannot be shown is shown as '?'.
    char *copy = malloc(len + 1);

    for (size_t i = 0; copy && i < len; i++)
        copy[i] = (unsigned char)value[i] < 0x80 ? value[i] : '?';
    j = copy ? json_stringn(copy, len) : NULL;
    free(copy);
    return j ? j : json_null();
}

enum json_kind json_kind(const char *type, const char *key)
{
    size_t len = strlen(key);

    if (len > 3 && strcmp(key + len - 3, "_us") == 0)
        return JSON_KIND_TIME;
    // `bound` is a count in `status` and an answer elsewhere.
    if (among(key, numbers, ARRAY_SIZE(numbers)) ||
        (strcmp(type, "status") == 0 && strcmp(key, "bound") == 0))
        return JSON_KIND_NUMBER;
    return is_answer(key) ? JSON_KIND_ANSWER : JSON_KIND_TEXT;
}

static bool is_index(const char *part)
{
    return part[0] && strspn(part, "0123456789") == strlen(part) && strlen(part) < 5;
}

// Walks to the container of the last part of a dotted key, making objects and arrays on the way.
static void put(json_t *at, const char *key, json_t *value)
{
    char copy[RECORD_KEY_MAX + 1], *rest = copy, *part;

    snprintf(copy, sizeof copy, "%s", key);
    while ((part = strsep(&rest, "."))) {
        json_t *next = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);

        if (!rest) {
            if (json_is_array(at))
                json_array_append_new(at, value);
            else
                json_object_set_new(at, part, value);
            return;
        }
        if (!next) {
            char first[RECORD_KEY_MAX + 1];

            snprintf(first, sizeof first, "%.*s", (int)strcspn(rest, "."), rest);
            next = is_index(first) ? json_array() : json_object();
            if (json_is_array(at))
                json_array_append_new(at, next);
            else
                json_object_set_new(at, part, next);
        }
        at = next;
        if (!json_is_object(at) && !json_is_array(at))
            break; // a key that is both a value and a container: the value stays
    }
    json_decref(value);
}

static void put_time(json_t *object, const char *key, int64_t us)
{
    char text[FILETIME_TEXT], name[RECORD_KEY_MAX + 1];

    us_text(us, text);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(key) - 3), key); // without _us
    put(object, name, json_string(text));
}

json_t *json_of_record(const struct record *r)
{
    json_t *object = json_object();
    const char *type = record_type(r);

    for (size_t i = 2; i < record_count(r); i++) { // behind type and v
        const char *key, *value;
        enum json_kind kind;
        int64_t number;
        int answer;
        size_t len;

        record_at(r, i, &key, &value, &len);
        kind = json_kind(type, key);
        // What does not look like its kind is told as it is.
        if (kind == JSON_KIND_TIME && record_get_i64(r, key, &number) == 0)
            put_time(object, key, number);
        else if (kind == JSON_KIND_NUMBER && record_get_i64(r, key, &number) == 0)
            put(object, key, json_integer(number));
        else if (kind == JSON_KIND_ANSWER && (answer = record_get_bool(r, key)) >= 0)
            put(object, key, json_boolean(answer));
        else
            put(object, key, json_text(value, len));
    }
    return object;
}

void json_collect(json_t *all, const struct record *r)
{
    static const char *const lists[] = {"guest",    "case", "step",   "binding", "finding",
                                        "evidence", "side", "beside", "breaker"};
    static const char *const names[] = {"guests",   "cases", "steps",  "bindings", "findings",
                                        "evidence", "sides", "beside", "breakers"};
    const char *type = record_type(r);

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        json_t *list;

        if (strcmp(lists[i], type) != 0)
            continue;
        list = json_object_get(all, names[i]);
        if (!list) {
            list = json_array();
            json_object_set_new(all, names[i], list);
        }
        json_array_append_new(list, json_of_record(r));
        return;
    }
    json_object_set_new(all, type, json_of_record(r));
}

json_t *json_error(int exit_code, const char *code, const char *text, const char *next)
{
    _cleanup_record_ struct record *r = record_new("error");

    record_add(r, "code", code);
    record_add(r, "text", text);
    record_add(r, "next", next && next[0] ? next : NULL);
    record_add_i64(r, "exit", exit_code);
    return json_of_record(r);
}

int json_print(json_t *take)
{
    int rc = json_dumpf(take, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 && putchar('\n') != EOF ? 0 : -1;

    json_decref(take);
    return rc;
}

int json_print_line(json_t *take)
{
    int rc = json_dumpf(take, stdout, JSON_COMPACT | JSON_SORT_KEYS) == 0 && putchar('\n') != EOF &&
                     fflush(stdout) == 0
                 ? 0
                 : -1;

    json_decref(take);
    return rc;
}

void json_list_add(struct json_list *l, const char *name, const struct record *r)
{
    const char *text;
    size_t len = 0;

    if (!l->lines)
        l->lines = calloc(1, sizeof *l->lines);
    text = l->lines ? json_lines_record(l->lines, r, &len) : NULL;
    if (l->begun)
        fwrite_unlocked(",\n    ", 1, 6, stdout);
    else
        printf("{\n  \"%s\": [\n    ", name);
    l->begun = true;
    if (text) {
        fwrite_unlocked(text, 1, len, stdout);
    } else {
        json_t *tree = json_of_record(r);

        json_dumpf(tree, stdout, JSON_SORT_KEYS);
        json_decref(tree);
    }
}

int json_list_end(struct json_list *l, json_t *take)
{
    const char *key;
    json_t *value;

    if (l->lines)
        json_lines_done(l->lines);
    free(l->lines);
    l->lines = NULL;
    if (!l->begun)
        return json_print(take);
    fputs("\n  ]", stdout);
    json_object_foreach(take, key, value)
    {
        printf(",\n  \"%s\": ", key);
        json_dumpf(value, stdout, JSON_SORT_KEYS | JSON_ENCODE_ANY);
    }
    json_decref(take);
    return puts("\n}") != EOF && fflush(stdout) == 0 ? 0 : -1;
}
