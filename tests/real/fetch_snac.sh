#!/bin/sh
# Fetch the package snac2 with apt into .cache and unpack it there: .cache/snac/usr/bin/snac. The system stays as it is:
# apt gets lists, sources and caches of its own. Which mirror and which release to ask, the machine's own apt tells.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/snac
snac=${TEST_SNAC:-$cache/usr/bin/snac}
lack() {
  echo "snac is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "tests/real is skipped without it; give a binary of your own: make test-real TEST_SNAC=/path/to/snac" >&2
  exit 0
}
[ -x "$snac" ] && exit 0
[ -z "${TEST_SNAC:-}" ] || lack "TEST_SNAC names no program: $TEST_SNAC"
command -v apt-get >/dev/null && command -v dpkg >/dev/null || lack "this machine has no apt-get and dpkg"

lists=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' 2>/dev/null || true)
# The first release that Debian signed, without its -updates and -security.
set -- $(printf '%s\n' "$lists" | awk '$3 == "main" && $4 == "Debian" && $2 !~ /-/ {print $1, $2; exit}')
if [ $# -lt 2 ]; then
  # Before the first `apt-get update` apt knows its sources but nothing of what is in them.
  set -- $(apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$3 == "main" && $2 !~ /-/ {print $1, $2; exit}')
fi
[ $# -ge 2 ] || lack "apt knows no Debian release here"
site=$1 release=$2
key=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$key" ] && signed="[signed-by=$key] " || signed=

work=$root/.cache/apt
rm -rf "$work" && mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/empty" "$cache"
# Debian 12 has it among its backports, 13 in the release itself.
printf 'deb %s%s %s main\n' "$signed" "$site" "$release-backports" >"$work/sources.list"
case $release in bookworm) ;; *) printf 'deb %s%s %s main\n' "$signed" "$site" "$release" >>"$work/sources.list" ;; esac
own="-o Dir::Etc::sourcelist=$work/sources.list -o Dir::Etc::sourceparts=$work/empty -o Dir::State::lists=$work/lists
  -o Dir::Cache=$work -o Dir::Cache::archives=$work/archives -o APT::Sandbox::User= -o Acquire::Languages=none
  -o Acquire::Retries=3 -qq"
apt-get $own update >"$work/log" 2>&1 || { tail -n 3 "$work/log" >&2; lack "apt-get update failed"; }
(cd "$work/archives" && apt-get $own download snac2 >>"$work/log" 2>&1) || { tail -n 3 "$work/log" >&2; lack "apt-get download snac2 failed"; }
dpkg -x "$work"/archives/snac2_*.deb "$cache"
rm -rf "$work"
if ldd "$snac" | grep 'not found' >&2; then
  lack "the libraries above; install them (Debian: apt-get install libcurl4 libssl3)"
fi
