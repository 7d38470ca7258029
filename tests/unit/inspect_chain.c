// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Image chains: what is opened, what is refused, what QEMU is told. Images are made here by bytes.
#include "daemon/inspect/disk_chain.h"
#include "daemon/inspect/qcow2_head.h"
#include "tests/unit/inspect_common.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/virtrust-test-XXXXXX";

static void be(unsigned char *p, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        p[i] = (unsigned char)(value >> 8 * (bytes - 1 - i));
}

// The head of a qcow2 image; backing may be NULL.
static char *image(const char *name, const char *backing, uint32_t crypt, uint64_t incompatible)
{
    unsigned char head[512] = "QFI\xfb";
    char *path = NULL;
    FILE *f;

    be(head + 4, 3, 4);
    if (backing) {
        be(head + 8, 256, 8);
        be(head + 16, strlen(backing), 4);
        memcpy(head + 256, backing, strlen(backing));
    }
    be(head + 20, 16, 4);
    be(head + 32, crypt, 4);
    be(head + 72, incompatible, 8);
    assert_true(asprintf(&path, "%s/%s", dir, name) > 0);
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(head, sizeof head, 1, f), 1);
    fclose(f);
    return path;
}

static struct record *request(const char *path, const char *format, const char *backing,
                              const char *backing_format)
{
    struct record *r = record_new("look");

    record_add(r, "disk.0.type", "file");
    record_add(r, "disk.0.path", path);
    record_add(r, "disk.0.format", format);
    record_add(r, "disk.0.backing.0.path", backing);
    record_add(r, "disk.0.backing.0.format", backing_format);
    return r;
}

static void expect(struct record *r, const char *code, const char *word)
{
    _cleanup_disk_chain_ struct disk_chain chain = {0};
    struct failure f = {0};

    assert_int_equal(disk_chain_open(r, 0, &chain, &f), -1);
    assert_string_equal(f.code, code);
    assert_true(f.next[0]);
    if (!strstr(f.err.text, word))
        fail_msg("\"%s\" does not say \"%s\"", f.err.text, word);
    record_free(r);
}

