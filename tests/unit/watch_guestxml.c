// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/guestxml.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct case_ {
    const char *name, *xml;
    const char *keys[40]; // key, value, …; NULL value: absent
};

#define HEAD "<domain type='kvm' id='1'><name>a&amp;b</name><uuid>1b2f7c6e-0000-4000-8000-00000000002a</uuid>"
#define QEMU_HEAD                                                                                      \
    "<domain "                                                                                         \
    "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>a&amp;b</name><uuid>1b2f7c6e-0000-" \
    "4000-8000-00000000002a</uuid>"
#define DEVICES(x) HEAD "<devices>" x "</devices></domain>"

static const struct case_ cases[] = {
    {"no devices",
     HEAD "</domain>",
     {"agent", "none", "transient_disks", "0", "disk.0.type", NULL, "title", NULL}},
    {"title and genid",
     HEAD "<genid>c1b1</genid><title>Web &lt;1&gt;</title><metadata><x:title "
          "xmlns:x='u'>no</x:title></metadata></domain>",
     {"title", "Web <1>", "genid", "c1b1"}},
    {"a live chain of three",
     DEVICES(
         "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
         "<source file='/g/top.qcow2' index='3'/><backingStore type='file' index='4'><format type='qcow2'/>"
         "<source file='/g/middle.qcow2'/><backingStore type='block' index='5'><format type='raw'/>"
         "<source dev='/dev/vg/base'/><backingStore/></backingStore></backingStore>"
         "<target dev='vda' bus='virtio'/></disk>"),
     {"disk.0.target",
      "vda",
      "disk.0.type",
      "file",
      "disk.0.path",
      "/g/top.qcow2",
      "disk.0.format",
      "qcow2",
      "disk.0.device",
      "disk",
      "disk.0.readonly",
      "0",
      "disk.0.backing.0.path",
      "/g/middle.qcow2",
      "disk.0.backing.0.format",
      "qcow2",
      "disk.0.backing.0.type",
      "file",
      "disk.0.backing.1.path",
      "/dev/vg/base",
      "disk.0.backing.1.type",
      "block",
      "disk.0.backing.1.format",
      "raw",
      "disk.0.backing.2.type",
      NULL}},
    {"only disks that are disks",
     DEVICES("<disk type='file' device='cdrom'><source file='/x.iso'/><target dev='sda'/></disk>"
             "<disk type='file' device='floppy'><source file='/x.img'/><target dev='fda'/></disk>"
             "<disk type='block'><driver type='raw'/><source dev='/dev/sdb'/><target "
             "dev='vdb'/><readonly/></disk>"
             "<disk type='block' device='lun'><source dev='/dev/sdc'/><target dev='sdc'/></disk>"),
     {"disk.0.target", "vdb", "disk.0.path", "/dev/sdb", "disk.0.readonly", "1", "disk.0.format", "raw",
      "disk.1.target", NULL}},
    {"network, volume, directory",
     DEVICES("<disk type='network' device='disk'><driver type='raw'/><source protocol='rbd' name='pool/img'>"
             "<host name='mon1' port='6789'/><host name='mon2'/></source><target dev='vda'/></disk>"
             "<disk type='volume' device='disk'><source pool='p' volume='v.qcow2'/><target dev='vdb'/></disk>"
             "<disk type='dir' device='disk'><source dir='/d'/><target dev='vdc'/></disk>"
             "<disk type='nvme' device='disk'><source type='pci'/><target dev='vdd'/></disk>"),
     {"disk.0.protocol", "rbd",    "disk.0.name", "pool/img",  "disk.0.host", "mon1",
      "disk.0.port",     "6789",   "disk.0.auth", NULL,        "disk.0.path", NULL,
      "disk.1.type",     "volume", "disk.1.name", "p/v.qcow2", "disk.2.path", "/d",
      "disk.3.type",     "nvme",   "disk.3.path", NULL}},
    {"network disks that ask for more",
     DEVICES("<disk type='network'><source protocol='nbd' name='x' tls='yes'><host transport='unix' "
             "socket='/run/nbd'/></source><target dev='vda'/></disk>"
             "<disk type='network'><auth username='u'/><source protocol='rbd' name='p/i'/><target "
             "dev='vdb'/></disk>"
             "<disk type='network'><source protocol='rbd' name='p/i'><auth username='u'/></source><target "
             "dev='vdc'/></disk>"),
     {"disk.0.tls", "1", "disk.0.transport", "unix", "disk.0.socket", "/run/nbd", "disk.0.auth", NULL,
      "disk.1.auth", "1", "disk.2.auth", "1"}},
    {"encryption in both places, transient",
     DEVICES(
         "<disk type='file'><source file='/a'><encryption format='luks'/></source><target dev='vda'/></disk>"
         "<disk type='file'><source file='/b'/><encryption format='qcow'/><transient/><target "
         "dev='vdb'/></disk>"),
     {"disk.0.encryption", "luks", "disk.1.encryption", "qcow", "transient_disks", "1"}},
    {"a disk without a source",
     DEVICES("<disk type='file'><target dev='vda'/></disk>"),
     {"disk.0.type", "file", "disk.0.path", NULL}},
    {"QEMU's snapshot mode",
     QEMU_HEAD "<qemu:commandline><qemu:arg value='-drive'/>"
               "<qemu:arg value='file=/a,snapshot=on,if=none'/></qemu:commandline></domain>",
     {"transient_disks", "1"}},
    {"QEMU's arguments otherwise",
     QEMU_HEAD
     "<qemu:commandline><qemu:arg value='-S'/>"
     "</qemu:commandline><x:commandline xmlns:x='u'><x:arg value='-snapshot'/></x:commandline></domain>",
     {"transient_disks", "0"}},
    {"metadata of virtrust's own, and of others",
     HEAD "<metadata><v:guest xmlns:v='urn:virtrust:guest' pool='vdi'><v:owner unit='9'> it \n</v:owner>"
          "<v:none/></v:guest><nova:instance xmlns:nova='http://nova/1'><nova:owner><nova:user id='7'>joe"
          "</nova:user></nova:owner></nova:instance><plain>no</plain></metadata></domain>",
     {"metadata.0.key",   "pool",
      "metadata.0.value", "vdi",
      "metadata.1.key",   "owner/unit",
      "metadata.1.value", "9",
      "metadata.2.key",   "owner",
      "metadata.2.value", "it",
      "metadata.3.key",   "{http://nova/1}instance/owner/user/id",
      "metadata.3.value", "7",
      "metadata.4.key",   "{http://nova/1}instance/owner/user",
      "metadata.4.value", "joe",
      "metadata.5.key",   NULL}},
    {"agent connected",
     DEVICES("<channel type='unix'><target type='virtio' name='com.redhat.spice.0'/></channel>"
             "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' "
             "state='connected'/></channel>"),
     {"agent", "connected"}},
    {"no agent, but the helper at its own port",
     DEVICES("<channel><target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/></channel>"
             "<channel><target type='virtio' name='org.virtrust.guest.0' state='connected'/></channel>"),
     {"agent", "connected"}},
    {"a port without its helper",
     DEVICES("<channel><target type='virtio' name='org.virtrust.guest.0' state='disconnected'/></channel>"),
     {"agent", "disconnected"}},
    {"a TPM", DEVICES("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"), {"tpm", "1"}},
    {"no TPM", DEVICES("<rng model='virtio'/>"), {"tpm", NULL}},
    {"agent disconnected",
     DEVICES("<channel><target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/></channel>"),
     {"agent", "disconnected"}},
    {"agent of a guest that is off",
     DEVICES("<channel><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"),
     {"agent", "disconnected"}},
    {"an element of another name space is not libvirt's",
     HEAD "<x:devices xmlns:x='u'><disk type='file'><target dev='vda'/></disk></x:devices></domain>",
     {"disk.0.type", NULL}},
    {"bytes that a record has to escape",
     DEVICES("<disk type='file'><source file='/g/a b%\xc3\xa9&#10;'/></disk>"),
     {"disk.0.path", "/g/a b%\xc3\xa9\n"}},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_record_ struct record *r = record_new("described");
        struct guestxml_id id;
        struct err err = {0};

        if (guestxml_describe(cases[i].xml, strlen(cases[i].xml), &id, r, &err) != 0)
            fail_msg("%s: %s", cases[i].name, err.text);
        assert_string_equal(id.uuid, "1b2f7c6e-0000-4000-8000-00000000002a");
        assert_string_equal(id.name, "a&b");
        for (size_t k = 0; cases[i].keys[k]; k += 2) {
            const char *value = record_get(r, cases[i].keys[k]), *wanted = cases[i].keys[k + 1];

            if ((value && wanted && strcmp(value, wanted) != 0) || !value != !wanted)
                fail_msg("%s: %s is %s, not %s", cases[i].name, cases[i].keys[k], value ? value : "absent",
                         wanted ? wanted : "absent");
        }
    }
}

