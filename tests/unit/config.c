// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/config/config.h"
#include "daemon/core/policy.h"

#include "tests/unit/testing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// Loads `text` from a file named "c"; errors then begin with "c:".
static int load_bytes(const void *text, size_t len, struct config **ret, struct err *err)
{
    _cleanup_fclose_ FILE *f = fopen("c", "we");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fflush(f), 0);
    return config_load("c", ret, err);
}

static struct config *load_ok(const char *text)
{
    struct config *c = NULL;
    struct err err = {0};
    int rc = load_bytes(text, strlen(text), &c, &err);

    if (rc != 0)
        fail_msg("refused: %s", err.text);
    return c;
}

// Every case in one table: the file, and what the sentence has to be.
static const struct refused {
    const char *text, *sentence;
} refused[] = {
    {"mdoe: ask\n", "c:1:1: mdoe: there is no such option; here may stand: mode, paths, libvirt, look, "
                    "helper, repair, breaker, history, "
                    "domains, policies"},
    {"mode: fix\n", "c:1:7: mode: 'fix' is no mode; write observe, ask or repair"},
    {"look:\n  timout: 3\n", "c:2:3: look.timout: there is no such option; here may stand: on_first_sight, "
                             "on_every_start, engine, at_once, appliances, timeout, "
                             "settle"},
    {"look:\n  timeout: 3\n",
     "c:2:12: look.timeout: '3' does not fit; write a duration from 10s to 1h, such as 3m"},
    {"look:\n  timeout: 2h\n",
     "c:2:12: look.timeout: '2h' does not fit; write a duration from 10s to 1h, such as 3m"},
    {"look:\n  timeout: 10500ms\n",
     "c:2:12: look.timeout: '10500ms' does not fit; write a duration from 10s to 1h, such as 3m"},
    {"look:\n  appliances: 0\n",
     "c:2:15: look.appliances: '0' does not fit; write a whole number from 1 to 16"},
    {"look:\n  at_once: 99999999999999999999\n",
     "c:2:12: look.at_once: '99999999999999999999' does not fit; write a whole number from 0 to 64"},
    {"look:\n  on_first_sight: yes\n",
     "c:2:19: look.on_first_sight: 'yes' is neither true nor false; write one of the two"},
    {"look: 3\n",
     "c:1:7: look: is a section; write its options as key: value (on_first_sight, on_every_start, "
     "engine, at_once, appliances, timeout, settle)"},
    {"look:\n  engine: fast\n", "c:2:11: look.engine: 'fast' does not fit; write auto, direct or guestfs"},
    {"- mode\n",
     "c:1:1: is a section; write its options as key: value (mode, paths, libvirt, look, helper, repair, "
     "breaker, history, domains, policies)"},
    {"mode: [ask]\n", "c:1:7: mode: holds a list or a section; write one value"},
    {"mode:\n", "c:1:6: mode: has no value; write one, or leave the line out for the default"},
    {"mode: ask\nmode: ask\n", "c:2:1: mode: stands a second time (first in line 1); keep one"},
    {"look:\n  settle: 1s\n  settle: 1s\n",
     "c:3:3: settle: stands a second time (first in line 2); keep one"},
    {"paths:\n  state: lib\n",
     "c:2:10: paths.state: 'lib' does not fit; write an absolute path, such as /var/lib/virtrust"},
    {"paths:\n  state: /a/../b\n",
     "c:2:10: paths.state: '/a/../b' does not fit; write an absolute path, such as /var/lib/virtrust"},
    {"helper:\n  windows_path: /usr/bin/x\n", "c:2:17: helper.windows_path: '/usr/bin/x' does not fit; write "
                                              "a path of Windows' with its drive, such as "
                                              "C:\\Program Files\\virtrust\\virtrust-helper.exe"},
    {"helper:\n  windows_path: C:\\a\\..\\b.exe\n", "c:2:17: helper.windows_path: 'C:\\a\\..\\b.exe' does "
                                                    "not fit; write a path of Windows' with its drive, such "
                                                    "as C:\\Program Files\\virtrust\\virtrust-helper.exe"},
    {"helper:\n  windows_path: C:\\a&b\\h.exe\n", "c:2:17: helper.windows_path: 'C:\\a&b\\h.exe' does not "
                                                  "fit; write a path of Windows' with its drive, such "
                                                  "as C:\\Program Files\\virtrust\\virtrust-helper.exe"},
    {"libvirt:\n  uri: \"a\\0b\"\n", "c:2:8: libvirt.uri: holds a NUL character; write plain text"},
    {"? [a]\n: b\n", "c:1:3: a key that is no word; write key: value"},
    {"domains:\n  - netbios: A\n", "c:2:5: domains[0]: has no name; write the domain's DNS name as name:"},
    {"domains:\n  - a.b\n", "c:2:5: domains[0]: is an entry of options; write them as - key: value"},
    {"domains: a.b\n", "c:1:10: domains: is a list; write its entries below it, each with a dash"},
    {"domains:\n  - name: a.b\n    keytab: x\n",
     "c:3:13: domains[0].keytab: 'x' does not fit; write an absolute path, such as /var/lib/virtrust"},
    {"domains:\n  - name: a..b\n",
     "c:2:11: domains[0].name: 'a..b' does not fit; write the domain's DNS name, such as corp.example.com"},
    {"domains:\n  - {name: a.b, base: Users}\n",
     "c:2:23: domains[0].base: 'Users' does not fit; write a distinguished name, such as "
     "OU=VDI,DC=corp,DC=example,DC=com"},
    {"domains:\n  - {name: a.b, principal: svc}\n",
     "c:2:28: domains[0].principal: 'svc' does not fit; write a Kerberos principal with its realm, such as "
     "virtrust@CORP.EXAMPLE.COM"},
    {"domains:\n  - {name: a.b, dcs: [a b]}\n",
     "c:2:23: domains[0].dcs: 'a b' does not fit; write a host name, such as dc1.corp.example.com"},
    {"domains:\n  - {name: a.b, dcs: dc1}\n",
     "c:2:22: domains[0].dcs: is a list; write its entries below it, each with a dash"},
    {"domains:\n  - name: a.b\n  - name: A.c\n",
     "c:3:11: domains[1]: A.c (A) stands a second time; write one entry for each domain"},
    {"policies:\n  - domain: x.y\n",
     "c:2:13: policies[0]: 'x.y' is no entry of domains; write the name of one, or add it there"},
    {"policies:\n  - computer: \"{name}\"\n",
     "c:2:15: policies[0]: no domain is configured; add one to domains"},
    {"policies:\n  - computer: a\ndomains:\n  - name: a.b\n  - name: c.d\n",
     "c:2:15: policies[0]: in which domain? Several are configured; write one as domain:"},
    {"policies:\n  - computer: \"{nmae}\"\n", "c:2:15: policies[0].computer: '{nmae}' does not fit; write a "
                                              "computer's name, in which {name}, {title} or "
                                              "{name:15} (cut to 15 characters) may stand"},
    {"policies:\n  - match: {nam: x}\n",
     "c:2:13: policies[0].match.nam: there is no such option; here may stand: name, title, metadata, "
     "domain, ou, role"},
    {"policies:\n  - match: {ou: VDI}\n",
     "c:2:17: policies[0].match.ou: 'VDI' does not fit; write a distinguished name, such as "
     "OU=VDI,DC=corp,DC=example,DC=com, or a pattern"},
    {"policies:\n  - match: {role: server}\n", "c:2:19: policies[0].match.role: 'server' does not fit; write "
                                               "member, workgroup or domain-controller"},
    {"policies:\n  - match: {metadata: [pool]}\n", "c:2:24: policies[0].match.metadata: 'pool' does not fit; "
                                                   "write a key and a pattern, such as pool=vdi-* or "
                                                   "{http://example.com/ns}server/owner=it"},
    {"policies:\n  - match: {domain: x.y}\n", "c:2:12: policies[0]: match.domain: 'x.y' is no entry of "
                                              "domains; write the name of one, or add it there"},
    {"policies:\n  - match: {name: \"vdi-[0-9\"}\n",
     "c:2:19: policies[0].match.name: 'vdi-[0-9' does not fit; "
     "write a pattern such as vdi-* or vdi-[0-9]*"},
    {"policies:\n  - match: {metadata: [\"pool=[a\"]}\n",
     "c:2:24: policies[0].match.metadata: 'pool=[a' does not fit; write a key and a pattern, such as "
     "pool=vdi-* or {http://example.com/ns}server/owner=it"},
    {"policies:\n  - strategies: []\n", "c:2:17: policies[0].strategies: is empty; write one or more of "
                                        "wait, provision and credential, or leave "
                                        "the line out; mode: observe repairs nothing"},
    {"policies:\n  - strategies: [carry]\n",
     "c:2:18: policies[0].strategies: 'carry' does not fit; write wait, "
     "provision or credential"},
    {"policies:\n  - quiet_hours: [at night]\n",
     "c:2:19: policies[0].quiet_hours: 'at night' does not fit; write days, times or both, and a time zone "
     "of "
     "tzdata if need be, such as Mon-Fri 08:00-18:00 Europe/Berlin"},
    {"repair:\n  quiet_hours: [Mon Nowhere/Town]\n",
     "c:2:17: repair.quiet_hours: 'Mon Nowhere/Town' does "
     "not fit; write days, times or both, and a time zone of tzdata if need be, such as Mon-Fri "
     "08:00-18:00 Europe/Berlin"},
    {"policies:\n  - name: a\n  - name: a\n",
     "c:3:11: policies[1]: a stands a second time; give each entry a name of its own"},
    {"domains: [{name: a.b}]\npolicies:\n  - {computer: x, bind: by-proof}\n",
     "c:3:25: policies[0]: bind and computer are two ways to bind; write one of them"},
    {"policies:\n  - limits: {at_once: 0}\n",
     "c:2:23: policies[0].limits.at_once: '0' does not fit; write a whole number from 1 to 1000"},
    {"mode: ask\n---\nmode: ask\n", "c:2:1: a second document begins; there is room for one only"},
    {"mode: &a ask\n", "c:1:7: an anchor (&name); anchors and aliases are not used here"},
    {"mode: *a\n", "c:1:7: an alias (*name); write the value itself"},
    {"mode: !!str ask\n", "c:1:7: a tag (!name); write the plain value"},
    {"mode: [[[[[[[[[ask]]]]]]]]]\n", "c:1:14: nested too deeply; no option lies that deep"},
    {"mode: \"ask\n", "c:2:1: not YAML: found unexpected end of stream while scanning a quoted scalar; check "
                      "indentation, colons and quotes here and just above"},
    {"\xff\xfem", "c:1:1: invalid leading UTF-8 octet; the file has to be plain UTF-8 text"},
    {"mode: ask\n# \xc3\x28\n", "c:2:4: invalid trailing UTF-8 octet; the file has to be plain UTF-8 text"},
    {"mode: \x01\n", "c:1:7: control characters are not allowed; the file has to be plain UTF-8 text"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct config *c = NULL;
        struct err err = {0};

        assert_int_equal(load_bytes(refused[i].text, strlen(refused[i].text), &c, &err), -EINVAL);
        assert_string_equal(err.text, refused[i].sentence);
        assert_null(c);
    }
}

