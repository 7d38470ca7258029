// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// The words of the design as enums with their texts: one list each, used in code, log, database and command line.
// X_text(value) never fails; X_parse(text) gives -EINVAL for a word that is none of them.
//
//     verdict_text(VERDICT_BEHIND);    // "behind"
#pragma once

// ---- what a signal is (PROTOCOL.md, "watch → virtrustd") ----
#define SIGNAL_KINDS(X)                               \
    X(DEFINED_FROM_SNAPSHOT, "defined-from-snapshot") \
    X(STARTED_FROM_SNAPSHOT, "started-from-snapshot") \
    X(RESUMED_FROM_SNAPSHOT, "resumed-from-snapshot") \
    X(STOPPED_FROM_SNAPSHOT, "stopped-from-snapshot") \
    X(PAUSED_FROM_SNAPSHOT, "paused-from-snapshot")   \
    X(STARTED_RESTORED, "started-restored")           \
    X(STARTED_BOOTED, "started-booted")               \
    X(STARTED_MIGRATED, "started-migrated")           \
    X(STARTED_OTHER, "started-other")                 \
    X(RESUMED_MIGRATED, "resumed-migrated")           \
    X(RESUMED, "resumed")                             \
    X(STOPPED, "stopped")                             \
    X(STOPPED_SAVED, "stopped-saved")                 \
    X(STOPPED_MIGRATED, "stopped-migrated")           \
    X(PAUSED, "paused")                               \
    X(SUSPENDED_OTHER, "suspended-other")             \
    X(CRASHED, "crashed")                             \
    X(DEFINED_ADDED, "defined-added")                 \
    X(DEFINED_UPDATED, "defined-updated")             \
    X(DEFINED_RENAMED, "defined-renamed")             \
    X(UNDEFINED, "undefined")                         \
    X(UNDEFINED_RENAMED, "undefined-renamed")         \
    X(AGENT_CONNECTED, "agent-connected")             \
    X(AGENT_DISCONNECTED, "agent-disconnected")       \
    X(HOOK_PREPARE, "hook-prepare")                   \
    X(HOOK_START, "hook-start")                       \
    X(HOOK_STARTED, "hook-started")                   \
    X(HOOK_STOPPED, "hook-stopped")                   \
    X(HOOK_RELEASE, "hook-release")                   \
    X(HOOK_RESTORE, "hook-restore")                   \
    X(HOOK_MIGRATE, "hook-migrate")                   \
    X(HOOK_RECONNECT, "hook-reconnect")               \
    X(CONNECTED, "connected")                         \
    X(CONNECTION_LOST, "connection-lost")             \
    X(SCAN_BEGIN, "scan-begin")                       \
    X(SCAN, "scan")                                   \
    X(SCAN_END, "scan-end")

// ---- what a burst of signals amounts to (the kind of a case) ----
#define ROLLBACK_KINDS(X)                     \
    X(NONE, "none")                           \
    X(REVERT_RUNNING, "revert-running")       \
    X(REVERT_STARTED, "revert-started")       \
    X(REVERT_STOPPED, "revert-stopped")       \
    X(REVERT_OFFLINE, "revert-offline")       \
    X(REVERT_PAUSED, "revert-paused")         \
    X(REVERT_TRANSIENT, "revert-transient")   \
    X(REVERT_MISSED, "revert-missed")         \
    X(RESTORE, "restore")                     \
    X(MANAGEDSAVE_START, "managedsave-start") \
    X(DISK_REPLACED, "disk-replaced")         \
    X(DISK_CHANGED, "disk-changed")           \
    X(FIRST_SIGHT, "first-sight")             \
    X(START, "start")                         \
    X(MANUAL, "manual")                       \
    X(SNAPSHOT_HALT, "snapshot-halt")

