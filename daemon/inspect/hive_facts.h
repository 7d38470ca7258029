// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the hives of a Windows guest say about its membership. Every byte may have been written by the guest's
// administrator or by a broken disk: what cannot be read is left unknown, with a doubt that says why.
//
// Each function leaves what the other one found alone; hive_facts_join() comes last and draws the conclusions
// that need both.
//
//     hive_facts_security(tree, &e, &failure);
//     hive_facts_system(tree, &e);
//     hive_facts_join(&e);
#pragma once

#include "daemon/inspect/evidence.h"
#include "daemon/inspect/hive_tree.h"

struct hive_facts {
    enum answer secret_there;         // $MACHINE.ACC
    bool isolated;                    // $MACHINE.ACC.IUM
    char product_type[HIVE_TEXT_MAX]; // of SYSTEM; "" unknown
    char system_name[HIVE_TEXT_MAX];  // the computer's name by SYSTEM
    char system_dns[HIVE_TEXT_MAX];   // its DNS suffix by SYSTEM
};

// 0, or -1 with *f (damaged-hive; not-a-hive for a sound hive without Policy).
int hive_facts_security(const struct regf *t, struct evidence *e, struct hive_facts *facts,
                        struct failure *f);
// 0, or -EBADMSG with a sentence.
int hive_facts_system(const struct regf *t, struct evidence *e, struct hive_facts *facts, struct err *err);
void hive_facts_join(struct evidence *e, const struct hive_facts *facts);
