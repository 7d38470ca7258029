// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// winga PORT: answers like the QEMU guest agent of a Windows guest (its names, paths, errors and exit codes) on one
// TCP connection at a time, and runs what it is told by Wine. The laboratory ties that connection to a guest's real
// agent channel. C:\crash.exe ends by an exception, whose code Windows' agent tells as `signal`; C:\flood.exe prints
// more than the agent keeps.
#include <jansson.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4 * 1024 * 1024, KEPT = 64 };

static struct program {
    pid_t pid;
    FILE *out, *err;
    int special; // 1: crashed, 2: flooded
} programs[KEPT];
static int used;

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *encode(const unsigned char *data, size_t len)
{
    char *out = malloc(len / 3 * 4 + 8), *o = out;

    for (size_t i = 0; i < len; i += 3) {
        unsigned v = (unsigned)data[i] << 16 | (i + 1 < len ? (unsigned)data[i + 1] << 8 : 0) |
                     (i + 2 < len ? data[i + 2] : 0u);

        *o++ = alphabet[v >> 18 & 63];
        *o++ = alphabet[v >> 12 & 63];
        *o++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
        *o++ = i + 2 < len ? alphabet[v & 63] : '=';
    }
    *o = '\0';
    return out;
}

static size_t decode(const char *text, unsigned char *ret)
{
    unsigned v = 0, bits = 0;
    size_t n = 0;

    for (; *text && *text != '='; text++) {
        const char *at = strchr(alphabet, *text);

        v = v << 6 | (unsigned)(at ? at - alphabet : 0);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            ret[n++] = (unsigned char)(v >> bits);
        }
    }
    return n;
}

// guest-file-open's files; a handle is 1000 and the place in here.
static FILE *files[KEPT];

static json_t *fail(const char *text)
{
    return json_pack("{s:{s:s, s:s}}", "error", "class", "GenericError", "desc", text);
}

static json_t *info(void)
{
    static const char *const names[] = {
        "guest-sync",       "guest-sync-delimited", "guest-ping",     "guest-info",        "guest-get-osinfo",
        "guest-get-time",   "guest-set-time",       "guest-exec",     "guest-exec-status", "guest-file-open",
        "guest-file-close", "guest-file-write",     "guest-file-read"};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int blocked = getenv("WINGA_BLOCKS") && strstr(names[i], getenv("WINGA_BLOCKS")) == names[i];

        json_array_append_new(
            list, json_pack("{s:s, s:b, s:b}", "name", names[i], "enabled", !blocked, "success-response", 1));
    }
    return json_pack("{s:{s:s, s:o}}", "return", "version", "7.2.0", "supported_commands", list);
}

// Where "C:\…" lies for us; 0 for what is no such path. As on Windows, case does not count in the parts that Wine made.
static int unix_path_of(const char *path, char *ret, size_t size)
{
    const char *prefix = getenv("WINEPREFIX");

    if (strncmp(path, "C:\\", 3) != 0)
        return 0;
    if (strncmp(path + 3, "Windows\\System32\\", 17) == 0)
        snprintf(ret, size, "%s/drive_c/windows/system32/%s", prefix ? prefix : "", path + 20);
    else
        snprintf(ret, size, "%s/drive_c/%s", prefix ? prefix : "", path + 3);
    for (char *p = ret; *p; p++)
        if (*p == '\\')
            *p = '/';
    return 1;
}

static int exists(const char *path)
{
    char unix_path[1024];

    return unix_path_of(path, unix_path, sizeof unix_path) && access(unix_path, F_OK) == 0;
}

static json_t *file_open(json_t *arguments)
{
    const char *path = json_string_value(json_object_get(arguments, "path"));
    const char *mode = json_string_value(json_object_get(arguments, "mode"));
    char unix_path[1024];

    for (int i = 0; i < KEPT; i++) {
        if (files[i])
            continue;
        if (unix_path_of(path, unix_path, sizeof unix_path))
            files[i] = fopen(unix_path, mode && *mode == 'w' ? "wb" : "rb");
        return files[i] ? json_pack("{s:i}", "return", 1000 + i)
                        : fail("failed to open file: The system cannot find the path specified.");
    }
    return fail("too many files");
}

