// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "exchange.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 60000, STEP_MS = 10 };

static int put(const char *path, const void *data, size_t len);

static void path_of(const char *name, char *ret, size_t size)
{
    const char *dir = getenv("STANDIN_DIR");

    snprintf(ret, size, "Z:%s/%s", dir ? dir : "/nowhere", name);
    for (char *p = ret; *p; p++)
        if (*p == '/')
            *p = '\\';
}

void exchange_log(const char *what)
{
    char path[MAX_PATH];
    FILE *f;

    path_of("calls", path, sizeof path);
    f = fopen(path, "ab");
    if (!f)
        return;
    fprintf(f, "%s\n", what);
    fclose(f);
}

int exchange_fault(const char *word)
{
    const char *at = getenv("STANDIN_FAULT");
    size_t len = strlen(word);

    for (; at && *at; at += strcspn(at, ","), at += *at == ',')
        if (strncmp(at, word, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return 1;
    return 0;
}

void exchange_hold(void)
{
    char path[MAX_PATH];

    path_of("holding", path, sizeof path);
    if (put(path, "", 0) < 0)
        return;
    while (GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES)
        Sleep(STEP_MS);
}

static int put(const char *path, const void *data, size_t len)
{
    HANDLE f = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD n = 0;

    if (f == INVALID_HANDLE_VALUE)
        return -1;
    WriteFile(f, data, (DWORD)len, &n, NULL);
    CloseHandle(f);
    return n == len ? 0 : -1;
}

static size_t get(const char *path, void *ret, size_t size)
{
    HANDLE f = INVALID_HANDLE_VALUE;
    DWORD n = 0;

    for (int waited = 0; f == INVALID_HANDLE_VALUE && waited < WAIT_MS; waited += STEP_MS) {
        f = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (f == INVALID_HANDLE_VALUE)
            Sleep(STEP_MS);
    }
    if (f == INVALID_HANDLE_VALUE)
        return 0;
    ReadFile(f, ret, (DWORD)size, &n, NULL);
    CloseHandle(f);
    DeleteFileA(path);
    return n;
}

// A UNIX program that Wine starts gives no handle to wait for: the script's last act is a rename.
static int start(const char *verb, const char *name)
{
    STARTUPINFOA info = {.cb = sizeof info};
    PROCESS_INFORMATION p;
    char line[2 * MAX_PATH];
    const char *script = getenv("STANDIN_SCRIPT"), *dir = getenv("STANDIN_DIR");

    snprintf(line, sizeof line, "/bin/sh %s %s %s/%s", script ? script : "/nowhere", verb, dir, name);
    if (!CreateProcessA("Z:\\bin\\sh", line, NULL, NULL, FALSE, 0, NULL, NULL, &info, &p))
        return -1;
    return 0;
}

size_t exchange(const char *verb, const void *question, size_t len, void *answer, size_t size)
{
    static LONG count;
    char name[64], path[MAX_PATH], done[MAX_PATH];

    snprintf(name, sizeof name, "%s-%lu-%ld", verb, (unsigned long)GetCurrentProcessId(),
             (long)InterlockedIncrement(&count));
    path_of(name, path, sizeof path);
    snprintf(done, sizeof done, "%s.done", path);
    if (put(path, question, len) < 0)
        return 0;
    start(verb, name);
    return get(done, answer, size);
}
