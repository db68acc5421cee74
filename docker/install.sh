#!/bin/sh
# Installs what pip is asked for into /opt/minerva while an image is built: compiled, without what containers do not need,
# and with one time for all files, so that equal input makes equal layers.
set -eu
export PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_QUIET=1
export PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0
export PATH=/usr/local/bin:/usr/bin:/bin # the base image's Python has pip, our own has none
here=$(dirname "$0")
. "$here/closed-network.sh"
. "$here/times.sh"
note_times

[ -x /opt/minerva/bin/python ] || python3 -m venv --without-pip /opt/minerva
python3 -m pip --python /opt/minerva/bin/python install --no-compile "$@"

cd /opt/minerva/lib/python3*/site-packages
grep -v -e '^#' -e '^$' "$here/left-out.txt" | while read -r pattern; do
  case $pattern in
    # Unquoted: the shell finds what the pattern means.
    # shellcheck disable=SC2086
    */*) rm -rf $pattern ;;
    *) find . -depth -name "$pattern" -exec rm -rf {} + ;;
  esac
done
# A compiled module holds its source's time, which therefore must not change any more.
settle_times
/opt/minerva/bin/python -m compileall -q -j 1 --invalidation-mode timestamp .
settle_times
