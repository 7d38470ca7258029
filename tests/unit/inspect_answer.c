// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is believed of a parser's answer, whoever may have taken the parser over.
#include "daemon/inspect/answer.h"
#include "tests/unit/testing.h"

static void test_evidence(void **state)
{
    _cleanup_record_ struct record *from = record_new("evidence"), *answer = NULL;
    struct failure f = {0};
    struct evidence outside;

    (void)state;
    evidence_init(&outside);
    outside.live = ANSWER_YES;
    evidence_doubt(&outside, "live", "it runs");
    record_add(from, "os", "windows");
    record_add(from, "computer", "WS1");
    record_add(from, "joined", "perhaps");
    record_add(from, "role", "member\nexit=0");
    record_add(from, "password.filetime", "-1");
    record_add(from, "password.kvno", "7");
    record_add(from, "secret_sha256", "abcd");
    record_add(from, "keytab.newest_us", "-5");
    record_add(from, "hive.security.state", "clean");
    record_add(from, "live", "0");
    record_add(from, "engine", "another");
    record_add(from, "exit", "0");
    record_add(from, "guest", "someone else");
    record_add(from, "doubt.0.id", "dirty-hive");
    record_add(from, "doubt.0.text", "a\x1b[2Jline\n");
    assert_int_equal(answer_take(from, &outside, "direct", &answer, &f), 0);
    assert_string_equal(record_get(answer, "os"), "windows");
    assert_string_equal(record_get(answer, "computer"), "WS1");
    assert_string_equal(record_get(answer, "password.kvno"), "7");
    assert_string_equal(record_get(answer, "keytab.newest_us"), "-5");
    assert_string_equal(record_get(answer, "hive.security.state"), "clean");
    assert_string_equal(record_get(answer, "live"), "1");
    assert_string_equal(record_get(answer, "engine"), "direct");
    assert_string_equal(record_get(answer, "doubt.0.id"), "live");
    assert_string_equal(record_get(answer, "doubt.1.id"), "dirty-hive");
    assert_string_equal(record_get(answer, "doubt.1.text"), "a?[2Jline?");
    for (size_t i = 0; i < 6; i++) {
        static const char *const gone[] = {"joined",        "role", "password.filetime",
                                           "secret_sha256", "exit", "guest"};

        assert_null(record_get(answer, gone[i]));
    }
}

// Every key that evidence can have comes through.
static void test_whole(void **state)
{
    _cleanup_record_ struct record *from = NULL, *answer = NULL;
    struct failure f = {0};
    struct evidence e, outside;

    (void)state;
    evidence_init(&e);
    evidence_init(&outside);
    e.os = "linux";
    e.joined = e.change_disabled = ANSWER_YES;
    e.role = ROLE_MEMBER;
    e.filetime = 133203110020139115;
    e.has_kvno = e.has_max_age = e.has_secret = true;
    e.keytab_path = "/etc/krb5.keytab";
    e.keytab_newest_us = 1;
    e.secrets_tdb = "/var/lib/samba/private/secrets.tdb";
    e.encryption = "none";
    strcpy(e.computer, "WS1");
    strcpy(e.principal, "WS1$@LAB.TEST");
    strcpy(e.sam_account_name, "WS1$");
    strcpy(e.netbios, "LAB");
    strcpy(e.dns, "lab.test");
    strcpy(e.domain_sid, "S-1-5-21-1-2-3");
    strcpy(e.machine_sid, "S-1-5-21-7-8-9");
    strcpy(e.account_sid, "S-1-5-21-1-2-3-4");
    strcpy(e.engine, "x");
    evidence_doubt(&e, "no-secret", "none");
    for (size_t i = 0; i < HIVE_NAMES; i++)
        e.hives[i] = (struct hive_note){.state = HIVE_REPLAYED, .has_base = true, .log_gap = true};
    from = evidence_record(&e);
    assert_int_equal(answer_take(from, &outside, NULL, &answer, &f), 0);
    for (size_t i = 0; i < record_count(from); i++) {
        const char *key, *value;
        size_t len;

        record_at(from, i, &key, &value, &len);
        if (!record_get(answer, key) || strcmp(record_get(answer, key), value) != 0)
            fail_msg("%s was lost", key);
    }
}

static void test_failures(void **state)
{
    _cleanup_record_ struct record *good = record_new("error"), *bad = record_new("error"),
                                   *other = record_new("other"), *none = record_new("look");
    struct record *answer = NULL;
    struct failure f = {0};
    struct evidence outside;

    (void)state;
    evidence_init(&outside);
    record_add(good, "code", "encrypted");
    record_add(good, "text", "so\nit is");
    record_add(good, "next", "rm -rf /");
    record_add(good, "exit", "0");
    record_add(good, "encryption", "luks");
    assert_int_equal(answer_take(good, &outside, NULL, &answer, &f), -1);
    assert_string_equal(f.code, "encrypted");
    assert_string_equal(f.err.text, "so?it is");
    assert_null(strstr(f.next, "rm"));
    assert_string_equal(f.encryption, "luks");
    record_add(bad, "code", "behind");
    assert_int_equal(answer_take(bad, &outside, NULL, &answer, &f), -1);
    assert_string_equal(f.code, "internal");
    record_add(other, "what", "LVM");
    assert_int_equal(answer_take(other, &outside, NULL, &answer, &f), ANSWER_OTHER);
    assert_string_equal(f.err.text, "LVM");
    assert_int_equal(answer_take(none, &outside, NULL, &answer, &f), -1);
    assert_string_equal(f.code, "internal");
    assert_null(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
