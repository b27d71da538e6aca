#!/usr/bin/env bash
# What go-licenses says of all that is linked, held to licences.allow.
#
#   licences.sh check                                  fail on what is not allowed
#   licences.sh list                                   print module, version and licence
#   licences.sh save SOURCE VARIANT GOOS GOARCH OUT    the texts, for an archive
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tool=$root/bin/tools/go-licenses
us=github.com/s3-destination/s3-destination
export CGO_ENABLED=0

# Go's tools for packages do not take -modfile: go-licenses runs in a copy
# whose go.mod is release.mod.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
prepare() {
  (cd "$1" && tar c go.mod release.mod release.sum cmd internal plugin) | tar x -C "$copy"
  mv "$copy/release.mod" "$copy/go.mod"
  mv "$copy/release.sum" "$copy/go.sum"
  cd "$copy"
  go mod download
}

# flags VARIANT: a build tag, the way that go-licenses takes it.
flags() { case $1 in kafka) echo -tags= ;; nokafka) echo -tags=nokafka ;; esac; }

# modules whose licence go-licenses cannot name: the rules for Unknown.
unread() { awk '$1 == "Unknown" {print $2}' "$here/licences.allow"; }

# report prints a line of package, version and licence for each. It would ask
# the web where each module is published, which nobody reads: the proxy that is
# not there makes that fail at once.
report() {
  local template='{{range .}}{{.Name}} {{.Version}} {{.LicenseName}}{{"\n"}}{{end}}'
  https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 GOFLAGS=$(flags "$1") GOOS=$2 GOARCH=$3 \
    "$tool" report ./cmd/s3-destination --ignore $us --template <(echo "$template") 2>"$copy/problems" | grep . ||
    { cat "$copy/problems" >&2; return 1; }
}

everywhere() {
  local target variant
  for variant in kafka nokafka; do
    for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64; do
      report $variant "${target%/*}" "${target#*/}"
    done
  done | sort -u
}

case ${1:-} in
  list)
    prepare "$root"
    everywhere | column -t
    ;;
  check)
    prepare "$root"
    everywhere >"$copy/all"
    awk '
      FNR == NR {
        sub(/#.*/, "")
        if (NF == 1) any[$1] = 1
        if (NF == 2) { of[$1 " " $2] = 1 }
        next
      }
      {
        n++
        if ($3 in any) { used[$3] = 1; next }
        for (path = $1; path != ""; ) {
          if (($3 " " path) in of) { used[$3 " " path] = 1; next }
          if (!sub(/\/[^\/]*$/, "", path)) path = ""
        }
        print $1 " " $2 " is under " $3; bad = 1
      }
      END {
        for (r in any) if (!used[r]) { print "nothing needs the rule " r; bad = 1 }
        for (r in of) if (!used[r]) { print "nothing needs the rule " r; bad = 1 }
        if (bad) { print "What is allowed is in resources/release/licences.allow."; exit 1 }
        print n " libraries in 10 binaries: all licences are allowed"
      }' "$here/licences.allow" "$copy/all"
    ;;
  save)
    source=$2 variant=$3 os=$4 arch=$5 out=$6
    prepare "$source"
    ignore=(--ignore "$us")
    for module in $(unread); do ignore+=(--ignore "$module"); done
    mkdir -p "$(dirname "$out")"
    GOFLAGS=$(flags "$variant") GOOS=$os GOARCH=$arch "$tool" save ./cmd/s3-destination --save_path "$out" "${ignore[@]}" 2>"$copy/problems" ||
      { cat "$copy/problems" >&2; exit 1; }
    for module in $(unread); do
      from=$(go list -m -f '{{.Dir}}' "$module")
      mkdir -p "$out/$module"
      find "$from" -maxdepth 1 -iname 'licen[cs]e*' -o -maxdepth 1 -iname 'notice*' | xargs -I{} cp -r {} "$out/$module/"
    done
    mkdir -p "$out/std"
    cp "$(go env GOROOT)"/{LICENSE,PATENTS} "$out/std/"
    chmod -R u+w "$out"
    ;;
  *)
    sed -n '2,6p' "$0" >&2
    exit 2
    ;;
esac
