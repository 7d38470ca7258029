#!/bin/sh
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# standin.sh VERB FILE: answers a stand-in's question (standins/exchange.h) out of the real world: agreements by OpenSSL,
# Netlogon's work by a real log-on at, or a change of password by, the domain controller. The answer is FILE.done.
verb=$1 file=$2
here=${STANDIN_DIR:?}

answer() {
    printf '%s' "$1" > "$file.new"
    mv "$file.new" "$file.done"
    rm -f "$file"
    exit 0
}

if [ "$verb" = agree ]; then
    "${STANDIN_AGREE:?}" < "$file" > "$file.new"
    mv "$file.new" "$file.done"
    rm -f "$file"
    exit 0
fi

{
    read -r domain
    read -r account
    read -r password
    read -r new
} < "$file"
realm=$(printf %s "$domain" | tr '[:lower:]' '[:upper:]')
KRB5CCNAME=FILE:$file.cc
export KRB5CCNAME

# What Netlogon would say, by Kerberos' words.
code_of() {
    case $1 in
        *'Preauthentication failed'* | *'Password incorrect'* | *'integrity check failed'*) echo 5 ;;
        *'Clock skew'*) echo 1398 ;;
        *'Cannot contact'* | *'Cannot find KDC'* | *'Cannot resolve'*) echo 1311 ;;
        *'not found in Kerberos database'*) echo 1787 ;;
        *revoked*) echo 1331 ;;
        *) echo 1789 ;;
    esac
}

words=$(printf '%s\n' "$password" | LC_ALL=C kinit "$account@$realm" 2>&1)
status=$?
rm -f "$file.cc"
if [ $status -ne 0 ]; then
    printf '%s %s: %s\n' "$verb" "$account" "$words" >> "$here/kerberos.log"
    answer "$(code_of "$words")"
fi
if [ "$verb" = rotate ]; then
    words=$(printf '%s\n%s\n%s\n' "$password" "$new" "$new" | LC_ALL=C kpasswd "$account@$realm" 2>&1) || {
        printf 'rotate %s: %s\n' "$account" "$words" >> "$here/kerberos.log"
        answer 5
    }
fi
answer 0
