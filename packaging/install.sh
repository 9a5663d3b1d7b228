#!/bin/bash
# Installs upsertd, removes what was installed, or lists it: one list for all three.
# usage: install.sh install|uninstall|list
# Environment: BUILD (the directory of the programs), PREFIX, DESTDIR, SYSCONFDIR.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/.."
build=${BUILD:-.build/release} prefix=${PREFIX:-/usr} root=${DESTDIR:-}
configuration=${SYSCONFDIR:-/etc}/upsertd
# Debian's zsh looks into vendor-completions below /usr, and into site-functions below /usr/local.
zsh=site-functions
[ "$prefix" != /usr ] || zsh=vendor-completions
doc=share/doc/upsertd

# What is installed: its kind, its source, and its place below the prefix.
files() {
  local name
  for name in upsertd upsertctl; do
    echo "program $build/$name bin/$name"
    echo "completion $name:bash share/bash-completion/completions/$name"
    echo "completion $name:zsh share/zsh/$zsh/_$name"
    echo "completion $name:fish share/fish/vendor_completions.d/$name.fish"
  done
  for name in systemd/*.service systemd/*.socket systemd/*.target; do echo "text $name lib/systemd/system/${name##*/}"; done
  for name in systemd/refresh-*; do echo "script $name lib/upsertd/${name##*/}"; done
  for name in systemd/*.preset; do echo "text $name lib/systemd/system-preset/50-${name##*/}"; done
  echo "text systemd/upsertd.sysusers lib/sysusers.d/upsertd.conf"
  echo "text systemd/upsertd.tmpfiles lib/tmpfiles.d/upsertd.conf"
  echo "text systemd/upsertd.catalog lib/systemd/catalog/upsertd.catalog"
  echo "page upsertd.8 share/man/man8/upsertd.8"
  echo "page upsertctl.1 share/man/man1/upsertctl.1"
  echo "page upsertd.yaml.5 share/man/man5/upsertd.yaml.5"
  for name in README.md LICENSE CHANGELOG.md; do echo "text $name $doc/$name"; done
  for name in docs/*.md docs/decisions/*.md; do echo "text $name $doc/$name"; done
  echo "text etc/upsertd.yaml $doc/examples/upsertd.yaml"
  for name in systemd/examples/*; do echo "text $name $doc/examples/${name##*/}"; done
}

# Paths in units and scripts are those of PREFIX=/usr.
relocated() { sed -e "s,/usr/bin/upsert,$prefix/bin/upsert,g" -e "s,/usr/lib/upsertd/,$prefix/lib/upsertd/,g" "$1"; }

install_one() { # KIND SOURCE DESTINATION
  local kind=$1 source=$2 to=$3
  case $kind in
    program) install -D -s -m 755 "$source" "$to" ;;
    script) relocated "$source" | install -D -m 755 /dev/stdin "$to" ;;
    text)
      case $source in
        systemd/*) relocated "$source" | install -D -m 644 /dev/stdin "$to" ;;
        *) install -D -m 644 "$source" "$to" ;;
      esac
      ;;
    page) install -D -m 644 "$pages/$source" "$to" ;;
    # Sourced, not run, so without the line that names an interpreter.
    completion) "$build/${source%:*}" --generate-completion-script "${source#*:}" | sed '1{/^#!/d}' |
      install -D -m 644 /dev/stdin "$to" ;;
  esac
}

case ${1:-} in
  install)
    pages=$(mktemp -d)
    trap 'rm -rf "$pages"' EXIT
    man/make.sh "$build" "$pages"
    files | while read -r kind source to; do install_one "$kind" "$source" "$root$prefix/$to"; done
    # An operator's configuration is never overwritten.
    [ -e "$root$configuration/upsertd.yaml" ] ||
      install -D -m 644 etc/upsertd.yaml "$root$configuration/upsertd.yaml"
    ;;
  uninstall)
    files | while read -r _ _ to; do rm -f -- "$root$prefix/$to"; done
    for directory in "lib/upsertd" "$doc/docs/decisions" "$doc/docs" "$doc/examples" "$doc"; do
      [ ! -d "$root$prefix/$directory" ] || rmdir --ignore-fail-on-non-empty -- "$root$prefix/$directory"
    done
    if cmp -s etc/upsertd.yaml "$root$configuration/upsertd.yaml"; then
      rm -- "$root$configuration/upsertd.yaml"
    elif [ -e "$root$configuration/upsertd.yaml" ]; then
      echo "kept, since it was changed: $root$configuration/upsertd.yaml"
    fi
    [ ! -d "$root$configuration" ] || rmdir --ignore-fail-on-non-empty -- "$root$configuration"
    echo "kept, since records may wait in them: /var/lib/upsertd and /var/spool/upsertd; and the user upsertd, who owns them"
    ;;
  list)
    files | while read -r _ _ to; do echo "$prefix/$to"; done
    echo "$configuration/upsertd.yaml"
    ;;
  *)
    echo "usage: install.sh install|uninstall|list" >&2
    exit 64
    ;;
esac
