// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/hive_facts.h"

#include "common/filetime.h"
#include "daemon/inspect/windows_facts.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

// A key's unnamed value below Policy. The types lie (REG_NONE all through): raw bytes. 0, REGF_NO_SUCH,
// -EBADMSG.
static int policy_value(const struct regf *t, const char *key, size_t max, struct blob *ret, struct err *err)
{
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, "Policy", key);

    return rc == 0 ? hive_tree_raw(t, &node, "", max, ret, err) : rc;
}

// A counted string: u16 bytes, u16 room, u32 offset of the UTF-16LE text (8). Empty and absent are the same.
static int policy_text(const struct regf *t, const char *key, char ret[static HIVE_TEXT_MAX], struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    size_t len, offset;
    int rc = policy_value(t, key, HIVE_STRING_MAX, &b, err);

    ret[0] = '\0';
    if (rc != 0 || b.len < 8)
        return rc;
    len = (size_t)b.data[0] | (size_t)b.data[1] << 8;
    offset = (size_t)b.data[4] | (size_t)b.data[5] << 8 | (size_t)b.data[6] << 16 | (size_t)b.data[7] << 24;
    if (len == 0)
        return 0;
    if (offset > b.len || len > b.len - offset)
        return err_set(err, -EBADMSG, "%s: its text leads out of it", key);
    utf16_text(b.data + offset, len, ret);
    return 0;
}

static int policy_sid(const struct regf *t, const char *key, char ret[static SID_TEXT], struct err *err)
{
    _cleanup_blob_ struct blob b = {0};
    int rc = policy_value(t, key, HIVE_STRING_MAX, &b, err);

    ret[0] = '\0';
    if (rc != 0 || b.len == 0)
        return rc;
    if (sid_text(b.data, b.len, ret) < 0) {
        ret[0] = '\0';
        return err_set(err, -EBADMSG, "%s: its %zu bytes are no SID", key, b.len);
    }
    return 0;
}

static void read_names(const struct regf *t, struct evidence *e)
{
    const struct {
        const char *key;
        char *text;
    } texts[] = {{"PolAcDmN", e->computer}, {"PolPrDmN", e->netbios}, {"PolDnDDN", e->dns}};
    const struct {
        const char *key;
        char *text;
    } sids[] = {{"PolAcDmS", e->machine_sid}, {"PolMachineAccountS", e->account_sid}};
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (policy_text(t, texts[i].key, texts[i].text, &err) < 0)
            evidence_doubt(e, "damaged-hive", "SECURITY: %s", err.text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(sids); i++) {
        if (policy_sid(t, sids[i].key, sids[i].text, &err) < 0)
            evidence_doubt(e, "damaged-hive", "SECURITY: %s", err.text);
    }
}

static void read_set_time(const struct regf *t, const struct regf_key *node, struct evidence *e)
{
    _cleanup_blob_ struct blob b = {0};
    struct err err = {0};
    uint64_t filetime = 0;
    int rc = hive_tree_raw(t, node, "", HIVE_STRING_MAX, &b, &err);

    if (rc != 0 || b.len != 8) {
        evidence_doubt(e, "no-set-time", "CupdTime of $MACHINE.ACC %s",
                       rc < 0 ? err.text
                              : "is not eight bytes long, so when the password was set is unknown");
        return;
    }
    for (size_t i = 0; i < 8; i++)
        filetime |= (uint64_t)b.data[i] << 8 * i;
    if (filetime_plausible(filetime))
        e->filetime = filetime;
    else
        evidence_doubt(e, "no-set-time", "CupdTime of $MACHINE.ACC holds %llu, which is no likely time",
                       (unsigned long long)filetime);
}

static void read_current(const struct regf *t, const struct regf_key *node, struct evidence *e)
{
    _cleanup_blob_ struct blob b = {0};
    struct err err = {0};
    int rc = hive_tree_raw(t, node, "", HIVE_SECRET_MAX, &b, &err);

    if (rc == 0 && b.len > 0)
        evidence_secret(e, b.data, b.len);
    else
        evidence_doubt(e, "no-secret", "CurrVal of $MACHINE.ACC %s", rc < 0 ? err.text : "is empty");
}

