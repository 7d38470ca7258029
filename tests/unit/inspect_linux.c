// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A Linux member's facts: keytab and secrets.tdb (written here by libtdb itself), together, apart and
// damaged.
#include "common/filetime.h"
#include "common/hex.h"
#include "daemon/inspect/linux_facts.h"
#include "daemon/inspect/secrets_tdb.h"
#include "tests/unit/inspect_common.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <tdb.h>

#include <cmocka.h>

// WS1$@LAB.TEST, kvno 4, AES-256, 2023-11-14T22:13:20Z, a key of 32 bytes 0x11.
static const unsigned char keytab[] =
    "\x05\x02\x00\x00\x00\x43\x00\x01\x00\x08LAB.TEST\x00\x04WS1$"
    "\x00\x00\x00\x01\x65\x53\xf1\x00\x04\x00\x12\x00\x20"
    "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11"
    "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x00\x00\x00\x04";
enum { KEYTAB_TIME = 1700000000 };
// SHA-256 of that key.
static const char key_sha256[] = "02d449a31fbb267c8f352e9968a79e3e5fc95c1bbeaa502fd6454ebde5a4bedc";

static void store(struct tdb_context *tdb, const char *key, const void *data, size_t len)
{
    TDB_DATA k = {(unsigned char *)key, strlen(key)}, v = {(unsigned char *)data, len};

    assert_int_equal(tdb_store(tdb, k, v, TDB_REPLACE), 0);
}

static void store_sid(struct tdb_context *tdb, const char *key, const char *text)
{
    unsigned char sid[68] = {0};
    size_t len;

    assert_int_equal(sid_parse(text, sid, &len), 0);
    store(tdb, key, sid, sizeof sid);
}

// A joined Samba's secrets.tdb.
static void make_tdb(struct blob *ret, uint32_t changed)
{
    unsigned char when[4] = {(unsigned char)changed, (unsigned char)(changed >> 8),
                             (unsigned char)(changed >> 16), (unsigned char)(changed >> 24)};
    char dir[] = "/tmp/virtrust-test-XXXXXX", path[64];
    struct err err = {0};
    struct tdb_context *tdb;
    int fd;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/secrets.tdb", dir);
    tdb = tdb_open(path, 0, TDB_DEFAULT, O_RDWR | O_CREAT, 0600);
    assert_non_null(tdb);
    store(tdb, "SECRETS/MACHINE_PASSWORD/LAB", "canary-password", 16);
    store(tdb, "SECRETS/MACHINE_LAST_CHANGE_TIME/LAB", when, sizeof when);
    store(tdb, "SECRETS/MACHINE_PASSWORD/OLDLAB", "other", 6);
    store(tdb, "SECRETS/MACHINE_LAST_CHANGE_TIME/OLDLAB", "\x01\x00\x00\x00", 4);
    store_sid(tdb, "SECRETS/SID/LAB", "S-1-5-21-1-2-3");
    store_sid(tdb, "SECRETS/SID/WS1", "S-1-5-21-7-8-9");
    for (int i = 0; i < 40; i++) {
        char key[64];

        snprintf(key, sizeof key, "SECRETS/SALTING_PRINCIPAL/DES/%d", i);
        store(tdb, key, key, sizeof key);
    }
    tdb_close(tdb);
    fd = open(path, O_RDONLY);
    assert_int_equal(blob_read_fd(fd, SECRETS_TDB_MAX, ret, &err), 0);
    close(fd);
    unlink(path);
    rmdir(dir);
}

static void give_keytab(struct linux_files *files)
{
    files->keytab_path = "/etc/krb5.keytab";
    assert_int_equal(blob_copy(&files->keytab, keytab, sizeof keytab - 1), 0);
}

static bool doubted(const struct evidence *e, const char *id)
{
    for (size_t i = 0; i < e->doubt_count; i++) {
        if (strcmp(e->doubts[i].id, id) == 0)
            return true;
    }
    return false;
}

static void test_keytab_alone(void **state)
{
    _cleanup_linux_files_ struct linux_files files = {0};
    _cleanup_record_ struct record *r = NULL;
    struct evidence e;

    (void)state;
    give_keytab(&files);
    evidence_init(&e);
    linux_evidence(&files, &e);
    assert_int_equal(e.joined, ANSWER_YES);
    assert_int_equal(e.role, ROLE_MEMBER);
    assert_string_equal(e.computer, "WS1");
    assert_string_equal(e.sam_account_name, "WS1$");
    assert_string_equal(e.dns, "lab.test");
    assert_string_equal(e.principal, "WS1$@LAB.TEST");
    assert_true(e.filetime == filetime_from_us((int64_t)KEYTAB_TIME * 1000000));
    r = evidence_record(&e);
    assert_string_equal(record_get(r, "secret_sha256"), key_sha256);
    assert_string_equal(record_get(r, "password.kvno"), "4");
    assert_string_equal(record_get(r, "keytab.newest_us"), "1700000000000000");
    assert_null(record_get(r, "secrets_tdb"));
}

