#!/usr/bin/env bash
# Asks go-licenses what is linked into the binaries of a release.
#
#   licences.sh list                        library, version, licence and its file, of all binaries
#   licences.sh list VARIANT PLATFORM       of one: kafka or nokafka, linux_amd64 or the like
#   licences.sh save VARIANT PLATFORM OUT   the texts that it must be passed on with
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
PATH=$PWD/bin/tools:$PATH
us=github.com/s3-destination/s3-destination
problems=$(mktemp)
trap 'rm -f "$problems"' EXIT

# settings VARIANT PLATFORM: those by which the go command builds a binary.
settings() {
  local tags=
  [ "$1" = kafka ] || tags=$1
  export GOFLAGS="-mod=readonly -modfile=$PWD/release.mod -tags=$tags" GOOS=${2%_*} GOARCH=${2#*_} CGO_ENABLED=0
  go list -deps ./cmd/s3-destination >/dev/null # so that all modules are there
}

# list asks go-licenses. It would ask the web where each module is published,
# which nobody reads: a proxy that is not there makes that fail at once.
list() (
  settings "$@"
  line='{{range .}}{{.Name}} {{.Version}} {{.LicenseName}} {{.LicensePath}}{{"\n"}}{{end}}'
  https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9 \
    go-licenses report ./cmd/s3-destination --ignore $us --template <(echo "$line") 2>"$problems" | grep . || {
    cat "$problems" >&2
    exit 1
  }
)

# save VARIANT PLATFORM OUT; the modules that go-licenses cannot read are those
# with a rule for Unknown.
save() (
  settings "$1" "$2"
  ignore=(--ignore $us)
  unread=$(awk '$1 == "Unknown" {print $3}' "$here/licences.allow")
  for module in $unread; do ignore+=(--ignore "$module"); done
  mkdir -p "$(dirname "$3")"
  go-licenses save ./cmd/s3-destination --save_path "$3" "${ignore[@]}" 2>"$problems" || {
    cat "$problems" >&2
    exit 1
  }
  for module in $unread; do
    mkdir -p "$3/$module"
    find "$(go list -m -f '{{.Dir}}' "$module")" -maxdepth 1 \( -iname 'licen[cs]e*' -o -iname 'notice*' \) -exec cp -r {} "$3/$module/" \;
  done
  mkdir -p "$3/std"
  cp "$(go env GOROOT)"/{LICENSE,PATENTS} "$3/std/"
  chmod -R u+w "$3"
)

case ${1:-}:$# in
  list:1)
    for platform in $(sed -nE 's/^ +- ([a-z]+_[a-z0-9]+)$/\1/p' "$here/goreleaser.yaml"); do
      for variant in kafka nokafka; do list $variant "$platform"; done
    done | sort -u
    ;;
  list:3) list "$2" "$3" ;;
  save:4) save "$2" "$3" "$4" ;;
  *)
    sed -n '2,6p' "$0" >&2
    exit 2
    ;;
esac
