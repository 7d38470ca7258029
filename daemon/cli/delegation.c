// SPDX-FileCopyrightText: virtrust contributors
// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/cli/delegation.h"

#include "common/os/ownname.h"
#include "daemon/cli/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// The right `Reset Password`, and the class `computer`, by their schema's GUIDs.
#define RESET_PASSWORD "00299570-246d-11d0-a768-00aa006e0529"
#define COMPUTER "bf967a86-0de6-11d0-a285-00aa003049e2"

enum { LINES_MAX = 8, LINE = 2 * QUOTED_TEXT };

struct names {
    char account[512], principal[600], base[QUOTED_TEXT], service[400], netbios[64];
};

struct lines {
    char text[LINES_MAX][LINE];
    size_t n;
};

static void quote(const char *text, const char *inner, char ret[static QUOTED_TEXT])
{
    size_t used = 0, room = QUOTED_TEXT - 2, more;

    ret[used++] = '\'';
    for (; *text; text++) {
        more = *text == '\'' ? strlen(inner) : 1;
        if (used + more >= room)
            break;
        memcpy(ret + used, *text == '\'' ? inner : text, more);
        used += more;
    }
    ret[used++] = '\'';
    ret[used] = '\0';
}

void quote_powershell(const char *text, char ret[static QUOTED_TEXT])
{
    quote(text, "''", ret);
}

void quote_shell(const char *text, char ret[static QUOTED_TEXT])
{
    quote(text, "'\\''", ret);
}

static void add(struct lines *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct lines *l, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(l->text[l->n++], LINE, format, args);
    va_end(args);
}

// "corp.example.com" as DC=corp,DC=example,DC=com: a domain's head is named after it.
static void head_of(const char *domain, char *ret, size_t size)
{
    size_t used = 0;

    ret[0] = '\0';
    for (size_t part; *domain && used < size; domain += part + (domain[part] == '.')) {
        part = strcspn(domain, ".");
        used += (size_t)snprintf(ret + used, size - used, "%sDC=%.*s", used ? "," : "", (int)part, domain);
    }
}

// What is not configured is made of the domain's name; which part of the directory is meant nobody can guess, and
// stands as a word in capitals, to be filled in.
static void find_names(const struct config_domain *d, struct names *n)
{
    const char *at = d->principal ? strrchr(d->principal, '@') : NULL;
    char head[1024];

    head_of(d->name, head, sizeof head);
    snprintf(n->principal, sizeof n->principal, at ? "%s" : "virtrust-svc@%s", at ? d->principal : d->name);
    for (char *p = strrchr(n->principal, '@'); !at && *p; p++)
        *p = (char)toupper((unsigned char)*p);
    snprintf(n->account, sizeof n->account, "%.*s", (int)strcspn(n->principal, "@/"), n->principal);
    snprintf(n->base, sizeof n->base, d->base ? "%s" : "OU=GUESTS,%s", d->base ? d->base : head);
    if (d->service)
        snprintf(n->service, sizeof n->service, "%s", d->service);
    else
        own_service(d->name, n->service, sizeof n->service);
    snprintf(n->netbios, sizeof n->netbios, "%s", d->netbios ? d->netbios : "NETBIOS");
}

static void for_windows(const struct names *n, struct lines *l)
{
    char account[QUOTED_TEXT], base[QUOTED_TEXT], full[QUOTED_TEXT], right[QUOTED_TEXT], text[QUOTED_TEXT],
        service[QUOTED_TEXT];

    quote_powershell(n->account, account);
    quote_powershell(n->base, base);
    quote_powershell(n->service, service);
    snprintf(text, sizeof text, "%s\\%s", n->netbios, n->account);
    quote_powershell(text, full);
    snprintf(text, sizeof text, "%s\\%s:CA;Reset Password;computer", n->netbios, n->account);
    quote_powershell(text, right);
    add(l,
        "New-ADUser %s -AccountPassword (Read-Host -AsSecureString) -Enabled $true -PasswordNeverExpires "
        "$true "
        "-KerberosEncryptionType AES128,AES256",
        account);
    add(l, "dsacls %s /I:S /G %s", base, right);
    add(l, "setspn -S %s %s", service, full);
    quote_powershell(n->principal, right);
    add(l,
        "ktpass /princ %s /mapuser %s /pass * /ptype KRB5_NT_PRINCIPAL /crypto AES256-SHA1 /out "
        "virtrust.keytab",
        right, full);
}

// Set-Acl's way to the same entry, where dsacls does not understand the names of another language's directory.
static void for_powershell(const struct names *n, struct lines *l)
{
    char account[QUOTED_TEXT], base[QUOTED_TEXT], text[QUOTED_TEXT];

    quote_powershell(n->account, account);
    snprintf(text, sizeof text, "AD:\\%.4000s", n->base);
    quote_powershell(text, base);
    add(l, "$ou = %s; $acl = Get-Acl $ou; $sid = (Get-ADUser %s).SID", base, account);
    add(l, "$acl.AddAccessRule((New-Object DirectoryServices.ActiveDirectoryAccessRule $sid, "
           "'ExtendedRight', 'Allow', "
           "([guid]'" RESET_PASSWORD "'), 'Descendents', ([guid]'" COMPUTER "')))");
    add(l, "Set-Acl $ou $acl");
}

