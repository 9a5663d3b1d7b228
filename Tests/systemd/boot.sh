#!/bin/bash
# usage: boot.sh STATE NAME TREE
# Boots a throw-away copy of this machine under systemd, with the files of TREE laid over it, until it is powered off.
# To be run as root, in mount and pid namespaces of its own (container.py does), so that nothing of it stays behind.
set -eu
state=$1 name=$2 tree=$3

# cgroups of its own, so that nspawn does not make its own at the root. The list changes while we move: read it whole first.
groups=$(cat /proc/self/cgroup)
: >"$state/cgroups"
while IFS=: read -r _ controller path; do
  case $controller in name=systemd) hierarchy=systemd ;; "") hierarchy=unified ;; *) hierarchy=$controller ;; esac
  case $hierarchy in systemd | unified | memory | pids | cpu | cpuacct | devices) ;; *) continue ;; esac
  # A machine with cgroup v2 alone has its tree at the top.
  base=/sys/fs/cgroup/$hierarchy
  if [ "$hierarchy" = unified ] && [ -f /sys/fs/cgroup/cgroup.controllers ]; then base=/sys/fs/cgroup; fi
  [ -d "$base" ] || continue
  mkdir -p "$base${path%/}/$name"
  echo $$ >"$base${path%/}/$name/cgroup.procs"
  echo "$base${path%/}/$name" >>"$state/cgroups"
done <<<"$groups"

mount -t tmpfs -o size=3g,mode=755 "$name" "$state/fs"
mkdir "$state"/fs/{upper,work,root}
root=$state/fs/root
mount -t overlay overlay -o lowerdir=/,upperdir="$state/fs/upper",workdir="$state/fs/work" "$root"
# Nothing of this machine is started in it.
rm -rf "$root"/etc/systemd/system/* "$root"/etc/init.d/* "$root"/etc/rc?.d/* "$root"/etc/cron.d/* "$root"/etc/fstab
rm -rf "$root"/var/log/journal "$root"/etc/upsertd "$root"/var/lib/upsertd "$root"/var/spool/upsertd
mkdir -p "$root"/var/log/journal
od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$root"/etc/machine-id
echo >>"$root"/etc/machine-id
echo "$name" >"$root"/etc/hostname
cp -a "$tree"/. "$root"/

# cgroup v2 in it, and bpf, without which systemd cannot enforce IPAddressAllow=.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
while :; do
  status=0
  systemd-nspawn -q -D "$root" -M "$name" -b --register=no --keep-unit --private-network --link-journal=no \
    --resolv-conf=off --timezone=off --console=pipe --system-call-filter=bpf \
    -- systemd.unit=multi-user.target || status=$?
  [ $status = 133 ] || exit $status # 133: it asks for a reboot
done
