#!/bin/sh
# Installs the Debian packages of a purpose from packages.txt, those that are missing: packages.sh build [test]
set -eu
list=$(dirname "$0")/packages.txt
missing=
for purpose in "$@"; do
    for package in $(sed -n "s/^$purpose //p" "$list"); do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
sudo=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "packages.sh: sudo is missing: install as root:$missing" >&2; exit 1; }
    sudo=sudo
fi
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
