# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The disk that the looks are measured on, made once and kept in $BENCH_CACHE: a Windows-shaped disk (GPT; a reserved
# partition, an 8 GiB NTFS volume with a full System32, a recovery volume), its hives of real size, as qcow2 base images
# with an overlay each:
#
#     all.qcow2        SECURITY, SYSTEM, SOFTWARE, SAM
#     both.qcow2       SECURITY, SYSTEM
#     security.qcow2   SECURITY alone
#     storm.qcow2      SECURITY and SYSTEM of an invented member whose computer has no name yet: for the storm, which
#                      writes each guest's own SECURITY into its overlay
#
# with `hives/` (the files themselves), `made/` (the storm's), and `extents-NAME`: "HIVE OFFSET LENGTH" in bytes of the disk,
# for whoever reads the same bytes without understanding them. Real hives are taken where they are at hand ($VIRTRUST_HIVES,
# ../shared/hives).

BENCH_WINDOWS_START=$((17 * 1024 * 1024)) # bytes into the disk
BENCH_WINDOWS_MIB=8192

# Prints what a hive is made from: part of the fixture's name, so that another origin is another fixture.
fixture_origin() {
    local real=$BENCH_HIVES/member-rotated/SECURITY.xz
    if command -v xz > /dev/null && [ -r "$real" ] && [ -r "$BENCH_HIVES/member-win7/SYSTEM.xz" ]; then
        echo real
    else
        echo made
    fi
}

# bench_fixture: leaves its directory in BENCH_FIXTURE.
bench_fixture() {
    local key building
    key=$(cat "$BENCH_HERE/fixture.sh" "$BENCH_HERE/growhive.c" | sha256sum | cut -c 1-12)-$(fixture_origin)
    BENCH_FIXTURE=$BENCH_CACHE/disk-$key
    [ -e "$BENCH_FIXTURE/.complete" ] && return 0
    bench_say "making the disk to look at (once)"
    building=$BENCH_CACHE/.building-disk
    rm -rf "$building"
    mkdir -p "$building/hives" "$building/made"
    fixture_hives "$building/hives" && fixture_made "$building/made" && fixture_disks "$building" || return 1
    touch "$building/.complete"
    rm -rf "$BENCH_FIXTURE"
    mv "$building" "$BENCH_FIXTURE"
}

# SECURITY and SYSTEM of real machines where there are some (two machines': each hive is read for itself).
fixture_hives() {
    local to=$1 spare=$1/../spare
    mkdir -p "$spare"
    "$BENCH_MKHIVE" "$to" computer=WS1 netbios=LAB dns=lab.test domain_sid=S-1-5-21-1-2-3 \
        account_sid=S-1-5-21-1-2-3-1107 set_at=133203110020139115 secret=one product=WinNT max_age=30 || return 1
    "$BENCH_MKHIVE" "$spare" computer=WS1 product=WinNT || return 1
    cp "$spare/SYSTEM" "$to/SOFTWARE"
    cp "$spare/SYSTEM" "$to/SAM"
    if [ "$(fixture_origin)" = real ]; then
        xz -dc "$BENCH_HIVES/member-rotated/SECURITY.xz" > "$to/SECURITY"
        xz -dc "$BENCH_HIVES/member-win7/SYSTEM.xz" > "$to/SYSTEM"
    else
        "$BENCH_BIN/bench-growhive" "$to/SYSTEM" 12 || return 1
    fi
    "$BENCH_BIN/bench-growhive" "$to/SOFTWARE" 64 windows
    rm -r "$spare"
}

# A SYSTEM that names no computer contradicts none of the storm's SECURITY hives.
fixture_made() {
    "$BENCH_MKHIVE" "$1" netbios=LABVT product=WinNT max_age=30 && "$BENCH_BIN/bench-growhive" "$1/SYSTEM" 12
}

fixture_disks() {
    local dir=$1
    fixture_disk "$dir" all hives SECURITY SYSTEM SOFTWARE SAM &&
        fixture_disk "$dir" both hives SECURITY SYSTEM &&
        fixture_disk "$dir" security hives SECURITY &&
        fixture_disk "$dir" storm made SECURITY SYSTEM
}

