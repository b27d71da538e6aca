#!/usr/bin/env bash
# Lints every configuration with the binary, and runs its unit tests.
set -euo pipefail
bin=${1:?usage: lint-config.sh BINARY}
configs=$(git ls-files 'config/*.yaml' 'cmd/demo/*.yaml')
for c in $configs; do
  case $c in *_benthos_test.yaml) continue ;; esac
  echo "lint $c"
  "$bin" lint --skip-env-var-check "$c"
done
"$bin" test config/...
