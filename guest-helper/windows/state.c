// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The helper's records in the registry, below HKLM\SOFTWARE\virtrust-helper: nobody but an administrator can make a
// key there, and none but LocalSystem can read this one. A value is one record, written whole and flushed; a mutex
// that only LocalSystem may open is the lock.
#include "guest-helper/state.h"

#include "common/secret.h"

#include <windows.h>

#include <errno.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 64 * 1024, TOKENS_KEPT = 32, NAME_LEN = TOKEN_LEN + 32, LOCK_MS = 60000 };

static const wchar_t key_name[] = L"SOFTWARE\\virtrust-helper";
static const wchar_t mutex_name[] = L"Global\\virtrust-helper";
// Protected (nothing is inherited), full access for LocalSystem alone, for keys below, too.
static const wchar_t key_rights[] = L"D:P(A;CI;KA;;;SY)", mutex_rights[] = L"D:P(A;;GA;;;SY)";

struct state {
    HANDLE lock; // held; NULL: not
    HKEY key;    // NULL: there is none
};

bool token_valid(const char *token)
{
    return token && strlen(token) == TOKEN_LEN && strspn(token, "0123456789abcdef") == TOKEN_LEN;
}

static int failed(struct err *err, const char *what, DWORD code)
{
    return err_set(err, code == ERROR_ACCESS_DENIED ? -EACCES : -EIO,
                   "HKLM\\SOFTWARE\\virtrust-helper: %s (Windows error %lu%s)", what, (unsigned long)code,
                   code == ERROR_ACCESS_DENIED ? "; the helper must run as LocalSystem" : "");
}

static bool attributes_of(const wchar_t *sddl, SECURITY_ATTRIBUTES *ret)
{
    *ret = (SECURITY_ATTRIBUTES){.nLength = sizeof *ret};
    return ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
                                                                &ret->lpSecurityDescriptor, NULL);
}

static int lock(struct state *st, struct err *err)
{
    SECURITY_ATTRIBUTES rights;
    HANDLE mutex;
    DWORD rc;

    if (!attributes_of(mutex_rights, &rights))
        return failed(err, "no access list can be made", GetLastError());
    mutex = CreateMutexW(&rights, FALSE, mutex_name);
    rc = GetLastError();
    LocalFree(rights.lpSecurityDescriptor);
    if (!mutex)
        return failed(err, "no lock can be made", rc);
    rc = WaitForSingleObject(mutex, LOCK_MS);
    if (rc != WAIT_OBJECT_0 &&
        rc != WAIT_ABANDONED) { // abandoned: its holder was ended; the journal tells where
        CloseHandle(mutex);
        return err_set(err, -EBUSY, "another helper is at work and does not come to an end");
    }
    st->lock = mutex;
    return 0;
}

static int open_key(struct state *st, bool create, struct err *err)
{
    const DWORD access = KEY_ALL_ACCESS | KEY_WOW64_64KEY;
    SECURITY_ATTRIBUTES rights;
    LSTATUS s;

    if (!create) {
        s = RegOpenKeyExW(HKEY_LOCAL_MACHINE, key_name, 0, KEY_READ | KEY_WOW64_64KEY, &st->key);
        return s == ERROR_SUCCESS || s == ERROR_FILE_NOT_FOUND ? 0 : failed(err, "cannot open it", (DWORD)s);
    }
    if (!attributes_of(key_rights, &rights))
        return failed(err, "no access list can be made", GetLastError());
    s = RegCreateKeyExW(HKEY_LOCAL_MACHINE, key_name, 0, NULL, 0, access, &rights, &st->key, NULL);
    // Also on a key that was there already, whoever made it.
    if (s == ERROR_SUCCESS)
        s = RegSetKeySecurity(st->key, DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                              rights.lpSecurityDescriptor);
    LocalFree(rights.lpSecurityDescriptor);
    return s == ERROR_SUCCESS ? 0 : failed(err, "cannot make it", (DWORD)s);
}

int state_open(const char *root, bool create, struct state **ret, struct err *err)
{
    _cleanup_state_ struct state *st = calloc(1, sizeof *st);
    int rc;

    if (!st)
        return err_set(err, -ENOMEM, "out of memory");
    if (strcmp(root, "/") != 0)
        return err_set(err, -ENOTSUP, "--root is not for Windows");
    rc = lock(st, err);
    if (rc == 0)
        rc = open_key(st, create, err);
    if (rc == 0)
        *ret = take(st);
    return rc;
}

