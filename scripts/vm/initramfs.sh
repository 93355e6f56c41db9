#!/bin/busybox sh
# The first program of the virtual machine: finds the disk and goes on there.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
@MODULES@
tries=0
until [ -b /dev/vda ] || [ $tries = 50 ]; do sleep 0.1; tries=$((tries + 1)); done
mount -t ext4 /dev/vda /new
mount --move /dev /new/dev
umount /proc
exec switch_root /new /bin/bash /project/scripts/vm/init.sh
