"""Reads a column of each type with each engine, and compares what it makes of it with the
tables of docs/columns.md.

Usage: INTEROP_DIR=dir go test -run TestWriteTypes . && python read_types.py dir PAGE [--update] ENGINE...

Engines that are not named, or not installed, are not compared. --update writes the
tables; it needs all of them.
"""
import datetime
import decimal
import json
import pathlib
import sys
import uuid

import engines

TYPES = "bool,int32,int64,float,double,string,bytes,timestamp,local timestamp,date,time,decimal,uuid,json,group,list,map".split(",")
KINDS = {"parquet widest": "Parquet, `compatibility: widest`", "parquet modern": "Parquet, `compatibility: modern`", "avro": "Avro"}
NAMES = {
    "duckdb": "DuckDB", "clickhouse": "ClickHouse", "spark": "Spark", "athena": "Hive 2.3", "pyarrow": "pyarrow", "polars": "Polars",
    "fastparquet": "fastparquet", "fastavro": "fastavro",
}
OF_PARQUET = ["duckdb", "clickhouse", "spark", "athena", "pyarrow", "polars", "fastparquet"]
OF_AVRO = ["clickhouse", "spark", "athena", "fastavro"]
WANT = {
    "bool": "true", "int32": "-5", "int64": "9007199254740993", "float": "0.5", "double": "0.1", "string": 'é \\ "x"', "bytes": "raw",
    "timestamp": "2025-07-01 10:00:00.123456", "local timestamp": "2025-07-01 12:00:00.123456", "date": "2025-07-01", "time": "23:59:59.5", "decimal": "1234567890.12",
    "uuid": "00112233-4455-6677-8899-aabbccddeeff", "json": '{"a":[1]}', "group": '{"x":7}', "list": "[1,null,2]", "map": '{"k":7}',
}
# What is not the value itself, and says so.
OTHERWISE = {"86399500000": "microseconds", "00112233445566778899aabbccddeeff": "16 bytes"}


def plain(v):
    """A value as text, whatever an engine has for it."""
    if isinstance(v, bool):
        return json.dumps(v)
    if isinstance(v, (bytes, bytearray)):
        try:
            return v.decode()
        except UnicodeDecodeError:
            return v.hex()
    if isinstance(v, datetime.datetime):
        if v.tzinfo:
            v = v.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return str(v)
    if isinstance(v, datetime.time):
        return str(v).rstrip("0")
    if isinstance(v, datetime.timedelta):
        return str(v).rstrip("0")
    if isinstance(v, (datetime.date, decimal.Decimal, uuid.UUID, str)):
        return str(v)
    if hasattr(v, "tolist"):
        v = v.tolist()
    if isinstance(v, list) and v and all(isinstance(x, tuple) for x in v):
        v = dict(v)  # a map of Arrow
    if isinstance(v, (dict, list)):
        return json.dumps(v, separators=(",", ":"), default=lambda x: x.item())  # of numpy
    return str(v)


def judged(kind, rows):
    """What an engine makes of a type, in a word."""
    if len(rows) != 2 or "v" not in rows[0]:
        return "no"
    got = plain(rows[0]["v"])
    if kind in ("timestamp", "local timestamp", "date"):
        got = got.replace("T", " ").replace("Z", "").replace("+00:00", "").removesuffix(" 00:00:00")
    if kind == "bytes" and got == "cmF3":  # Spark's JSON has them in base64
        got = "raw"
    if kind == "uuid" and len(got) == 24 and got.endswith("=="):
        import base64

        got = base64.b64decode(got).hex()
    if kind == "map" and got == '[{"key":"k","value":7}]':
        got = WANT[kind]  # as some libraries have maps
    if kind == "time" and got.startswith("23:59:59.5"):
        got = got.rstrip("0")
    if got == WANT[kind]:
        return "yes"
    return OTHERWISE.get(got, f"`{got}`")


def by_pyarrow(path):
    import pyarrow.parquet as pq

    return pq.read_table(path / "objects/data.parquet").to_pylist()


def by_polars(path):
    import polars

    return polars.read_parquet(path / "objects/data.parquet").to_dicts()


def by_fastparquet(path):
    import fastparquet

    return fastparquet.ParquetFile(str(path / "objects/data.parquet")).to_pandas().to_dict("records")


def by_fastavro(path):
    import fastavro

    with open(path / "objects/data.avro", "rb") as f:
        return list(fastavro.reader(f))


READERS = {"pyarrow": by_pyarrow, "polars": by_polars, "fastparquet": by_fastparquet, "fastavro": by_fastavro}


def cell(path, kind, engine, found):
    try:
        if engine in READERS:
            return judged(kind, READERS[engine](path))
        return judged(kind, found[engine][0]((path / f"data.{engine}.sql").read_text(), "types"))
    except Exception as e:  # an engine that does not read it says so in many ways
        if "--why" in sys.argv:
            print(f"{path} {engine}: {type(e).__name__}: {e!s:.300}", file=sys.stderr)
        return "no"


def heading(kind):
    return [NAMES[e] for e in (OF_AVRO if kind == "avro" else OF_PARQUET)]


def table(kind, cells):
    names = heading(kind)
    lines = [f"| {KINDS[kind]} | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for t in TYPES:
        lines.append(f"| {t} | " + " | ".join(cells[kind, t, n] for n in names) + " |")
    return lines


def shown(page):
    """The cells of the tables on the page."""
    cells, kind, names = {}, None, []
    for line in page.read_text().splitlines():
        parts = [p.strip() for p in line.strip("|").split("|")]
        if parts[0] in KINDS.values():
            kind = next(k for k, v in KINDS.items() if v == parts[0])
            names = parts[1:]
        elif not line.startswith("|"):
            kind = None
        elif kind and parts[0] in TYPES:
            for name, text in zip(names, parts[1:]):
                cells[kind, parts[0], name] = text
    return cells


def main(directory, page, *names):
    page = pathlib.Path(page).resolve()  # Spark has a directory of its own
    found = engines.load(names)
    here = [e for e in NAMES if e in found or e in READERS and engines.have(e)]
    cells = {}
    for kind in KINDS:
        for t in TYPES:
            for e in OF_AVRO if kind == "avro" else OF_PARQUET:
                if e in here:
                    cells[kind, t, NAMES[e]] = cell(pathlib.Path(directory) / "types" / kind / t, t, e, found)
    engines.Spark.stop()
    if "--update" in names:
        before, rest = page.read_text().split("<!-- types: made by make interop-full -->\n")
        after = rest.split("<!-- end of types -->")[1]
        tables = "\n\n".join("\n".join(table(k, cells)) for k in KINDS)
        page.write_text(f"{before}<!-- types: made by make interop-full -->\n\n{tables}\n\n<!-- end of types -->{after}")
    wrong = 0
    want = shown(page)
    for key, got in cells.items():
        if want.get(key) != got:
            print(f"{' / '.join(key)}: the page says {want.get(key)!r}, the engine {got!r}")
            wrong += 1
    versions = ", ".join([f"{NAMES[n]} {v}" for n, (_, v) in found.items()])
    print(f"{len(cells)} cells of {page.name} compared, {wrong} differ ({versions})")
    return 1 if wrong or not cells else 0


if __name__ == "__main__":
    sys.exit(main(*[a for a in sys.argv[1:] if a != "--why"]))