// With machine identity isolation the secret stands, besides or only, under another name, sealed by other means.
static int read_isolated(const struct regf *t, struct evidence *e, struct hive_facts *facts, struct err *err)
{
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, "Policy", "Secrets", "$MACHINE.ACC.IUM", "CurrVal");

    if (rc < 0)
        return rc;
    facts->isolated = rc == 0;
    evidence_fact(e, "guard.isolated_secret", "%d", facts->isolated);
    return 0;
}

// $MACHINE.ACC: is it there, since when, and what does its sealed object hash to?
static int read_secret(const struct regf *t, struct evidence *e, struct hive_facts *facts, struct err *err)
{
    static const struct {
        const char *key, *id, *lost;
        void (*read)(const struct regf *t, const struct regf_key *node, struct evidence *e);
    } parts[] = {
        {"CurrVal", "no-secret", "the secret itself is missing", read_current},
        {"CupdTime", "no-set-time", "when the password was set is unknown", read_set_time},
    };
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, "Policy", "Secrets", "$MACHINE.ACC");

    if (rc < 0)
        return rc;
    facts->secret_there = rc == 0 ? ANSWER_YES : ANSWER_NO;
    if (read_isolated(t, e, facts, err) < 0)
        return -EBADMSG;
    if (facts->secret_there == ANSWER_NO)
        return 0;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        struct err why = {0};

        rc = hive_tree_find(t, &node, &why, "Policy", "Secrets", "$MACHINE.ACC", parts[i].key);
        if (rc == 0)
            parts[i].read(t, &node, e);
        else
            evidence_doubt(e, parts[i].id, "$MACHINE.ACC has no readable %s, so %s%s%s", parts[i].key,
                           parts[i].lost, rc < 0 ? ": " : "", why.text);
    }
    return 0;
}

int hive_facts_security(const struct regf *t, struct evidence *e, struct hive_facts *facts, struct failure *f)
{
    struct err err = {0};
    struct regf_key node;
    int rc = hive_tree_find(t, &node, &err, "Policy");

    e->os = "windows";
    if (rc == REGF_NO_SUCH)
        return fail(f, "not-a-hive",
                    "SECURITY is a sound registry hive, but no SECURITY hive: it has no key Policy");
    if (rc < 0)
        return fail(f, "damaged-hive", "SECURITY is damaged: %s", err.text);
    // Whether the guest is joined hangs on these two: without them there is nothing to say.
    if (policy_sid(t, "PolPrDmS", e->domain_sid, &err) < 0 || read_secret(t, e, facts, &err) < 0)
        return fail(f, "damaged-hive", "SECURITY is damaged: %s", err.text);
    e->joined = e->domain_sid[0] && (facts->secret_there == ANSWER_YES || facts->isolated) ? ANSWER_YES
                                                                                           : ANSWER_NO;
    read_names(t, e);
    return 0;
}

static int system_text(const struct regf *t, const char *set, const char *const path[static 3],
                       const char *value, char ret[static HIVE_TEXT_MAX], struct err *err)
{
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, set, path[0], path[1], path[2]);

    return rc == 0 ? hive_tree_text(t, &node, value, ret, err) : rc;
}

// Select\Current → "ControlSet001". 0, REGF_NO_SUCH, -EBADMSG.
static int control_set(const struct regf *t, char ret[static 16], struct err *err)
{
    uint32_t current;
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, "Select");

    if (rc == 0)
        rc = hive_tree_u32(t, &node, "Current", &current, err);
    if (rc != 0)
        return rc;
    if (current == 0 || current > 999)
        return err_set(err, -EBADMSG, "Select\\Current is %u", current);
    snprintf(ret, 16, "ControlSet%03u", current);
    return 0;
}

