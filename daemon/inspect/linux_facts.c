// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/inspect/linux_facts.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LINE_BYTES = 1024 };

const char *const linux_settings_paths[LINUX_SETTINGS] = {
    [SETTINGS_RESOLV] = "/etc/resolv.conf",     [SETTINGS_RESOLVED] = "/etc/systemd/resolved.conf",
    [SETTINGS_NSSWITCH] = "/etc/nsswitch.conf", [SETTINGS_SSSD] = "/etc/sssd/sssd.conf",
    [SETTINGS_SMB] = "/etc/samba/smb.conf",
};

const char *const linux_fact_names[] = {
    "member.realm", "member.service", "member.start", "resolver.search", "resolver.servers", NULL,
};

#define SYSTEMD_WANTS "/etc/systemd/system/multi-user.target.wants/"

const struct linux_service linux_services[LINUX_SERVICES] = {
    {"sssd",
     "sss",
     {"/usr/lib/systemd/system/sssd.service", "/lib/systemd/system/sssd.service"},
     {SYSTEMD_WANTS "sssd.service", "/etc/systemd/system/sockets.target.wants/sssd-nss.socket",
      "/etc/systemd/system/sssd.service.wants/sssd-nss.socket"}},
    {"winbind",
     "winbind",
     {"/usr/lib/systemd/system/winbind.service", "/lib/systemd/system/winbind.service"},
     {SYSTEMD_WANTS "winbind.service"}},
};

// ---- lines ----

struct lines {
    const char *at, *end;
};

static struct lines lines_of(const struct linux_files *files, enum linux_settings which)
{
    const struct blob *b = &files->settings[which];

    return (struct lines){(const char *)b->data, (const char *)b->data + b->len};
}

// The next line without blanks around it. One that begins with '#' or ';', is too long or holds a zero byte is an empty
// one.
static bool next_line(struct lines *l, char ret[static LINE_BYTES])
{
    const char *from = l->at, *to;
    size_t len;

    if (!from || from == l->end)
        return false;
    to = memchr(from, '\n', (size_t)(l->end - from));
    l->at = to ? to + 1 : l->end;
    if (!to)
        to = l->end;
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (to > from && isspace((unsigned char)to[-1]))
        to--;
    len = (size_t)(to - from);
    ret[0] = '\0';
    if (len == 0 || len >= LINE_BYTES || *from == '#' || *from == ';' || memchr(from, '\0', len))
        return true;
    memcpy(ret, from, len);
    ret[len] = '\0';
    return true;
}

// "key = value" or, where apart is " ", "key value": the value, or NULL.
static char *value_of(char *line, const char *key, const char *apart)
{
    size_t len = strcspn(line, apart);
    char *value = line[len] ? line + len + 1 : line + len;

    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    if (len != strlen(key) || strncasecmp(line, key, len) != 0)
        return NULL;
    return value + strspn(value, " \t");
}

// ---- names ----

static bool is_address(const char *text)
{
    return text[0] && strspn(text, "0123456789abcdefABCDEF.:%") == strlen(text);
}

// A server on the guest itself passes questions on to others, which are not known by it.
static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static void add_word(char list[static EVIDENCE_TEXT], const char *word)
{
    size_t used = strlen(list);

    if (word[0] && used + 1 + strlen(word) < EVIDENCE_TEXT)
        snprintf(list + used, EVIDENCE_TEXT - used, "%s%s", used ? " " : "", word);
}

// A server as resolved.conf has it: 192.0.2.1:53%eth0#name, [2001:db8::1]:53. The address alone.
static void add_server(char list[static EVIDENCE_TEXT], char *word)
{
    char *address = word;

    if (*word == '[') {
        address = word + 1;
        address[strcspn(address, "]")] = '\0';
    } else {
        address[strcspn(address, "#%")] = '\0';
        if (strchr(address, '.'))
            address[strcspn(address, ":")] = '\0';
    }
    if (is_address(address) && !is_loopback(address))
        add_word(list, address);
}

static void add_words(char list[static EVIDENCE_TEXT], char *words, bool servers)
{
    for (char *word = strsep(&words, " \t,"); word; word = strsep(&words, " \t,")) {
        if (servers)
            add_server(list, word);
        else
            add_word(list, word);
    }
}

static void add_resolver(const struct linux_files *files, struct evidence *e)
{
    char servers[EVIDENCE_TEXT] = "", search[EVIDENCE_TEXT] = "", line[LINE_BYTES], *value;
    struct lines l = lines_of(files, SETTINGS_RESOLV);

    while (next_line(&l, line)) {
        if ((value = value_of(line, "nameserver", " \t")) != NULL) {
            add_words(servers, value, true);
        } else if ((value = value_of(line, "search", " \t")) != NULL ||
                   (value = value_of(line, "domain", " \t")) != NULL) {
            search[0] = '\0'; // the last one counts
            add_words(search, value, false);
        }
    }
    // It led to systemd-resolved, or was made by it and is not on the disk.
    l = lines_of(files, SETTINGS_RESOLVED);
    for (bool resolved = !servers[0]; resolved && next_line(&l, line);) {
        if ((value = value_of(line, "DNS", "=")) != NULL)
            add_words(servers, value, true);
        else if ((value = value_of(line, "Domains", "=")) != NULL)
            add_words(search, value, false);
    }
    evidence_fact(e, "resolver.servers", "%s", servers);
    evidence_fact(e, "resolver.search", "%s", search);
}

// ---- the services ----

// The first value of that key, whatever its section.
static void first_value(const struct linux_files *files, enum linux_settings which, const char *key,
                        char ret[static EVIDENCE_TEXT])
{
    struct lines l = lines_of(files, which);
    char line[LINE_BYTES], *value;

    while (!ret[0] && next_line(&l, line)) {
        value = value_of(line, key, "=");
        if (value && strlen(value) < EVIDENCE_TEXT)
            strcpy(ret, value);
    }
}

static void add_realm(const struct linux_files *files, struct evidence *e)
{
    char realm[EVIDENCE_TEXT] = "";

    first_value(files, SETTINGS_SSSD, "krb5_realm", realm);
    first_value(files, SETTINGS_SSSD, "ad_domain", realm);
    first_value(files, SETTINGS_SMB, "realm", realm);
    for (char *at = realm; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    evidence_fact(e, "member.realm", "%s", realm);
}

bool linux_service_asked(const struct linux_files *files, const struct linux_service *s)
{
    struct lines l = lines_of(files, SETTINGS_NSSWITCH);
    char line[LINE_BYTES], *value;

    while (next_line(&l, line)) {
        value = value_of(line, "passwd", ":");
        for (char *word = value ? strsep(&value, " \t") : NULL; word; word = strsep(&value, " \t"))
            if (strcmp(word, s->source) == 0)
                return true;
    }
    return false;
}

void linux_facts(const struct linux_files *files, struct evidence *e)
{
    add_resolver(files, e);
    add_realm(files, e);
    for (size_t i = 0; i < LINUX_SERVICES; i++) {
        if (!linux_service_asked(files, &linux_services[i]))
            continue;
        evidence_fact(e, "member.service", "%s", linux_services[i].name);
        // Where its unit lies elsewhere, a look cannot tell.
        if (files->starts[i] || files->installed[i])
            evidence_fact(e, "member.start", "%s", files->starts[i] ? "automatic" : "disabled");
        break;
    }
}
