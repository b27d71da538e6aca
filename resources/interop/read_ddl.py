"""Reads directories of many files from many restarts by the statements of
`s3-destination schema --ddl`, and looks at the statements of engines that cannot be run.

Usage: INTEROP_DIR=dir go test -run TestRestarts . && python read_ddl.py dir [--quick] [--no-avro] ENGINE...
"""
import json
import pathlib
import sys

import engines
from compare import differ

QUICK = [("declared", "users", "parquet"), ("declared", "users", "csv")]


def cannot(engine, format, kind):
    """What an engine does not do, whoever has written the files; None for all else."""
    if engine == "athena" and format == "csv":
        return "values with line breaks cannot be read"
    if engine == "duckdb" and format == "avro":
        return "the extension avro is not bundled"
    if engine in ("clickhouse", "athena") and format == "avro" and kind != "declared":
        return "columns that came or widened on the way are not found in older files"
    return None


def columns_without(text, changed):
    """The statements without some columns, which a reader of one type cannot read."""
    return "\n".join(line for line in text.splitlines() if not any(line.startswith(f"  `{name}` ") for name in changed))


def parse(directory):
    """Holds the statements of engines that cannot be run against their grammar."""
    failures = 0
    if not engines.have("sqlglot"):
        print("SKIP the grammars of Athena, Snowflake and Redshift: the Python module sqlglot is not installed")
    else:
        import sqlglot

        parsed = 0
        for path in sorted(pathlib.Path(directory).glob("restarts/*/*/*.sql")):
            engine = path.stem.split(".")[-1]
            if engine not in ("athena", "snowflake", "redshift"):
                continue
            try:
                for s in engines.statements(path.read_text()):
                    sqlglot.parse_one(s, dialect=engine)
                parsed += 1
            except Exception as e:
                print(f"{path.relative_to(directory)}: {e!s:.300}")
                failures += 1
        print(f"{parsed} files of statements parsed as Athena, Snowflake and Redshift (sqlglot {sqlglot.__version__})")
    if not engines.have("botocore"):
        print("SKIP the input of Glue: the Python module botocore is not installed")
        return failures
    import botocore
    import botocore.session
    from botocore.validate import ParamValidator

    shape = botocore.session.Session().get_service_model("glue").operation_model("CreateTable").input_shape
    valid = 0
    for path in sorted(pathlib.Path(directory).glob("restarts/*/*/*.glue.sql")):
        report = ParamValidator().validate({"DatabaseName": "d", "TableInput": json.loads(path.read_text())}, shape)
        if report.has_errors():
            print(f"{path.relative_to(directory)}: {report.generate_report()}")
            failures += 1
        valid += 1
    print(f"{valid} tables are valid inputs of Glue (botocore {botocore.__version__})")
    return failures


def main(directory, names):
    quick, avro = "--quick" in names, "--no-avro" not in names  # Spark is slow with many files
    failures = reads = 0
    found = engines.load(names)
    for lines in sorted(pathlib.Path(directory).glob("restarts/*/*/*.jsonl")):
        expected = {}
        for line in lines.read_text().splitlines():
            record = json.loads(line)
            expected[record["id"]] = record
        format, kind = lines.parent.name, lines.parent.parent.name
        for name, (read, version) in found.items():
            if format == "avro" and not avro:
                continue
            if cannot(name, format, kind) or quick and name == "spark" and (kind, lines.stem, format) not in QUICK:
                continue
            text = lines.with_suffix(f".{name}.sql").read_text()
            # Spark and Hive do not convert; the others do.
            changed = json.loads(lines.with_suffix(".changed.json").read_text()) if name in ("spark", "athena") and format != "csv" else []
            reads += 1
            try:
                wrong = differ(read(columns_without(text, changed), "restarts"), expected, without={c.lower() for c in changed})
            except Exception as e:  # any error of a reader is a finding
                wrong = f"{type(e).__name__}: {e}"
            if wrong:
                print(f"{lines.relative_to(directory)} {name}: {wrong:.600}")
                failures += 1
    print(f"{reads} directories read by statements, {failures} failures ({', '.join(f'{n} {v}' for n, (_, v) in found.items())})")
    engines.Spark.stop()
    failures += parse(directory)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