static int read_netlogon(const struct regf *t, const char *set, struct evidence *e, struct err *err)
{
    uint32_t value;
    struct regf_key node;
    int rc = hive_tree_find(t, &node, err, set, "Services", "Netlogon", "Parameters");

    if (rc != 0)
        return rc;
    rc = hive_tree_u32(t, &node, "MaximumPasswordAge", &value, err);
    if (rc == 0) {
        e->has_max_age = true;
        e->max_age_days = value;
    }
    if (rc < 0)
        return rc;
    rc = hive_tree_u32(t, &node, "DisablePasswordChange", &value, err);
    if (rc == 0)
        e->change_disabled = value ? ANSWER_YES : ANSWER_NO;
    return rc;
}

int hive_facts_system(const struct regf *t, struct evidence *e, struct hive_facts *facts, struct err *err)
{
    static const char *const name[] = {"Control", "ComputerName", "ComputerName"};
    static const char *const product[] = {"Control", "ProductOptions", NULL};
    static const char *const tcpip[] = {"Services", "Tcpip", "Parameters"};
    char set[16];
    int rc = control_set(t, set, err);

    e->os = "windows";
    if (rc == REGF_NO_SUCH)
        return err_set(err, -EBADMSG, "it has no Select\\Current, so it is no SYSTEM hive");
    if (rc < 0)
        return rc;
    if (system_text(t, set, product, "ProductType", facts->product_type, err) < 0 ||
        system_text(t, set, name, "ComputerName", facts->system_name, err) < 0 ||
        read_netlogon(t, set, e, err) < 0)
        return -EBADMSG;
    // The machine's own suffix; Domain is what is in force now, perhaps by DHCP.
    rc = system_text(t, set, tcpip, "NV Domain", facts->system_dns, err);
    if (rc >= 0 && facts->system_dns[0] == '\0')
        rc = system_text(t, set, tcpip, "Domain", facts->system_dns, err);
    if (rc >= 0)
        windows_facts_system(t, set, e);
    return rc < 0 ? rc : 0;
}

static void decide_role(struct evidence *e, const struct hive_facts *facts)
{
    bool client = strcasecmp(facts->product_type, "WinNT") == 0 ||
                  strcasecmp(facts->product_type, "ServerNT") == 0;

    if (strcasecmp(facts->product_type, "LanmanNT") == 0)
        e->role = ROLE_DOMAIN_CONTROLLER;
    else if (client && e->joined != ANSWER_UNKNOWN)
        e->role = e->joined == ANSWER_YES ? ROLE_MEMBER : ROLE_WORKGROUP;
}

// As Windows compares them: without case, in every script.
static bool same_name(const char *a, const char *b)
{
    struct regf_name x, y;

    return regf_name_init(&x, a) == 0 && regf_name_init(&y, b) == 0 && x.count == y.count &&
           memcmp(x.units, y.units, x.count * sizeof x.units[0]) == 0;
}

// A domain controller's account domain is the domain itself: there only SYSTEM knows the computer's name.
static void decide_name(struct evidence *e, const struct hive_facts *facts)
{
    bool differ = e->computer[0] && facts->system_name[0] && !same_name(e->computer, facts->system_name);

    if (differ && e->role != ROLE_DOMAIN_CONTROLLER)
        evidence_doubt(e, "names-differ",
                       "SECURITY calls the computer %.64s, SYSTEM calls it %.64s: it was renamed and not "
                       "started since, or the hives are not of one machine",
                       e->computer, facts->system_name);
    if (facts->system_name[0] && (!e->computer[0] || e->role == ROLE_DOMAIN_CONTROLLER))
        memcpy(e->computer, facts->system_name, sizeof e->computer);
}

void hive_facts_join(struct evidence *e, const struct hive_facts *facts)
{
    decide_role(e, facts);
    decide_name(e, facts);
    if (e->joined == ANSWER_YES && e->computer[0])
        snprintf(e->sam_account_name, sizeof e->sam_account_name, "%.*s$", HIVE_TEXT_MAX - 2, e->computer);
    if (!e->dns[0] && e->joined != ANSWER_NO)
        memcpy(e->dns, facts->system_dns, sizeof e->dns);
    if (e->joined == ANSWER_NO && e->domain_sid[0])
        evidence_doubt(e, "no-secret",
                       "SECURITY names a domain, but $MACHINE.ACC is missing: the guest cannot log on to it");
}
