#!/bin/sh
# Install vkbottle-types into a virtual environment of its own, .cache/vk: models made of VK's own JSON schema.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
venv=$root/.cache/vk/venv
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import vkbottle_types.objects' 2>/dev/null && exit 0
rm -rf "$venv"
if ! "${PYTHON:-$root/.venv/bin/python}" -m venv "$venv" ||
  ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input 'vkbottle-types==5.199.99.22'; then
  rm -rf "$venv"
  echo "vkbottle-types is missing: it could not be installed" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "the requests to VK are then not held against its models" >&2
fi
