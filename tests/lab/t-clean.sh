# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A laboratory leaves nothing behind: no process, mount, file or network address, however it ends. Each case runs a
# laboratory with everything in it (domain controller, libvirtd, a running guest) inside this one, which is a quiet
# world in which the two pictures, before and after, must be the same to the last line.

# What could be left: in here nobody else starts, mounts or writes anything.
picture() {
    printf 'processes:\n'
    # Not through a pipe: its other end is a copy of this shell until it has become itself, and would be in the picture.
    ps -e -o pid=,args= --sort pid > "$LAB_TMP/ps"
    grep -v ' ps -e ' "$LAB_TMP/ps" || true
    printf 'mounts:\n'
    # These two are the host's to make and remove, and a mount goes with its directory.
    grep -v ' /var/lib/virtrust \| /var/log/virtrust ' /proc/self/mounts | sort
    printf 'files:\n'
    find /tmp /var/tmp /run /etc /dev/shm /root /var/lib/libvirt /var/lib/samba /var/log /var/cache/libvirt -xdev \
        -not -path "$LAB_TMP/*" -not -path '/tmp/lab-logs/*' 2> /dev/null | sort
    find /var/tmp /var/log /var/lib/libvirt /var/lib/samba /dev/shm 2> /dev/null | sort
    printf 'network:\n'
    ip -br addr
    printf 'namespaces:\n'
    for ns in /proc/[0-9]*/ns/{mnt,net,pid}; do readlink "$ns" || true; done | sort -u
}

# The inner laboratory: it says "up" when all is running, then ends as its first argument tells.
inner=/tmp/inner.sh
cat > "$inner" << 'EOF'
lab_guest_ready guest1
lab_offline_domains 2
echo left > /tmp/left
echo left > /var/tmp/left
sleep 1000 &
setsid sleep 1000 &
echo up > "$2"
case $1 in
    success) exit 0 ;;
    failure) exit 3 ;;
    crash) kill -KILL "$BASHPID" ;;
    stay) sleep 1000 ;;
esac
EOF

# A place that both laboratories see: the cache is the one directory that they share.
said=$LAB_CACHE/.t-clean-$$-$RANDOM
trap 'rm -f "$said"' EXIT
inner_up_or_over() {
    [ -s "$said" ] || ! lab_running "$lab"
}

gone() {
    [ "$(pgrep -c -f "lab/init.sh run $inner")" -eq 0 ] && [ "$(pgrep -c 'samba|libvirtd|qemu-system')" -eq 0 ]
}

# raise HOW: starts the inner laboratory in the background; its process id in $lab.
raise() {
    rm -f "$said"
    VIRTRUST_LAB_LOGS=/tmp/lab-logs "$LAB_HERE/lab" run "$inner" "$1" "$said" > "$LAB_TMP/inner.log" 2>&1 < /dev/null &
    lab=$!
    lab_wait 300 inner_up_or_over
    if [ ! -s "$said" ]; then
        cat "$LAB_TMP/inner.log" >&2
        lab_fail "the inner laboratory did not come up"
    fi
}

same_picture() {
    picture > "$LAB_TMP/after"
    diff "$LAB_TMP/before" "$LAB_TMP/after"
}

# try TEXT HOW EXPECTED [CMD...]: CMD ends the running laboratory; EXPECTED is its exit code, or "bad" for any but 0.
try() {
    local text=$1 how=$2 expected=$3 status=0
    shift 3
    raise "$how"
    if [ $# -gt 0 ]; then
        "$@"
    fi
    wait "$lab" || status=$?
    if [ "$expected" = bad ]; then
        lab_check "$text: an exit code that is not 0" test "$status" -ne 0
    else
        lab_check "$text: exit code $expected" test "$status" -eq "$expected"
    fi
    rm -f "$said"
    # The kernel needs a moment to take everything down.
    lab_check "$text: all processes are gone" lab_wait 20 gone
    lab_check "$text: nothing is left behind" lab_wait 10 same_picture
}

kill_runner() { kill -KILL "$lab"; }
kill_unshare() { kill -KILL "$(pgrep -P "$lab")"; }
kill_init() { kill -KILL "$(pgrep -P "$(pgrep -P "$lab")")"; }
terminate() { kill -TERM "$lab"; }
# Ctrl-C wants a terminal, and a parent that does not ignore it, as ours does: here the laboratory runs on one, and the
# key is pressed when it is up.
on_terminal() {
    (
        lab_wait 300 test -s "$said"
        printf '\003'
        sleep 5
    ) | env --default-signal=INT script -qec "'$LAB_HERE/lab' run '$inner' stay '$said'" /dev/null \
        > "$LAB_TMP/inner.log" 2>&1
}
hang_up() { kill -HUP "$lab"; }

# So that the cache is built, and the first picture is not taken while something of it starts.
lab_guest_image
mkdir -p /tmp/lab-logs
raise success
wait "$lab" || true
lab_wait 20 gone
rm -f "$said"
picture > "$LAB_TMP/before"

try "success" success 0
try "a failing script" failure 3
try "a crashing script" crash 137
try "SIGTERM" stay 143 terminate
try "SIGHUP" stay 129 hang_up
try "kill -9 of the runner" stay 137 kill_runner
try "kill -9 of what stands between" stay 137 kill_unshare
try "kill -9 of the namespaces' first process" stay bad kill_init

rm -f "$said"
status=0
on_terminal || status=$?
lab_check "Ctrl-C: exit code 130" test "$status" -eq 130
rm -f "$said"
lab_check "Ctrl-C: all processes are gone" lab_wait 20 gone
lab_check "Ctrl-C: nothing is left behind" lab_wait 10 same_picture
lab_done