# fixture_disk DIR NAME HIVES HIVE...: HIVES is the directory in DIR that they lie in.
fixture_disk() {
    local dir=$1 name=$2 hives=$3 work=$1/work hive
    shift 3
    mkdir -p "$work/mnt"
    truncate -s "${BENCH_WINDOWS_MIB}M" "$work/windows"
    truncate -s 512M "$work/recovery"
    mkntfs -q -F -Q -p 34816 -L Windows "$work/windows" > "$work/log" 2>&1 &&
        mkntfs -q -F -Q -L Recovery "$work/recovery" >> "$work/log" 2>&1 &&
        fixture_fill "$dir/$hives" "$work" "$@" && fixture_join "$work" "$work/disk" || {
        sed 's/^/bench:   /' "$work/log" >&2
        return 1
    }
    for hive in "$@"; do
        fixture_extent "$work/windows" "$hive" || return 1
    done > "$dir/extents-$name"
    qemu-img convert -f raw -O qcow2 "$work/disk" "$dir/$name-base.qcow2" &&
        (cd "$dir" && qemu-img create -q -f qcow2 -b "$name-base.qcow2" -F qcow2 "$name.qcow2") || return 1
    rm -rf "$work"
}

# The files of System32 are empty ones, but of a real directory's number: what is sought lies behind a real index.
fixture_fill() {
    local hives=$1 work=$2
    shift 2
    # shellcheck disable=SC2016  # expanded by the inner shell
    unshare --mount --propagation private bash -euo pipefail -c '
        work=$1 hives=$2
        shift 2
        ntfs-3g "$work/windows" "$work/mnt"
        mkdir -p "$work/mnt/Windows/System32/config" "$work/mnt/Users" "$work/mnt/Program Files"
        for hive in "$@"; do cp --sparse=never "$hives/$hive" "$work/mnt/Windows/System32/config/$hive"; done
        (cd "$work/mnt/Windows/System32" && seq -f "library%g.dll" 4000 | xargs touch)
        # Just enough of a program that libguestfs tells the machine it is for.
        {
            printf "MZ"; head -c 58 /dev/zero; printf "\x40\0\0\0PE\0\0\x64\x86"; head -c 14 /dev/zero
            printf "\xf0\0\x22\0\x0b\x02"; head -c 66 /dev/zero; printf "\x03"; head -c 355 /dev/zero
        } > "$work/mnt/Windows/System32/cmd.exe"
        sync -f "$work/mnt"
        umount "$work/mnt"
        # ntfs-3g writes on in the background until it has gone.
        while pgrep -f "ntfs-3g $work/windows" > /dev/null; do sleep 0.05; done
    ' fill "$work" "$hives" "$@" >> "$work/log" 2>&1
}

fixture_join() {
    local work=$1 disk=$2 windows recovery
    windows=$((BENCH_WINDOWS_START / 512))
    recovery=$((windows + BENCH_WINDOWS_MIB * 2048))
    truncate -s $(((recovery + 512 * 2048 + 2048) * 512)) "$disk"
    sfdisk -q "$disk" >> "$work/log" 2>&1 << EOT || return 1
label: gpt
start=2048, size=32768, type=E3C9E316-0B5C-4DB8-817D-F92DF00215AE
start=$windows, size=$((BENCH_WINDOWS_MIB * 2048)), type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
start=$recovery, size=$((512 * 2048)), type=DE94BBA4-06D1-4D40-A16A-BFD50179D6AC
EOT
    fixture_put "$work/windows" "$disk" "$BENCH_WINDOWS_START" && fixture_put "$work/recovery" "$disk" $((recovery * 512))
}

# Copies what is not a hole.
fixture_put() {
    qemu-img convert -n -f raw --target-image-opts "$1" "driver=raw,offset=$3,size=$(stat -c %s "$1"),file.driver=file,file.filename=$2"
}

# One line for each run of the file's clusters (4 KiB).
fixture_extent() {
    ntfscluster -f -F "Windows/System32/config/$2" "$1" 2> /dev/null |
        awk -v hive="$2" -v start="$BENCH_WINDOWS_START" '
            /^ *0x/ { data = /^ *0x80 / }
            data && NF == 3 && $1 ~ /^[0-9]+$/ { printf "%s %d %d\n", hive, start + $2 * 4096, $3 * 4096; n++ }
            END { exit !n }'
}