static void test_hostile(void **state)
{
    static const char *const bad[] = {
        "",
        "no xml",
        "<domain><name>x",
        "<network/>",
        "<!DOCTYPE domain [<!ENTITY a 'x'>]><domain><name>&a;</name></domain>",
        "<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>",
        "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><domain><title>&a;</title></domain>",
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d "
        "'&c;&c;&c;&c;&c;&c;&c;&c;'>]><domain><title>&d;</title></domain>",
        "<domain><title>&nothing;</title></domain>",
        "<domain><title>\xff\xfe</title></domain>",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_record_ struct record *r = record_new("described");
        struct guestxml_id id = {.uuid = "untouched"};
        struct err err = {0};

        if (guestxml_describe(bad[i], strlen(bad[i]), &id, r, &err) != -EBADMSG)
            fail_msg("row %zu was taken", i);
        assert_true(err.text[0] != '\0');
        assert_int_equal(record_count(r), 2);
        assert_string_equal(id.uuid, "untouched");
    }
}

// More of everything than the caps allow: what is told stays a record that can be sent, with room for other keys.
static void test_caps(void **state)
{
    size_t room = GUESTXML_MAX + 1024, used;
    _cleanup_free_ char *xml = malloc(room), *data = NULL;
    _cleanup_record_ struct record *r = record_new("described"), *big = record_new("described");
    struct guestxml_id id;
    struct err err = {0};

    (void)state;
    used = (size_t)snprintf(xml, room, HEAD "<devices>");
    for (int i = 0; i < 300; i++) {
        used += (size_t)snprintf(xml + used, room - used, "<disk type='file'><source file='/%d'/>", i);
        for (int k = 0; k < 40; k++)
            used += (size_t)snprintf(xml + used, room - used,
                                     "<backingStore type='file'><source file='/b'/>");
        for (int k = 0; k < 40; k++)
            used += (size_t)snprintf(xml + used, room - used, "</backingStore>");
        used += (size_t)snprintf(xml + used, room - used, "</disk>");
    }
    snprintf(xml + used, room - used, "</devices></domain>");
    assert_int_equal(guestxml_describe(xml, strlen(xml), &id, r, &err), 0);
    assert_true(record_count(r) <= GUESTXML_KEYS_MAX);
    assert_int_equal(record_encode(r, &data, &used), 0);

    used = (size_t)snprintf(xml, room, HEAD "<title>");
    memset(xml + used, 'x', GUESTXML_VALUE_MAX + 1);
    snprintf(xml + used + GUESTXML_VALUE_MAX + 1, 64, "</title></domain>");
    assert_int_equal(guestxml_describe(xml, strlen(xml), &id, big, &err), 0);
    assert_null(record_get(big, "title"));
    memset(xml, ' ', room);
    assert_int_equal(guestxml_describe(xml, GUESTXML_MAX + 1, &id, big, &err), -E2BIG);
}