static void test_nul_byte(void **state)
{
    static const char text[] = "mode: ask\n\0mode: repair\n";
    struct config *c = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(load_bytes(text, sizeof text - 1, &c, &err), -EINVAL);
    assert_string_equal(err.text,
                        "c:2:1: control characters are not allowed; the file has to be plain UTF-8 text");
}

// A few lines that would unfold to gigabytes, a megabyte of brackets, a megabyte of entries.
static void test_bombs(void **state)
{
    static char big[1024 * 1024 + 2];
    struct config *c = NULL;
    struct err err = {0};

    (void)state;
    memset(big, '#', sizeof big);
    assert_int_equal(load_bytes(big, sizeof big, &c, &err), -EINVAL);
    assert_string_equal(err.text, "c: is larger than 1048576 bytes; this is no virtrust.yaml");
    memset(big, '[', sizeof big);
    assert_int_equal(load_bytes(big, 500000, &c, &err), -EINVAL);
    assert_string_equal(err.text, "c:1:9: nested too deeply; no option lies that deep");
    for (size_t i = 0; i + 2 <= 1000000; i += 2)
        memcpy(big + i, "[,", 2);
    memcpy(big, "[ ", 2);
    for (size_t i = 2; i + 2 <= 1000000; i += 2)
        memcpy(big + i, "1,", 2);
    assert_int_equal(load_bytes(big, 1000000, &c, &err), -EINVAL);
    assert_string_equal(err.text, "c:1:100001: too many values; this is no virtrust.yaml");
    assert_null(c);
}

