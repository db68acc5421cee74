#!/bin/sh
# Makes a tree to be laid over the base image: process 1, and the folders that are the container's own: state, logs, and
# /run/minerva for what containers share by a volume, such as a Unix socket or a key.
set -eu
install -d -m 0755 "$1" "$1/etc" "$1/run" "$1/usr" "$1/usr/bin" "$1/var" "$1/var/lib" "$1/var/log" "$1/opt" "$1/workspace"
install -d -m 0750 -o 10001 -g 10001 "$1/var/lib/minerva" "$1/var/log/minerva" "$1/run/minerva"
# Where a file system in memory is mounted here, it takes this mode, whatever is asked for.
install -d -m 0700 -o 10001 -g 10001 "$1/var/lib/minerva/run"
install -m 0755 /usr/bin/tini-static "$1/usr/bin/tini"
# Names for the numbers, which some libraries ask for; all else is as in the base image.
{ cat /etc/group; echo "minerva:x:10001:"; } > "$1/etc/group"
{ cat /etc/passwd; echo "minerva:x:10001:10001::/nonexistent:/usr/sbin/nologin"; } > "$1/etc/passwd"
# Engines mount theirs over these. Where they are missing, older ones make and remove them, which is seen in each layer.
echo "127.0.0.1 localhost" > "$1/etc/hosts"
echo "# written when a container starts" > "$1/etc/resolv.conf"
find "$1" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
