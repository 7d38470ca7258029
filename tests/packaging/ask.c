// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// ask SOCKET TYPE [KEY=VALUE...]: one request to a worker, its answer as the wire has it.
#include "common/os/recio.h"
#include "common/record.h"

#include <string.h>

static int complain(const char *text)
{
    fprintf(stderr, "ask: %s\n", text);
    return EXIT_NO_WORK;
}

int main(int argc, char **argv)
{
    _cleanup_record_ struct record *request = argc < 3 ? NULL : record_new(argv[2]), *answer = NULL;
    _cleanup_free_ char *text = NULL;
    _cleanup_close_ int fd = -1;
    struct err err = {0};
    size_t len;

    if (!request)
        return complain("usage: ask SOCKET TYPE [KEY=VALUE...]");
    for (int i = 3; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (!value)
            return complain("every argument is KEY=VALUE");
        *value++ = 0;
        record_add(request, argv[i], value);
    }
    fd = recio_connect(argv[1], &err);
    if (fd < 0 || recio_write(fd, request, 10000, &err) < 0 || recio_read(fd, 60000, &answer, &err) != 0)
        return complain(err.text[0] ? err.text : "no answer");
    if (record_encode(answer, &text, &len) < 0)
        return complain("an answer that cannot be shown");
    return fwrite(text, 1, len, stdout) == len ? EXIT_ANSWERED : EXIT_NO_WORK;
}
