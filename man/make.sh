#!/bin/sh
# Makes the manual pages from their sources and the programs.
# usage: make.sh BINARIES_DIRECTORY OUTPUT_DIRECTORY
set -eu
bin=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
date=$(date -u -r "$here/../CHANGELOG.md" '+%B %e, %Y')
mkdir -p "$out"

page() { # SOURCE PLACEHOLDER COMMAND...: replaces the line PLACEHOLDER by what the command prints
    source=$1 placeholder=$2
    shift 2
    "$@" >"$out/part"
    sed -e "s/@DATE@/$date/" -e "/^$placeholder\$/{r $out/part
d}" "$here/$source" >"$out/${source%.in}"
    rm "$out/part"
}

page upsertctl.1.in @COMMANDS@ python3 "$here/commands.py" "$bin/upsertctl"
page upsertd.8.in @COMMANDS@ python3 "$here/commands.py" "$bin/upsertd"
page upsertd.yaml.5.in @SETTINGS@ python3 "$here/settings.py" "$here/../etc/upsertd.yaml"