static void test_refused(void **state)
{
    _cleanup_free_ char *plain = image("plain", NULL, 0, 0), *luks = image("luks", NULL, 2, 0);
    _cleanup_free_ char *data = image("data", NULL, 0, 4), *over = image("over", "plain", 0, 0);
    _cleanup_free_ char *json = image("json", "json:{\"driver\":\"nbd\"}", 0, 0);
    _cleanup_free_ char *remote = image("remote", "nbd://h/x", 0, 0),
                        *shadow = image("shadow", "/etc/shadow", 0, 0);
    _cleanup_free_ char *pipe = NULL, *empty = image("empty", NULL, 0, 0);
    struct record *r;

    (void)state;
    assert_int_equal(truncate(empty, 0), 0);
    expect(request(empty, "raw", NULL, NULL), "unsupported-disk", "a file of 0 bytes");
    expect(request(empty, "qcow2", NULL, NULL), "unsupported-disk", "a file of 0 bytes");
    assert_true(asprintf(&pipe, "%s/pipe", dir) > 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    expect(request("/no/such/file", "qcow2", NULL, NULL), "no-such-disk", "/no/such/file");
    expect(request(plain, NULL, NULL, NULL), "unsupported-disk", "names no image format");
    expect(request(plain, "vmdk", NULL, NULL), "unsupported-disk", "vmdk");
    expect(request(plain, "luks", NULL, NULL), "encrypted", "LUKS");
    expect(request(pipe, "raw", NULL, NULL), "unsupported-disk", "neither a file nor a block device");
    expect(request("/dev/null", "raw", NULL, NULL), "unsupported-disk", "neither a file nor a block device");
    expect(request(luks, "qcow2", NULL, NULL), "encrypted", "encrypted qcow2");
    expect(request(data, "qcow2", NULL, NULL), "unsupported-disk", "another file");
    expect(request(json, "qcow2", NULL, NULL), "unsupported-disk", "no plain file");
    expect(request(remote, "qcow2", NULL, NULL), "unsupported-disk", "no plain file");
    // The header alone is no reason to open a file.
    expect(request(shadow, "qcow2", NULL, NULL), "unsupported-disk", "/etc/shadow");
    expect(request(over, "qcow2", NULL, NULL), "unsupported-disk", "and nobody else does");
    expect(request(over, "qcow2", luks, "qcow2"), "unsupported-disk", "differ");
    expect(request(over, "qcow2", plain, NULL), "unsupported-disk", "names no image format");
    r = request(NULL, "raw", NULL, NULL);
    record_set(r, "disk.0.type", "network");
    record_add(r, "disk.0.protocol", "rbd");
    expect(r, "unsupported-disk", "rbd");
    r = request(plain, "qcow2", NULL, NULL);
    record_add(r, "disk.0.encryption", "luks");
    expect(r, "encrypted", "as the guest's XML says");
    unlink(pipe);
}

static void test_chain(void **state)
{
    _cleanup_free_ char *base = image("base", NULL, 0, 0), *over = image("top", "base", 0, 0), *json = NULL,
                        *want = NULL;
    _cleanup_disk_chain_ struct disk_chain chain = {0};
    _cleanup_record_ struct record *r = request(over, "qcow2", base, "raw");
    _cleanup_free_ char *vmdk = image("vmdk", NULL, 0, 0);
    struct failure f = {0};
    FILE *file = fopen(vmdk, "r+");

    (void)state;
    assert_true(file && fputs("KDMV", file) >= 0 && fclose(file) == 0);
    assert_int_equal(disk_chain_open(r, 0, &chain, &f), 0);
    assert_int_equal(chain.count, 2);
    assert_false(chain.in_use);
    json = disk_chain_json(&chain);
    assert_true(
        asprintf(&want,
                 "json:{\"driver\":\"qcow2\",\"read-only\":true,\"force-share\":true,\"backing\":"
                 "{\"driver\":\"raw\",\"read-only\":true,\"force-share\":true,\"file\":{\"driver\":\"file\","
                 "\"filename\":\"/dev/fd/%d\",\"read-only\":true,\"force-share\":true,\"locking\":\"off\"}},"
                 "\"file\":{\"driver\":\"file\",\"filename\":\"/dev/fd/%d\",\"read-only\":true,"
                 "\"force-share\":true,\"locking\":\"off\"}}",
                 chain.images[1].fd, chain.images[0].fd) > 0);
    assert_string_equal(json, want);
    assert_string_equal(disk_format_guess(over), "qcow2");
    assert_string_equal(disk_format_guess("/proc/self/exe"), "raw");
    assert_string_equal(disk_format_guess(vmdk), "vmdk");
    assert_null(disk_format_guess("/no/such/file"));
}

// An image that names itself, and a request that goes along with it as long as it likes.
static void test_endless(void **state)
{
    _cleanup_free_ char *self = image("self", "self", 0, 0);
    struct record *r = request(self, "qcow2", NULL, NULL);

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char key[64];

        snprintf(key, sizeof key, "disk.0.backing.%u.path", i);
        record_add(r, key, self);
        snprintf(key, sizeof key, "disk.0.backing.%u.format", i);
        record_add(r, key, "qcow2");
    }
    expect(r, "unsupported-disk", "a chain of more than");
}

// disk.0's keys by pairs, NULL at the end; then its node without the raw one around it, or the reason.
static void check_network(const char *const keys[], const char *wanted)
{
    _cleanup_record_ struct record *r = record_new("look");
    _cleanup_disk_chain_ struct disk_chain chain = {0};
    _cleanup_free_ char *json = NULL, *whole = NULL;
    struct failure f = {0};

    record_add(r, "disk.0.type", "network");
    record_add(r, "disk.0.format", "raw");
    for (size_t i = 0; keys[i]; i += 2) {
        char key[64];

        snprintf(key, sizeof key, "disk.0.%s", keys[i]);
        record_set(r, key, keys[i + 1]);
    }
    if (disk_chain_open(r, 0, &chain, &f) < 0) {
        assert_string_equal(f.code, "unsupported-disk");
        if (!strstr(f.err.text, wanted))
            fail_msg("%s", f.err.text);
        return;
    }
    json = disk_chain_json(&chain);
    assert_true(asprintf(&whole, "json:{\"driver\":\"raw\",\"read-only\":true,\"file\":{%s}}", wanted) > 0);
    assert_string_equal(json, whole);
}

