"""Reads directories of many files from many restarts as a whole.

Needs pyarrow, duckdb, polars, fastavro, fastparquet.

Usage: INTEROP_DIR=dir go test -run TestRestarts . && python read_restarts.py dir

dir/restarts/KIND/FORMAT/DATASET holds the files, DATASET.jsonl beside it what must
be in them. With KIND "declared" all files have one schema, so that readers take
the directory as it is; with "state" columns were added and widened on the way.
"""
import csv
import glob
import json
import pathlib
import sys

import duckdb
import fastavro
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from compare import differ


def by_pyarrow(path, declared):
    if declared:
        return ds.dataset(path, format="parquet").to_table().to_pylist()
    schemas = [pq.read_schema(f) for f in sorted(glob.glob(f"{path}/*"))]
    last = schemas[-1]
    for s in schemas:
        if s.names != last.names[: len(s.names)]:
            raise ValueError(f"columns moved: {s.names} and {last.names}")
    tables = [pq.read_table(f) for f in sorted(glob.glob(f"{path}/*"))]
    return [row for t in tables for row in t.to_pylist()]


def by_duckdb(path, declared):
    union = "" if declared else ", union_by_name = true"
    return duckdb.sql(f"SELECT * FROM read_parquet('{path}/*.parquet'{union})").to_arrow_table().to_pylist()


def by_polars(path, declared):
    if declared:
        return polars.read_parquet(f"{path}/*.parquet").to_dicts()
    frames = [polars.read_parquet(f) for f in sorted(glob.glob(f"{path}/*"))]
    return [row for f in frames for row in f.to_dicts()]


def by_fastparquet(path, declared):
    """It makes columns of the members of groups, and has no lists in them."""
    files = sorted(glob.glob(f"{path}/*"))
    rows = []
    for part in [files] if declared else [[f] for f in files]:
        f = fastparquet.ParquetFile(part)
        flat = [c for c in f.columns if c in FLAT]
        for row in f.to_pandas(columns=flat).to_dict("records"):
            rows.append({k: None if v is pandas.NA or v != v else v for k, v in row.items()})
    return rows


FLAT = ["id", "v", "w", "name", "late"]


def by_fastavro(path, declared):
    rows = []
    # A reader has one schema, that of the newest file: it must resolve the others.
    with open(sorted(glob.glob(f"{path}/*"))[-1], "rb") as f:
        newest = fastavro.reader(f).writer_schema
    for name in sorted(glob.glob(f"{path}/*")):
        with open(name, "rb") as f:
            rows += list(fastavro.reader(f, reader_schema=newest if declared else None))
    return rows


def by_position(path, declared):
    """As Spark and Athena do: names from one file, values by their position."""
    files = sorted(glob.glob(f"{path}/*"))
    with open(files[-1], newline="") as f:
        header = next(csv.reader(f))
    rows = []
    for name in files:
        with open(name, newline="") as f:
            lines = csv.reader(f)
            own = next(lines)
            if declared and own != header:
                raise ValueError(f"{name} has the columns {own}, not {header}")
            rows += [dict(zip(header, line)) for line in lines]
    return rows


def by_duckdb_csv(path, declared):
    files = sorted(glob.glob(f"{path}/*"))
    with open(files[-1], newline="") as f:
        header = next(csv.reader(f))
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in header) + "}"
    query = f"SELECT * FROM read_csv('{path}/*.csv', header = true, auto_detect = false, quote = '\"', escape = '\"', null_padding = true, parallel = false, columns = {columns})"
    return duckdb.sql(query).to_arrow_table().to_pylist()


READERS = {
    "parquet": [by_pyarrow, by_duckdb, by_polars, by_fastparquet],
    "avro": [by_fastavro],
    "csv": [by_position, by_duckdb_csv],
}


def main(directory):
    failures = reads = 0
    for lines in sorted(pathlib.Path(directory).glob("restarts/*/*/*.jsonl")):
        expected = {}
        for line in lines.read_text().splitlines():
            record = json.loads(line)
            expected[record["id"]] = record
        declared = lines.parent.parent.name == "declared"
        for reader in READERS[lines.parent.name]:
            reads += 1
            try:
                rows = reader(str(lines.with_suffix("")), declared)
                wrong = differ(rows, expected, FLAT if reader is by_fastparquet else None)
            except Exception as e:  # any error of a reader is a finding
                wrong = f"{type(e).__name__}: {e}"
            if wrong:
                print(f"{lines.relative_to(directory)} {reader.__name__}: {wrong:.400}")
                failures += 1
    print(f"{reads} directories read, {failures} failures (pyarrow {pa.__version__}, duckdb {duckdb.__version__}, polars {polars.__version__}, fastparquet {fastparquet.__version__}, fastavro {fastavro.__version__})")
    return 1 if failures or not reads else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