static void test_no_file(void **state)
{
    struct config *c = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(config_load("absent", &c, &err), -ENOENT);
    assert_string_equal(err.text, "absent: No such file or directory; name an existing file with --config");
    assert_int_equal(config_load("/", &c, &err), -EINVAL);
    assert_string_equal(err.text, "/: is not a file; name the YAML file itself");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    assert_int_equal(config_load("pipe", &c, &err), -EINVAL);
    assert_int_equal(config_load("/dev/null", &c, &err), 0);
    assert_string_equal(c->file, "/dev/null");
    config_free(c);
}

static const char two_domains[] =
    "mode: ask\n"
    "domains:\n"
    "  - name: corp.example\n"
    "  - {name: lab.example, netbios: LABO, dcs: [dc1, dc2.lab.example], keytab: /k}\n"
    "policies:\n"
    "  - match: {name: vdi-*}\n"
    "    mode: repair\n"
    "    domain: labo\n"
    "    computer: \"{name:8}$\"\n"
    "    helper_push: true\n"
    "  - match: {title: \"*server*\"}\n"
    "    look_on_every_start: false\n"
    "    look_key_file: /etc/virtrust/srv.key\n"
    "    domain: corp.example\n"
    "    computer: SRV-{title}\n"
    "helper: {push: false}\n";

