// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/deliver/agent.h"

#include "common/secret.h"
#include "daemon/deliver/base64.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define _cleanup_json_ _cleanup_(json_decrefp)

void agent_wipe(char *text)
{
    if (text)
        secret_wipe(text, strlen(text));
    free(text);
}

// ---- commands ------------------------------------------------------------------------------------------------------

// Takes the arguments over (NULL: none).
static char *command(const char *name, json_t *arguments)
{
    _cleanup_json_ json_t *root = arguments ? json_pack("{s:s, s:o}", "execute", name, "arguments", arguments)
                                            : json_pack("{s:s}", "execute", name);

    return root ? json_dumps(root, JSON_COMPACT) : NULL;
}

char *agent_plain_command(const char *name)
{
    return command(name, NULL);
}

static json_t *string_list(const char *const *strings)
{
    json_t *list = json_array();

    for (; list && *strings; strings++)
        json_array_append_new(list, json_string(*strings));
    return list;
}

char *agent_exec_command(const char *path, const char *const *args, const char *input, size_t input_len)
{
    _cleanup_agent_ char *encoded = input ? base64_encode(input, input_len) : NULL;
    json_t *arguments = json_pack("{s:s, s:o, s:b}", "path", path, "arg", string_list(args), "capture-output",
                                  1);

    if (!arguments || (input && !encoded)) {
        json_decref(arguments);
        return NULL;
    }
    if (encoded)
        json_object_set_new(arguments, "input-data", json_string(encoded));
    return command("guest-exec", arguments);
}

char *agent_status_command(int64_t pid)
{
    return command("guest-exec-status", json_pack("{s:I}", "pid", (json_int_t)pid));
}

char *agent_open_command(const char *path, const char *mode)
{
    return command("guest-file-open", json_pack("{s:s, s:s}", "path", path, "mode", mode));
}

char *agent_write_command(int64_t handle, const void *data, size_t len)
{
    _cleanup_agent_ char *encoded = base64_encode(data, len);

    if (!encoded)
        return NULL;
    return command("guest-file-write",
                   json_pack("{s:I, s:s}", "handle", (json_int_t)handle, "buf-b64", encoded));
}

char *agent_read_file_command(int64_t handle, size_t most)
{
    return command("guest-file-read",
                   json_pack("{s:I, s:I}", "handle", (json_int_t)handle, "count", (json_int_t)most));
}

char *agent_close_command(int64_t handle)
{
    return command("guest-file-close", json_pack("{s:I}", "handle", (json_int_t)handle));
}

// ---- replies -------------------------------------------------------------------------------------------------------

static int bad(struct err *err, const char *what)
{
    return err_set(err, -EBADMSG, "the guest agent's reply %s", what);
}

// Read as JSON, each value costs a hundred bytes and more whatever it is: three that it is written with are dear when
// there are a million of them. What opens a value or follows one, outside of strings, counts them before any is made.
static bool has_too_many(const char *reply, size_t len)
{
    size_t count = 0;
    bool quoted = false;

    for (size_t i = 0; i < len && count <= AGENT_VALUES_MAX; i++) {
        if (quoted && reply[i] == '\\')
            i++;
        else if (reply[i] == '"')
            quoted = !quoted;
        else if (!quoted && (reply[i] == '[' || reply[i] == '{' || reply[i] == ','))
            count++;
    }
    return count > AGENT_VALUES_MAX;
}

// The document; *ret_value is what stands under "return" (borrowed).
static int parse(const char *reply, json_t **ret_root, json_t **ret_value, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    size_t len = strnlen(reply, AGENT_REPLY_MAX + 1);

    if (len > AGENT_REPLY_MAX)
        return bad(err, "is too long");
    if (has_too_many(reply, len))
        return bad(err, "has more values than any agent needs");
    root = json_loadb(reply, len, JSON_REJECT_DUPLICATES, NULL);
    if (!root)
        return bad(err, "is no JSON");
    *ret_value = json_object_get(root, "return");
    if (!*ret_value)
        return bad(err, "has no return value");
    *ret_root = take(root);
    return 0;
}

static int get_number(const json_t *value, int64_t *ret, struct err *err)
{
    if (!json_is_integer(value))
        return bad(err, "has no number where one belongs");
    *ret = json_integer_value(value);
    return 0;
}

int agent_read_number(const char *reply, int64_t *ret, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    json_t *value = NULL;
    int rc = parse(reply, &root, &value, err);

    return rc < 0 ? rc : get_number(value, ret, err);
}

int agent_read_pid(const char *reply, int64_t *ret, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    json_t *value = NULL;
    int rc = parse(reply, &root, &value, err);

    return rc < 0 ? rc : get_number(json_object_get(value, "pid"), ret, err);
}

int agent_read_written(const char *reply, size_t *ret, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    json_t *value = NULL;
    int64_t n = 0;
    int rc = parse(reply, &root, &value, err);

    if (rc == 0)
        rc = get_number(json_object_get(value, "count"), &n, err);
    if (rc == 0 && n < 0)
        rc = bad(err, "counts a negative number of bytes");
    if (rc == 0)
        *ret = (size_t)n;
    return rc;
}

