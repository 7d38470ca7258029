// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_bytes.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGES_KEPT = 128,
    SECTORS_A_PAGE = HIVE_PAGE / HIVE_SECTOR,
    CUT_MAX = 32 * (HIVE_FILE_MAX / HIVE_SECTOR), // sectors cut off in all: 32 times what a hive can have
};

// Where a sector lies: 0 in the hive's own file, else the log's number + 1 in the highest byte and the offset
// within that log below it.
typedef uint64_t place;
enum { PLACE_LOG_SHIFT = 56 };

struct page {
    bool filled; // else whatever is in it is not to be believed
    uint32_t number;
    unsigned char data[HIVE_PAGE];
};

struct hive_bytes {
    struct hive_files files;
    uint32_t size;
    place *map;                     // of map_sectors sectors; NULL while everything is the file's own
    size_t map_sectors;             // what the map has room for
    size_t mapped;                  // behind this sector nothing comes from a log
    size_t cut;                     // how many were looked at because the hive shrank
    struct page *pages[PAGES_KEPT]; // each number has one place, number % PAGES_KEPT; NULL until it is wanted
};

void hive_files_done(struct hive_files *f)
{
    f->file = source_free(f->file);
    for (size_t i = 0; i < HIVE_LOGS; i++)
        f->logs[i] = source_free(f->logs[i]);
}

int hive_bytes_new(struct hive_files *files, uint32_t size, struct hive_bytes **ret, struct err *err)
{
    struct hive_bytes *b = calloc(1, sizeof *b);
    int rc;

    if (!b) {
        hive_files_done(files);
        return err_set(err, -ENOMEM, "out of memory");
    }
    b->files = *files;
    *files = (struct hive_files){0};
    rc = hive_bytes_resize(b, size, err);
    if (rc < 0)
        hive_bytes_free(b);
    else
        *ret = b;
    return rc;
}

struct hive_bytes *hive_bytes_free(struct hive_bytes *b)
{
    if (!b)
        return NULL;
    hive_files_done(&b->files);
    // Sealed secrets are among them.
    for (size_t i = 0; i < PAGES_KEPT; i++) {
        if (b->pages[i])
            explicit_bzero(b->pages[i]->data, HIVE_PAGE);
        free(b->pages[i]);
    }
    free(b->map);
    free(b);
    return NULL;
}

uint32_t hive_bytes_size(const struct hive_bytes *b)
{
    return b->size;
}

struct source *hive_bytes_file(struct hive_bytes *b)
{
    return b->files.file;
}

struct source *hive_bytes_log(struct hive_bytes *b, unsigned log)
{
    assert(log < HIVE_LOGS);
    return b->files.logs[log];
}

uint64_t hive_bytes_spent(const struct hive_bytes *b)
{
    uint64_t spent = b->files.file ? b->files.file->bytes_read : 0;

    for (size_t i = 0; i < HIVE_LOGS; i++)
        spent += b->files.logs[i] ? b->files.logs[i]->bytes_read : 0;
    return spent;
}

static void forget_pages(struct hive_bytes *b)
{
    for (size_t i = 0; i < PAGES_KEPT; i++) {
        if (b->pages[i])
            b->pages[i]->filled = false;
    }
}

// What is cut off does not come back when the hive grows again. A log of 128 MiB can say that it shrinks a quarter of a
// million times: 0, or -EBADMSG when this is what it seems to be made for.
static int cut_off(struct hive_bytes *b, size_t sectors)
{
    if (b->mapped <= sectors)
        return 0;
    b->cut += b->mapped - sectors;
    if (b->cut > CUT_MAX)
        return -EBADMSG;
    memset(b->map + sectors, 0, (b->mapped - sectors) * sizeof *b->map);
    b->mapped = sectors;
    return 0;
}

int hive_bytes_resize(struct hive_bytes *b, uint32_t size, struct err *err)
{
    size_t sectors = ((size_t)size + HIVE_SECTOR - 1) / HIVE_SECTOR;

    if (size > HIVE_FILE_MAX - HIVE_BASE_BLOCK)
        return err_set(err, -EBADMSG, "it says it has %" PRIu32 " bytes; at most %d are looked at", size,
                       HIVE_FILE_MAX);
    if (b->map && sectors > b->map_sectors) {
        place *map = realloc(b->map, sectors * sizeof *map);

        if (!map)
            return err_set(err, -ENOMEM, "out of memory");
        memset(map + b->map_sectors, 0, (sectors - b->map_sectors) * sizeof *map);
        b->map = map;
        b->map_sectors = sectors;
    }
    if (cut_off(b, sectors) < 0)
        return err_set(err, -EBADMSG, "its logs shrink it and let it grow again too often");
    b->size = size;
    forget_pages(b);
    return 0;
}

