#!/usr/bin/env bash
# Builds Redpanda Connect with all of its components and our output, and runs
# the way there and back of the package roundtrip, in it and as a plugin of a Redpanda
# Connect without it: for the versions that are
# named, such as 4.110.0, or for all that have a folder here. The first build of
# a version downloads some 2 GB of modules and takes two cores a quarter of an
# hour or more; later ones, a minute.
set -euo pipefail
cd "$(dirname "$0")"
versions=("$@")
[ $# -gt 0 ] || for dir in */go.mod; do versions+=("${dir%/go.mod}"); done
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
(cd ../.. && CGO_ENABLED=0 go build -modfile=release.mod -ldflags '-s -w' -o "$bin/s3-destination" ./cmd/s3-destination)
cp plugin.yaml "$bin"
for version in "${versions[@]}"; do
  [ -f "$version/go.mod" ] || { echo "there is no folder resources/connect/$version"; exit 1; }
  echo "Redpanda Connect $version"
  # -mod=mod: what our own go.mod requires anew finds its way into theirs.
  (cd "$version" && go build -mod=mod -ldflags '-s -w' -o "$bin/connect" .)
  (cd "$version" && go build -mod=mod -ldflags '-s -w' -o "$bin/host" ./host)
  "$bin/connect" -host "$bin/host" -plugin "$bin/plugin.yaml" -page ../../docs/plugin.md
  rm "$bin/connect" "$bin/host"
done