static void test_values(void **state)
{
    _cleanup_(config_freep) struct config *c = load_ok(two_domains);

    (void)state;
    assert_int_equal(c->mode, MODE_ASK);
    assert_int_equal(c->domains_count, 2);
    assert_string_equal(c->domains[0].netbios, "CORP");
    assert_int_equal(c->domains[0].resets_per_hour, 20);
    assert_null(c->domains[0].base);
    assert_int_equal(c->domains[0].dcs_count, 0);
    assert_string_equal(c->domains[1].netbios, "LABO");
    assert_int_equal(c->domains[1].dcs_count, 2);
    assert_string_equal(c->domains[1].dcs[1], "dc2.lab.example");
    assert_ptr_equal(config_domain(c, "LAB.example"), &c->domains[1]);
    assert_ptr_equal(config_domain(c, "labo"), &c->domains[1]);
    assert_null(config_domain(c, NULL));
    assert_null(config_domain(c, "else"));
}

static void choose(const struct config *c, const char *name, const char *title, struct config_choice *ret)
{
    struct policy_subject s = {.name = name, .title = title, .described = true};

    config_choose(c, &s, ret);
}

static void test_choice(void **state)
{
    _cleanup_(config_freep) struct config *c = load_ok(two_domains);
    struct config_choice choice;

    (void)state;
    choose(c, "vdi-0123456", "a server", &choice);
    assert_int_equal(choice.mode, MODE_REPAIR);
    assert_ptr_equal(choice.policy, &c->policies[0]);
    assert_ptr_equal(choice.domain, &c->domains[1]);
    assert_true(choice.push_helper);
    assert_true(choice.look_on_every_start);
    assert_null(choice.look_key_file);
    assert_string_equal(choice.computer, "vdi-0123");

    choose(c, "x", "server", &choice);
    assert_int_equal(choice.mode, MODE_ASK);
    assert_false(choice.look_on_every_start);
    assert_string_equal(choice.look_key_file, "/etc/virtrust/srv.key");
    assert_string_equal(choice.computer, "SRV-server");
    choose(c, "x", "my server", &choice); // no account has a blank in its name
    assert_string_equal(choice.computer, "");

    choose(c, "x", "", &choice);
    assert_null(choice.policy);
    assert_null(choice.undecided);
    assert_null(choice.domain);
    assert_int_equal(choice.strategies, STRATEGY_WAIT | STRATEGY_PROVISION);
    assert_string_equal(choice.computer, "");
}

