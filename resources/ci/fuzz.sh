#!/usr/bin/env bash
# Checks every property on new inputs, then runs every fuzz target for the given
# time. What it finds was there before the change that is being tested: that is
# why it does not gate one.
set -euo pipefail
time=${1:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Until Go 1.27 a run can fail in the moment when its time is over, without an
# input that fails: https://go.dev/issue/75804. A target that fails always
# leaves one.
fuzz() {
  go test "./$1" -run '^$' -fuzz "^$2\$" -fuzztime "$time" </dev/null 2>&1 | tee "$log" && return
  grep -qx ' *context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" && echo "that was the end of its time, not a failure"
}

export PROPERTY_SEED=0
grep -rlE --include='*.go' 'property\.Check\(|encodetest\.Run\(' internal plugin | xargs -n1 dirname | sort -u | sed 's,^,./,' |
  xargs go test -modfile=release.mod -count=1 -short -timeout 15m

grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u | while read -r dir; do
  grep -rhoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | awk '{print $2}' | sort | while read -r target; do
    echo "fuzz ./$dir $target"
    fuzz "$dir" "$target"
  done
done
