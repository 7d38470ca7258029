// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
// `virtrust policy test GUEST`: which entry of `policies` decides about it, why, and what that makes of it. The
// guest's facts are virtrustd's; the configuration is the one that this command reads, in force or not.
#include "daemon/core/policy.h"
#include "daemon/cli/say.h"
#include "daemon/cli/talk.h"
#include "daemon/cli/text.h"

#include <stdio.h>
#include <string.h>

enum { VALUES_MAX = 64 };

struct facts {
    struct record *record; // owned
    struct policy_subject sees;
    struct policy_value values[VALUES_MAX];
};

static void take_facts(const struct record *r, void *arg)
{
    struct facts *f = arg;
    const char *key, *value;
    size_t len;

    if (!record_is(r, "facts") || f->record)
        return;
    f->record = record_new("facts");
    for (size_t i = 2; i < record_count(r); i++) { // behind type and v
        record_at(r, i, &key, &value, &len);
        record_add_bytes(f->record, key, value, len);
    }
}

static void read_subject(struct facts *f)
{
    int role = role_parse(record_get(f->record, "role"));

    f->sees = (struct policy_subject){
        .name = record_get_or(f->record, "name", ""),
        .title = record_get(f->record, "title"),
        .domain = record_get(f->record, "domain"),
        .dn = record_get(f->record, "dn"),
        .role = role < 0 ? ROLE_UNKNOWN : (enum role)role,
        .described = record_get_bool(f->record, "described") == 1,
        .metadata = f->values,
    };
    for (size_t i = 0; i < VALUES_MAX; i++) {
        struct policy_value *v = &f->values[i];
        char key[RECORD_KEY_MAX];

        snprintf(key, sizeof key, "metadata.%zu.key", i);
        v->key = record_get(f->record, key);
        snprintf(key, sizeof key, "metadata.%zu.value", i);
        v->value = record_get(f->record, key);
        if (!v->key || !v->value)
            break;
        f->sees.metadata_count++;
    }
}

static json_t *json_tri(enum tri t)
{
    return t == TRI_UNKNOWN ? json_null() : json_boolean(t == TRI_YES);
}

static void put_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

// ---- the rules, one after the other ----

struct telling {
    bool json;
    json_t *conditions;
};

static void print_check(const struct policy_check *c)
{
    printf("      %-4s %s", c->holds == TRI_YES ? "yes" : c->holds == TRI_NO ? "no" : "?", c->condition);
    if (c->key) {
        putchar(' ');
        say(c->key);
    }
    fputs(" wants ", stdout);
    say(c->wanted);
    fputs(c->saw ? ", is " : c->holds == TRI_UNKNOWN ? ", not known: " : ", has none", stdout);
    if (c->saw)
        say(c->saw[0] ? c->saw : "\"\"");
    else if (c->holds == TRI_UNKNOWN)
        fputs(c->why, stdout);
    putchar('\n');
}

static void tell_check(const struct policy_check *c, void *arg)
{
    struct telling *t = arg;
    json_t *o;

    if (!t->json) {
        print_check(c);
        return;
    }
    o = json_pack("{s:s, s:o}", "condition", c->condition, "holds", json_tri(c->holds));
    put_text(o, "key", c->key);
    put_text(o, "wanted", c->wanted);
    put_text(o, "saw", c->saw);
    put_text(o, "why", c->holds == TRI_UNKNOWN ? c->why : NULL);
    json_array_append_new(t->conditions, o);
}

static const char *verdict(enum tri holds, bool decided)
{
    if (decided)
        return "not asked: an entry above decides";
    return holds == TRI_YES  ? "matches: it decides"
           : holds == TRI_NO ? "does not match"
                             : "cannot be decided yet";
}

static json_t *tell_rules(const struct cli *c, const struct facts *f)
{
    json_t *rules = json_array();
    bool decided = false;

    for (size_t i = 0; i < c->config->policies_count; i++) {
        const struct config_policy *p = &c->config->policies[i];
        struct telling t = {.json = c->json, .conditions = json_array()};
        enum tri holds = policy_match(&p->match, &f->sees, NULL, NULL);

        if (!c->json)
            printf("  %2zu  %-20s %s\n", i + 1, p->name, verdict(holds, decided));
        if (!decided)
            policy_match(&p->match, &f->sees, tell_check, &t);
        json_array_append_new(rules, json_pack("{s:s, s:b, s:o, s:o}", "policy", p->name, "asked", !decided,
                                               "matches", decided ? json_null() : json_tri(holds),
                                               "conditions", t.conditions));
        decided = decided || holds == TRI_YES;
    }
    return rules;
}

// ---- what it makes of the guest ----

static json_t *strategies_of(const struct config_choice *choice)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(choice->order) && choice->order[i]; i++)
        json_array_append_new(list, json_string(config_strategy_text(choice->order[i])));
    return list;
}

static json_t *words_of(const struct config_words *w)
{
    json_t *list = json_array();

    for (size_t i = 0; i < w->count; i++)
        json_array_append_new(list, json_string(w->items[i]));
    return list;
}

static json_t *limits_of(const struct config *c, const struct config_choice *choice)
{
    const struct config_policy *p = choice->policy;

    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "at_once", (int)c->repairs_at_once, "per_hour",
                     (int)c->repairs_per_hour, "domain_at_once",
                     choice->domain ? (int)choice->domain->repairs_at_once : 0, "domain_per_hour",
                     choice->domain ? (int)choice->domain->resets_per_hour : 0, "policy_at_once",
                     p ? (int)p->at_once : 0, "policy_per_hour", p ? (int)p->per_hour : 0);
}

