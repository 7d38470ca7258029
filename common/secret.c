// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "common/secret.h"

#include <errno.h>
#include <string.h>

void secret_wipe(void *data, size_t len)
{
    if (!data)
        return;
    memset(data, 0, len);
    __asm__ volatile("" : : "r"(data) : "memory");
}

int secret_set(struct secret *s, const void *data, size_t len)
{
    if (len > SECRET_MAX)
        return -E2BIG;
    secret_wipe(s, sizeof *s);
    memcpy(s->data, data, len);
    s->len = len;
    return 0;
}

int secret_make_password(struct secret *s, size_t chars, unsigned char *random, size_t random_len)
{
    // 64 characters: one random byte, masked to six bits, picks one without bias. Upper, lower, digits and two
    // signs are likely in 120 of them but not certain; AD's complexity rule does not apply to computer accounts,
    // and the first four are set below so that a stricter directory takes it as well.
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char *const classes[] = {"ABCDEFGHIJKLMNOP", "abcdefghijklmnop", "0123456701234567",
                                          "-_-_-_-_-_-_-_-_"};

    if (chars < 8 || chars > SECRET_MAX || random_len < chars)
        return -EINVAL;
    secret_wipe(s, sizeof *s);
    for (size_t i = 0; i < chars; i++)
        s->data[i] = (unsigned char)(i < ARRAY_SIZE(classes) ? classes[i][random[i] & 15]
                                                             : alphabet[random[i] & 63]);
    s->len = chars;
    secret_wipe(random, random_len);
    return 0;
}
