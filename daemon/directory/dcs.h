// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Which domain controllers may be asked, and in which order: the configured ones, else those that DNS names
// (_ldap._tcp.dc._msdcs.<domain>), those of this host's site first. A request's `dc=` comes from a guest in the
// end, so it only chooses among these.
//
//     struct dc_list list;
//     rc = dcs_find(domain, "dc2.corp.test", &list, &failure);
#pragma once

#include "daemon/config/config.h"
#include "daemon/directory/srv.h"

struct dc_list {
    size_t n;
    size_t resting;                 // so many of them, the last ones, gave no answer lately (silence.h)
    bool wished;                    // it is the DC that was wished for, alone
    char hosts[SRV_MAX][HOST_TEXT]; // first to try first
};

// `wish` ("" for none): the list then holds that DC alone, if it is one of them; else it stays whole.
// 0, or negative errno with code `dns` or `config`.
int dcs_find(const struct config_domain *domain, const char *wish, struct dc_list *ret, struct failure *f);

// These come first, in their order; what the list has no room for is dropped from its end. Pure.
void dcs_first(struct dc_list *list, const struct srv_target *near, size_t n);

// The choice itself. Names compare without case; a single label ("DC2") means the only host of that first
// label. Returns whether the wish was among them. Pure.
bool dcs_choose(struct dc_list *list, const char *wish);
