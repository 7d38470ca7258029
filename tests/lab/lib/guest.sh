# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Guests: defined on an overlay of the cached base, driven through the QEMU guest agent alone, as virtrust does it.

# Seconds that one command in a guest may take.
LAB_EXEC_TIMEOUT=${LAB_EXEC_TIMEOUT:-120}
# virsh takes the agent's command as one argument, of which the kernel allows 128 KiB.
LAB_AGENT_CHUNK=49152

lab_guest_disk() {
    printf '%s/guests/%s.qcow2\n' "$LAB" "$1"
}

lab_guest_uuid() {
    virsh -q domuuid "$1" | sed '/^$/d'
}

# lab_guest_define NAME [--genid] [--memory MiB] [--no-agent] [--backing FILE]: prints the UUID.
lab_guest_define() {
    local name=$1 genid='' memory=320 agent=1 backing='' xml=$LAB_TMP/define-$1.xml
    shift
    while [ $# -gt 0 ]; do
        case $1 in
            --genid) genid='<genid/>' ;;
            --no-agent) agent='' ;;
            --memory) memory=$2 && shift ;;
            --backing) backing=$2 && shift ;;
            *) lab_fail "lab_guest_define: unknown option $1" || return 1 ;;
        esac
        shift
    done
    lab_guest_image
    qemu-img create -q -f qcow2 -F qcow2 -b "${backing:-$LAB_IMAGE/base.qcow2}" "$(lab_guest_disk "$name")"
    lab_guest_xml "$name" "$memory" "$genid" "$agent" "$backing" > "$xml"
    virsh -q define "$xml" > /dev/null
    rm -f "$xml"
    lab_guest_uuid "$name"
}

# The chain of backing files is spelt out, as virtrust trusts the XML and not what an image says of itself.
lab_guest_xml() {
    local name=$1 memory=$2 genid=$3 agent=$4 backing=$5 type cpu=maximum mac
    type=$(lab_virt_type)
    [ "$type" = qemu ] || cpu=host-passthrough
    # The same for the same name: a saved guest is restored on a definition written anew.
    mac=52:54:00$(md5sum <<< "$name" | sed 's/\(..\)\(..\)\(..\).*/:\1:\2:\3/')
    cat << EOF
<domain type='$type'>
  <name>$name</name>
  $genid
  <memory unit='MiB'>$memory</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$LAB_IMAGE/vmlinuz</kernel>
    <initrd>$LAB_IMAGE/initrd</initrd>
    <cmdline>console=ttyS0 quiet net.ifnames=0 mitigations=off random.trust_cpu=on lab.host=$name</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='$cpu'/>
  <clock offset='utc'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='unsafe' discard='unmap'/>
      <source file='$(lab_guest_disk "$name")'/>
      $(lab_guest_xml_backing "$backing")
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='user'><mac address='$mac'/><model type='virtio'/></interface>
    <serial type='file'><source path='$LAB_LOG/$name-console.log' append='on'/></serial>
    $([ -z "$agent" ] || printf "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>")
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
EOF
}

# lab_guest_xml_backing [FILE]: FILE, if given, lies between the overlay and the base.
lab_guest_xml_backing() {
    local base
    base="<backingStore type='file'><format type='qcow2'/><source file='$LAB_IMAGE/base.qcow2'/><backingStore/></backingStore>"
    if [ -n "$1" ]; then
        printf "<backingStore type='file'><format type='qcow2'/><source file='%s'/>%s</backingStore>" "$1" "$base"
    else
        printf '%s' "$base"
    fi
}

lab_guest_start() {
    virsh -q start "$1" > /dev/null
}

lab_guest_wait_agent() {
    lab_wait "${2:-180}" lab_agent "$1" '{"execute":"guest-ping"}'
}

lab_guest_snapshot() {
    virsh -q snapshot-create-as "$1" "$2" > /dev/null
}

lab_guest_revert() {
    virsh -q snapshot-revert "$1" "$2"
}

# ---- the agent ---------------------------------------------------------------------------------------------------

# lab_agent NAME JSON: the agent's answer, JSON.
lab_agent() {
    virsh -q qemu-agent-command "$1" "$2" --timeout 30
}

# The guest's stdout and stderr are passed on as they are; 125 when the agent itself would not do it.
lab_guest_exec() {
    local name request answer pid out end
    out=$(mktemp "$LAB_TMP/exec.XXXXXX")
    if [ "$1" = -i ]; then
        shift
        base64 -w 0 > "$out"
    fi
    name=$1
    shift
    request=$(jq -cn --rawfile in "$out" --arg path "$1" '{execute: "guest-exec", arguments: ({path: $path,
        arg: $ARGS.positional, "capture-output": true} + if $in == "" then {} else {"input-data": $in} end)}' \
        --args -- "${@:2}")
    if ! pid=$(lab_agent "$name" "$request" | jq -e .return.pid); then
        rm -f "$out"
        lab_fail "the agent of $name did not start: $*"
        return 125
    fi
    end=$((SECONDS + LAB_EXEC_TIMEOUT))
    while true; do
        answer=$(lab_agent "$name" "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":$pid}}") || return 125
        [ "$(jq .return.exited <<< "$answer")" != true ] || break
        if [ "$SECONDS" -ge "$end" ]; then
            rm -f "$out"
            lab_fail "in $name, not done after $LAB_EXEC_TIMEOUT s: $*"
            return 125
        fi
        sleep 0.05
    done
    rm -f "$out"
    jq -r '.return."out-data" // ""' <<< "$answer" | base64 -d
    jq -r '.return."err-data" // ""' <<< "$answer" | base64 -d >&2
    return "$(jq '.return | .exitcode // (128 + .signal)' <<< "$answer")"
}