static void test_network(void **state)
{
    static const struct {
        const char *keys[16], *wanted;
    } cases[] = {
        {{"protocol", "nbd", "host", "10.1.2.3", "name", "ws1"},
         "\"driver\":\"nbd\",\"server\":{\"type\":\"inet\",\"host\":\"10.1.2.3\",\"port\":\"10809\"},"
         "\"export\":\"ws1\""},
        {{"protocol", "nbd", "transport", "unix", "socket", "/run/nbd"},
         "\"driver\":\"nbd\",\"server\":{\"type\":\"unix\",\"path\":\"/run/nbd\"},\"export\":\"\""},
        {{"protocol", "iscsi", "host", "san", "port", "3261", "name", "iqn.2000-01.x:y/2"},
         "\"driver\":\"iscsi\",\"transport\":\"tcp\",\"portal\":\"san:3261\",\"target\":\"iqn.2000-01.x:y\","
         "\"lun\":2,\"read-only\":true"},
        {{"protocol", "rbd", "host", "mon1", "name", "pool/ws1"},
         "\"driver\":\"rbd\",\"pool\":\"pool\",\"image\":\"ws1\",\"read-only\":true,"
         "\"server\":[{\"host\":\"mon1\",\"port\":\"6789\"}]"},
        {{"protocol", "rbd", "name", "pool/ws1"},
         "\"driver\":\"rbd\",\"pool\":\"pool\",\"image\":\"ws1\",\"read-only\":true"},
        {{"protocol", "rbd", "name", "pool/ws1", "auth", "1"}, "a secret"},
        {{"protocol", "nbd", "host", "h", "tls", "1"}, "a certificate"},
        {{"protocol", "rbd", "name", "pool"}, "without its host or its name"},
        {{"protocol", "nbd", "name", "x"}, "without its host or its name"},
        {{"protocol", "nbd", "host", "h", "name", "\"},\"x\":{\""}, "plain characters"},
        {{"protocol", "gluster", "host", "h", "name", "v/x"}, "NBD, iSCSI and Ceph"},
        {{"protocol", "nbd", "host", "h", "format", "qcow2"}, "raw ones"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_network(cases[i].keys, cases[i].wanted);
}

// QEMU's lock on an image that it writes is seen, and no lock of ours is.
static void test_in_use(void **state)
{
    _cleanup_free_ char *path = image("used", NULL, 0, 0);
    _cleanup_record_ struct record *r = request(path, "qcow2", NULL, NULL);
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1};
    _cleanup_disk_chain_ struct disk_chain chain = {0};
    _cleanup_close_ int fd = open(path, O_RDWR);
    struct failure f = {0};

    (void)state;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_int_equal(disk_chain_open(r, 0, &chain, &f), 0);
    assert_true(chain.in_use);
    lock.l_type = F_UNLCK;
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
    assert_int_equal(fcntl(fd, F_OFD_GETLK, &lock), 0);
    assert_int_equal(lock.l_type, F_UNLCK);
}

static void test_head_mutations(void **state)
{
    uint32_t rng = 5;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        unsigned char head[QCOW2_HEAD] = "QFI\xfb\0\0\0\3";
        struct qcow2_head h;
        struct err err = {0};
        size_t len = rng_next(&rng) % 4 ? sizeof head : rng_next(&rng) % sizeof head;
        int rc;

        mutate(head + 4, sizeof head - 4, &rng);
        rc = qcow2_head_read(head, len, &h, &err);
        assert_true(rc == 0 ? h.backing_offset == 0 || h.backing_len <= QCOW2_NAME_MAX : err.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_chain),   cmocka_unit_test(test_network),
        cmocka_unit_test(test_in_use),  cmocka_unit_test(test_endless), cmocka_unit_test(test_head_mutations),
    };
    char command[64];
    int rc;

    if (!mkdtemp(dir))
        return 1;
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 ? rc : 1;
}
