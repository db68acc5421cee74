#!/bin/sh
# Copies what is mounted to /workspace: readable by everyone, writable by nobody.
set -eu
touch /tmp/started
cp -r /tmp/from/. /workspace/
chmod -R a+rX,go-w /workspace
. /tmp/docker/settle.sh
