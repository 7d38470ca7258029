// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust inspect`: a look without a daemon. JSON as DESIGN fixes it; null is unknown.
#include "daemon/cli/cli.h"
#include "daemon/cli/inspect_windows.h"
#include "daemon/cli/programs.h"
#include "daemon/cli/text.h"

#include "common/filetime.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_TIMEOUT_MAX_S = 3600 }; // what virtrust-inspect takes

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static json_t *string_or_null(const struct record *r, const char *key)
{
    const char *value = record_get(r, key);
    json_t *j = value && value[0] ? json_string(value) : NULL;

    return j ? j : json_null();
}

static json_t *number_or_null(const struct record *r, const char *key)
{
    int64_t value;

    return record_get_i64(r, key, &value) == 0 ? json_integer(value) : json_null();
}

static json_t *answer_or_null(const struct record *r, const char *key)
{
    int value = record_get_bool(r, key);

    return value < 0 ? json_null() : json_boolean(value);
}

static json_t *password(const struct record *r, int64_t now)
{
    char text[FILETIME_TEXT];
    uint64_t filetime = 0;
    bool known = record_get_u64(r, "password.filetime", &filetime) == 0 && filetime_plausible(filetime);

    filetime_text(filetime, text);
    return json_pack("{s:o, s:o, s:o, s:o}", "set_at", known ? json_string(text) : json_null(), "filetime",
                     string_or_null(r, "password.filetime"), "age_seconds",
                     known ? json_integer((now - filetime_to_us(filetime)) / 1000000) : json_null(), "kvno",
                     number_or_null(r, "password.kvno"));
}

static json_t *hive(const struct record *r, const char *name)
{
    char state[64], first[64], second[64], entries[64], gap[64];

    snprintf(state, sizeof state, "hive.%s.state", name);
    snprintf(first, sizeof first, "hive.%s.seq1", name);
    snprintf(second, sizeof second, "hive.%s.seq2", name);
    snprintf(entries, sizeof entries, "hive.%s.entries_replayed", name);
    snprintf(gap, sizeof gap, "hive.%s.log_gap", name);
    if (!record_get(r, state))
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:b}", "state", string_or_null(r, state), "sequence",
                     record_get(r, first)
                         ? json_pack("[o, o]", number_or_null(r, first), number_or_null(r, second))
                         : json_null(),
                     "entries_replayed", number_or_null(r, entries), "log_gap", record_get_bool(r, gap) == 1);
}

static json_t *hives(const struct record *r)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "security", hive(r, "security"), "system", hive(r, "system"),
                     "software", hive(r, "software"), "sam", hive(r, "sam"));
}

static json_t *keytab(const struct record *r)
{
    char text[FILETIME_TEXT];
    int64_t newest;
    bool known = record_get_i64(r, "keytab.newest_us", &newest) == 0;

    if (!record_get(r, "keytab.path"))
        return json_null();
    if (known)
        us_text(newest, text);
    return json_pack("{s:o, s:o, s:o, s:o}", "path", string_or_null(r, "keytab.path"), "principal",
                     string_or_null(r, "keytab.principal"), "entries", number_or_null(r, "keytab.entries"),
                     "newest", known ? json_string(text) : json_null());
}

static json_t *doubts(const struct record *r)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < 64; i++) {
        char id[32], text[32];

        snprintf(id, sizeof id, "doubt.%u.id", i);
        snprintf(text, sizeof text, "doubt.%u.text", i);
        if (!record_get(r, id))
            break;
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "id", string_or_null(r, id), "text", string_or_null(r, text)));
    }
    return list;
}

static json_t *other_systems(const struct record *r)
{
    static const char *const strings[] = {"device",           "os",          "computer",
                                          "sam_account_name", "account_sid", "domain.dns"};
    json_t *list = json_array();
    char key[64];

    for (unsigned i = 0; i < 8; i++) {
        json_t *j;

        snprintf(key, sizeof key, "system.%u.device", i);
        if (!record_get(r, key))
            break;
        j = json_object();
        for (size_t n = 0; n < ARRAY_SIZE(strings); n++) {
            snprintf(key, sizeof key, "system.%u.%s", i, strings[n]);
            json_object_set_new(j, strcmp(strings[n], "domain.dns") == 0 ? "domain" : strings[n],
                                string_or_null(r, key));
        }
        snprintf(key, sizeof key, "system.%u.joined", i);
        json_object_set_new(j, "joined", answer_or_null(r, key));
        snprintf(key, sizeof key, "system.%u.password.filetime", i);
        json_object_set_new(j, "password_filetime", string_or_null(r, key));
        json_array_append_new(list, j);
    }
    return list;
}