int hive_bytes_patch(struct hive_bytes *b, uint32_t offset, uint32_t len, unsigned log, uint64_t log_offset)
{
    size_t first = offset / HIVE_SECTOR, count = len / HIVE_SECTOR;

    if (offset % HIVE_SECTOR || len % HIVE_SECTOR || offset > b->size || len > b->size - offset)
        return -EBADMSG;
    if (!b->map) {
        b->map_sectors = ((size_t)b->size + HIVE_SECTOR - 1) / HIVE_SECTOR;
        b->map = calloc(b->map_sectors, sizeof *b->map);
        if (!b->map)
            return -ENOMEM;
    }
    if (b->mapped < first + count)
        b->mapped = first + count;
    for (size_t i = 0; i < count; i++)
        b->map[first + i] = (place)(log + 1) << PLACE_LOG_SHIFT | (log_offset + i * HIVE_SECTOR);
    forget_pages(b);
    return 0;
}

// `len` bytes that begin at this sector, all of one kind of place.
static int read_run(struct hive_bytes *b, uint64_t sector, place from, void *ret, size_t len, struct err *err)
{
    uint64_t at = HIVE_BASE_BLOCK + sector * HIVE_SECTOR;
    struct source *s = b->files.file;

    if (from) {
        s = b->files.logs[(from >> PLACE_LOG_SHIFT) - 1];
        at = from & (((place)1 << PLACE_LOG_SHIFT) - 1);
    }
    if (at > s->size || len > s->size - at)
        return err_set(err, -EBADMSG, "it is cut short: the file has %" PRIu64 " bytes, and more are wanted",
                       s->size);
    return source_read(s, at, ret, len, err);
}

static place place_of(const struct hive_bytes *b, size_t sector)
{
    return b->map && sector < b->map_sectors ? b->map[sector] : 0;
}

static int fill_page(struct hive_bytes *b, uint32_t number, unsigned char *data, struct err *err)
{
    size_t first = (size_t)number * SECTORS_A_PAGE;
    size_t left = b->size - (size_t)number * HIVE_PAGE;
    size_t len = left < HIVE_PAGE ? left : HIVE_PAGE;
    int rc = 0;

    // Neighbours that follow each other where they lie are read at once.
    for (size_t at = 0; at < len && rc == 0;) {
        place from = place_of(b, first + at / HIVE_SECTOR);
        size_t run = HIVE_SECTOR;

        while (at + run < len && place_of(b, first + (at + run) / HIVE_SECTOR) == (from ? from + run : 0))
            run += HIVE_SECTOR;
        if (run > len - at)
            run = len - at;
        rc = read_run(b, first + at / HIVE_SECTOR, from, data + at, run, err);
        at += run;
    }
    return rc;
}

// The place of a page; NULL when out of memory.
static struct page *place_for(struct hive_bytes *b, uint32_t number)
{
    struct page **p = &b->pages[number % PAGES_KEPT];

    if (!*p)
        *p = calloc(1, sizeof **p);
    return *p;
}

static int page_of(struct hive_bytes *b, uint32_t number, const unsigned char **ret, struct err *err)
{
    struct page *p = place_for(b, number);
    int rc;

    if (!p)
        return err_set(err, -ENOMEM, "out of memory");
    if (!p->filled || p->number != number) {
        p->filled = false;
        rc = fill_page(b, number, p->data, err);
        if (rc < 0)
            return rc;
        p->number = number;
        p->filled = true;
    }
    *ret = p->data;
    return 0;
}

// Does any sector of the page come from a log?
static bool is_mapped(const struct hive_bytes *b, uint32_t number)
{
    for (size_t i = 0; i < SECTORS_A_PAGE; i++) {
        if (place_of(b, (size_t)number * SECTORS_A_PAGE + i))
            return true;
    }
    return false;
}

void hive_bytes_ahead(struct hive_bytes *b, size_t len)
{
    _cleanup_blob_ struct blob all = {0};
    struct err err = {0};

    if (len > b->size)
        len = b->size;
    len -= len % HIVE_PAGE;
    if (len == 0 || len > (size_t)PAGES_KEPT * HIVE_PAGE)
        return;
    all = (struct blob){malloc(len), len};
    if (!all.data || read_run(b, 0, 0, all.data, len, &err) < 0)
        return;
    for (uint32_t i = 0; i < len / HIVE_PAGE; i++) {
        struct page *p = is_mapped(b, i) ? NULL : place_for(b, i);

        if (!p)
            continue;
        memcpy(p->data, all.data + (size_t)i * HIVE_PAGE, HIVE_PAGE);
        p->number = i;
        p->filled = true;
    }
}

int hive_bytes_read(struct hive_bytes *b, uint64_t offset, void *ret, size_t len, struct err *err)
{
    unsigned char *to = ret;

    if (offset > b->size || len > b->size - offset)
        return err_set(err, -EBADMSG, "something in it leads behind its end");
    while (len > 0) {
        size_t within = offset % HIVE_PAGE, n = HIVE_PAGE - within < len ? HIVE_PAGE - within : len;
        const unsigned char *page = NULL;
        int rc = page_of(b, (uint32_t)(offset / HIVE_PAGE), &page, err);

        if (rc < 0)
            return rc;
        memcpy(to, page + within, n);
        to += n;
        offset += n;
        len -= n;
    }
    return 0;
}
