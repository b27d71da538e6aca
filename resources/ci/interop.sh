#!/usr/bin/env bash
# Reads parquet, avro and csv objects back with implementations that are not ours:
# DuckDB (Go, needs a C compiler), and pyarrow, DuckDB, Polars, fastparquet, fastavro,
# ClickHouse and Spark (Python with venv and pip; Spark needs Java 17). What is missing
# is named and skipped. With "full" Spark reads everything, by its own readers and by
# those of Hive, and so do Spark 3.2, parquet-java and the command line of avro-java
# (Maven): a quarter of an hour.
set -euo pipefail
how=${1:-quick}
cd "$(dirname "$0")/../interop"
if ! command -v "$(go env CC)" >/dev/null; then
  echo "SKIP DuckDB: needs a C compiler (gcc, or another that CC names)"
else
  CGO_ENABLED=1 go test -count=1 -timeout 15m ./...
fi
bin=$PWD/../../bin
if ! command -v python3 >/dev/null; then
  echo "SKIP all readers of Python: need python3"
  exit 0
fi

# venv NAME REQUIREMENTS: a virtual environment, with each package that can be had.
venv() {
  if [ ! -x "$bin/$1/bin/python" ] && ! python3 -m venv "$bin/$1"; then
    echo "SKIP $1: python3 cannot make a virtual environment"
    return 1
  fi
  while read -r package; do
    timeout 300 "$bin/$1/bin/pip" install --quiet --disable-pip-version-check "$package" || echo "pip could not install $package"
  done < "$2"
}

# jar ARTIFACT: the path of a file that Maven fetches; empty where it cannot be had.
jar() {
  local file
  file=$bin/jars/$(cut -d: -f2 <<< "$1")-$(cut -d: -f3 <<< "$1").jar
  if [ ! -f "$file" ] && command -v mvn >/dev/null; then
    timeout 300 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      "-Dartifact=$1" "-DoutputDirectory=$bin/jars" >&2 || true
  fi
  if [ -f "$file" ]; then echo "$file"; fi
}

venv venv requirements.txt || exit 0
venv venv requirements-engines.txt
python=$bin/venv/bin/python
SPARK_AVRO=$(jar org.apache.spark:spark-avro_2.12:3.5.5)
OPENCSV=$(jar net.sf.opencsv:opencsv:2.3)
export SPARK_AVRO OPENCSV

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
INTEROP_DIR=$dir CGO_ENABLED=0 go test -count=1 -timeout 15m -run 'TestWriteFiles|TestRestarts|TestWriteTypes|TestOpenCSV' ./...
"$python" read_python.py "$dir"
"$python" read_restarts.py "$dir"
if [ "$how" = quick ]; then
  "$python" read_types.py "$dir" ../../docs/columns.md duckdb clickhouse
  "$python" read_ddl.py "$dir" --quick duckdb clickhouse spark
  exit 0
fi
"$python" read_types.py "$dir" ../../docs/columns.md duckdb clickhouse spark athena
"$python" read_ddl.py "$dir" duckdb clickhouse spark athena
if venv venv-spark-3.2 requirements-spark-3.2.txt; then
  # Its package of Avro has another name for each version; Parquet and CSV need none.
  SPARK_AVRO='' "$bin/venv-spark-3.2/bin/python" read_ddl.py "$dir" --no-avro spark
fi
avro_tools=$(jar org.apache.avro:avro-tools:1.11.4)
"$python" read_java.py "$dir" ${avro_tools:+"$avro_tools"}
