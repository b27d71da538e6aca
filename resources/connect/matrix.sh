#!/usr/bin/env bash
# Builds Redpanda Connect with all of its components and our output, and runs
# the way there and back of the package roundtrip: for the versions that are
# named, such as 4.110.0, or for all that have a folder here. The first build of
# a version downloads some 2 GB of modules and takes two cores a quarter of an
# hour or more; later ones, a minute.
set -euo pipefail
cd "$(dirname "$0")"
versions=("$@")
[ $# -gt 0 ] || for dir in */go.mod; do versions+=("${dir%/go.mod}"); done
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for version in "${versions[@]}"; do
  [ -f "$version/go.mod" ] || { echo "there is no folder resources/connect/$version"; exit 1; }
  echo "Redpanda Connect $version"
  # -mod=mod: what our own go.mod requires anew finds its way into theirs.
  (cd "$version" && go build -mod=mod -ldflags '-s -w' -o "$bin/connect" .)
  "$bin/connect"
  rm "$bin/connect"
done
