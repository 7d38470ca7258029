// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Ownership that can be seen. Every owning local carries one of these attributes; take() gives it away.
//
//     _cleanup_free_ char *text = strdup("x");
//     return take(text);          // the caller owns it now
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

// DEFINE_CLEANUP(struct x *, x_free): x_freep(), for _cleanup_(x_freep). x_free(NULL) must be fine.
#define DEFINE_CLEANUP(type, func)      \
    static inline void func##p(type *p) \
    {                                   \
        if (*p)                         \
            func(*p);                   \
    }                                   \
    struct cleanup_needs_a_semicolon_##func

#define take(p)                 \
    ({                          \
        __typeof__(p) t_ = (p); \
        (p) = NULL;             \
        t_;                     \
    })

#define take_fd(fd)    \
    ({                 \
        int t_ = (fd); \
        (fd) = -1;     \
        t_;            \
    })

static inline void cleanup_freep(void *p)
{
    free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
    if (*f)
        fclose(*f);
}

#define _cleanup_free_ _cleanup_(cleanup_freep)
#define _cleanup_close_ _cleanup_(cleanup_closep)
#define _cleanup_fclose_ _cleanup_(cleanup_fclosep)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
