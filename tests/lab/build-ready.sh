# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-ready.sh DIR joined|booted NAME...: makes one generation for lab_guest_ready in DIR. Run by `lab run`.

dir=$1
kind=$2
shift 2

if [ "$kind" = joined ]; then
    lab_dc_start
fi
lab_libvirtd_start
for name in "$@"; do
    lab_guest_define "$name" --memory 320
    lab_guest_start "$name"
done
for name in "$@"; do
    lab_guest_wait_agent "$name"
    lab_note "$name has booted"
    if [ "$kind" = joined ]; then
        lab_guest_join "$name"
        lab_guest_trust "$name"
        lab_note "$name has joined"
    fi
done
# All guests are saved before the DC stops: what it holds at its end is what fits to them.
for name in "$@"; do
    lab_guest_exec "$name" sync
    virsh -q save "$name" "$dir/$name.save" > /dev/null
    cp --sparse=always "$(lab_guest_disk "$name")" "$dir/$name.qcow2"
    # The restored disk has one link more in its chain than the saved one, at a place known only later (@JOINED@).
    uuid=$(lab_guest_uuid "$name")
    lab_guest_xml "$name" 320 '' 1 '@JOINED@' | sed "s|<name>$name</name>|&<uuid>$uuid</uuid>|" > "$dir/$name.xml"
done
if [ "$kind" = joined ]; then
    lab_dc_stop
    cp -a --sparse=auto "$LAB/dc" "$dir/dc"
fi
