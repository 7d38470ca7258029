// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/inspect_windows.h"

#include "common/filetime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, ANSWER, WORDS, TIME };

// One member of an object; the record's key is the object's name, a dot and the member's, with dots for objects
// within objects.
struct member {
    const char *key; // in the record
    const char *path[3];
    enum kind kind;
};

static const struct member members[] = {
    {"windows.name", {"windows", "name"}, TEXT},
    {"windows.version", {"windows", "version"}, TEXT},
    {"windows.build", {"windows", "build"}, NUMBER},
    {"windows.revision", {"windows", "revision"}, NUMBER},
    {"windows.release", {"windows", "release"}, TEXT},
    {"windows.edition", {"windows", "edition"}, TEXT},
    {"windows.installation", {"windows", "installation"}, TEXT},
    {"windows.product_type", {"windows", "product_type"}, TEXT},
    {"netlogon.start", {"netlogon", "start"}, TEXT},
    {"netlogon.site", {"netlogon", "site"}, TEXT},
    {"resolver.hostname", {"resolver", "hostname"}, TEXT},
    {"resolver.domain", {"resolver", "domain"}, TEXT},
    {"resolver.servers", {"resolver", "servers"}, WORDS},
    {"resolver.search", {"resolver", "search"}, WORDS},
    {"resolver.group_policy.servers", {"resolver", "group_policy", "servers"}, WORDS},
    {"resolver.group_policy.search", {"resolver", "group_policy", "search"}, WORDS},
    {"time.type", {"time", "type"}, TEXT},
    {"time.server", {"time", "server"}, TEXT},
    {"time.start", {"time", "start"}, TEXT},
    {"time.group_policy.type", {"time", "group_policy", "type"}, TEXT},
    {"time.group_policy.server", {"time", "group_policy", "server"}, TEXT},
    {"last_shutdown.filetime", {"last_shutdown"}, TIME},
    {"guard.vbs", {"credential_guard", "vbs"}, ANSWER},
    {"guard.credential_guard", {"credential_guard", "lsa_cfg_flags"}, NUMBER},
    {"guard.machine_identity_isolation", {"credential_guard", "machine_identity_isolation"}, NUMBER},
    {"guard.isolated_secret", {"credential_guard", "isolated_secret"}, ANSWER},
    {"guard.group_policy.vbs", {"credential_guard", "group_policy", "vbs"}, ANSWER},
    {"guard.group_policy.credential_guard", {"credential_guard", "group_policy", "lsa_cfg_flags"}, NUMBER},
    {"guard.group_policy.machine_identity_isolation",
     {"credential_guard", "group_policy", "machine_identity_isolation"},
     NUMBER},
    {"pending", {"pending"}, WORDS},
    {"setup.image_state", {"setup", "image_state"}, TEXT},
    {"member.service", {"member", "service"}, TEXT},
    {"member.start", {"member", "start"}, TEXT},
    {"member.realm", {"member", "realm"}, TEXT},
    {"entra.joined", {"entra", "joined"}, ANSWER},
    {"entra.tenant", {"entra", "tenant"}, TEXT},
    {"hibernation.state", {"hibernation", "state"}, TEXT},
    {"hibernation.fast_startup", {"hibernation", "fast_startup"}, ANSWER},
    {"guest_agent.installed", {"guest_agent", "installed"}, ANSWER},
    {"guest_agent.start", {"guest_agent", "start"}, TEXT},
    {"helper.installed", {"helper", "installed"}, ANSWER},
    {"helper.start", {"helper", "start"}, TEXT},
};

static const struct member policy_members[] = {
    {"policy.refuse_password_change", {"refuse_password_change"}, ANSWER},
    {"policy.group_policy.maximum_password_age_days", {"group_policy", "maximum_password_age_days"}, NUMBER},
    {"policy.group_policy.disable_password_change", {"group_policy", "disable_password_change"}, ANSWER},
};

// "none" is the empty list: looked, and nothing there.
static json_t *words(const char *value)
{
    json_t *list = json_array();
    char *copy = strdup(value), *rest = copy;

    if (copy && strcmp(value, "none") != 0) {
        for (char *word = strsep(&rest, " ,"); word; word = strsep(&rest, " ,")) {
            if (word[0])
                json_array_append_new(list, json_string(word));
        }
    }
    free(copy);
    return list;
}

