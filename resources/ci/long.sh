#!/usr/bin/env bash
# Runs the tests that `make test` leaves out, in whole or in part, those that call
# package long. The arguments go to go test. They run with the race detector, but
# for those that go through states one after the other: make test has a sample of
# them with it. Those of the encoders for text and Avro run in `make test-encoders`.
set -euo pipefail
plain='^internal/(courier|exactly|spool)'
elsewhere='^internal/encode/(avro|csv|json)'
files=$(grep -rl --include='*_test.go' 'long\.[STW][a-z]*(' cmd internal plugin resources | grep -Ev "$elsewhere")

# run NAME FILES ARGUMENTS...: the long tests of some files.
run() {
  local kind=$1 in=$2 names dir packages=()
  shift 2
  names=$(awk '/^func Test/ { sub(/\(.*/, "", $2); name = $2 } /long\.[STW][a-z]*\(/ { print name }' $in | sort -u)
  for dir in $(dirname $in | sort -u); do packages+=("./$dir"); done
  echo "the long tests, $kind:" $names
  go test "$@" -run "^($(paste -sd'|' <<<"$names"))\$" "${packages[@]}"
}

run "with the race detector" "$(grep -Ev "$plain" <<<"$files")" "$@" -race
run "without it" "$(grep -E "$plain" <<<"$files")" "$@"
