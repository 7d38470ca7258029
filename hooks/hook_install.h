// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Putting virtrust-hook where libvirt looks for it: PREFIX/etc/libvirt/hooks/qemu.d/virtrust. Somebody else's file is
// never overwritten or removed, and hooks/qemu (a hook of the administrator's own) is never touched.
//
// It is a copy, not a symbolic link. AppArmor's profile of libvirtd on Debian and Ubuntu lets it run what lies below
// /etc/libvirt/hooks and little else, and a hook that cannot be run stops every guest from starting. For the same
// reason the copy is on the disk before it gets its name, and is never executable half-written.
//
// All functions: 0 with a report, or a negative errno with a sentence (then *ret is untouched). install and remove
// also return HOOK_REFUSED, with a report, when a stranger's file stands in the way. Nothing is owned by the caller.
//
//     struct hook_report report;
//     rc = hook_install("", "/usr/libexec/virtrust/virtrust-hook", 0, &report, &err);
//     printf("%s%s%s\n", report.text, report.next[0] ? "; " : "", report.next);
#pragma once

#include "common/err.h"

#include <stdbool.h>

enum { HOOK_REFUSED = 1 };

// libvirt reads qemu.d since 6.5.0. Versions are libvirt's own numbers: major * 1000000 + minor * 1000 + release.
enum { HOOK_DIRECTORY_SINCE = 6005000 };

enum hook_state {
    HOOK_ABSENT,    // not installed
    HOOK_INSTALLED, // this version's copy, executable
    HOOK_STALE,     // ours, but another version than `program`, or not executable: install again
    HOOK_FOREIGN,   // somebody else's file has that name
};

struct hook_report {
    enum hook_state state;   // as it is now, after what was done
    bool changed;            // a file was written or removed
    bool reload;             // the daemon has to be reloaded before it calls the hook; status: or was since
    bool other_hooks;        // there are other qemu hooks (hooks/qemu, or more files in qemu.d)
    char path[ERR_TEXT_MAX]; // of the hook
    char text[ERR_TEXT_MAX]; // what is, or what was done: a sentence without its full stop
    char next[ERR_TEXT_MAX]; // what to do now, likewise; "" when nothing
};

// `prefix` stands before /etc/libvirt ("" in real life). `program` is the installed virtrust-hook; hook_status takes
// NULL or a missing one too, it then cannot tell a stale copy. `libvirt_version` 0 is unknown.
int hook_install(const char *prefix, const char *program, unsigned long libvirt_version,
                 struct hook_report *ret, struct err *err);
int hook_remove(const char *prefix, struct hook_report *ret, struct err *err);
int hook_status(const char *prefix, const char *program, unsigned long libvirt_version,
                struct hook_report *ret, struct err *err);

const char *hook_state_text(enum hook_state state); // "absent" "installed" "stale" "foreign"