#define VERDICTS(X)                           \
    X(UNKNOWN, "unknown")                     \
    X(IN_STEP, "in-step")                     \
    X(BEHIND, "behind")                       \
    X(AHEAD, "ahead")                         \
    X(NOT_A_MEMBER, "not-a-member")           \
    X(DOMAIN_CONTROLLER, "domain-controller") \
    X(STANDBY, "standby")                     \
    X(TWIN, "twin")                           \
    X(CHANGED_ELSEWHERE, "changed-elsewhere") \
    X(IDENTITY_MISMATCH, "identity-mismatch") \
    X(OTHER_DIRECTORY, "other-directory")     \
    X(RECURRING, "recurring")                 \
    X(ACCOUNT_MISSING, "account-missing")     \
    X(ACCOUNT_DISABLED, "account-disabled")   \
    X(ACCOUNT_RECREATED, "account-recreated")

#define OUTCOMES(X)             \
    X(OPEN, "open")             \
    X(PROVEN, "proven")         \
    X(CLAIMED, "claimed")       \
    X(FAILED, "failed")         \
    X(SILENT, "silent")         \
    X(REFUSED, "refused")       \
    X(SUPERSEDED, "superseded") \
    X(LEFT, "left")             \
    X(NO_ACTION, "no-action")

#define CASE_STATES(X)                        \
    X(LOOKING, "looking")                     \
    X(ASKING_DIRECTORY, "asking-directory")   \
    X(AWAITING_APPROVAL, "awaiting-approval") \
    X(REPAIRING, "repairing")                 \
    X(CLOSED, "closed")

// Every committed step of a repair. The kill tests take their list from here (virtrustd --list-steps).
#define JOB_STATES(X)                 \
    X(WAITING_START, "waiting-start") \
    X(WAITING_AGENT, "waiting-agent") \
    X(WAITING_TURN, "waiting-turn")   \
    X(CLOCK, "clock")                 \
    X(PROBING, "probing")             \
    X(COMPARING, "comparing")         \
    X(CHECKING, "checking")           \
    X(READING, "reading")             \
    X(VETTING, "vetting")             \
    X(LENDING, "lending")             \
    X(RESETTING, "resetting")         \
    X(CONFIRMING, "confirming")       \
    X(COUNTING, "counting")           \
    X(STORING, "storing")             \
    X(ROTATING, "rotating")           \
    X(PROVING, "proving")             \
    X(ATTESTING, "attesting")         \
    X(ENDED, "ended")

#define ROLES(X)              \
    X(UNKNOWN, "unknown")     \
    X(MEMBER, "member")       \
    X(WORKGROUP, "workgroup") \
    X(DOMAIN_CONTROLLER, "domain-controller")

// Unknown is a value.
enum tri { TRI_UNKNOWN = -1, TRI_NO = 0, TRI_YES = 1 };

#define WORD_SIGNAL(name, text) SIGNAL_##name,
#define WORD_ROLLBACK(name, text) ROLLBACK_##name,
#define WORD_VERDICT(name, text) VERDICT_##name,
#define WORD_OUTCOME(name, text) OUTCOME_##name,
#define WORD_CASE(name, text) CASE_##name,
#define WORD_JOB(name, text) JOB_##name,
#define WORD_ROLE(name, text) ROLE_##name,
enum signal_kind { SIGNAL_KINDS(WORD_SIGNAL) SIGNAL_KINDS_COUNT };
enum rollback_kind { ROLLBACK_KINDS(WORD_ROLLBACK) ROLLBACK_KINDS_COUNT };
enum verdict { VERDICTS(WORD_VERDICT) VERDICTS_COUNT };
enum outcome { OUTCOMES(WORD_OUTCOME) OUTCOMES_COUNT };
enum case_state { CASE_STATES(WORD_CASE) CASE_STATES_COUNT };
enum job_state { JOB_STATES(WORD_JOB) JOB_STATES_COUNT };
enum role { ROLES(WORD_ROLE) ROLES_COUNT };

const char *signal_kind_text(enum signal_kind v);
const char *rollback_kind_text(enum rollback_kind v);
const char *verdict_text(enum verdict v);
const char *outcome_text(enum outcome v);
const char *case_state_text(enum case_state v);
const char *job_state_text(enum job_state v);
const char *role_text(enum role v);

// The value, or -EINVAL.
int signal_kind_parse(const char *text);
int rollback_kind_parse(const char *text);
int verdict_parse(const char *text);
int outcome_parse(const char *text);
int case_state_parse(const char *text);
int job_state_parse(const char *text);
int role_parse(const char *text);