static const char by_account[] =
    "mode: ask\n"
    "repair: {strategies: [provision], quiet_hours: [Sat-Sun]}\n"
    "domains: [{name: corp.example}]\n"
    "policies:\n"
    "  - {name: tier0, match: {ou: \"OU=Tier0,DC=corp,DC=example\"}, mode: observe}\n"
    "  - match: {metadata: [pool=vdi*], role: member}\n"
    "    mode: repair\n"
    "    computer: \"{name}\"\n"
    "    strategies: [credential, provision, credential]\n"
    "    quiet_hours: [\"22:00-06:00 UTC\", Fri]\n"
    "    limits: {at_once: 2, per_hour: 9}\n"
    "    discarded: true\n"
    "  - {name: always, match: {name: always}, mode: repair, quiet_hours: []}\n";

// What stands above and cannot be decided yet caps the mode, and binds nobody's hands in binding.
static void test_undecided(void **state)
{
    static const struct policy_value pool[] = {{"tier", "2"}, {"pool", "vdi-2"}};
    _cleanup_(config_freep) struct config *c = load_ok(by_account);
    struct policy_subject s = {
        .name = "x", .title = "", .described = true, .metadata = pool, .metadata_count = 2};
    struct config_choice choice;

    (void)state;
    config_choose(c, &s, &choice); // neither where its account lies nor its role is known
    assert_null(choice.policy);
    assert_ptr_equal(choice.undecided, &c->policies[0]);
    assert_int_equal(choice.mode, MODE_OBSERVE);

    s.role = ROLE_MEMBER;
    config_choose(c, &s, &choice);
    assert_ptr_equal(choice.policy, &c->policies[1]);
    assert_string_equal(choice.policy->name, "policy-2");
    assert_ptr_equal(choice.undecided, &c->policies[0]);
    assert_int_equal(choice.mode, MODE_OBSERVE);
    assert_string_equal(choice.computer, "x");

    s.domain = "corp.example";
    s.dn = "CN=x,OU=Desks,DC=corp,DC=example";
    config_choose(c, &s, &choice);
    assert_null(choice.undecided);
    assert_int_equal(choice.mode, MODE_REPAIR);
    assert_true(choice.discarded);
    assert_int_equal(choice.policy->at_once, 2);
    assert_int_equal(choice.policy->per_hour, 9);
    assert_int_equal(choice.strategies, STRATEGY_PROVISION | STRATEGY_CREDENTIAL);
    assert_int_equal(choice.order[0], STRATEGY_CREDENTIAL);
    assert_int_equal(choice.order[1], STRATEGY_PROVISION);
    assert_int_equal(choice.order[2], 0);
    assert_int_equal(choice.quiet_count, 2);
    assert_int_equal(choice.quiet[0].from, 22 * 60);

    s.dn = "cn=x,ou=sub,ou=tier0,dc=corp,dc=example";
    config_choose(c, &s, &choice);
    assert_string_equal(choice.policy->name, "tier0");
    assert_int_equal(choice.mode, MODE_OBSERVE);
    assert_int_equal(choice.strategies, STRATEGY_PROVISION);
    assert_int_equal(choice.quiet_count, 1);

    // An empty list is written to have none where the option above has some.
    s.dn = "CN=x,DC=corp,DC=example";
    s.name = "always";
    s.metadata_count = 0;
    config_choose(c, &s, &choice);
    assert_string_equal(choice.policy->name, "always");
    assert_int_equal(choice.quiet_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_nul_byte), cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_no_file),   cmocka_unit_test(test_values),   cmocka_unit_test(test_choice),
        cmocka_unit_test(test_undecided),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