struct state *state_free(struct state *st)
{
    if (!st)
        return NULL;
    if (st->key)
        RegCloseKey(st->key);
    if (st->lock) {
        ReleaseMutex(st->lock);
        CloseHandle(st->lock);
    }
    free(st);
    return NULL;
}

// The key of a token ("" and the state's own handle for NULL); close_key() in the end.
static LSTATUS token_key(struct state *st, const char *token, REGSAM access, HKEY *ret)
{
    char name[NAME_LEN];

    if (!st->key)
        return ERROR_FILE_NOT_FOUND;
    snprintf(name, sizeof name, "t-%s", token ? token : "");
    return RegOpenKeyExA(st->key, token ? name : NULL, 0, access | KEY_WOW64_64KEY, ret);
}

int state_read(struct state *st, const char *token, const char *name, struct record **ret, struct err *err)
{
    DWORD type = 0, len = VALUE_MAX;
    size_t used = 0;
    HKEY key = NULL;
    LSTATUS s = token_key(st, token, KEY_QUERY_VALUE, &key);
    char *buf;
    int rc;

    if (s == ERROR_FILE_NOT_FOUND)
        return -ENOENT;
    if (s != ERROR_SUCCESS)
        return failed(err, "cannot read it", (DWORD)s);
    buf = malloc(VALUE_MAX);
    s = buf ? RegQueryValueExA(key, name, NULL, &type, (BYTE *)buf, &len) : ERROR_OUTOFMEMORY;
    RegCloseKey(key);
    if (s == ERROR_FILE_NOT_FOUND)
        rc = -ENOENT;
    else if (s != ERROR_SUCCESS)
        rc = failed(err, "cannot read it", (DWORD)s);
    else
        rc = record_decode(buf, len, &used, ret, err);
    if (rc == RECORD_MORE)
        rc = err_set(err, -EBADMSG, "it is cut short");
    if (rc == -EBADMSG)
        err_prefix(err, rc, "HKLM\\SOFTWARE\\virtrust-helper, %s", name);
    if (s == ERROR_SUCCESS)
        secret_wipe(buf, len);
    free(buf);
    return rc;
}

int state_write(struct state *st, const char *token, const char *name, const struct record *r,
                struct err *err)
{
    HKEY key = NULL;
    char *buf = NULL;
    size_t len = 0;
    int rc = record_encode(r, &buf, &len);
    LSTATUS s;

    if (rc < 0)
        return err_set(err, rc, "%s: cannot encode it: %s", name, strerror(-rc));
    s = token_key(st, token, KEY_SET_VALUE, &key);
    if (s == ERROR_SUCCESS) {
        s = RegSetValueExA(key, name, 0, REG_BINARY, (const BYTE *)buf, (DWORD)len);
        if (s == ERROR_SUCCESS)
            s = RegFlushKey(key);
        RegCloseKey(key);
    }
    secret_wipe(buf, len);
    free(buf);
    return s == ERROR_SUCCESS ? 0 : failed(err, "cannot write it", (DWORD)s);
}

// Overwritten at its place first: a value that is only deleted stays readable in the hive's free cells.
static LSTATUS wipe_value(HKEY key, const char *name)
{
    BYTE *zeros;
    DWORD len = 0;
    LSTATUS s = RegQueryValueExA(key, name, NULL, NULL, NULL, &len);

    if (s != ERROR_SUCCESS)
        return s;
    zeros = calloc(1, len ? len : 1);
    if (!zeros)
        return ERROR_OUTOFMEMORY;
    s = RegSetValueExA(key, name, 0, REG_BINARY, zeros, len);
    free(zeros);
    if (s == ERROR_SUCCESS)
        s = RegFlushKey(key);
    if (s == ERROR_SUCCESS)
        s = RegDeleteValueA(key, name);
    return s == ERROR_SUCCESS ? RegFlushKey(key) : s;
}