int agent_read_piece(const char *reply, size_t most, char **ret, size_t *ret_len, bool *ret_eof,
                     struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    json_t *value = NULL;
    _cleanup_free_ char *bytes = NULL;
    size_t len = 0;
    const char *text;
    int rc = parse(reply, &root, &value, err);

    if (rc < 0)
        return rc;
    text = json_string_value(json_object_get(value, "buf-b64"));
    if (!text || !json_is_boolean(json_object_get(value, "eof")))
        return bad(err, "carries no piece of a file");
    rc = base64_decode(text, most, &bytes, &len);
    if (rc == -E2BIG || (rc == 0 && len > most))
        return bad(err, "carries more of a file than was asked for");
    if (rc < 0)
        return bad(err, "carries a piece of a file that is no base64");
    *ret = take(bytes);
    *ret_len = len;
    *ret_eof = json_is_true(json_object_get(value, "eof"));
    return 0;
}

int agent_read_os(const char *reply, bool *ret_windows, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    json_t *value = NULL;
    const char *id;
    int rc = parse(reply, &root, &value, err);

    if (rc < 0)
        return rc;
    id = json_string_value(json_object_get(value, "id"));
    if (!id)
        return bad(err, "names no operating system");
    *ret_windows = strcmp(id, "mswindows") == 0;
    return 0;
}

// All of it, or nothing.
static void keep_version(const char *text, char ret[static AGENT_VERSION])
{
    size_t len = text ? strlen(text) : 0;

    if (len == 0 || len >= AGENT_VERSION)
        return;
    for (size_t i = 0; i < len; i++)
        if (text[i] <= 0x20 || text[i] > 0x7e)
            return;
    memcpy(ret, text, len + 1);
}

int agent_read_info(const char *reply, struct agent_info *ret, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    struct agent_info info = {0};
    json_t *value = NULL, *list, *item;
    bool file_close = false;
    size_t i;
    int rc = parse(reply, &root, &value, err);

    if (rc < 0)
        return rc;
    list = json_object_get(value, "supported_commands");
    if (!json_is_array(list))
        return bad(err, "lists no commands");
    keep_version(json_string_value(json_object_get(value, "version")), info.version);
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        bool enabled = json_is_true(json_object_get(item, "enabled"));

        if (!name)
            continue;
        info.exec = info.exec || (enabled && strcmp(name, "guest-exec") == 0);
        info.exec_status = info.exec_status || (enabled && strcmp(name, "guest-exec-status") == 0);
        info.file_write = info.file_write || (enabled && strcmp(name, "guest-file-write") == 0);
        info.file_read = info.file_read || (enabled && strcmp(name, "guest-file-read") == 0);
        info.file_open = info.file_open || (enabled && strcmp(name, "guest-file-open") == 0);
        file_close = file_close || (enabled && strcmp(name, "guest-file-close") == 0);
    }
    info.file_open = info.file_open && file_close;
    *ret = info;
    return 0;
}

// The first line of what a program printed, harmless to show.
static void keep_line(const char *bytes, size_t len, char ret[static AGENT_ERR_MAX + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < len && n < AGENT_ERR_MAX && bytes[i] != '\n'; i++)
        ret[n++] = bytes[i] >= 0x20 && bytes[i] <= 0x7e ? bytes[i] : '?';
    ret[n] = '\0';
}

static int read_streams(const json_t *value, struct agent_status *s, struct err *err)
{
    const char *out = json_string_value(json_object_get(value, "out-data"));
    const char *text = json_string_value(json_object_get(value, "err-data"));
    _cleanup_free_ char *bytes = NULL;
    size_t len = 0;
    int rc = out ? base64_decode(out, AGENT_OUT_MAX, &s->out, &s->out_len) : 0;

    if (rc == -E2BIG)
        return bad(err, "carries more output than is read");
    if (rc < 0)
        return bad(err, "carries output that is no base64");
    if (text && base64_decode(text, AGENT_OUT_MAX, &bytes, &len) == 0)
        keep_line(bytes, len, s->err);
    s->out_cut = json_is_true(json_object_get(value, "out-truncated"));
    return 0;
}

int agent_read_status(const char *reply, struct agent_status *ret, struct err *err)
{
    _cleanup_json_ json_t *root = NULL;
    _cleanup_agent_status_ struct agent_status s = {.exit_code = -1};
    json_t *value = NULL, *code;
    int rc = parse(reply, &root, &value, err);

    if (rc < 0)
        return rc;
    if (!json_is_boolean(json_object_get(value, "exited")))
        return bad(err, "does not say whether the program has ended");
    s.exited = json_is_true(json_object_get(value, "exited"));
    code = json_object_get(value, "exitcode");
    if (json_is_integer(code) && json_integer_value(code) >= 0 && json_integer_value(code) <= INT32_MAX)
        s.exit_code = (int)json_integer_value(code);
    s.signal = json_integer_value(json_object_get(value, "signal"));
    if (s.exited) {
        rc = read_streams(value, &s, err);
        if (rc < 0)
            return rc;
    }
    *ret = s;
    s.out = NULL;
    s.out_len = 0;
    return 0;
}

void agent_status_done(struct agent_status *s)
{
    secret_wipe(s->out, s->out_len);
    free(s->out);
    s->out = NULL;
}
