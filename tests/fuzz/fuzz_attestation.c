// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Any bytes as a guest's attestation on its way: whatever is taken is measured, comes back the same, and what is signed
// names guest, nonce and service and nothing that a line feed has smuggled in.
#include "common/attestation.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct attestation *a)
{
    _cleanup_record_ struct record *r = record_new("attestation");
    _cleanup_attestation_ struct attestation b = {0};

    attestation_add(r, a);
    if (attestation_read(r, &b, NULL) < 0 || b.gss_len != a->gss_len || b.mic_len != a->mic_len ||
        memcmp(a->gss, b.gss, a->gss_len) != 0 || memcmp(a->mic, b.mic, a->mic_len) != 0)
        abort();
}

static void check_claim(const struct record *r)
{
    struct attestation_claim c;
    char text[STATEMENT_TEXT];
    struct err err = {0};
    unsigned lines = 0;
    size_t len;

    if (attestation_claim_read(r, &c, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    len = attestation_statement(&c, text);
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    if (len >= STATEMENT_TEXT || strlen(text) != len || lines != 4)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_record_ struct record *r = NULL;
    _cleanup_attestation_ struct attestation a = {0};
    struct err err = {0};
    size_t used = 0;

    if (record_decode((const char *)data, size, &used, &r, &err) != 0)
        return 0;
    check_claim(r);
    if (attestation_read(r, &a, &err) == 0) {
        if (a.gss_len == 0 || a.gss_len > ATTESTATION_GSS_MAX || a.mic_len == 0 ||
            a.mic_len > ATTESTATION_MIC_MAX)
            abort();
        again(&a);
    } else if (a.gss || a.mic || !err.text[0]) {
        abort();
    }
    return 0;
}
