#!/bin/sh
# Install Synapse, the Matrix homeserver, into a virtual environment of its own: .cache/synapse/venv. From PyPI alone.
# The refusals of the twin are those of this version.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/synapse
lack() {
  echo "Synapse is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it" >&2
  exit 0
}
[ -n "${TEST_SYNAPSE:-}" ] && exit 0
[ -e "$cache/done" ] && exit 0
rm -rf "$cache" && mkdir -p "$cache"
"${PYTHON:-$root/.venv/bin/python}" -m venv "$cache/venv" >"$cache/log" 2>&1 || lack "python cannot make a virtual environment: $cache/log"
"$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input 'matrix-synapse==1.163.*' >>"$cache/log" 2>&1 ||
  lack "pip cannot install matrix-synapse: $cache/log"
"$cache/venv/bin/python" -c 'import synapse.app.homeserver' >>"$cache/log" 2>&1 || lack "it does not start: $cache/log"
touch "$cache/done"
