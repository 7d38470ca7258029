// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Proof of possession without a domain: the rules one by one, a PAC's numbers, nonces that are good once, and the
// record in which a token travels.
#include "common/attestation.h"
#include "common/cleanup.h"
#include "daemon/directory/journal.h"
#include "daemon/directory/nonce.h"
#include "daemon/directory/pac.h"
#include "daemon/directory/proof_rules.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct proof_facts good = {
    .nonce_known = true,
    .nonce_this_guest = true,
    .nonce_fresh = true,
    .target_ours = true,
    .ticket = TICKET_GOOD,
    .realm_matches = true,
    .computer_name = true,
    .pac = true,
    .found = true,
    .name_matches = true,
    .plain_computer = true,
    .uac_known = true,
    .group_known = true,
    .uac = 0x1000,
    .group = 515,
};

#define SPOIL(id, statement)                      \
    static void spoil_##id(struct proof_facts *f) \
    {                                             \
        statement;                                \
    }
SPOIL(none, (void)f)
SPOIL(known, f->nonce_known = false)
SPOIL(others, f->nonce_this_guest = false)
SPOIL(late, f->nonce_fresh = false)
SPOIL(target, f->target_ours = false)
SPOIL(damaged, f->ticket = TICKET_DAMAGED)
SPOIL(not_ours, f->ticket = TICKET_NOT_OURS)
SPOIL(skew, f->ticket = TICKET_SKEW)
SPOIL(expired, f->ticket = TICKET_EXPIRED)
SPOIL(not_signed, f->ticket = TICKET_UNSIGNED)
SPOIL(realm, f->realm_matches = false)
SPOIL(user, f->computer_name = false)
SPOIL(pac, f->pac = false)
SPOIL(found, f->found = false)
SPOIL(name, f->name_matches = false)
SPOIL(service, f->plain_computer = false)
SPOIL(no_uac, f->uac_known = false)
SPOIL(no_group, f->group_known = false)
SPOIL(dc, f->uac = 0x82000)
SPOIL(rodc, f->uac = 0x5001000)
SPOIL(dc_group, f->group = 516)
SPOIL(disabled, f->uac = 0x1002)
SPOIL(expected, f->expects = f->expected = true)
SPOIL(another, f->expects = true)
SPOIL(newer, f->fresh = f->newer = true)
SPOIL(older, f->fresh = true)

static const struct {
    const char *what;
    void (*spoil)(struct proof_facts *);
    enum proof_rule rule;
} cases[] = {
    {"good", spoil_none, PROOF_OK},
    {"unknown nonce", spoil_known, PROOF_NONCE_UNKNOWN},
    {"another guest's", spoil_others, PROOF_NONCE_OTHERS},
    {"late", spoil_late, PROOF_NONCE_LATE},
    {"another service", spoil_target, PROOF_TARGET},
    {"damaged", spoil_damaged, PROOF_DAMAGED},
    {"not for us", spoil_not_ours, PROOF_NOT_OURS},
    {"clock", spoil_skew, PROOF_SKEW},
    {"expired", spoil_expired, PROOF_EXPIRED},
    {"not signed", spoil_not_signed, PROOF_UNSIGNED},
    {"another realm", spoil_realm, PROOF_REALM},
    {"a user", spoil_user, PROOF_NOT_COMPUTER},
    {"no PAC", spoil_pac, PROOF_NO_PAC},
    {"not found", spoil_found, PROOF_NOT_FOUND},
    {"renamed", spoil_name, PROOF_NAME},
    {"a service account", spoil_service, PROOF_NOT_COMPUTER},
    {"no userAccountControl", spoil_no_uac, PROOF_UNREADABLE},
    {"no group", spoil_no_group, PROOF_UNREADABLE},
    {"a DC", spoil_dc, PROOF_DOMAIN_CONTROLLER},
    {"a read-only DC", spoil_rodc, PROOF_DOMAIN_CONTROLLER},
    {"a DC's group", spoil_dc_group, PROOF_DOMAIN_CONTROLLER},
    {"disabled", spoil_disabled, PROOF_DISABLED},
    {"the expected one", spoil_expected, PROOF_OK},
    {"another than expected", spoil_another, PROOF_OTHER_ACCOUNT},
    {"fresh", spoil_newer, PROOF_OK},
    {"old", spoil_older, PROOF_OLD_TICKET},
};

