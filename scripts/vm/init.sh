#!/bin/bash
# PID 1 of the virtual machine: cgroup v2 as systemd lays it out (processes in leaves only, everything delegated by root), then the tests, once as root and
# once as an ordinary user in a group that root has given away.
export PATH=/usr/sbin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 run /run
mkdir -p /dev/pts /dev/shm /run/user
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up 2>/dev/null
hostname vm
cd /sys/fs/cgroup || exit 1
mkdir init.scope system.slice user.slice
echo $$ > init.scope/cgroup.procs
controllers='+cpu +io +memory +pids'
for at in . system.slice user.slice; do echo "$controllers" > $at/cgroup.subtree_control; done
mkdir system.slice/test.service user.slice/test.scope user.slice/other.scope
for file in . cgroup.procs cgroup.threads cgroup.subtree_control; do chown 65534:65534 user.slice/test.scope/$file; done
chmod 1777 /tmp
mkdir -p /home/nobody/{home,tmp,run}
chown -R 65534:65534 /home/nobody
chmod -R 0700 /home/nobody
cd /project || exit 1
files=$(cat scripts/vm/files)
echo "kernel $(uname -r), up for $(cut -d' ' -f1 /proc/uptime) s"
# Both at once, on a processor each; what they write is shown one after the other.
(
  echo $BASHPID > /sys/fs/cgroup/system.slice/test.service/cgroup.procs
  exec node scripts/vm/main.mjs root $files
) > /run/root.log 2>&1 &
(
  echo $BASHPID > /sys/fs/cgroup/user.slice/test.scope/cgroup.procs
  exec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env -i PATH="$PATH" HOME=/home/nobody/home TMPDIR=/home/nobody/tmp \
    XDG_RUNTIME_DIR=/home/nobody/run USER=nobody STRATABOX_TEST_UNPRIVILEGED=1 node scripts/vm/main.mjs user $files
) > /run/user.log 2>&1 &
wait
echo "── as root"
cat /run/root.log
echo "── as an ordinary user"
cat /run/user.log
echo "left: $(find /sys/fs/cgroup -mindepth 1 -type d -name 'stratabox-*' ! -name stratabox-self | tr '\n' ' ')"
echo STRATABOX-VM-END
# The host, which has read the line above, switches the machine off.
while :; do sleep 100; done
