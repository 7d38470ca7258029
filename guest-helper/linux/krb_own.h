// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the parts of krb.h share, and nobody else needs: the library's own types.
#pragma once

#include "guest-helper/linux/krb.h"

#include <krb5/krb5.h>
#include <stdbool.h>

struct krb {
    krb5_context ctx;
    krb5_principal account;
    char *realm, *name;
    int config;         // the library opens its configuration again whenever it likes
    krb5_ccache cache;  // of krb_service_ticket
    krb5_creds changer; // of krb_as_changer: a ticket for the password service
    bool has_changer;
};

// Initial credentials for `service` (NULL: a TGT), by password or, without one, by keytab.
krb5_error_code krb_log_in(struct krb *k, const struct secret *password, const char *keytab,
                           const char *service, krb5_creds *ret);
// The library's own sentence, with what we were about; and what a code means.
void krb_tell(struct krb *k, krb5_error_code code, const char *about, struct err *err);
enum krb_answer krb_classify(krb5_error_code code);

// A TGT by the keytab; the caller frees its contents.
krb5_error_code krb_login_keytab(struct krb *k, const char *keytab, krb5_creds *ret);
// What a code means, with the library's sentence.
enum krb_answer krb_answer_of(struct krb *k, krb5_error_code code, const char *about, struct err *err);
