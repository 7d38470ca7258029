// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
//
// config/virtrust.yaml and virtrust.yaml(5) against the tables of options: every option stands there, at its
// default, under its explanation.
#include "daemon/config/config.h"
#include "daemon/config/option.h"

#include "tests/unit/testing.h"

#include <ctype.h>
#include <stdio.h>

static char *read_source(const char *name)
{
    const char *dir = getenv("VIRTRUST_SOURCE_DIR");
    _cleanup_fclose_ FILE *f = NULL;
    char path[4096], *text;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    f = fopen(path, "re");
    if (!f)
        fail_msg("%s cannot be read", path);
    text = calloc(1, 256 * 1024);
    assert_non_null(text);
    len = fread(text, 1, 256 * 1024 - 1, f);
    assert_true(len > 0 && len < 256 * 1024 - 1);
    return text;
}

static void write_file(const char *name, const char *text)
{
    _cleanup_fclose_ FILE *f = fopen(name, "we");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
}

static struct config *load(const char *file)
{
    struct config *c = NULL;
    struct err err = {0};

    if (config_load(file, &c, &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

// "  #key: value" is an option at its default; "# text" is an explanation.
static bool is_option(const char *line)
{
    line += strspn(line, " ");
    return line[0] == '#' && islower((unsigned char)line[1]);
}

// Removes the '#' of every option.
static void uncomment(char *text)
{
    char *out = text;

    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n") + 1;

        if (is_option(line)) {
            size_t indent = strspn(line, " ");

            memmove(out, line, indent);
            memmove(out + indent, line + indent + 1, len - indent - 1);
            out += len - 1;
        } else {
            memmove(out, line, len);
            out += len;
        }
        line += len;
    }
    *out = '\0';
}

// Two runs of text are the same but for how their words are broken into lines.
static bool same_words(const char *a, const char *b)
{
    for (;;) {
        a += strspn(a, " \n");
        b += strspn(b, " \n");
        if (!*a || !*b)
            return *a == *b;
        while (*a && !isspace((unsigned char)*a))
            if (*a++ != *b++)
                return false;
        if (*b && !isspace((unsigned char)*b))
            return false;
    }
}

// Does `help` stand in the comment just above `line` (the `#`s removed)?
static bool explained(const char *text, const char *line, const char *help)
{
    char words[2000] = "";
    const char *start = line;

    while (start > text) {
        const char *above = start - 1;

        while (above > text && above[-1] != '\n')
            above--;
        if (above[strspn(above, " #")] == '\n' || is_option(above) || !strchr(" #", above[0]) ||
            (above[0] == ' ' && above[strspn(above, " ")] != '#'))
            break;
        start = above;
    }
    while (start < line) {
        size_t len;

        start += strspn(start, " #");
        len = strcspn(start, "\n") + 1;
        strncat(words, start, len);
        start += len;
    }
    return same_words(words, help);
}

// The line of `key` in the file, whose sections are indented: the last part of the key, searched behind the first.
static const char *find_line(const char *text, const char *key, const char *mark)
{
    const char *dot = strchr(key, '.'), *at = text;
    char line[128];

    if (dot) {
        snprintf(line, sizeof line, "%.*s:", (int)(dot - key), key);
        at = strstr(text, line);
        assert_non_null(at);
    }
    snprintf(line, sizeof line, "%s%s:", mark, dot ? dot + 1 : key);
    for (at = strstr(at, line); at && at > text && !strchr(" #\n", at[-1]);)
        at = strstr(at + 1, line);
    while (at && at > text && at[-1] != '\n')
        at--;
    return at;
}

static void test_defaults(void **state)
{
    _cleanup_free_ char *text = read_source("config/virtrust.yaml");
    _cleanup_(config_freep) struct config *plain = load("/dev/null"), *commented = NULL, *open = NULL;

    (void)state;
    write_file("commented", text);
    commented = load("commented");
    uncomment(text);
    write_file("open", text);
    open = load("open");
    for (const struct option *o = config_options; o->key; o++) {
        char a[OPTION_TEXT], b[OPTION_TEXT];

        option_text(o, plain, a);
        option_text(o, commented, b);
        assert_string_equal(a, b);
        option_text(o, open, b);
        if (strstr(o->key, "push_source") && strncmp(VIRTRUST_LIBEXECDIR, "/usr/libexec/", 13) != 0)
            continue; // built for another prefix than the packaged one
        assert_string_equal(a, b);
        assert_string_equal(a, o->initial);
    }
}

static void test_every_option_explained(void **state)
{
    _cleanup_free_ char *text = read_source("config/virtrust.yaml");

    (void)state;
    for (const struct option *o = config_options; o->key; o++) {
        const char *line = find_line(text, o->key, "#");

        if (!line || !explained(text, line, o->help))
            fail_msg("config/virtrust.yaml: %s is not there with the comment: %s", o->key, o->help);
    }
}

// The example is complete, correct, and carries each option's explanation.
static void test_example(void **state)
{
    _cleanup_free_ char *text = read_source("config/virtrust.yaml"), *example = calloc(1, 64 * 1024);
    _cleanup_(config_freep) struct config *c = NULL;
    const char *line = strstr(text, "#   domains:");
    const char *const lists[] = {"  domains:", "  policies:"};
    const struct option *const tables[] = {domain_options, policy_options};

    (void)state;
    assert_non_null(example);
    while (line && *line == '#') {
        size_t len = strcspn(line, "\n") + 1;

        strncat(example, line + 1, len - 1);
        line += len;
    }
    write_file("example", example);
    c = load("example");
    assert_int_equal(c->domains_count, 1);
    assert_int_equal(c->policies_count, 2);
    for (int i = 0; i < 2; i++)
        for (const struct option *o = tables[i]; o->key; o++) {
            const char *part = strstr(example, lists[i]), *at;
            char value[OPTION_TEXT];

            assert_non_null(part);
            at = find_line(part, o->key, "");
            while (at && !strchr(o->key, '.') &&
                   !explained(part, at, o->help)) // a section has a key of this name
                at = find_line(at + strcspn(at, "\n"), o->key, "");
            if (!at || !explained(part, at, o->help))
                fail_msg("config/virtrust.yaml: the example lacks %s with the comment: %s", o->key, o->help);
            option_text(o, i == 0 ? (void *)c->domains : (void *)c->policies, value);
            if (i == 1 && !value[0]) // what stands for another option is shown by the second entry
                option_text(o, &c->policies[1], value);
            assert_string_not_equal(value, "");
            assert_string_not_equal(value, "[]");
        }
}

// A backslash stands in a manual page as "\e".
static void unescape(char *text)
{
    char *to = text;

    for (; *text; text++) {
        *to++ = *text;
        if (text[0] == '\\' && text[1] == 'e')
            text++;
    }
    *to = '\0';
}

// The page names each option as ".It Cm KEY" and, in the lines up to the next, its default.
static void test_manual(void **state)
{
    const struct option *const tables[] = {config_options, domain_options, policy_options};
    _cleanup_free_ char *text = read_source("docs/man/virtrust.yaml.5");

    (void)state;
    unescape(text);
    for (int i = 0; i < 3; i++)
        for (const struct option *o = tables[i]; o->key; o++) {
            char item[128];
            const char *at, *end, *initial;

            snprintf(item, sizeof item, ".It Cm %s\n", o->key);
            at = strstr(text, item);
            if (!at)
                fail_msg("virtrust.yaml.5 lacks %s", o->key);
            end = strstr(at + 1, ".It ");
            if (!o->initial || strcmp(o->initial, "[]") == 0 || strstr(o->initial, "/virtrust-helper"))
                continue;
            initial = strstr(at, o->initial);
            if (!initial || (end && initial > end))
                fail_msg("virtrust.yaml.5: %s does not tell its default %s", o->key, o->initial);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_option_explained),
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_manual),
    };

    return cmocka_run_group_tests(tests, testing_dir_make, testing_dir_remove);
}
