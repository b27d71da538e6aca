#!/usr/bin/env bash
# Prints the section of a version in CHANGELOG.md: notes.sh 1.2.3
set -euo pipefail
version=${1#v}
text=$(awk -v want="[$version]" '/^## /{on = $2 == want; next} /^\[[^]]*\]: /{next} on' "$(dirname "$0")/../../CHANGELOG.md")
[ -n "${text//[[:space:]]/}" ] || {
  echo "the change log has no section for $version: rename [Unreleased] to [$version] - DATE, and begin a new [Unreleased] above it" >&2
  exit 1
}
echo "$text"