static void for_samba(const struct names *n, struct lines *l)
{
    char account[QUOTED_TEXT], base[QUOTED_TEXT], principal[QUOTED_TEXT], service[QUOTED_TEXT];

    quote_shell(n->account, account);
    quote_shell(n->base, base);
    quote_shell(n->principal, principal);
    quote_shell(n->service, service);
    add(l, "samba-tool user create %s --random-password", account);
    add(l, "samba-tool user setexpiry %s --noexpiry", account);
    add(l, "sid=$(samba-tool user show %s --attributes=objectSid | sed -n 's/^objectSid: //p')", account);
    add(l, "dn=$(samba-tool user show %s --attributes=objectSid | sed -n 's/^dn: //p')", account);
    add(l,
        "samba-tool dsacl set --objectdn=%s --action=allow --trusteedn=\"$dn\" "
        "--sddl=\"(OA;CIIO;CR;" RESET_PASSWORD ";" COMPUTER ";$sid)\"",
        base);
    add(l, "samba-tool spn add %s %s", service, account);
    add(l, "net ads enctypes set %s 24 -U Administrator", account);
    add(l, "samba-tool domain exportkeytab virtrust.keytab --principal=%s", principal);
}

// Where virtrust-directory looks for the keytab; the path of a credential's file is virtrust-directory(8)'s example.
static void for_host(const struct config_domain *d, struct lines *l)
{
    char name[QUOTED_TEXT], file[QUOTED_TEXT], text[QUOTED_TEXT];

    if (d->credential && !d->keytab) {
        snprintf(text, sizeof text, "/etc/virtrust/%.4000s.cred", d->credential);
        quote_shell(d->credential, name);
        quote_shell(text, file);
        add(l, "systemd-creds encrypt --name=%s virtrust.keytab %s", name, file);
    } else {
        snprintf(text, sizeof text, "/etc/virtrust/%.4000s.keytab", d->name);
        quote_shell(d->keytab ? d->keytab : text, file);
        add(l, "install -o virtrust-directory -g root -m 0400 virtrust.keytab %s", file);
    }
    add(l, "shred -u virtrust.keytab");
}

static void print(const char *title, const struct lines *l)
{
    char safe[LINE];

    printf("# %s\n", title);
    for (size_t i = 0; i < l->n; i++)
        puts(text_safe(l->text[i], safe, sizeof safe));
    puts("");
}

static json_t *as_json(const struct lines *l)
{
    json_t *list = json_array();

    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(list, json_text(l->text[i], strlen(l->text[i])));
    return list;
}

static void each(const struct cli *c, const struct config_domain *d, json_t *list)
{
    static struct lines windows, powershell, samba, host;
    static struct names names;

    windows.n = powershell.n = samba.n = host.n = 0;
    find_names(d, &names);
    for_windows(&names, &windows);
    for_powershell(&names, &powershell);
    for_samba(&names, &samba);
    for_host(d, &host);
    if (c->json) {
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:o, s:o}", "domain", d->name, "active_directory",
                                        as_json(&windows), "powershell_acl", as_json(&powershell), "samba",
                                        as_json(&samba), "host", as_json(&host)));
        return;
    }
    printf("# %s: %s may reset the computers below %s, and nothing else; see virtrust-directory(8)\n\n",
           d->name, names.principal, names.base);
    if (!d->principal || !d->base || (!d->keytab && !d->credential))
        printf("# not configured, and made up here:%s%s%s; write what you choose into virtrust.yaml\n\n",
               d->principal ? "" : " principal", d->base ? "" : " base",
               d->keytab || d->credential ? "" : " keytab");
    print("Active Directory, in PowerShell as an administrator of the domain", &windows);
    print("the second line again, where dsacls does not know the right by this name", &powershell);
    print("Samba, as root on a domain controller", &samba);
    print("then on this host, as root, with virtrust.keytab brought here by a safe way", &host);
}

int delegation_print(const struct cli *c)
{
    json_t *list = c->json ? json_array() : NULL;

    if (!c->config->domains_count)
        return cli_error(c, EXIT_NO_WORK, "no-domain", "add one under `domains:` in virtrust.yaml",
                         "no domain is configured: there is nothing to fill in");
    for (size_t i = 0; i < c->config->domains_count; i++)
        each(c, &c->config->domains[i], list);
    return c->json ? json_print(json_pack("{s:i, s:o, s:i}", "schema", CLI_SCHEMA, "domains", list, "exit",
                                          EXIT_ANSWERED))
                   : EXIT_ANSWERED;
}

int cmd_doctor(const struct cli *c, const char *command)
{
    if (!c->delegation)
        return cmd_ask(c, command);
    if (c->args_count)
        return cli_fail(EXIT_USAGE, "", "usage: virtrust doctor --delegation");
    return delegation_print(c);
}