static const struct config_words *quiet_words(const struct config *c, const struct config_choice *choice)
{
    return choice->policy && choice->policy->quiet_hours.count ? &choice->policy->quiet_hours
                                                               : &c->quiet_hours;
}

static json_t *settings_of(const struct config *c, const struct config_choice *choice, bool discarded)
{
    json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "mode", config_mode_text(choice->mode),
                          "strategies", strategies_of(choice), "limits", limits_of(c, choice), "quiet_hours",
                          words_of(quiet_words(c, choice)), "discarded", discarded, "helper_push",
                          choice->push_helper, "look_on_every_start", choice->look_on_every_start,
                          "bind_by_proof", choice->by_proof);

    put_text(o, "policy", choice->policy ? choice->policy->name : NULL);
    put_text(o, "undecided", choice->undecided ? choice->undecided->name : NULL);
    put_text(o, "domain", choice->domain ? choice->domain->name : NULL);
    put_text(o, "computer", choice->computer[0] ? choice->computer : NULL);
    return o;
}

static void line(const char *label, const char *text)
{
    say_label(label);
    say(text);
    putchar('\n');
}

static void print_list(const char *label, json_t *list, const char *otherwise)
{
    size_t i;
    json_t *value;

    say_label(label);
    if (json_array_size(list) == 0)
        fputs(otherwise, stdout);
    json_array_foreach(list, i, value)
    {
        fputs(i ? ", " : "", stdout);
        say(json_string_value(value));
    }
    putchar('\n');
}

static void print_limits(json_t *limits)
{
    static const struct {
        const char *at_once, *per_hour, *of;
    } rows[] = {{"policy_at_once", "policy_per_hour", "of this policy"},
                {"domain_at_once", "domain_per_hour", "of the domain"},
                {"at_once", "per_hour", "in all"}};
    const char *between = "";

    say_label("limits");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int at_once = (int)json_integer_value(json_object_get(limits, rows[i].at_once));
        int per_hour = (int)json_integer_value(json_object_get(limits, rows[i].per_hour));

        if (at_once)
            printf("%s%d at once %s", between, at_once, rows[i].of);
        between = at_once ? ", " : between;
        if (per_hour)
            printf("%s%d an hour %s", between, per_hour, rows[i].of);
        between = per_hour ? ", " : between;
    }
    putchar('\n');
}

static void print_settings(const struct config_choice *choice, json_t *settings)
{
    putchar('\n');
    line("policy", choice->policy ? choice->policy->name : "none matches: the defaults");
    line("mode", config_mode_text(choice->mode));
    if (choice->undecided)
        printf("               observe, because %s above cannot be decided yet\n", choice->undecided->name);
    line("domain", choice->domain ? choice->domain->name : "none");
    line("computer", choice->computer[0] ? choice->computer
                     : choice->by_proof  ? "binds itself by proof"
                                         : "no rule: bound by an administrator");
    print_list("strategies", json_object_get(settings, "strategies"), "none");
    print_limits(json_object_get(settings, "limits"));
    print_list("quiet hours", json_object_get(settings, "quiet_hours"), "none");
    if (json_is_true(json_object_get(settings, "discarded")))
        line("disks", "discarded when it stops: never repaired");
}

static void print_in_force(const struct cli *c, const struct facts *f, const struct config_choice *choice)
{
    const char *policy = record_get_or(f->record, "policy", "none");

    if (strcmp(policy, choice->policy ? choice->policy->name : "none") == 0 &&
        strcmp(record_get_or(f->record, "mode", ""), config_mode_text(choice->mode)) == 0)
        return;
    printf("\n  In force now is %s: policy ", record_get_or(f->record, "config", "?"));
    say(policy);
    printf(", mode %s. %s takes force when virtrustd is started again.\n",
           record_get_or(f->record, "mode", "?"), c->config->file ? c->config->file : "The default");
}

static int tell(const struct cli *c, struct facts *f)
{
    struct config_choice choice;
    bool discarded;
    json_t *rules, *settings, *all;

    read_subject(f);
    config_choose(c->config, &f->sees, &choice);
    discarded = choice.discarded || record_get_bool(f->record, "transient_disks") == 1;
    if (!c->json) {
        say(f->sees.name);
        printf(" by %s\n\n", c->config->file ? c->config->file : "the defaults");
    }
    rules = tell_rules(c, f);
    settings = settings_of(c->config, &choice, discarded);
    if (c->json) {
        all = json_pack("{s:i, s:s, s:s, s:o, s:o, s:i}", "schema", CLI_SCHEMA, "guest", f->sees.name,
                        "config", c->config->file ? c->config->file : "defaults", "rules", rules, "settings",
                        settings, "exit", EXIT_ANSWERED);
        json_object_set_new(all, "facts", json_of_record(f->record));
        return json_print(all);
    }
    print_settings(&choice, settings);
    print_in_force(c, f, &choice);
    json_decref(rules);
    json_decref(settings);
    return EXIT_ANSWERED;
}

int cmd_policy(const struct cli *c, const char *command)
{
    _cleanup_record_ struct record *request = record_new("policy-facts");
    struct facts f = {0};
    int rc;

    (void)command;
    if (strcmp(c->args[0], "test") != 0)
        return cli_fail(EXIT_USAGE, "", "usage: virtrust policy test GUEST");
    record_add(request, "guest", c->args[1]);
    rc = talk(c, request, take_facts, &f);
    if (rc == EXIT_ANSWERED && f.record)
        rc = tell(c, &f);
    else if (rc == EXIT_ANSWERED)
        rc = cli_error(c, EXIT_NO_WORK, "protocol", "use the virtrust that belongs to this virtrustd",
                       "virtrustd told nothing about the guest");
    record_free(f.record);
    return rc;
}
