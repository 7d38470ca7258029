// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-helper/linux/attest_gss.h"

#include <dlfcn.h>
#include <errno.h>
#include <gssapi/gssapi.h>
#include <string.h>

// Kerberos 5, and a principal written out, as the library's own constants have them.
static gss_OID_desc krb5_mechanism = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_desc principal_name = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"};

// What is used of it.
#define EACH(f)                \
    f(gss_import_name);        \
    f(gss_release_name);       \
    f(gss_init_sec_context);   \
    f(gss_delete_sec_context); \
    f(gss_get_mic);            \
    f(gss_release_buffer);     \
    f(gss_display_status)

struct gss {
    void *library;
#define MEMBER(name) __typeof__(&(name)) name
    EACH(MEMBER);
    gss_name_t target;
    gss_ctx_id_t context;
};

static void *find(struct gss *g, const char *name, bool *ret_missing)
{
    void *f = dlsym(g->library, name);

    *ret_missing |= f == NULL;
    return f;
}

static int load(struct gss *g, struct err *err)
{
    bool missing = false;

    g->library = dlopen("libgssapi_krb5.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!g->library)
        return err_set(err, -ELIBACC, "this guest has no libgssapi_krb5.so.2 (Debian: libgssapi-krb5-2)");
#define FIND(name) g->name = (__typeof__(&(name)))find(g, #name, &missing)
    EACH(FIND);
    return missing ? err_set(err, -ELIBACC, "libgssapi_krb5.so.2 lacks what GSS-API promises") : 0;
}

static void gss_done(struct gss *g)
{
    OM_uint32 minor;

    if (g->library && g->context)
        g->gss_delete_sec_context(&minor, &g->context, GSS_C_NO_BUFFER);
    if (g->library && g->target)
        g->gss_release_name(&minor, &g->target);
    // The library stays: what it has registered with libkrb5 must not point into nothing.
}

static int failed(struct gss *g, const char *what, OM_uint32 major, OM_uint32 minor, struct err *err)
{
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 more = 0, ignored;

    (void)major;
    if (g->gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &krb5_mechanism, &more, &text) !=
        GSS_S_COMPLETE)
        return err_set(err, -EIO, "%s", what);
    err_set(err, -EIO, "%s: %.*s", what, (int)text.length, (const char *)text.value);
    g->gss_release_buffer(&ignored, &text);
    return -EIO;
}

static int copy(struct gss *g, gss_buffer_t from, size_t max, unsigned char **ret, size_t *ret_len,
                struct err *err)
{
    OM_uint32 ignored;
    int rc = 0;

    *ret = from->length <= max && from->length > 0 ? malloc(from->length) : NULL;
    if (*ret) {
        memcpy(*ret, from->value, from->length);
        *ret_len = from->length;
    } else {
        rc = err_set(err, -EIO, "Kerberos made a token of %zu bytes", from->length);
    }
    g->gss_release_buffer(&ignored, from);
    return rc;
}

// One token, no answer is awaited: that the service proves itself, too, would show nothing to us.
static int open_context(struct gss *g, const char *target, struct attestation *a, struct err *err)
{
    gss_buffer_desc name = {strlen(target), (void *)target}, token = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = g->gss_import_name(&minor, &name, &principal_name, &g->target);

    if (major != GSS_S_COMPLETE)
        return failed(g, "the service principal is no name", major, minor, err);
    major = g->gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &g->context, g->target, &krb5_mechanism,
                                    GSS_C_INTEG_FLAG, 0, GSS_C_NO_CHANNEL_BINDINGS, GSS_C_NO_BUFFER, NULL,
                                    &token, NULL, NULL);
    if (major != GSS_S_COMPLETE)
        return failed(g, "no Kerberos context for virtrust's service", major, minor, err);
    return copy(g, &token, ATTESTATION_GSS_MAX, &a->gss, &a->gss_len, err);
}

static int sign(struct gss *g, const char *statement, size_t len, struct attestation *a, struct err *err)
{
    gss_buffer_desc text = {len, (void *)statement}, mic = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor, major = g->gss_get_mic(&minor, g->context, GSS_C_QOP_DEFAULT, &text, &mic);

    if (major != GSS_S_COMPLETE)
        return failed(g, "the statement could not be signed", major, minor, err);
    return copy(g, &mic, ATTESTATION_MIC_MAX, &a->mic, &a->mic_len, err);
}

int attest_gss(const char *target, const char *statement, size_t len, struct attestation *ret,
               struct err *err)
{
    _cleanup_(gss_done) struct gss g = {0};
    _cleanup_attestation_ struct attestation a = {0};
    int rc = load(&g, err);

    if (rc == 0)
        rc = open_context(&g, target, &a, err);
    if (rc == 0)
        rc = sign(&g, statement, len, &a, err);
    if (rc < 0)
        return rc;
    *ret = a;
    a = (struct attestation){0};
    return 0;
}
