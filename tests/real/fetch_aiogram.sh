#!/bin/sh
# Install aiogram into a virtual environment of its own, .cache/aiogram: it pins a pydantic that would hold back ours.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.cache/aiogram
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import aiogram' 2>/dev/null && exit 0
rm -rf "$venv"
if ! "${PYTHON:-$root/.venv/bin/python}" -m venv "$venv" ||
  ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input 'aiogram>=3.31,<4'; then
  rm -rf "$venv"
  echo "aiogram is missing: it could not be installed" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "the requests to Telegram are then not held against its models" >&2
fi