int state_wipe(struct state *st, const char *token, const char *name, struct err *err)
{
    HKEY key = NULL;
    LSTATUS s = token_key(st, token, KEY_QUERY_VALUE | KEY_SET_VALUE, &key);

    if (s == ERROR_SUCCESS) {
        s = wipe_value(key, name);
        RegCloseKey(key);
    }
    return s == ERROR_SUCCESS || s == ERROR_FILE_NOT_FOUND ? 0 : failed(err, "cannot wipe it", (DWORD)s);
}

bool state_token_known(struct state *st, const char *token)
{
    HKEY key = NULL;

    if (token_key(st, token, KEY_QUERY_VALUE, &key) != ERROR_SUCCESS)
        return false;
    RegCloseKey(key);
    return true;
}

// The i-th token's name: 0, or -ENOENT when there is none further. "" for a key that is no token's.
static int token_at(struct state *st, DWORD i, char ret[static TOKEN_LEN + 1], FILETIME *ret_written)
{
    char name[NAME_LEN];
    DWORD len = sizeof name;
    LSTATUS s = st->key ? RegEnumKeyExA(st->key, i, name, &len, NULL, NULL, NULL, ret_written)
                        : ERROR_NO_MORE_ITEMS;

    if (s != ERROR_SUCCESS && s != ERROR_MORE_DATA)
        return -ENOENT;
    ret[0] = '\0';
    if (s == ERROR_SUCCESS && strncmp(name, "t-", 2) == 0 && token_valid(name + 2))
        strcpy(ret, name + 2);
    return 0;
}

static void forget(struct state *st, const char *token)
{
    char name[NAME_LEN];
    DWORD len = sizeof name;
    HKEY key = NULL;

    if (token_key(st, token, KEY_ALL_ACCESS, &key) != ERROR_SUCCESS)
        return;
    while (RegEnumValueA(key, 0, name, &len, NULL, NULL, NULL, NULL) == ERROR_SUCCESS &&
           wipe_value(key, name) == ERROR_SUCCESS)
        len = sizeof name;
    RegCloseKey(key);
    snprintf(name, sizeof name, "t-%s", token);
    RegDeleteKeyExA(st->key, name, KEY_WOW64_64KEY, 0);
}

static void forget_oldest(struct state *st)
{
    char token[TOKEN_LEN + 1], oldest[TOKEN_LEN + 1] = "";
    FILETIME written, first = {0};
    size_t n = 0;

    for (DWORD i = 0; token_at(st, i, token, &written) == 0; i++) {
        if (!*token)
            continue;
        n++;
        if (!*oldest || CompareFileTime(&written, &first) < 0) {
            strcpy(oldest, token);
            first = written;
        }
    }
    if (n >= TOKENS_KEPT)
        forget(st, oldest);
}

int state_token_new(struct state *st, const char *token, struct err *err)
{
    char name[NAME_LEN];
    HKEY key = NULL;
    LSTATUS s;

    if (state_token_known(st, token))
        return 0;
    forget_oldest(st);
    snprintf(name, sizeof name, "t-%s", token);
    s = RegCreateKeyExA(st->key, name, 0, NULL, 0, KEY_ALL_ACCESS | KEY_WOW64_64KEY, NULL, &key, NULL);
    if (s != ERROR_SUCCESS)
        return failed(err, "cannot make a token's key", (DWORD)s);
    RegFlushKey(key);
    RegCloseKey(key);
    return 0;
}

int state_each(struct state *st, const char *name, int (*f)(struct state *st, const char *token, void *data),
               void *data)
{
    char tokens[TOKENS_KEPT][TOKEN_LEN + 1];
    FILETIME written;
    size_t n = 0;
    int rc = 0;

    for (DWORD i = 0; n < TOKENS_KEPT && token_at(st, i, tokens[n], &written) == 0; i++)
        n += *tokens[n] != '\0';
    for (size_t i = 0; i < n && rc == 0; i++) {
        HKEY key = NULL;
        LSTATUS s = token_key(st, tokens[i], KEY_QUERY_VALUE, &key);

        if (s != ERROR_SUCCESS)
            continue;
        s = RegQueryValueExA(key, name, NULL, NULL, NULL, NULL);
        RegCloseKey(key);
        if (s == ERROR_SUCCESS)
            rc = f(st, tokens[i], data);
    }
    return rc;
}
