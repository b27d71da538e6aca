#!/usr/bin/env bash
# Runs the recipes of docs/reading.md with the engines that can be installed
# here, in a virtual environment of their own; says which are absent.
set -euo pipefail
bin=${1:?usage: reading.sh BINARY}
here=resources/reading
venv=bin/reading-venv
jars=$PWD/$venv/jars
spark_avro=org.apache.spark:spark-avro_2.12:3.5.5
python=
if ! command -v python3 >/dev/null; then
  echo "SKIP everything: needs python3"
elif [ ! -x "$venv/bin/python" ] && ! python3 -m venv "$venv"; then
  echo "SKIP everything: python3 cannot make a virtual environment"
else
  python=$PWD/$venv/bin/python
  pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
  while read -r package; do
    "${pip[@]}" "$package" || echo "pip could not install $package"
  done < "$here/requirements.txt"
  if ! command -v java >/dev/null; then
    echo "Spark needs Java; it is not installed"
  else
    "${pip[@]}" -r "$here/requirements-spark.txt" || echo "pip could not install Spark"
    if command -v mvn >/dev/null && ! ls "$jars"/spark-avro_* >/dev/null 2>&1; then
      timeout 300 mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        "-Dartifact=$spark_avro" "-DoutputDirectory=$jars" || echo "mvn could not fetch $spark_avro"
    fi
  fi
fi
go run "./$here" -binary "$bin" -python "$python" -jars "$jars" "${@:2}"
