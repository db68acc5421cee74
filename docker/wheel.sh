#!/bin/sh
# Builds Minerva's own wheel from /source into the folder that is named, with the locked setuptools.
set -eu
. docker/closed-network.sh
export PIP_CONSTRAINT=/source/constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=1
python3 -m pip wheel --no-cache-dir --no-deps --wheel-dir "$1" .
