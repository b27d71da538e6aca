#!/usr/bin/env bash
# The chaos scenarios, one after the other, in bounded time and repeatable by
# their seed: against an in-process Kafka and S3.
set -euo pipefail
bin=${1:?usage: chaos.sh BINARY}
seed=${CHAOS_SEED:-1}
time=${CHAOS_TIME:-30s}
for scenario in kill term all s3; do
  echo "--- chaos: $scenario, seed $seed, $time"
  go run ./resources/chaos -scenario "$scenario" -binary "$bin" -seed "$seed" -duration "$time"
done
