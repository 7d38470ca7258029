#!/usr/bin/env bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# walls.sh FILE: tries what each line says, from inside a unit. Builtins alone: some units may start no process.
# "may network", "may-not processes", "may read PATH", "may write PATH" (a directory: a file in it), "may speak SOCKET".

can() {
    case $1 in
        network) # another family of sockets at all: refused by a listener that is not there, or by a wall
            { : <> /dev/tcp/127.0.0.1/9; } 2> /tmp/said
            case $(< /tmp/said) in *refused*) return 0 ;; *) return 1 ;; esac
            ;;
        processes)
            ulimit -u > /tmp/limit
            read -r limit < /tmp/limit
            [ "$limit" != 1 ]
            ;;
        read) case $2 in */) [ -r "$2" ] && [ -x "$2" ] ;; *) { : < "$2"; } 2> /dev/null ;; esac ;;
        write) case $2 in */) { : > "$2/tried"; } 2> /dev/null ;; *) { : >> "$2"; } 2> /dev/null ;; esac ;;
        speak) [ -w "$2" ] ;;
    esac
}

while read -r word thing path; do
    if can "$thing" "$path"; then is=may; else is=may-not; fi
    if [ "$is" = "$word" ]; then echo "ok $word $thing $path"; else echo "wrong wanted $word: $thing $path"; fi
done < "$1"
