// Command reading runs the recipes of docs/reading.md: the real binary writes
// objects in every format to an S3 server in this process, and each engine that
// is installed reads them with the very lines that the page shows. What it
// prints must be what the page shows below them.
//
// pyarrow and Polars read from the S3 server. DuckDB and Spark read copies of
// the objects on disk, because their S3 access is an extension of its own.
//
//	make reading
package main
