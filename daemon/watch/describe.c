// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/watch/describe.h"

#include "daemon/watch/guestxml.h"
#include "daemon/watch/kind.h"

#include <errno.h>
#include <inttypes.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/stat.h>

// Where libvirt's qemu driver keeps the XML of its persistent guests; one's change of time survives missed events.
#define QEMU_XML_DIR "/etc/libvirt/qemu"

static void snapshot_freep(virDomainSnapshotPtr *s)
{
    if (*s)
        virDomainSnapshotFree(*s);
}

// libvirt's last error as ours; the guest's absence is told from everything else.
static int libvirt_error(struct err *err, const char *what)
{
    const virError *e = virGetLastError();
    int code = e ? e->code : VIR_ERR_INTERNAL_ERROR;

    return err_set(err, code == VIR_ERR_NO_DOMAIN ? -ENOENT : -EIO, "%s: %s", what,
                   e && e->message ? e->message : "libvirt gives no reason");
}

static void add_once(struct record *r, const char *key, const char *value)
{
    if (!record_get(r, key))
        record_add(r, key, value);
}

static void add_files(struct filestat *fs, struct record *r)
{
    for (unsigned n = 0; n < GUESTXML_DISKS_MAX; n++) {
        struct filestat_result st;
        char key[RECORD_KEY_MAX];
        const char *type, *path;

        snprintf(key, sizeof key, "disk.%u.type", n);
        type = record_get(r, key);
        if (!type)
            break;
        snprintf(key, sizeof key, "disk.%u.path", n);
        path = record_get(r, key);
        if (strcmp(type, "file") != 0 || !path || path[0] != '/' || filestat_get(fs, path, &st) < 0)
            continue;
        snprintf(key, sizeof key, "disk.%u.inode", n);
        record_addf(r, key, "%" PRIu64 ":%" PRIu64, st.dev, st.ino);
        snprintf(key, sizeof key, "disk.%u.mtime_us", n);
        record_add_i64(r, key, st.mtime_us);
        snprintf(key, sizeof key, "disk.%u.size", n);
        record_add_u64(r, key, st.size);
    }
}

int describe_xml(const char *xml, size_t len, struct filestat *fs, struct record *r, struct err *err)
{
    struct guestxml_id id;
    int rc = guestxml_describe(xml, len, &id, r, err);

    if (rc < 0)
        return rc;
    if (id.uuid[0])
        add_once(r, "guest", id.uuid);
    if (id.name[0])
        add_once(r, "name", id.name);
    add_files(fs, r);
    return 0;
}

static void add_snapshot(virDomainPtr domain, struct record *r)
{
    _cleanup_(snapshot_freep) virDomainSnapshotPtr snapshot = NULL;
    _cleanup_free_ char *xml = NULL;

    if (virDomainHasCurrentSnapshot(domain, 0) != 1)
        return;
    snapshot = virDomainSnapshotCurrent(domain, 0);
    xml = snapshot ? virDomainSnapshotGetXMLDesc(snapshot, 0) : NULL;
    if (xml)
        (void)guestxml_snapshot(xml, strlen(xml), r, NULL); // unknown stays absent
}

static void add_xml_time(const char *name, struct record *r)
{
    char path[1024];
    struct stat st;

    // libvirt allows no '/' in a name; and this directory is never on a network file system that hangs.
    if (strchr(name, '/') || snprintf(path, sizeof path, QEMU_XML_DIR "/%s.xml", name) >= (int)sizeof path)
        return;
    if (stat(path, &st) == 0)
        record_add_i64(r, "xml_mtime_us", (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000);
}

int describe_guest(virDomainPtr domain, struct filestat *fs, struct record *r, struct err *err)
{
    _cleanup_free_ char *xml = NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];
    const char *name = virDomainGetName(domain);
    int state = 0, reason = 0, flag, rc;

    if (virDomainGetUUIDString(domain, uuid) == 0)
        add_once(r, "guest", uuid);
    add_once(r, "name", name);
    // The live XML where it runs (the inactive one does not name the backing chain), else the inactive one.
    xml = virDomainGetXMLDesc(domain, 0);
    if (!xml)
        return libvirt_error(err, "the guest's XML");
    if (virDomainGetState(domain, &state, &reason, 0) < 0)
        return libvirt_error(err, "the guest's state");
    record_add(r, "state", kind_state_text(state));
    record_add(r, "state_reason", kind_reason_text(state, reason));
    flag = virDomainIsPersistent(domain);
    if (flag >= 0)
        record_add_bool(r, "persistent", flag == 1);
    flag = virDomainHasManagedSaveImage(domain, 0);
    if (flag >= 0)
        record_add_bool(r, "managedsave", flag == 1);
    add_snapshot(domain, r);
    add_xml_time(name, r);
    rc = describe_xml(xml, strlen(xml), fs, r, err);
    return rc < 0 ? -EIO : 0;
}

virDomainPtr describe_find(virConnectPtr connection, const char *guest, int *ret_rc, struct err *err)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, guest);

    if (!domain)
        domain = virDomainLookupByName(connection, guest);
    if (!domain) {
        const virError *e = virGetLastError();

        if (e && e->code == VIR_ERR_NO_DOMAIN)
            *ret_rc = err_set(err, -ENOENT, "libvirt knows no guest called %s", guest);
        else
            *ret_rc = libvirt_error(err, guest);
    }
    return domain;
}
