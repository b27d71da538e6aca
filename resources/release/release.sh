#!/usr/bin/env bash
# Makes the release of the commit that is checked out, with goreleaser, in a
# clone: what is not committed is no part of it, and no tag is made here.
#
#   release.sh VERSION OUT [TARGET]   TARGET is linux_amd64 and the like; all without it
set -euo pipefail
version=${1#v} out=$2 only=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
grep -Eq '^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$' <<<"$version" ||
  { echo "\"$1\" is not a version: name one, as in make release VERSION=1.2.3" >&2; exit 1; }
[ -z "$(ls -A "$out" 2>/dev/null)" ] || { echo "$out is not empty: make clean removes it" >&2; exit 1; }

dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
git clone --quiet "$root" "$dir/source"
git -C "$dir/source" checkout --quiet --detach "$(git -C "$root" rev-parse HEAD)"
if ! git -C "$dir/source" rev-parse --quiet --verify "refs/tags/v$version" >/dev/null; then
  echo "there is no tag v$version yet: this is a rehearsal"
  git -C "$dir/source" tag "v$version"
fi
[ -z "$(git -C "$root" status --porcelain)" ] || echo "changes that are not committed are not released"

sed "s/\&targets \[.*\]/\&targets [${only:-&}]/; s/\[\&targets \(.*\)\]/\1/" "$here/goreleaser.yaml" >"$dir/goreleaser.yaml"
export PATH=$root/bin/tools:$PATH
export GORELEASER_CURRENT_TAG=v$version
GOPROXY=$(go env GOPROXY) GOMODCACHE=$(go env GOMODCACHE) GOCACHE=$(go env GOCACHE)
export GOPROXY GOMODCACHE GOCACHE

# Below the clone, where goreleaser finds them, and where git ignores them.
for target in ${only:-linux_amd64 linux_arm64 darwin_amd64 darwin_arm64 windows_amd64}; do
  for variant in kafka nokafka; do
    "$here/licences.sh" save "$dir/source" "$variant" "${target%_*}" "${target#*_}" "$dir/source/bin/licences/${variant}_$target"
  done
done
(cd "$dir/source" && goreleaser release --clean --skip=publish,announce -f "$dir/goreleaser.yaml")
mkdir -p "$out"
cp "$dir"/source/dist/{*.tar.gz,*.cdx.json,SHA256SUMS} "$out/"
