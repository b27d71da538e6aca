#!/usr/bin/env bash
# Describes a binary as CycloneDX: sbom.sh BINARY VERSION DATE LICENCES OUT
# LICENCES is a file with what `licences.sh list` prints.
set -euo pipefail
mkdir -p "$(dirname "$5")"
cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$2" "$1" |
  gojq --arg date "$3" --rawfile licences "$4" -f "$(dirname "$0")/sbom.jq" >"$5"