static json_t *evidence_json(const struct record *r)
{
    int64_t now = now_us();
    char text[FILETIME_TEXT];
    json_t *j = json_pack("{s:i}", "schema", CLI_SCHEMA), *policy;
    static const char *const strings[] = {"os",          "role",        "computer",   "sam_account_name",
                                          "machine_sid", "account_sid", "encryption", "engine",
                                          "secrets_tdb"};

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        json_object_set_new(j, strings[i], string_or_null(r, strings[i]));
    json_object_set_new(j, "joined", answer_or_null(r, "joined"));
    json_object_set_new(j, "live", answer_or_null(r, "live"));
    json_object_set_new(j, "domain",
                        json_pack("{s:o, s:o, s:o}", "netbios", string_or_null(r, "domain.netbios"), "dns",
                                  string_or_null(r, "domain.dns"), "sid", string_or_null(r, "domain.sid")));
    json_object_set_new(j, "password", password(r, now));
    policy = json_pack("{s:o, s:o}", "maximum_password_age_days",
                       number_or_null(r, "policy.maximum_password_age_days"), "disable_password_change",
                       answer_or_null(r, "policy.disable_password_change"));
    inspect_policy_json(policy, r);
    json_object_set_new(j, "policy", policy);
    inspect_windows_json(j, r);
    json_object_set_new(j, "hives", hives(r));
    json_object_set_new(j, "keytab", keytab(r));
    json_object_set_new(j, "other_systems", other_systems(r));
    json_object_set_new(j, "doubts", doubts(r));
    us_text(now, text);
    json_object_set_new(j, "now", json_string(text));
    return j;
}

static void line(const char *label, const char *value)
{
    char safe[TEXT_SAFE];

    if (value && value[0])
        printf("%-14s %s\n", label, text_safe(value, safe, sizeof safe));
}

static void print_age(const struct record *r)
{
    char text[FILETIME_TEXT];
    uint64_t filetime;
    int64_t seconds;

    if (record_get_u64(r, "password.filetime", &filetime) < 0 || !filetime_plausible(filetime))
        return;
    filetime_text(filetime, text);
    seconds = (now_us() - filetime_to_us(filetime)) / 1000000;
    if (seconds >= 0 && seconds < 2 * 86400)
        printf("%-14s %s (%" PRId64 " h %" PRId64 " min ago)\n", "password set", text, seconds / 3600,
               seconds / 60 % 60);
    else
        printf("%-14s %s (%" PRId64 " days %s)\n", "password set", text,
               (seconds < 0 ? -seconds : seconds) / 86400, seconds < 0 ? "in the future" : "ago");
}

static void evidence_text(const struct record *r)
{
    int joined = record_get_bool(r, "joined");

    line("system", record_get(r, "os"));
    line("joined", joined < 0 ? "unknown" : joined ? "yes" : "no");
    line("role", record_get(r, "role"));
    line("computer", record_get(r, "computer"));
    line("account", record_get(r, "sam_account_name"));
    line("account SID", record_get(r, "account_sid"));
    line("domain", record_get(r, "domain.dns"));
    line("NetBIOS", record_get(r, "domain.netbios"));
    line("domain SID", record_get(r, "domain.sid"));
    line("machine SID", record_get(r, "machine_sid"));
    print_age(r);
    line("key version", record_get(r, "password.kvno"));
    inspect_windows_text(r, line);
    line("keytab", record_get(r, "keytab.path"));
    line("secrets.tdb", record_get(r, "secrets_tdb"));
    line("encryption", record_get(r, "encryption"));
    for (unsigned i = 0; i < 8; i++) {
        char device[32], account[48], text[512];

        snprintf(device, sizeof device, "system.%u.device", i);
        snprintf(account, sizeof account, "system.%u.sam_account_name", i);
        if (!record_get(r, device))
            break;
        snprintf(text, sizeof text, "%s: %s", record_get(r, device),
                 record_get_or(r, account, "no account known"));
        line("also", text);
    }
    line("engine", record_get(r, "engine"));
    for (unsigned i = 0; i < 64; i++) {
        char key[32];

        snprintf(key, sizeof key, "doubt.%u.text", i);
        if (!record_get(r, key))
            break;
        line("doubt", record_get(r, key));
    }
}

static int fail_of(const struct cli *c, const struct record *r)
{
    int64_t code = EXIT_NO_LOOK;

    if (strcmp(record_get_or(r, "code", ""), "timed-out") == 0)
        code = EXIT_TIMED_OUT;
    record_get_i64(r, "exit", &code);
    return cli_error(c, (int)code, record_get_or(r, "code", "internal"), record_get(r, "next"), "%s",
                     record_get_or(r, "text", "no reason was given"));
}

// The program gave no answer at all.
static int program_failed(const struct cli *c, int rc, const char *next, const struct err *err)
{
    bool late = rc == -ETIMEDOUT;

    return cli_error(c, late ? EXIT_TIMED_OUT : EXIT_NO_WORK, late ? "timed-out" : "worker", next, "%s",
                     err->text);
}

