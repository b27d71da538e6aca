#!/usr/bin/env bash
# Looks at the state page in a real Chromium, and skips where there is none, or no
# node. playwright-core, which steers it, is downloaded the first time: one module.
#
#   page.sh BINARY [PICTURE]   PICTURE is drawn anew
set -euo pipefail
bin=$(realpath "${1:?usage: page.sh BINARY [PICTURE]}")
picture=${2:+$(realpath "$2")}
cd "$(dirname "$0")/../page"
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  browser=$(command -v "$name" || true)
  [ -z "$browser" ] || break
done
[ -n "$browser" ] || { echo "skipped: no Chromium here (install one, as with apt install chromium, or name it in CHROMIUM)"; exit 0; }
command -v npm >/dev/null || { echo "skipped: no node with npm here, which steers the browser"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json check.mjs "$work"
cd "$work"
npm install --silent --no-audit --no-fund || { echo "skipped: playwright-core cannot be downloaded here"; exit 0; }
node check.mjs "$bin" "$browser" $picture
