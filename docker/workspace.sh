#!/bin/sh
# Copies what is mounted to /workspace: readable by everyone, writable by nobody.
set -eu
. /tmp/docker/times.sh
note_times
cp -r /tmp/from/. /workspace/
chmod -R a+rX,go-w /workspace
settle_times