static void test_rules(void **state)
{
    bool seen[PROOF_COUNT] = {false};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct proof_facts f = good;

        cases[i].spoil(&f);
        if (proof_rules(&f) != cases[i].rule)
            fail_msg("%s: %s", cases[i].what, proof_rule_name(proof_rules(&f)));
        seen[cases[i].rule] = true;
    }
    for (int i = 0; i < PROOF_COUNT; i++) {
        assert_true(seen[i]);
        assert_non_null(proof_rule_name((enum proof_rule)i));
        assert_true(strlen(proof_rule_text((enum proof_rule)i)) > 10);
    }
}

// Nothing known proves nothing.
static void test_nothing(void **state)
{
    const struct proof_facts nothing = {0};

    (void)state;
    assert_int_not_equal(proof_rules(&nothing), PROOF_OK);
}

static void make_pac(unsigned char pac[static 200])
{
    memset(pac, 0, 200);
    pac[0] = 1;
    pac[1] = 0x10;
    pac[2] = 8;
    pac[8] = 180; // the object's bytes
    pac[18] = 2;  // a pointer
    pac[44] = 0x11;
    pac[51] = 0x01;
    pac[120] = 0x50;
    pac[121] = 0x04;
    pac[124] = 0x03;
    pac[125] = 0x02;
}

static void test_pac(void **state)
{
    unsigned char pac[200];
    struct pac p = {0};

    (void)state;
    make_pac(pac);
    assert_int_equal(pac_read(pac, sizeof pac, &p), 0);
    assert_int_equal(p.rid, 0x450);
    assert_int_equal(p.primary_group, 0x203);
    assert_true(p.password_last_set == 0x0100000000000011);
    for (size_t len = 0; len < 128; len++)
        assert_true(pac_read(pac, len, &p) < 0);
    pac[8] = 250; // more than there is
    assert_true(pac_read(pac, sizeof pac, &p) < 0);
    make_pac(pac);
    pac[1] = 0; // big-endian
    assert_true(pac_read(pac, sizeof pac, &p) < 0);
    make_pac(pac);
    pac[18] = 0; // a null pointer
    assert_true(pac_read(pac, sizeof pac, &p) < 0);
    make_pac(pac);
    pac[120] = pac[121] = 0; // nobody
    assert_true(pac_read(pac, sizeof pac, &p) < 0);
}

static const char *const one = "11111111-1111-4111-8111-111111111111",
                         *const other = "22222222-2222-4222-8222-222222222222";

