#!/usr/bin/env bash
# Checks the alert rules, runs their unit tests, and checks the queries of the
# dashboard, with promtool. Skips, saying so, where that is not installed.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v promtool >/dev/null; then
  echo "skipped: promtool is not installed (Debian: apt-get install prometheus)"
  exit 0
fi
promtool check rules prometheus-alerts.yaml
promtool test rules prometheus-alerts.test.yaml
queries=$(mktemp --suffix=.yaml)
trap 'rm -f "$queries"' EXIT
go run . -dir . -rules >"$queries"
promtool check rules "$queries" | sed "s|$queries|the queries of grafana-dashboard.json|"
