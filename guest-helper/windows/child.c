// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/child.h"

#include <windows.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct pipe {
    HANDLE read, write;
};

static void close_handle(HANDLE *h)
{
    if (*h)
        CloseHandle(*h);
    *h = NULL;
}

static void pipe_done(struct pipe *p)
{
    close_handle(&p->read);
    close_handle(&p->write);
}
#define _cleanup_pipe_ __attribute__((cleanup(pipe_done)))

// One end goes to the child, the other stays here. Sized so that a whole request fits: writing it cannot wait.
static bool pipe_make(struct pipe *p, bool child_reads, DWORD size)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};

    return CreatePipe(&p->read, &p->write, &inherit, size) &&
           SetHandleInformation(child_reads ? p->write : p->read, HANDLE_FLAG_INHERIT, 0);
}

static void keep_line(const char *buf, size_t n, char ret[static CHILD_LINE])
{
    size_t used = 0;

    for (size_t i = 0; i < n && used < CHILD_LINE - 1 && buf[i] != '\n' && buf[i] != '\r'; i++)
        ret[used++] = buf[i] >= 0x20 && buf[i] <= 0x7e ? buf[i] : '?';
    ret[used] = '\0';
}

static size_t drain(HANDLE from, char *buf, size_t size)
{
    size_t used = 0;
    DWORD n = 0;

    while (used < size && ReadFile(from, buf + used, (DWORD)(size - used), &n, NULL) && n > 0)
        used += n;
    return used;
}

static bool start(const char *verb, const struct pipe *in, const struct pipe *out, const struct pipe *err,
                  HANDLE *ret)
{
    STARTUPINFOW info = {.cb = sizeof info,
                         .dwFlags = STARTF_USESTDHANDLES,
                         .hStdInput = in->read,
                         .hStdOutput = out->write,
                         .hStdError = err->write};
    wchar_t program[MAX_PATH], line[MAX_PATH + 32];
    PROCESS_INFORMATION p;
    DWORD len = GetModuleFileNameW(NULL, program, MAX_PATH);

    if (len == 0 || len >= MAX_PATH)
        return false;
    swprintf(line, ARRAY_SIZE(line), L"\"%ls\" %hs", program, verb); // the verb is one of ours
    if (!CreateProcessW(program, line, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &info, &p))
        return false;
    CloseHandle(p.hThread);
    *ret = p.hProcess;
    return true;
}

int child_run(const char *verb, const char *input, size_t len, struct child_end *ret, struct err *err)
{
    _cleanup_pipe_ struct pipe in = {0}, out = {0}, bad = {0};
    char words[CHILD_LINE];
    HANDLE process = NULL;
    DWORD n = 0, code = 0;
    size_t words_len;

    ret->out = malloc(CHILD_OUT_MAX);
    if (!ret->out)
        return err_set(err, -ENOMEM, "out of memory");
    if (!pipe_make(&in, true, (DWORD)len + 1) || !pipe_make(&out, false, 0) ||
        !pipe_make(&bad, false, 64 * 1024) || !start(verb, &in, &out, &bad, &process))
        return err_set(err, -EIO, "cannot start the helper (Windows error %lu)",
                       (unsigned long)GetLastError());
    close_handle(&in.read);
    close_handle(&out.write);
    close_handle(&bad.write);
    WriteFile(in.write, input, (DWORD)len, &n, NULL);
    close_handle(&in.write);
    ret->out_len = drain(out.read, ret->out, CHILD_OUT_MAX);
    words_len = drain(bad.read, words, sizeof words);
    keep_line(words, words_len, ret->line);
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    CloseHandle(process);
    ret->exit_code = code <= 255 ? (int)code : EXIT_NO_WORK;
    return 0;
}