static json_t *value_of(const struct record *r, const struct member *m)
{
    const char *value = record_get(r, m->key);
    char text[FILETIME_TEXT];
    uint64_t number;
    json_t *j = NULL;

    if (!value || !value[0])
        return json_null();
    switch (m->kind) {
    case TEXT:
        j = json_string(value);
        break;
    case NUMBER:
        if (record_get_u64(r, m->key, &number) == 0 && number <= INT64_MAX)
            j = json_integer((json_int_t)number);
        break;
    case ANSWER:
        if (record_get_bool(r, m->key) >= 0)
            j = json_boolean(record_get_bool(r, m->key));
        break;
    case WORDS:
        j = words(value);
        break;
    case TIME:
        if (record_get_u64(r, m->key, &number) == 0 && filetime_plausible(number)) {
            filetime_text(number, text);
            j = json_string(text);
        }
        break;
    }
    return j ? j : json_null();
}

static void put(json_t *j, const struct record *r, const struct member *m)
{
    size_t last = 0;

    while (last + 1 < ARRAY_SIZE(m->path) && m->path[last + 1])
        last++;
    for (size_t i = 0; i < last; i++) {
        json_t *below = json_object_get(j, m->path[i]);

        if (!below) {
            below = json_object();
            json_object_set_new(j, m->path[i], below);
        }
        j = below;
    }
    json_object_set_new(j, m->path[last], value_of(r, m));
}

void inspect_windows_json(json_t *j, const struct record *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        put(j, r, &members[i]);
}

void inspect_policy_json(json_t *policy, const struct record *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(policy_members); i++)
        put(policy, r, &policy_members[i]);
}

static void hive_text(const struct record *r, const char *name, const char *label,
                      void (*line)(const char *label, const char *value))
{
    char key[64], text[96];
    const char *state;
    uint64_t entries;

    snprintf(key, sizeof key, "hive.%s.state", name);
    state = record_get(r, key);
    if (!state)
        return;
    snprintf(key, sizeof key, "hive.%s.entries_replayed", name);
    if (strcmp(state, "replayed") == 0 && record_get_u64(r, key, &entries) == 0) {
        snprintf(text, sizeof text, "replayed (%" PRIu64 " %s of its logs)", entries,
                 entries == 1 ? "entry" : "entries");
        state = text;
    }
    line(label, state);
}

// Group policy's setting is the one in force; where it has none, the guest's own.
static void in_force(const struct record *r, const char *label, const char *policy, const char *own,
                     void (*line)(const char *label, const char *value))
{
    const char *value = record_get(r, policy);
    char text[256];

    if (!value || !*value) {
        line(label, record_get(r, own));
        return;
    }
    snprintf(text, sizeof text, "%.200s (group policy)", value);
    line(label, text);
}

static void rotation_text(const struct record *r, void (*line)(const char *label, const char *value))
{
    int policy = record_get_bool(r, "policy.group_policy.disable_password_change");

    in_force(r, "rotation days", "policy.group_policy.maximum_password_age_days",
             "policy.maximum_password_age_days", line);
    if (policy == 1)
        line("rotation", "switched off (DisablePasswordChange, by group policy)");
    else if (policy < 0 && record_get_bool(r, "policy.disable_password_change") == 1)
        line("rotation", "switched off (DisablePasswordChange)");
}

static void version_text(const struct record *r, void (*line)(const char *label, const char *value))
{
    const char *name = record_get(r, "windows.name"), *release = record_get(r, "windows.release"),
               *build = record_get(r, "windows.build");
    char text[256];

    if (!name)
        return;
    snprintf(text, sizeof text, "%.120s%s%.40s%s%.40s", name, release ? " " : "", release ? release : "",
             build ? ", build " : "", build ? build : "");
    line("Windows", text);
}

void inspect_windows_text(const struct record *r, void (*line)(const char *label, const char *value))
{
    char text[FILETIME_TEXT];
    uint64_t shutdown;

    rotation_text(r, line);
    version_text(r, line);
    if (record_get_u64(r, "last_shutdown.filetime", &shutdown) == 0 && filetime_plausible(shutdown)) {
        filetime_text(shutdown, text);
        line("last shutdown", text);
    }
    line("Netlogon", record_get(r, "netlogon.start"));
    in_force(r, "DNS servers", "resolver.group_policy.servers", "resolver.servers", line);
    in_force(r, "time source", "time.group_policy.type", "time.type", line);
    in_force(r, "time server", "time.group_policy.server", "time.server", line);
    line("pending", record_get(r, "pending"));
    line("hibernation", record_get(r, "hibernation.state"));
    if (record_get_bool(r, "hibernation.fast_startup") == 1)
        line("fast startup", "on");
    if (record_get_bool(r, "guest_agent.installed") >= 0)
        line("guest agent", record_get_bool(r, "guest_agent.installed") ? record_get(r, "guest_agent.start")
                                                                        : "not installed");
    if (record_get_bool(r, "helper.installed") >= 0)
        line("helper",
             record_get_bool(r, "helper.installed") ? record_get(r, "helper.start") : "not installed");
    hive_text(r, "security", "SECURITY hive", line);
    hive_text(r, "system", "SYSTEM hive", line);
}
