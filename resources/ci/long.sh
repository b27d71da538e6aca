#!/usr/bin/env bash
# Runs the tests that `make test` leaves out, in whole or in part, those that call
# package long, with the race detector. The arguments go to go test.
set -euo pipefail
files=$(grep -rl --include='*_test.go' 'long\.[STW][a-z]*(' cmd internal plugin resources)
names=$(awk '/^func Test/ { sub(/\(.*/, "", $2); name = $2 } /long\.[STW][a-z]*\(/ { print name }' $files | sort -u)
for dir in $(dirname $files | sort -u); do packages+=("./$dir"); done
echo "the long tests:" $names
go test "$@" -race -run "^($(paste -sd'|' <<<"$names"))\$" "${packages[@]}"
