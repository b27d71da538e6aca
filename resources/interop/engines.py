"""Engines that read files by the statements of `s3-destination schema --ddl`.

Each is a function of the statements and the name of the table, which returns rows as
dictionaries. What is not installed is left out; missing() says why.
"""
import importlib.util
import json
import os
import re
import shutil
import sys
import tempfile

found = {}
absent = {}


def have(module):
    return importlib.util.find_spec(module) is not None


def statements(text):
    return [s for s in (part.strip() for part in re.split(r";\n", text)) if s]


def duckdb_engine():
    import duckdb

    def read(text, table):
        con = duckdb.connect()
        con.sql("SET TimeZone = 'UTC'")
        for s in statements(text):
            con.execute(s)
        return con.sql(f'SELECT * FROM "{table}"').to_arrow_table().to_pylist()

    return read, duckdb.__version__


def clickhouse_engine():
    import chdb
    from chdb import session

    def read(text, table):
        # The same files, from the disk.
        text = re.sub(r"ENGINE = S3\('https://\.s3\.amazonaws\.com/(.*?)', '(\w+)'\)", r"ENGINE = File('\2', '/\1')", text)
        with tempfile.TemporaryDirectory() as dir:
            s = session.Session(dir)
            try:
                s.query("CREATE DATABASE d")
                for part in statements(text):
                    s.query(part.replace("CREATE TABLE ", "CREATE TABLE d.", 1))
                out = s.query(
                    f"SELECT * FROM d.`{table}` SETTINGS output_format_json_quote_64bit_integers = 0, date_time_output_format = 'iso'",
                    "JSONEachRow",
                )
                return [json.loads(line) for line in out.bytes().decode().splitlines()]
            finally:
                s.close()

    return read, chdb.chdb_version if isinstance(chdb.chdb_version, str) else ".".join(map(str, chdb.chdb_version))


def spark_session():
    from pyspark.sql import SparkSession

    dir = tempfile.mkdtemp(prefix="spark-")
    os.chdir(dir)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ["JDK_JAVA_OPTIONS"] = " ".join(
        f"--add-opens=java.base/{p}=ALL-UNNAMED"
        for p in ("java.lang", "java.lang.invoke", "java.io", "java.net", "java.nio", "java.util", "java.util.concurrent", "sun.nio.ch", "sun.security.action", "sun.util.calendar")
    )
    b = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.files.openCostInBytes", "1024")  # many small files in few tasks
        .config("spark.sql.warehouse.dir", dir + "/warehouse")
        # Hive tables are to be read by Hive's classes, as Athena does.
        .config("spark.sql.hive.convertMetastoreParquet", "false")
        .config("spark.hadoop.mapreduce.input.fileinputformat.input.dir.recursive", "true")
        .enableHiveSupport()
    )
    if os.environ.get("SPARK_AVRO"):
        b = b.config("spark.jars", os.environ["SPARK_AVRO"])
    spark = b.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark, dir


class Spark:
    """One session, which takes a while to begin, for Spark's own readers and Hive's."""

    session = None

    def read(self, text, table):
        if Spark.session is None:
            Spark.session, Spark.dir = spark_session()
        spark = Spark.session
        spark.sql(f"DROP TABLE IF EXISTS `{table}`")
        for s in statements(text):
            spark.sql(s)
        try:
            as_json = "to_json(struct(*), map('timestampFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS', 'timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS'))"
            return [json.loads(row[0]) for row in spark.table(table).selectExpr(as_json).collect()]
        finally:
            spark.sql(f"DROP TABLE IF EXISTS `{table}`")

    @classmethod
    def stop(cls):
        if cls.session is not None:
            cls.session.stop()
            shutil.rmtree(cls.dir, ignore_errors=True)


def spark_engine():
    import pyspark

    return Spark().read, pyspark.__version__


def load(names):
    """Finds the engines of these names that can be run here."""
    for name, module, begin in (
        ("duckdb", "duckdb", duckdb_engine),
        ("clickhouse", "chdb", clickhouse_engine),
        ("spark", "pyspark", spark_engine),
        ("athena", "pyspark", spark_engine),  # Hive's classes, which Athena reads csv and avro with
    ):
        if name not in names:
            continue
        if not have(module):
            absent[name] = f"the Python module {module} is not installed"
        elif module == "pyspark" and not shutil.which("java"):
            absent[name] = "needs Java 17"
        else:
            found[name] = begin()
    for name, why in absent.items():
        print(f"SKIP {name}: {why}", file=sys.stderr)
    return found