static void test_both(void **state)
{
    _cleanup_linux_files_ struct linux_files files = {.tdb_path = "/var/lib/samba/private/secrets.tdb"};
    _cleanup_record_ struct record *r = NULL;
    _cleanup_free_ char *text = NULL;
    struct evidence e;
    size_t len;

    (void)state;
    give_keytab(&files);
    make_tdb(&files.tdb, KEYTAB_TIME + 5000);
    evidence_init(&e);
    linux_evidence(&files, &e);
    assert_string_equal(e.netbios, "LAB");
    assert_string_equal(e.domain_sid, "S-1-5-21-1-2-3");
    assert_string_equal(e.machine_sid, "S-1-5-21-7-8-9");
    assert_true(e.filetime == filetime_from_us((int64_t)(KEYTAB_TIME + 5000) * 1000000));
    assert_true(doubted(&e, "sources-differ"));
    assert_true(doubted(&e, "several-machines"));
    // The password of secrets.tdb and the key are nowhere in what leaves the process.
    r = evidence_record(&e);
    assert_int_equal(record_encode(r, &text, &len), 0);
    assert_null(memmem(text, len, "canary", 6));
    assert_null(memmem(text, len, "1111111111", 10));
}

static void test_not_joined(void **state)
{
    struct linux_files none = {0}, dc = {.samba_dc = ANSWER_YES};
    _cleanup_linux_files_ struct linux_files broken = {.keytab_path = "/etc/krb5.keytab"};
    struct evidence e;

    (void)state;
    evidence_init(&e);
    linux_evidence(&none, &e);
    assert_int_equal(e.joined, ANSWER_NO);
    assert_int_equal(e.role, ROLE_WORKGROUP);
    evidence_init(&e);
    linux_evidence(&dc, &e);
    assert_int_equal(e.role, ROLE_DOMAIN_CONTROLLER);
    // What cannot be read is not "not joined".
    assert_int_equal(blob_copy(&broken.keytab, "\x05\x02\x7f\xff\xff\xff", 6), 0);
    evidence_init(&e);
    linux_evidence(&broken, &e);
    assert_int_equal(e.joined, ANSWER_UNKNOWN);
    assert_int_equal(e.role, ROLE_UNKNOWN);
    assert_true(doubted(&e, "damaged-keytab"));
}

// ---- settings ----

static void set(struct linux_files *files, enum linux_settings which, const char *text)
{
    blob_done(&files->settings[which]);
    assert_int_equal(blob_copy(&files->settings[which], text, strlen(text)), 0);
}

static void expect_fact(const struct linux_files *files, const char *fact, const char *value)
{
    struct evidence e;
    const char *is;

    evidence_init(&e);
    linux_facts(files, &e);
    assert_int_equal(e.doubt_count, 0);
    is = evidence_fact_get(&e, fact);
    if (value ? !is || strcmp(is, value) != 0 : is != NULL)
        fail_msg("%s is \"%s\", not \"%s\"", fact, is ? is : "unknown", value ? value : "unknown");
}

static void test_resolvers(void **state)
{
    _cleanup_linux_files_ struct linux_files files = {0};

    (void)state;
    expect_fact(&files, "resolver.servers", NULL);
    set(&files, SETTINGS_RESOLV,
        "# made by hand\ndomain old.test\nsearch lab.test\tcorp.test \n nameserver 10.0.2.2\nnameserver "
        "2001:db8::1\n;nameserver 192.0.2.9\nnameserver not.an.address\noptions timeout:2");
    expect_fact(&files, "resolver.servers", "10.0.2.2 2001:db8::1");
    expect_fact(&files, "resolver.search", "lab.test corp.test");
    // A resolver of the guest's own: what it asks is in its settings, or not known.
    set(&files, SETTINGS_RESOLV, "nameserver 127.0.0.53\nsearch lab.test\n");
    expect_fact(&files, "resolver.servers", NULL);
    set(&files, SETTINGS_RESOLVED,
        "[Resolve]\n#DNS=192.0.2.9\nDNS = 10.0.2.2:53#dc1.lab.test [2001:db8::1]:53 fe80::1%eth0\n");
    expect_fact(&files, "resolver.servers", "10.0.2.2 2001:db8::1 fe80::1");
    set(&files, SETTINGS_RESOLV, "nameserver 10.0.2.3");
    expect_fact(&files, "resolver.servers", "10.0.2.3");
}

