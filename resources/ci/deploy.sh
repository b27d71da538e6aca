#!/usr/bin/env bash
# Holds the compose file and the Kubernetes manifests to their schemas, and the
# pipelines in them to the binary. The first run downloads the validators: some
# 60 MB of modules, and a few minutes to compile them.
set -euo pipefail
bin=$(realpath "${1:?usage: deploy.sh BINARY}")
cd "$(dirname "$0")/../.."

for f in $(git ls-files 'resources/compose/*.yaml' 'resources/kubernetes/*.yaml'); do
  grep -q '^output:' "$f" || continue # no pipeline
  echo "lint $f"
  "$bin" lint "$f"
done
for module in compose kubernetes; do
  echo "validate resources/$module"
  (cd "resources/$module/validate" && S3_DESTINATION=$bin go test -count=1 ./...)
done
