"""Reads directories of many files from many restarts with parquet-java, whose jars are
those of Spark, and with the command line of avro-java.

Usage: INTEROP_DIR=dir go test -run TestRestarts . && python read_java.py dir [AVRO_TOOLS_JAR]
"""
import json
import pathlib
import shutil
import subprocess
import sys

import engines
from compare import differ

here = pathlib.Path(__file__).resolve().parent


def expected(directory):
    records = [json.loads(line) for line in directory.with_suffix(".jsonl").read_text().splitlines()]
    return {r["id"]: r for r in records}


def parquet_java(directory):
    import pyspark

    jars = pathlib.Path(pyspark.__file__).parent / "jars" / "*"
    dirs = [d for d in sorted(pathlib.Path(directory).glob("restarts/*/parquet/*")) if d.is_dir()]
    out = subprocess.run(["java", "-cp", str(jars), str(here / "ParquetJava.java"), *map(str, dirs)], capture_output=True, text=True)
    if out.returncode != 0:
        print(f"parquet-java: {out.stderr[-2000:]}")
        return 1
    version, *lines = out.stdout.splitlines()
    failures = 0
    for line, d in zip(lines, dirs):
        want = expected(d)
        if line != f"{len(want)} {sum(want)} {d}":
            print(f"parquet-java reads {line}, not {len(want)} {sum(want)}")
            failures += 1
    print(f"{len(lines)} directories read, {failures} failures ({version})")
    return failures or len(lines) != len(dirs)


def avro_tools(directory, jar):
    failures = reads = 0
    for d in sorted(pathlib.Path(directory).glob("restarts/declared/avro/*")):
        if not d.is_dir():
            continue
        whole = d.with_suffix(".whole.avro")
        files = [str(f) for f in sorted(d.iterdir())]
        subprocess.run(["java", "-jar", jar, "concat", *files, str(whole)], check=True, capture_output=True)
        out = subprocess.run(["java", "-jar", jar, "tojson", str(whole)], check=True, capture_output=True, text=True).stdout
        rows = [plain(json.loads(line)) for line in out.splitlines()]
        wrong = differ(rows, expected(d))
        if wrong:
            print(f"{d} avro-tools: {wrong}")
            failures += 1
        reads += 1
    print(f"{reads} directories read by avro-tools, {failures} failures ({pathlib.Path(jar).name})")
    return failures or not reads


BRANCHES = {"long", "double", "string", "boolean", "int", "array"}


def plain(v):
    """A value without the names of the branches of unions."""
    if isinstance(v, dict):
        if len(v) == 1 and (next(iter(v)) in BRANCHES or next(iter(v)).startswith("Record_")):
            return plain(next(iter(v.values())))
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    return v


def main(directory, *jars):
    if not shutil.which("java"):
        print("SKIP parquet-java and avro-java: need Java 17")
        return 0
    failures = 0
    if engines.have("pyspark"):
        failures += parquet_java(directory)
    else:
        print("SKIP parquet-java: its jars are those of pyspark, which is not installed")
    if jars:
        failures += avro_tools(directory, jars[0])
    else:
        print("SKIP avro-java: avro-tools could not be fetched with mvn")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