// The guest's disks as libvirt names them, asked for by virtrust-watch (this program links no libvirt).
static int describe(const struct cli *c, struct record **ret)
{
    char path[PROGRAM_PATH];
    char *argv[6] = {"virtrust-watch", "--describe", (char *)c->args[0]};
    struct err err = {0};
    int rc;

    if (c->config->file) {
        argv[3] = "--config";
        argv[4] = c->config->file;
    }
    program_path("virtrust-watch", path);
    rc = program_ask(path, argv, NULL, 30000, ret, &err);
    if (rc < 0)
        return program_failed(c, rc, "is libvirtd running?", &err);
    return record_is(*ret, "error") ? fail_of(c, *ret) : 0;
}

static void copy_disks(const struct record *from, struct record *to)
{
    const char *state = record_get_or(from, "state", "off"), *key, *value;
    size_t len;

    record_add(to, "guest", record_get(from, "guest"));
    record_add_bool(to, "running", strcmp(state, "running") == 0 || strcmp(state, "paused") == 0);
    for (size_t i = 0; i < record_count(from); i++) {
        record_at(from, i, &key, &value, &len);
        if (strncmp(key, "disk.", 5) == 0)
            record_add_bytes(to, key, value, len);
    }
}

// A guest's disks, as a request on the program's stdin: their formats come from its XML.
static int guest_request(const struct cli *c, unsigned timeout_s, struct record **ret)
{
    _cleanup_record_ struct record *described = NULL;
    struct record *request;
    int rc = describe(c, &described);

    if (rc != 0)
        return rc;
    request = record_new("look");
    record_add_u64(request, "timeout_s", timeout_s);
    record_add(request, "snapshot", c->snapshot);
    record_add(request, "engine", c->engine);
    record_add(request, "key_file", c->key_file);
    copy_disks(described, request);
    *ret = request;
    return 0;
}

// A file or folder goes by the program's own options: it guesses an image's format only there.
static void file_arguments(const struct cli *c, const char *seconds, const char **argv)
{
    const char *const pairs[][2] = {{"--disk", c->disk},         {"--hives", c->hives},
                                    {"--format", c->format},     {"--snapshot", c->snapshot},
                                    {"--key-file", c->key_file}, {"--engine", c->disk ? c->engine : NULL},
                                    {"--timeout", seconds}};
    size_t n = 1;

    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (!pairs[i][1])
            continue;
        argv[n++] = pairs[i][0];
        argv[n++] = pairs[i][1];
    }
}

static int check_usage(const struct cli *c)
{
    const char *file = c->disk ? c->disk : c->hives;

    if ((c->disk != NULL) + (c->hives != NULL) + (c->args_count != 0) != 1)
        return cli_fail(EXIT_USAGE, "",
                        "usage: virtrust inspect GUEST | --disk FILE [--format FORMAT] | --hives DIR");
    if ((c->snapshot || c->key_file) && c->hives)
        return cli_fail(EXIT_USAGE, "name a guest or a disk", "%s belongs to disks",
                        c->snapshot ? "--snapshot" : "--key-file");
    if (c->engine && strcmp(c->engine, "auto") != 0 && strcmp(c->engine, "direct") != 0 &&
        strcmp(c->engine, "guestfs") != 0)
        return cli_fail(EXIT_USAGE, "", "--engine is auto, direct or guestfs");
    if (c->format && !c->disk)
        return cli_fail(EXIT_USAGE, "a guest's formats stand in its XML", "--format belongs to --disk");
    if (c->timeout_s == 0)
        return cli_fail(EXIT_USAGE, "give 1s to 1h", "--timeout 0 leaves no time to look");
    if (file && access(file, F_OK) < 0)
        return cli_error(c, EXIT_NO_LOOK, "no-such-disk",
                         "name one that exists, and that this user may reach", "%s: %s", file,
                         strerror(errno));
    return 0;
}

int cmd_inspect(const struct cli *c, const char *command)
{
    _cleanup_record_ struct record *request = NULL, *answer = NULL;
    unsigned timeout_s = c->timeout_s > 0 ? (unsigned)c->timeout_s : c->config->look_timeout_s;
    const char *argv[16] = {"virtrust-inspect"};
    char path[PROGRAM_PATH], seconds[16];
    struct err err = {0};
    int rc = check_usage(c);

    (void)command;
    if (timeout_s > LOOK_TIMEOUT_MAX_S)
        timeout_s = LOOK_TIMEOUT_MAX_S;
    snprintf(seconds, sizeof seconds, "%u", timeout_s);
    if (rc == 0 && c->args_count)
        rc = guest_request(c, timeout_s, &request);
    else if (rc == 0)
        file_arguments(c, seconds, argv);
    if (rc != 0)
        return rc;
    program_path("virtrust-inspect", path);
    rc = program_ask(path, (char **)argv, request, (int)(timeout_s + 15) * 1000, &answer, &err);
    if (rc < 0)
        return program_failed(c, rc, "", &err);
    if (!record_is(answer, "evidence"))
        return fail_of(c, answer);
    if (c->json)
        return json_print(evidence_json(answer)) == 0 ? EXIT_ANSWERED : EXIT_NO_WORK;
    evidence_text(answer);
    return EXIT_ANSWERED;
}