static void test_services(void **state)
{
    _cleanup_linux_files_ struct linux_files files = {.installed = {true, true}};

    (void)state;
    expect_fact(&files, "member.service", NULL);
    set(&files, SETTINGS_NSSWITCH, "passwd: files\nshadow: files sss\n");
    expect_fact(&files, "member.start", NULL); // nobody asks it for users
    set(&files, SETTINGS_NSSWITCH, "#passwd: sss\npasswd:\tfiles winbind systemd\n");
    expect_fact(&files, "member.service", "winbind");
    expect_fact(&files, "member.start", "disabled");
    files.starts[1] = true;
    expect_fact(&files, "member.start", "automatic");
    files.starts[1] = files.installed[1] = false;
    expect_fact(&files, "member.start", NULL);
    set(&files, SETTINGS_NSSWITCH, "passwd: sss files");
    expect_fact(&files, "member.service", "sssd");
    set(&files, SETTINGS_SMB, "[global]\n  realm = Lab.Test\n");
    expect_fact(&files, "member.realm", "LAB.TEST");
    set(&files, SETTINGS_SSSD, "[domain/corp]\nad_domain=corp.test\nkrb5_realm =CORP.TEST\n");
    expect_fact(&files, "member.realm", "CORP.TEST");
}

// Bytes of a guest: whatever they are, the facts are of the form that an answer takes.
static void test_settings_mutations(void **state)
{
    static const char text[] =
        "passwd: files sss winbind\nnameserver 10.0.2.2\nsearch a b c\nDNS=[::1]:53 10.0.0.1#x\nrealm = A\n"
        "ad_domain=b\n";
    uint32_t rng = 7;

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        _cleanup_linux_files_ struct linux_files files = {.installed = {true, true}};
        struct evidence e;

        for (size_t k = 0; k < LINUX_SETTINGS; k++) {
            assert_int_equal(blob_copy(&files.settings[k], text, sizeof text), 0);
            mutate(files.settings[k].data, files.settings[k].len, &rng);
        }
        evidence_init(&e);
        linux_facts(&files, &e);
        for (size_t k = 0; k < e.fact_count; k++)
            assert_true(strlen(e.facts[k].value) < EVIDENCE_TEXT);
    }
}

static void test_long_settings(void **state)
{
    _cleanup_linux_files_ struct linux_files files = {0};
    _cleanup_free_ char *text = malloc(LINUX_SETTINGS_MAX);
    size_t used = 0;

    (void)state;
    memset(text, 'x', 5000);
    used = 5000;
    used += (size_t)sprintf(text + used, "\nnameserver 10.0.2.2\n");
    while (used < LINUX_SETTINGS_MAX - 64)
        used += (size_t)sprintf(text + used, "nameserver 10.11.12.%zu\n", used % 250);
    files.settings[SETTINGS_RESOLV].data = (unsigned char *)text;
    files.settings[SETTINGS_RESOLV].len = used;
    text = NULL;
    {
        struct evidence e;
        const char *servers;

        evidence_init(&e);
        linux_facts(&files, &e);
        servers = evidence_fact_get(&e, "resolver.servers");
        assert_non_null(servers);
        assert_int_equal(strncmp(servers, "10.0.2.2 ", 9), 0);
        assert_true(strlen(servers) < EVIDENCE_TEXT);
    }
}

static void test_tdb_refused(void **state)
{
    struct blob text = {(unsigned char *)"TDB file\n but no more", 21}, empty = {0};
    struct secrets_member m;
    struct err err = {0};

    (void)state;
    assert_int_equal(secrets_tdb_read(&text, "", &m, &err), -EBADMSG);
    assert_true(err.text[0]);
    assert_int_equal(secrets_tdb_read(&empty, "", &m, &err), -EBADMSG);
}

static void test_tdb_mutations(void **state)
{
    _cleanup_blob_ struct blob original = {0};
    uint32_t rng = 99;

    (void)state;
    make_tdb(&original, KEYTAB_TIME);
    for (unsigned i = 0; i < 3000; i++) {
        _cleanup_blob_ struct blob copy = {0};
        struct secrets_member m = {0};
        struct err err = {0};
        int rc;

        assert_int_equal(blob_copy(&copy, original.data, original.len), 0);
        mutate(copy.data, copy.len, &rng);
        if (rng_next(&rng) % 8 == 0)
            copy.len = rng_next(&rng) % copy.len;
        rc = secrets_tdb_read(&copy, "WS1", &m, &err);
        assert_true(rc == 0 || rc == SECRETS_NO_MEMBER || err.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keytab_alone),  cmocka_unit_test(test_both),
        cmocka_unit_test(test_not_joined),    cmocka_unit_test(test_tdb_refused),
        cmocka_unit_test(test_tdb_mutations), cmocka_unit_test(test_resolvers),
        cmocka_unit_test(test_services),      cmocka_unit_test(test_settings_mutations),
        cmocka_unit_test(test_long_settings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
