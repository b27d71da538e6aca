"""Reads what the encoders wrote with pyarrow and fastavro.

Needs pyarrow, fastavro, cramjam and, before Python 3.14, backports.zstd.

Usage: INTEROP_DIR=dir go test -run TestWriteFiles . && python read_python.py dir

Next to every file there is one of JSON lines that says what must be in it.
"""
import json
import pathlib
import sys

import fastavro
import pyarrow.parquet as pq


def read(path):
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open("rb") as f:
        return list(fastavro.reader(f))


def main(directory):
    failures = files = 0
    for path in sorted(pathlib.Path(directory).iterdir()):
        if path.suffix not in (".parquet", ".avro"):
            continue
        files += 1
        expected = [json.loads(line) for line in path.with_name(path.name + ".jsonl").read_text().split("\n")]
        try:
            rows = read(path)
        except Exception as e:  # any error of a reader is a finding
            print(f"{path.name}: {type(e).__name__}: {e}")
            failures += 1
            continue
        if len(rows) != len(expected):
            print(f"{path.name}: {len(rows)} rows, not {len(expected)}")
            failures += 1
            continue
        for i, (row, want) in enumerate(zip(rows, expected)):
            if row != want:
                print(f"{path.name}: row {i} is {row!r:.300}, not {want!r:.300}")
                failures += 1
                break
    print(f"{files} files, {failures} failures")
    return 1 if failures or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
