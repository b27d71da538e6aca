#!/usr/bin/env bash
# Runs govulncheck of the given version on what the binary is made of, and on the
# oldest that go.mod allows. What it finds fails; a database that
# cannot be reached is said, and does not. Further arguments go to govulncheck:
# -db URL names another database.
set -uo pipefail
version=${1:?usage: vuln.sh VERSION [flags of govulncheck]}
shift
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install "golang.org/x/vuln/cmd/govulncheck@$version" || exit
tree=$bin/tree
mkdir "$tree" && git ls-files -z | xargs -0 cp --parents -t "$tree" && cd "$tree" || exit
for modules in release go; do
  echo "with $modules.mod"
  # govulncheck also asks go about the standard library, where -modfile is an error.
  [ $modules = go ] || { mv go.mod own.mod; mv go.sum own.sum; cp release.mod go.mod; cp release.sum go.sum; }
  out=$("$bin/govulncheck" "$@" ./... 2>&1)
  code=$?
  [ $modules = go ] || { mv own.mod go.mod; mv own.sum go.sum; }
  printf '%s\n' "$out"
  if [ $code -ne 0 ] && grep -q '^govulncheck: fetching vulnerabilities:' <<<"$out"; then
    echo "govulncheck could not look: its database is out of reach. Run this where it is not, or name another: make vuln VULN_ARGS='-db URL'"
    exit 0
  fi
  [ $code -eq 0 ] || exit $code
done
