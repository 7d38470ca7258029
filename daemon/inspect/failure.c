// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/evidence.h"

#include <string.h>

// Each code once: what to do about it, and the exit code of the program that has to report it.
static const struct {
    const char *code;
    enum exit_code exit;
    const char *next;
} codes[] = {
    {"not-direct", EXIT_NO_LOOK, "look with the engine guestfs, or with auto, which asks it where it has to"},
    {"no-disk", EXIT_NO_LOOK, "give the guest a disk, or name a file with --disk"},
    {"no-such-disk", EXIT_NO_LOOK, "see whether the storage is mounted and the path is right"},
    {"permission", EXIT_NO_WORK, "run it as root, or let its user read the file"},
    {"unsupported-disk", EXIT_NO_LOOK,
     "virtrust-inspect(8) tells which disks can be read; the helper in a running guest can answer instead"},
    {"encrypted", EXIT_NO_LOOK,
     "start the guest and let its helper answer, or, of a LUKS volume, name its key (--key-file; "
     "look_key_file)"},
    {"wrong-key", EXIT_NO_LOOK,
     "give the file that holds the passphrase of one of the volume's key slots (cryptsetup open "
     "--test-passphrase "
     "tells which is)"},
    {"key-file", EXIT_NO_WORK,
     "name a file that its user may read, and that holds the passphrase and nothing else, at most 1024 "
     "bytes"},
    {"unknown-filesystem", EXIT_NO_LOOK,
     "see whether the image's format is the right one; the helper in a running guest can answer instead"},
    {"no-os", EXIT_NO_LOOK,
     "look at the guest's other disks; a Windows volume or a Linux root has to be on one of them"},
    {"not-a-hive", EXIT_NO_LOOK, "give the file Windows calls SECURITY, of Windows\\System32\\config"},
    {"damaged-hive", EXIT_NO_LOOK,
     "start the guest, so that Windows repairs the hive, or look at a sound copy of the disk"},
    {"no-secret", EXIT_NO_LOOK, "join the guest to its domain again"},
    {"timed-out", EXIT_TIMED_OUT,
     "look again with a longer limit; run virtrust-inspect --prepare once if this was the first look"},
    {"locked", EXIT_NO_LOOK, "see which program holds the image; virtrust itself takes no lock"},
    {"bad-request", EXIT_USAGE, "name the engine auto, direct or guestfs"},
    {"no-engine", EXIT_NO_WORK, "run virtrust-inspect --prepare and see what it says"},
    {"no-cage", EXIT_NO_WORK,
     "let the service build it of a namespace: a drop-in for virtrust-inspect@.service with `[Service]`, "
     "`SystemCallFilter=chroot` and `RestrictNamespaces=user` (virtrust-inspect(8), The cage)"},
    {"internal", EXIT_NO_WORK, "report it, with the output of the same look and VIRTRUST_INSPECT_TRACE=1"},
};

int fail(struct failure *f, const char *code, const char *format, ...)
{
    va_list args;

    f->code = code;
    f->next = "";
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (strcmp(codes[i].code, code) == 0)
            f->next = codes[i].next;
    }
    va_start(args, format);
    err_setv(&f->err, -1, format, args);
    va_end(args);
    return -1;
}

const char *failure_code(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].code;
    }
    return NULL;
}

enum exit_code failure_exit(const char *code)
{
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].exit;
    }
    return EXIT_NO_WORK;
}

struct record *failure_record(const struct failure *f)
{
    struct record *r = record_new("error");

    if (!r)
        return NULL;
    record_add(r, "code", f->code);
    record_add(r, "text", f->err.text);
    record_add(r, "next", f->next);
    record_add_u64(r, "exit", failure_exit(f->code));
    record_add(r, "encryption", f->encryption);
    return r;
}