// Depth beyond libxml2's own limit is an error, not a crash.
static void test_depth(void **state)
{
    size_t room = 64 * 1024, used = 0;
    _cleanup_free_ char *xml = malloc(room);
    _cleanup_record_ struct record *r = record_new("described");
    struct guestxml_id id;

    (void)state;
    for (int i = 0; i < 5000; i++)
        used += (size_t)snprintf(xml + used, room - used, "<domain>");
    assert_true(guestxml_describe(xml, used, &id, r, NULL) < 0);
}

static void test_snapshot(void **state)
{
    static const char xml[] = "<domainsnapshot><name>before update</name><state>running</state>"
                              "<creationTime>1700000000</creationTime></domainsnapshot>";
    static const char odd[] =
        "<domainsnapshot><name>s</name><creationTime>x1</creationTime></domainsnapshot>";
    _cleanup_record_ struct record *r = record_new("described"), *o = record_new("described");

    (void)state;
    assert_int_equal(guestxml_snapshot(xml, strlen(xml), r, NULL), 0);
    assert_string_equal(record_get(r, "snapshot"), "before update");
    assert_string_equal(record_get(r, "snapshot_created_us"), "1700000000000000");
    assert_int_equal(guestxml_snapshot(odd, strlen(odd), o, NULL), 0);
    assert_null(record_get(o, "snapshot_created_us"));
    assert_int_equal(guestxml_snapshot("<domain/>", 9, o, NULL), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_hostile),  cmocka_unit_test(test_caps),
        cmocka_unit_test(test_depth), cmocka_unit_test(test_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