static FILE **file_of(json_t *arguments)
{
    long long i = json_integer_value(json_object_get(arguments, "handle")) - 1000;

    return i >= 0 && i < KEPT && files[i] ? &files[i] : NULL;
}

// While the file that WINGA_ALTERS names is there: what a disk or a guard does to bytes behind the writer's back.
static json_t *file_write(json_t *arguments)
{
    const char *text = json_string_value(json_object_get(arguments, "buf-b64"));
    FILE **f = file_of(arguments);
    unsigned char *bytes = calloc(1, strlen(text) + 4);
    size_t n = decode(text, bytes);

    if (n > 0 && getenv("WINGA_ALTERS") && access(getenv("WINGA_ALTERS"), F_OK) == 0)
        bytes[n / 2] ^= 1;
    n = f ? fwrite(bytes, 1, n, *f) : 0;
    free(bytes);
    return f ? json_pack("{s:{s:I, s:b}}", "return", "count", (json_int_t)n, "eof", 0)
             : fail("handle not found");
}

static json_t *file_read(json_t *arguments)
{
    size_t most = (size_t)json_integer_value(json_object_get(arguments, "count")), n;
    FILE **f = file_of(arguments);
    unsigned char *bytes = calloc(1, most + 1);
    char *text;
    json_t *reply;

    if (!f) {
        free(bytes);
        return fail("handle not found");
    }
    n = fread(bytes, 1, most, *f);
    text = encode(bytes, n);
    reply = json_pack("{s:{s:I, s:s, s:b}}", "return", "count", (json_int_t)n, "buf-b64", text, "eof",
                      n == 0); // Windows' ReadFile tells the end by a read of nothing
    free(bytes);
    free(text);
    return reply;
}

static json_t *file_close(json_t *arguments)
{
    FILE **f = file_of(arguments);

    if (!f)
        return fail("handle not found");
    fclose(*f);
    *f = NULL;
    return json_pack("{s:{}}", "return");
}

static json_t *run(json_t *arguments)
{
    const char *path = json_string_value(json_object_get(arguments, "path"));
    const char *input = json_string_value(json_object_get(arguments, "input-data"));
    json_t *args = json_object_get(arguments, "arg");
    struct program *p = &programs[used % KEPT];
    FILE *in = tmpfile();

    *p = (struct program){.out = tmpfile(), .err = tmpfile()};
    if (strcmp(path, "C:\\crash.exe") == 0)
        p->special = 1;
    else if (strcmp(path, "C:\\flood.exe") == 0)
        p->special = 2;
    else if (!exists(path))
        return fail("Guest agent command failed, error was 'Failed to execute helper program (No such file "
                    "or directory)'");
    if (input) {
        unsigned char *bytes = calloc(1, strlen(input) + 4);

        fwrite(bytes, 1, decode(input, bytes), in);
        free(bytes);
    }
    rewind(in);
    p->pid = fork();
    if (p->pid == 0) {
        const char *argv[16] = {"wine", path};

        for (size_t i = 0; i < json_array_size(args) && i < 12; i++)
            argv[2 + i] = json_string_value(json_array_get(args, i));
        dup2(fileno(in), 0);
        dup2(fileno(p->out), 1);
        dup2(fileno(p->err), 2);
        if (p->special)
            _exit(0);
        execvp("wine", (char *const *)argv);
        _exit(127);
    }
    fclose(in);
    return json_pack("{s:{s:i}}", "return", "pid", 4000 + used++);
}

static json_t *text_of(FILE *f)
{
    static unsigned char bytes[2 * 1024 * 1024];
    char *encoded;
    json_t *text;
    size_t n;

    rewind(f);
    n = fread(bytes, 1, sizeof bytes, f);
    encoded = encode(bytes, n);
    text = json_string(encoded);
    free(encoded);
    return text;
}

