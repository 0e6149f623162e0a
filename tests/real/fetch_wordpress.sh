#!/bin/sh
# Fetch WordPress with apt into .cache/wordpress and unpack it there; the system stays as it is: apt gets lists and
# caches of its own. PHP and MariaDB, which it runs on, must be installed: .ci/run does that on a bare machine.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.cache/wordpress
lack() {
  echo "WordPress is missing: $1" >&2
  [ "${CI:-}" = true ] && exit 1
  echo "its tests in tests/real are skipped without it" >&2
  exit 0
}
for program in php mariadbd mariadb-install-db; do
  command -v $program >/dev/null || [ -x /usr/sbin/$program ] ||
    lack "this machine has no $program (Debian: apt-get install php-cli php-mysql php-gd php-mbstring php-xml php-curl mariadb-server-core)"
done
for module in mysqli gd mbstring xml curl; do
  php -m | grep -qx $module || lack "PHP has no $module (Debian: apt-get install php-mysql php-gd php-mbstring php-xml php-curl)"
done
[ -n "${TEST_WORDPRESS:-}" ] && exit 0
[ -e "$cache/share/wordpress/wp-settings.php" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || lack "this machine has no apt-get and dpkg"
work=$cache/apt
rm -rf "$cache" && mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/unpacked"
own="-o Dir::State::lists=$work/lists -o Dir::Cache=$work -o Dir::Cache::archives=$work/archives -o APT::Sandbox::User=
  -o Acquire::Languages=none -o Acquire::Retries=3 -qq"
apt-get $own update >"$cache/log" 2>&1 || lack "apt-get update failed: $cache/log"
# What else it needs of its package's dependencies is only linked to.
(cd "$work/archives" && apt-get $own download wordpress php-getid3 libjs-cropper libjs-underscore >>"$cache/log" 2>&1) ||
  lack "apt-get download failed: $cache/log"
for package in "$work"/archives/*.deb; do dpkg -x "$package" "$work/unpacked"; done
find "$work/unpacked/usr/share/wordpress" -xtype l -delete # what would stand in /etc
mv "$work/unpacked/usr/share" "$cache/share"
rm -rf "$work"
