// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/control/policytest.h"

#include "daemon/engine/subject.h"

#include <stdio.h>
#include <string.h>

static void add_metadata(struct record *r, const struct policy_subject *s)
{
    char key[RECORD_KEY_MAX];

    for (size_t i = 0; i < s->metadata_count; i++) {
        snprintf(key, sizeof key, "metadata.%zu.key", i);
        record_add(r, key, s->metadata[i].key);
        snprintf(key, sizeof key, "metadata.%zu.value", i);
        record_add(r, key, s->metadata[i].value);
    }
}

void handle_policy_facts(struct session *s, const struct record *request)
{
    _cleanup_(subject_done) struct subject subject = {0};
    _cleanup_record_ struct record *r = record_new("facts");
    struct config_choice choice;
    struct guest g;

    if (!session_guest(s, request, &g))
        return;
    subject_of(s->engine, g.uuid, g.name, true, &subject);
    config_choose(s->engine->config, &subject.sees, &choice);
    record_add(r, "name", g.name);
    record_add(r, "uuid", g.uuid);
    record_add(r, "title", subject.sees.title);
    record_add_bool(r, "described", subject.sees.described);
    record_add(r, "domain", subject.sees.domain);
    record_add(r, "dn", subject.sees.dn);
    record_add(r, "role", subject.sees.role == ROLE_UNKNOWN ? NULL : role_text(subject.sees.role));
    record_add_bool(r, "transient_disks", record_get_bool(subject.description, "transient_disks") == 1);
    add_metadata(r, &subject.sees);
    record_add(r, "config", s->engine->config->file ? s->engine->config->file : "defaults");
    record_add(r, "policy", choice.policy ? choice.policy->name : NULL);
    record_add(r, "undecided", choice.undecided ? choice.undecided->name : NULL);
    record_add(r, "mode", config_mode_text(choice.mode));
    stream_send(s->stream, r);
    session_end(s, EXIT_ANSWERED);
}