static json_t *status(json_t *arguments)
{
    long long pid = json_integer_value(json_object_get(arguments, "pid")) - 4000;
    struct program *p = &programs[pid % KEPT];
    json_t *answer;
    int code = 0;

    if (pid < 0 || pid >= used || !p->pid)
        return fail("PID does not exist");
    if (waitpid(p->pid, &code, WNOHANG) != p->pid)
        return json_pack("{s:{s:b}}", "return", "exited", 0);
    p->pid = 0;
    if (p->special == 1) // an exception's code, 0xC0000005, as Windows' agent tells it
        return json_pack("{s:{s:b, s:I}}", "return", "exited", 1, "signal", (json_int_t)0xC0000005);
    if (p->special == 2) {
        char *flood = malloc(10 * 1024 * 1024);

        memset(flood, 'A', 10 * 1024 * 1024 - 1);
        flood[10 * 1024 * 1024 - 1] = '\0';
        flood[9 * 1024 * 1024] = '\0'; // libvirt takes no reply beyond 10 MiB
        answer = json_pack("{s:{s:b, s:i, s:s, s:b}}", "return", "exited", 1, "exitcode", 0, "out-data",
                           flood, "out-truncated", 1);
        free(flood);
        return answer;
    }
    answer = json_pack("{s:b, s:i, s:o, s:o}", "exited", 1, "exitcode", WEXITSTATUS(code), "out-data",
                       text_of(p->out), "err-data", text_of(p->err));
    fclose(p->out);
    fclose(p->err);
    return json_pack("{s:o}", "return", answer);
}

static json_t *answer(const char *name, json_t *arguments)
{
    struct timeval t;

    if (strncmp(name, "guest-sync", 10) == 0)
        return json_pack("{s:O}", "return", json_object_get(arguments, "id"));
    if (strcmp(name, "guest-info") == 0)
        return info();
    if (strcmp(name, "guest-get-osinfo") == 0)
        return json_pack("{s:{s:s, s:s, s:s}}", "return", "id", "mswindows", "name", "Microsoft Windows",
                         "pretty-name", "Windows Server 2022 Standard");
    if (strcmp(name, "guest-get-time") == 0) {
        gettimeofday(&t, NULL);
        return json_pack("{s:I}", "return", (json_int_t)t.tv_sec * 1000000000 + (json_int_t)t.tv_usec * 1000);
    }
    if (strcmp(name, "guest-exec") == 0)
        return run(arguments);
    if (strcmp(name, "guest-exec-status") == 0)
        return status(arguments);
    if (strcmp(name, "guest-file-open") == 0)
        return file_open(arguments);
    if (strcmp(name, "guest-file-write") == 0)
        return file_write(arguments);
    if (strcmp(name, "guest-file-read") == 0)
        return file_read(arguments);
    if (strcmp(name, "guest-file-close") == 0)
        return file_close(arguments);
    return json_pack("{s:{}}", "return");
}

static void serve(FILE *in, int fd)
{
    char *line = malloc(LINE_MAX_BYTES);

    while (fgets(line, LINE_MAX_BYTES, in)) {
        const char *text = line + strspn(line, "\xff");
        json_t *root = json_loads(text, 0, NULL), *reply;
        const char *name = json_string_value(json_object_get(root, "execute"));
        char *out;

        if (!name) {
            json_decref(root);
            continue;
        }
        fprintf(stderr, "%s\n", name);
        reply = answer(name, json_object_get(root, "arguments"));
        out = json_dumps(reply, JSON_COMPACT);
        dprintf(fd, "%s%s\n", strcmp(name, "guest-sync-delimited") == 0 ? "\xff" : "", out);
        free(out);
        json_decref(reply);
        json_decref(root);
    }
    free(line);
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_ANY)}};
    int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    if (argc != 2)
        return 2;
    at.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, (struct sockaddr *)&at, sizeof at) < 0 || listen(s, 1) < 0)
        return 1;
    for (;;) {
        int fd = accept(s, NULL, NULL);
        FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

        if (!in)
            return 1;
        serve(in, fd);
        fclose(in);
    }
}
