#!/bin/sh
# Boots systemd as process 1 of namespaces of its own, on top of this machine's files. What is written inside is gone with it, and
# nothing of the kernel can be changed from there.
#
# usage: unshare --mount --propagation private sh boot.sh DIRECTORY CGROUP NOTIFY SYSTEMD
#   DIRECTORY  an empty directory
#   CGROUP     a group of version 2 in which nobody is
#   NOTIFY     a directory with a socket, `socket`, which is told when the machine is up: sd_notify(3)
#   SYSTEMD    the program
set -eu
directory=$1 cgroup=$2
mount -t tmpfs -o mode=755 holdpoint "$directory"
mkdir "$directory/upper" "$directory/work" "$directory/root"
mount -t overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" overlay "$directory/root"
echo $$ > "$cgroup/cgroup.procs"
# shellcheck disable=SC2016 # the inner shell is the one that knows
exec unshare --pid --fork --kill-child --mount --uts --ipc --cgroup --propagation private sh -euc '
root=$1 notify=$2 systemd=$3
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/sys/fs"
mkdir "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in full null random tty urandom zero; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
# None of the services of this machine.
mount -t tmpfs -o mode=755 tmpfs "$root/etc/systemd/system"
hostname holdpoint-test
mkdir "$root/run/notify" "$root/run/before"
mount --bind "$notify" "$root/run/notify"
cd "$root"
pivot_root . run/before
umount -l /run/before
exec setpriv --bounding-set=-sys_time,-sys_boot,-sys_module,-sys_rawio,-syslog \
    env -i container=holdpoint-test NOTIFY_SOCKET=/run/notify/socket PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    "$systemd" --system --log-target=null --show-status=false --unit=basic.target
' boot "$directory/root" "$3" "$4"
