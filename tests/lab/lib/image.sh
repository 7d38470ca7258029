# shellcheck shell=bash
# SPDX-FileCopyrightText: virtrust contributors
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The base of all guests: a Debian 12 root as a qcow2 image, a kernel and a small initrd of our own, in the cache.

# Where the files are: $LAB_IMAGE/{base.qcow2,vmlinuz,initrd,modules}.
LAB_IMAGE=
LAB_VIRT_TYPE=

lab_guest_image() {
    [ -z "$LAB_IMAGE" ] || return 0
    lab_cache guest "$(lab_image_key)" lab_image_build
    LAB_IMAGE=$LAB_ENTRY
}

lab_image_key() {
    lab_hash "$LAB_HERE/lib/image.sh" "$LAB_HERE/guest-packages.txt" "$LAB_HERE"/guest/* "$(lab_krb5_conf)"
}

# qemu or kvm: by trial, since a /dev/kvm that opens may still not run a guest. Needs the image's kernel.
lab_virt_type() {
    if [ -z "$LAB_VIRT_TYPE" ]; then
        LAB_VIRT_TYPE=qemu
        if [ -w /dev/kvm ]; then
            lab_guest_image
            lab_cache kvm "$(lab_hash "$(lab_qemu_version)" "$(cat /proc/sys/kernel/random/boot_id)")" lab_kvm_trial \
                "$LAB_IMAGE"
            LAB_VIRT_TYPE=$(cat "$LAB_ENTRY/type")
        fi
    fi
    printf '%s\n' "$LAB_VIRT_TYPE"
}

lab_qemu_version() {
    qemu-system-x86_64 --version | head -n 1
}

# Twice the time that a healthy machine needs; the answer holds until the next boot.
lab_kvm_trial() {
    local dir=$1 image=$2
    timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu host -machine pc -m 128 -nodefaults -display none \
        -serial stdio -no-reboot -kernel "$image/vmlinuz" -initrd "$image/initrd" \
        -append 'console=ttyS0 quiet panic=-1 lab.trial' > "$dir/console" 2>&1 || true
    if grep -q 'lab: userspace reached' "$dir/console"; then
        echo kvm > "$dir/type"
    else
        echo qemu > "$dir/type"
    fi
}

# ---- building ----------------------------------------------------------------------------------------------------

lab_image_build() {
    local dir=$1 root=$1/root
    lab_outside lab_image_bootstrap "$root"
    lab_image_kernel "$dir" "$root"
    lab_image_configure "$root"
    # The file system is written from the directory: nothing is mounted.
    mkfs.ext4 -q -F -d "$root" -L labroot -O ^has_journal "$dir/base.raw" 2G
    qemu-img convert -f raw -O qcow2 "$dir/base.raw" "$dir/base.qcow2"
    rm -rf --one-file-system "$root" "$dir/base.raw"
}

# lab_outside FUNCTION ARGS...: with the host's network and resolver, in a mount namespace of its own. Only for what
# comes from the package mirror.
lab_outside() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    nsenter --net="$LAB/outside/net" unshare --mount --propagation private bash -euo pipefail -c '
        . "$0"
        mount --bind "$LAB/outside/resolv.conf" /etc/resolv.conf
        "$@"' "$LAB_HERE/lib.sh" "$@"
}

# The mirror that the host's own apt uses, if it has one for this release.
lab_image_mirror() {
    local uri=${VIRTRUST_LAB_MIRROR-}
    if [ -z "$uri" ] && command -v apt-get > /dev/null; then
        # shellcheck disable=SC2016  # apt's own variables
        uri=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Created-By: Packages' |
            sed -n 's/^bookworm main //p' | head -n 1)
    fi
    printf '%s\n' "${uri:-http://deb.debian.org/debian}"
}

lab_image_bootstrap() {
    local root=$1 mirror packages kernel
    mirror=$(lab_image_mirror)
    packages=$(sed '/^#/d; /^$/d' "$LAB_HERE/guest-packages.txt" | paste -sd,)
    debootstrap --variant=minbase --include="$packages" bookworm "$root" "$mirror"
    # The kernel is unpacked, not installed: it needs neither an initrd generator nor a boot loader.
    kernel=$(chroot "$root" apt-cache depends linux-image-cloud-amd64 |
        sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    mkdir "$root/kernel"
    chroot "$root" sh -c "cd /kernel && apt-get -o APT::Sandbox::User=root download $kernel && dpkg-deb -x *.deb ."
}

# Makes vmlinuz, initrd and modules in DIR; the guest gets the modules too.
lab_image_kernel() {
    local dir=$1 root=$2 version initrd=$1/initrd.d module path
    version=$(basename "$root"/kernel/lib/modules/*)
    mv "$root/kernel/boot/vmlinuz-$version" "$dir/vmlinuz"
    mkdir -p "$root/lib/modules"
    mv "$root/kernel/lib/modules/$version" "$root/lib/modules/"
    rm -rf "${root:?}/kernel"
    depmod -b "$root" "$version"
    cp -a "$root/lib/modules/$version" "$dir/modules"

    mkdir -p "$initrd"/{bin,dev,proc,sys,root,modules}
    cp "$(command -v busybox)" "$initrd/bin/busybox"
    install -m 0755 "$LAB_HERE/guest/init" "$initrd/init"
    for module in virtio_pci virtio_blk virtio_net virtio_console virtio_rng crc32c_generic ext4; do
        modprobe -d "$root" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$initrd/paths"
    while read -r path; do
        cp "$path" "$initrd/modules/"
        basename "$path" >> "$initrd/modules/order"
    done < "$initrd/paths"
    rm "$initrd/paths"
    (cd "$initrd" && find . | cpio -o -H newc --quiet) > "$dir/initrd"
    rm -rf "$initrd"
}

lab_image_configure() {
    local root=$1 unit
    : > "$root/etc/fstab"
    printf 'search %s\nnameserver %s\n' "$LAB_DOMAIN" "$LAB_DC_IP" > "$root/etc/resolv.conf"
    printf '127.0.0.1 localhost\n%s %s\n' "$LAB_DC_IP" "$LAB_DC" > "$root/etc/hosts"
    lab_krb5_conf > "$root/etc/krb5.conf"
    cat > "$root/etc/samba/smb.conf" << EOF
[global]
    security = ads
    realm = $LAB_REALM
    workgroup = $LAB_NETBIOS
    kerberos method = secrets and keytab
    # The laboratory rotates when it wants to, not when winbind does.
    machine password timeout = 0
    idmap config * : backend = tdb
    idmap config * : range = 100000-199999
    winbind use default domain = yes
EOF
    # The agent starts as soon as its channel is there, and keeps a log to search in.
    mkdir -p "$root/etc/systemd/system/qemu-guest-agent.service.d"
    cat > "$root/etc/systemd/system/qemu-guest-agent.service.d/lab.conf" << 'EOF'
[Service]
ExecStart=
ExecStart=/usr/sbin/qemu-ga -v -l /var/log/qemu-ga.log
EOF
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
        fstrim.timer getty@tty1.service systemd-hwdb-update.service systemd-journal-flush.service \
        systemd-update-utmp.service systemd-random-seed.service systemd-pcrphase.service systemd-pstore.service \
        systemd-logind.service systemd-user-sessions.service systemd-binfmt.service systemd-remount-fs.service \
        modprobe@{configfs,dm_mod,drm,efi_pstore,fuse,loop}.service dev-hugepages.mount dev-mqueue.mount \
        sys-kernel-{debug,tracing,config}.mount sys-fs-fuse-connections.mount kmod-static-nodes.service; do
        ln -sfn /dev/null "$root/etc/systemd/system/$unit"
    done
    # winbind is for lab_guest_winbind to start.
    rm -f "$root/etc/systemd/system/multi-user.target.wants"/{winbind,smbd,nmbd}.service
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}/*
    ln -sfn /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
    : > "$root/etc/machine-id"
}
