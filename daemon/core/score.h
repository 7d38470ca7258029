// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Was what `observe` foretold right? A prediction is a case that would have been repaired; what was seen of the same
// guest later settles it. It was wrong only where the guest turned out in step although neither side had changed. The
// same guest with the same secret against the same password is one prediction, however often it was looked at. Pure.
//
//     struct score_settled s = score_settle(&seen[i], seen + i + 1, count - i - 1);
#pragma once

#include "daemon/core/types.h"

#include <stddef.h>

#define SCORE_CLASSES(X)          \
    X(OPEN, "open")               \
    X(STILL, "still-broken")      \
    X(BY_HAND, "by-hand")         \
    X(BY_VIRTRUST, "by-virtrust") \
    X(BY_ROLLBACK, "by-rollback") \
    X(WRONG, "wrong")

#define WORD_SCORE(name, text) SCORE_##name,
enum score_class { SCORE_CLASSES(WORD_SCORE) SCORE_CLASSES_COUNT };

const char *score_class_text(enum score_class v);

// One case of a guest: what was held on both sides when it was judged.
struct score_seen {
    int64_t case_id, at_us;
    bool judged, predicted; // predicted: it would have been repaired, and was not
    bool witnessed;         // by a rollback that was seen
    bool ours;              // it ended with a change that virtrust made
    enum verdict verdict;
    bool has_fingerprint;
    unsigned char fingerprint[HASH];
    uint64_t set_at; // FILETIME, 0 unknown
    int64_t guest_kvno;
    uint64_t pwd_last_set; // of the directory; 0 unknown
    int64_t kvno;          // of the directory; -1 unknown
};

struct score_settled {
    enum score_class class;
    int64_t case_id, at_us; // what settled it; 0: nothing yet
};

// later: the same guest's, oldest first.
struct score_settled score_settle(const struct score_seen *prediction, const struct score_seen *later,
                                  size_t count);
// Does this one only repeat what an earlier prediction said?
bool score_repeats(const struct score_seen *earlier, const struct score_seen *s);
