#!/usr/bin/env bash
# Reads parquet and avro objects back with implementations that are not ours:
# DuckDB (Go, needs a C compiler), and pyarrow, DuckDB, Polars and fastavro
# (Python with venv and pip). What is missing is named and skipped.
set -euo pipefail
cd "$(dirname "$0")/../interop"
if ! command -v "$(go env CC)" >/dev/null; then
  echo "SKIP DuckDB: needs a C compiler (gcc, or another that CC names)"
else
  CGO_ENABLED=1 go test -count=1 -timeout 15m ./...
fi
venv=../../bin/venv
if ! command -v python3 >/dev/null; then
  echo "SKIP pyarrow, Polars and fastavro: need python3"
  exit 0
fi
if [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
  echo "SKIP pyarrow, Polars and fastavro: python3 cannot make a virtual environment"
  exit 0
fi
if ! "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt; then
  echo "SKIP pyarrow, Polars and fastavro: pip could not install them"
  exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
INTEROP_DIR=$dir CGO_ENABLED=0 go test -count=1 -run 'TestWriteFiles|TestRestarts' ./...
"$venv/bin/python" read_python.py "$dir"
"$venv/bin/python" read_restarts.py "$dir"