static void test_nonce(void **state)
{
    char dir[] = "/tmp/virtrust-nonce-XXXXXX", nonce[NONCE_TEXT], again[NONCE_TEXT], path[128];
    struct timespec old[2] = {{.tv_sec = time(NULL) - 3 * NONCE_S}, {.tv_sec = time(NULL) - 3 * NONCE_S}};
    struct failure f = {0};
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(state_open(dir, &fd, &f), 0);
    assert_int_equal(nonce_make(fd, "corp.test", one, nonce, &f), 0);
    assert_int_equal(nonce_make(fd, "corp.test", one, again, &f), 0);
    assert_string_not_equal(nonce, again);
    assert_int_equal(strspn(nonce, "0123456789abcdef"), 64);
    assert_int_equal(nonce_take(fd, "corp.test", other, nonce), NONCE_OTHERS);
    assert_int_equal(nonce_take(fd, "other.test", one, nonce), NONCE_OTHERS);
    assert_int_equal(nonce_take(fd, "corp.test", one, nonce), NONCE_GOOD);
    assert_int_equal(nonce_take(fd, "corp.test", one, nonce), NONCE_UNKNOWN);
    // One that was made long ago, and is then forgotten.
    snprintf(path, sizeof path, "nonce.%s", again);
    assert_int_equal(unlinkat(fd, path, 0), 0);
    int file = openat(fd, path, O_WRONLY | O_CREAT, 0600);
    assert_true(dprintf(file, "%s corp.test 1000\n", one) > 0);
    assert_int_equal(futimens(file, old), 0);
    close(file);
    assert_int_equal(nonce_take(fd, "corp.test", one, again), NONCE_LATE);
    file = openat(fd, path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(futimens(file, old), 0);
    close(file);
    assert_int_equal(nonce_make(fd, "corp.test", one, nonce, &f), 0);
    assert_int_equal(faccessat(fd, path, F_OK, 0), -1);
    assert_int_equal(nonce_take(fd, "corp.test", one, nonce), NONCE_GOOD);
    close(fd);
    snprintf(path, sizeof path, "%s/directory", dir);
    rmdir(path);
    rmdir(dir);
}

static struct record *claim(const char *guest, const char *nonce, const char *target)
{
    struct record *r = record_new("attest");

    record_add(r, "guest", guest);
    record_add(r, "nonce", nonce);
    record_add(r, "target", target);
    return r;
}

static void test_claim(void **state)
{
    static const char *const bad_guests[] = {"", "vm1", "11111111-1111-4111-8111-11111111111",
                                             "11111111-1111-4111-8111-11111111111G",
                                             "11111111x1111-4111-8111-111111111111"};
    static const char *const bad_targets[] = {
        "",        "virtrust", "virtrust/host", "/host@R", "virtrust/@R", "virtrust/h@",
        "a/b/c@R", "a/b@R@S",  "a/b@R\n",       "a/b c@R", "a@R/b",       "a/b\\@R"};
    char nonce[NONCE_TEXT];
    struct attestation_claim c;
    char text[STATEMENT_TEXT];
    struct err err = {0};

    (void)state;
    memset(nonce, 'a', sizeof nonce - 1);
    nonce[sizeof nonce - 1] = '\0';
    {
        _cleanup_record_ struct record *r = claim(one, nonce, "virtrust/host1.corp.test@CORP.TEST");

        assert_int_equal(attestation_claim_read(r, &c, &err), 0);
        size_t len = attestation_statement(&c, text);
        assert_int_equal(len, strlen(text));
        assert_non_null(strstr(text, one));
        assert_non_null(strstr(text, nonce));
        assert_non_null(strstr(text, "\ntarget=virtrust/host1.corp.test@CORP.TEST\n"));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_guests); i++) {
        _cleanup_record_ struct record *r = claim(bad_guests[i], nonce, "a/b@R");

        assert_true(attestation_claim_read(r, &c, &err) < 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad_targets); i++) {
        _cleanup_record_ struct record *r = claim(one, nonce, bad_targets[i]);

        if (attestation_claim_read(r, &c, &err) == 0)
            fail_msg("%s was taken", bad_targets[i]);
    }
    nonce[0] = 'G';
    _cleanup_record_ struct record *r = claim(one, nonce, "a/b@R");
    assert_true(attestation_claim_read(r, &c, &err) < 0);
}

static void test_token(void **state)
{
    _cleanup_record_ struct record *r = record_new("attestation"), *back = record_new("attestation");
    _cleanup_attestation_ struct attestation a = {0}, b = {0};
    _cleanup_free_ unsigned char *long_one = calloc(1, ATTESTATION_GSS_MAX + 1);
    struct err err = {0};

    (void)state;
    assert_true(attestation_read(r, &a, &err) < 0);
    record_add(r, "gss", "6082");
    assert_true(attestation_read(r, &a, &err) < 0);
    record_add(r, "mic", "0404xx");
    assert_true(attestation_read(r, &a, &err) < 0);
    record_set(r, "mic", "0404f");
    assert_true(attestation_read(r, &a, &err) < 0);
    record_set(r, "mic", "0404ff");
    assert_int_equal(attestation_read(r, &a, &err), 0);
    assert_int_equal(a.gss_len, 2);
    assert_int_equal(a.mic_len, 3);
    assert_int_equal(a.mic[2], 0xff);
    attestation_add(back, &a);
    assert_int_equal(attestation_read(back, &b, &err), 0);
    assert_memory_equal(a.gss, b.gss, 2);
    _cleanup_record_ struct record *big = record_new("attestation");
    record_add_hex(big, "gss", long_one, ATTESTATION_GSS_MAX + 1);
    record_add(big, "mic", "00");
    attestation_done(&b);
    assert_true(attestation_read(big, &b, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_nothing), cmocka_unit_test(test_pac),
        cmocka_unit_test(test_nonce), cmocka_unit_test(test_claim),   cmocka_unit_test(test_token),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
