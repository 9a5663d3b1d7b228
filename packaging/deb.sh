#!/bin/bash
# Makes the Debian package of the built programs.
# usage: deb.sh OUTPUT_DIRECTORY
# Environment: BUILD (the directory of the programs), VERSION (the programs' own if absent), DEB_COMPRESSION (options of
# dpkg-deb; xz as Debian does if absent).
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD
mkdir -p "$1"
out=$(cd "$1" && pwd)
BUILD=$(cd "${BUILD:-.build/release}" && pwd)
export BUILD
version=${VERSION:-$("$BUILD/upsertd" --version | sed 's/^upsertd //')}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/upsertd"
cp -r packaging/debian "$work/upsertd/debian"
cd "$work/upsertd"
# Dates are those of the change log, so that the same source gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$source/CHANGELOG.md")}
export SOURCE_DATE_EPOCH
maintainer=$(sed -n 's/^Maintainer: //p' debian/control)
cat >debian/changelog <<END
upsertd ($version) unstable; urgency=medium

  * See /usr/share/doc/upsertd/CHANGELOG.md.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
END
UPSERTD_SOURCE=$source dpkg-buildpackage -b -us -uc -d >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
mv "$work"/upsertd_*.deb "$out/"
ls "$out/upsertd_${version}_$(dpkg --print-architecture).deb"
