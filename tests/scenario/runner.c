// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// scenario-runner FILE.scn: tells one story to core on a virtual clock and checks what comes of it. Exit 0, or 1 with
// the line that does not hold.
//
// A line is one statement; '#' begins a comment line. `at TIME` before a statement (or alone) moves the clock, and what
// is due on the way happens in its order. Times count from the story's begin: 12.5s, 10m, 3h, -5d. "?" is unknown.
//
//   set mode=observe|ask|repair bound=0|1 policy=0|1 domain=0|1 twin=NAME kvno=N pwd=TIME lends=0|1
//       look_on_first_sight=0|1 look_on_every_start=0|1     kvno, pwd: what the directory shows of the account
//   known KEY=VALUE…                 the guest as it was described last before the story (PROTOCOL.md's keys)
//   pair fp=N set=TIME pwd=TIME kvno=N first=TIME proven=0|1    a pair of the ledger; the fingerprint is a number
//   signal KIND KEY=VALUE…           one of the watcher's signals
//   look answers joined=0|1 role= sam= sid= fp=N set=TIME kvno=N doubt=TEXT
//   directory answers found=0|1 sid= kvno=N pwd=TIME uac=N      the case's question
//   clock|probe|check|account|reset|login|store|rotate|attest answers KEY=VALUE…    its effect; what is not said is as
//                                    in the ordinary run, and the account changes with a reset or rotation that is done
//   … fails TEXT (look, directory) or fails code=… text=… (the job's): an error for which nobody is to blame
//   … lost                           the worker died, nobody knows what happened; `lose`: whatever the job awaits
//   approve | repair [dry-run] | restart     the administrator's commands; virtrustd is started again
//   go-on JOB-STATE                  ordinary answers (and the guest's start, where it is waited for) until the job is
//                                    there
//   expect case state= verdict= outcome= kind= cause= witnessed= count=
//   expect job state= outcome= inherited=  |  expect guest name= present= running=
//   expect effect look|directory|clock|…|rotate|none            what is awaited now
//   expect journal none|minted|confirmed
//   expect counts mints= wipes= resets= stores= rotations= looks=
//   expect text TEXT | expect note TEXT                         the case says so; a step of the history said so
//
// An answer that nobody awaits is an error of the story. A file whose first statement is `for every job-state` is told
// once for each state of JOB_STATES but the last, which stands for $STATE: a new state is covered by itself. (Those of
// the strategy `credential` by `for every job-state of a loan`, after `set lends=1`.)
#include "tests/scenario/script.h"

#include "common/cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char for_every[] = "for every job-state\n", for_loan[] = "for every job-state of a loan\n";

// Does this strategy pass the state at all?
static bool passes(enum job_state state, bool lends)
{
    bool loan = state == JOB_VETTING || state == JOB_LENDING;
    bool own = state == JOB_RESETTING || state == JOB_CONFIRMING || state == JOB_STORING;

    return state != JOB_ATTESTING && (lends ? !own : !loan);
}

// Tells the file once; *ret_every: it wants to be told for every state, *ret_lends: of a loan.
static int tell(const char *file, const char *every, bool *ret_every, bool *ret_lends)
{
    _cleanup_fclose_ FILE *f = fopen(file, "re");
    _cleanup_free_ char *line = NULL;
    struct script script = {.file = file, .stage = stage_new()};
    size_t room = 0;
    int rc = 0;

    snprintf(script.every, sizeof script.every, "%s", every ? every : "");
    if (!f)
        rc = script_fail(&script, "cannot be read: %s", strerror(errno));
    while (rc == 0 && getline(&line, &room, f) >= 0) {
        script.line++;
        *ret_lends = *ret_lends || strcmp(line, for_loan) == 0;
        if (strcmp(line, for_every) != 0 && strcmp(line, for_loan) != 0)
            rc = script_line(&script, line);
        else if (!every)
            break;
    }
    *ret_every = !every && rc == 0 && !feof(f);
    if (rc < 0)
        fprintf(stderr, "%s%s%s%s\n", script.error, every ? " (with $STATE = " : "", every ? every : "",
                every ? ")" : "");
    stage_free(script.stage);
    return rc;
}

int main(int argc, char **argv)
{
    bool every = false, lends = false;
    int rc;

    if (argc != 2) {
        fprintf(stderr, "usage: scenario-runner FILE.scn\n");
        return 2;
    }
    rc = tell(argv[1], NULL, &every, &lends);
    for (int state = 0; every && rc == 0 && state < JOB_ENDED; state++)
        if (passes((enum job_state)state, lends))
            rc = tell(argv[1], job_state_text((enum job_state)state), &(bool){false}, &lends);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
