#!/bin/sh
# Installs the locked lists of docker/requirements that are named, and a workspace's own lock. Each file of theirs has a hash.
set -eu
for name in "$@"; do
  sh /tmp/docker/install.sh --no-deps --require-hashes --requirement "/tmp/docker/requirements/$name.txt"
done
if [ -s /tmp/wanted/requirements.txt ]; then
  sh /tmp/docker/install.sh --require-hashes --requirement /tmp/wanted/requirements.txt
fi