# The file appears whole or not at all.
lab_guest_put() {
    local name=$1 local_file=$2 remote=$3 mode=${4:-0644} handle chunk offset=0 size
    size=$(stat -L -c %s "$local_file")
    lab_guest_exec "$name" mkdir -p "$(dirname "$remote")"
    handle=$(lab_agent "$name" "$(jq -cn --arg p "$remote.part" \
        '{execute: "guest-file-open", arguments: {path: $p, mode: "w"}}')" | jq -e .return)
    while [ "$offset" -lt "$size" ]; do
        chunk=$(dd if="$local_file" bs="$LAB_AGENT_CHUNK" skip="$((offset / LAB_AGENT_CHUNK))" count=1 status=none |
            base64 -w 0)
        lab_agent "$name" '{"execute":"guest-file-write","arguments":{"handle":'"$handle"',"buf-b64":"'"$chunk"'"}}' \
            > /dev/null
        offset=$((offset + LAB_AGENT_CHUNK))
    done
    lab_agent "$name" '{"execute":"guest-file-close","arguments":{"handle":'"$handle"'}}' > /dev/null
    # shellcheck disable=SC2016  # expanded in the guest
    lab_guest_exec "$name" sh -c 'chmod "$1" "$2.part" && mv "$2.part" "$2"' sh "$mode" "$remote"
}

lab_guest_get() {
    local name=$1 remote=$2 local_file=$3 handle answer
    handle=$(lab_agent "$name" "$(jq -cn --arg p "$remote" \
        '{execute: "guest-file-open", arguments: {path: $p, mode: "r"}}')" | jq -e .return)
    : > "$local_file"
    while true; do
        answer=$(lab_agent "$name" \
            '{"execute":"guest-file-read","arguments":{"handle":'"$handle"',"count":'"$LAB_AGENT_CHUNK"'}}')
        jq -r '.return."buf-b64"' <<< "$answer" | base64 -d >> "$local_file"
        [ "$(jq .return.eof <<< "$answer")" != true ] || break
    done
    lab_agent "$name" '{"execute":"guest-file-close","arguments":{"handle":'"$handle"'}}' > /dev/null
}

lab_guest_clock() {
    lab_agent "$1" '{"execute":"guest-set-time","arguments":{"time":'"$(date +%s%N)"'}}' > /dev/null
}

# ---- membership --------------------------------------------------------------------------------------------------

# lab_guest_member NAME FILE CMD...: runs it with the administrator's password on stdin; FILE is its log.
lab_guest_member() {
    local name=$1 log=$LAB_LOG/$1-$2.log
    shift 2
    if ! lab_guest_exec -i "$name" "$@" < "$LAB/dc/admin.password" > "$log" 2>&1; then
        tail -n 5 "$log" >&2
        lab_fail "in $name, failed: $* (see $log)"
        return 1
    fi
}

lab_guest_join() {
    lab_guest_member "$1" join adcli join --domain="$LAB_DOMAIN" --domain-ou="$LAB_OU" --computer-name="${1^^}" \
        --host-fqdn="$1.$LAB_DOMAIN" --login-user=Administrator --stdin-password
}

# Where Samba has the secret too (lab_guest_winbind), adcli tells it the new one.
lab_guest_rotate() {
    # shellcheck disable=SC2016  # expanded in the guest
    lab_guest_member "$1" rotate sh -c 'samba=; secrets=/var/lib/samba/private/secrets.tdb
        ! tdbtool "$secrets" keys 2> /dev/null | grep -q SECRETS/MACHINE_PASSWORD || samba=--add-samba-data
        exec adcli update --domain="$1" --computer-password-lifetime=0 $samba' sh "$LAB_DOMAIN"
}

# Both are true proofs; `net ads testjoin` is not (it says OK on a broken member).
lab_guest_trust() {
    lab_guest_testjoin "$1" && lab_guest_kinit "$1"
}

lab_guest_testjoin() {
    lab_guest_exec "$1" adcli testjoin --domain="$LAB_DOMAIN" > "$LAB_TMP/testjoin" 2>&1
}

lab_guest_kinit() {
    lab_guest_exec "$1" kinit -k -c MEMORY:lab "${1^^}\$@$LAB_REALM" > "$LAB_TMP/kinit" 2>&1
}

# Joins by Samba's own means, over the join that may be there: only this makes secrets.tdb whole.
lab_guest_winbind() {
    lab_guest_member "$1" winbind net ads join --no-dns-updates -U Administrator createcomputer=Guests
    lab_guest_exec "$1" systemctl -q enable --now winbind 2> /dev/null
    lab_wait 60 lab_guest_exec "$1" wbinfo --ping-dc
}

lab_guest_install_helper() {
    if [ ! -x "$LAB_BIN/virtrust-helper" ]; then
        lab_fail "no $LAB_BIN/virtrust-helper: build it first (or set VIRTRUST_BIN_DIR)"
        return 1
    fi
    lab_guest_put "$1" "$LAB_BIN/virtrust-helper" /usr/libexec/virtrust/virtrust-helper 0755
}
