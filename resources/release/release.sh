#!/usr/bin/env bash
# Makes the release of the commit that is checked out, in a clone: what is not
# committed is no part of it, and no tag is made here.
#
#   release.sh VERSION OUT [PLATFORM]   PLATFORM is linux_amd64 or the like; all without it
set -euo pipefail
version=${1#v} only=${3:-[a-z]+_[a-z0-9]+}
root=$(cd "$(dirname "$0")/../.." && pwd)
fail() {
  echo "$*" >&2
  exit 1
}
grep -Eq '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$' <<<"$version" ||
  fail "\"$1\" is not a version: name one, as in make release VERSION=1.2.3"
[ -z "$(ls -A "$2" 2>/dev/null)" ] || fail "$2 is not empty: make clean removes it"
mkdir -p "$2"
out=$(cd "$2" && pwd)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
commit=$(git -C "$root" rev-parse HEAD)
[ -z "$(git -C "$root" status --porcelain)" ] || echo "there are changes that are not committed, and so not released"
git clone --quiet "$root" "$dir/source"
cd "$dir/source"
git checkout --quiet --detach "$commit"
if tagged=$(git rev-parse --quiet --verify "refs/tags/v$version^{commit}"); then
  [ "$tagged" = "$commit" ] || fail "the tag v$version is at $tagged, and $commit is checked out: check out the tag"
else
  echo "there is no tag v$version yet: this is a rehearsal"
  git tag "v$version"
fi

# One platform means that the others go from the list.
listed='^ +- ([a-z]+_[a-z0-9]+)$'
sed -E "/$listed/{/ $only\$/!d;}" resources/release/goreleaser.yaml >"$dir/goreleaser.yaml"

# Everything else is in bin of the clone, which git ignores.
export PATH=$root/bin/tools:$PATH GORELEASER_CURRENT_TAG=v$version
for platform in $(sed -nE "s/$listed/\1/p" "$dir/goreleaser.yaml"); do
  for variant in kafka nokafka; do
    texts=bin/licences/${variant}_$platform
    resources/release/licences.sh save $variant "$platform" "$texts"
    resources/release/licences.sh list $variant "$platform" >"$texts.txt"
  done
done
goreleaser release --clean --skip=publish,announce -f "$dir/goreleaser.yaml"
cp dist/*.tar.gz dist/SHA256SUMS bin/sbom/*.cdx.json "$out/"
