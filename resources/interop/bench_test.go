//go:build cgo

package interop

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
)

// BenchmarkJSONToParquet turns a file of JSON lines into a Parquet file, with
// DuckDB's COPY on one thread and with our encoder, in turns. Both find the
// columns by themselves, and read and write files in the page cache; both
// compress as they do by default (DuckDB: zstd level 3, ours: 1). The figures
// are thousands of rows a CPU second of this process; ratio is ours to
// DuckDB's. Run it with -cpu 1.
func BenchmarkJSONToParquet(b *testing.B) {
	for _, set := range []struct {
		name string
		docs [][]byte
	}{{"clicks", encodetest.Clicks(200_000, 1)}, {"wide", encodetest.Wide(40_000, 1)}} {
		source := writeLines(b, set.docs)
		for _, codec := range []struct {
			name  string
			level int
		}{{"zstd", 0}, {"zstd", 3}, {"snappy", 0}} {
			b.Run(fmt.Sprintf("%s/%s/level=%d", set.name, codec.name, codec.level), func(b *testing.B) {
				c := contest{source: source, target: filepath.Join(b.TempDir(), "out.parquet"), codec: codec.name}
				e, err := parquet.New(parquet.Config{Compression: codec.name, Level: codec.level}, registry(b))
				require.NoError(b, err)
				c.run(b, e, len(set.docs))
			})
		}
	}
}

// BenchmarkParquetSizes compares the sizes of our file and of the one that DuckDB
// writes of the same rows, with the same columns, codec, level and version: the figures
// are bytes a row. It measures no time.
func BenchmarkParquetSizes(b *testing.B) {
	for _, set := range []struct {
		name string
		docs [][]byte
	}{{"clicks", encodetest.Clicks(100_000, 1)}, {"wide", encodetest.Wide(20_000, 1)}} {
		source := writeLines(b, set.docs)
		for _, as := range []struct {
			config parquet.Config
			theirs string
		}{
			{parquet.Config{Compression: "zstd", Level: 1}, "zstd, COMPRESSION_LEVEL 1"},
			{parquet.Config{Compression: "zstd", Level: 3}, "zstd, COMPRESSION_LEVEL 3"},
			{parquet.Config{Compression: "zstd", Level: 1, Compatibility: parquet.Modern}, "zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION V2"},
			{parquet.Config{Compression: "snappy"}, "snappy"},
			{parquet.Config{Compression: "gzip", Level: 6}, "gzip"}, // the only level that DuckDB has
			{parquet.Config{Compression: "none"}, "uncompressed"},
		} {
			b.Run(set.name+"/"+as.theirs, func(b *testing.B) {
				c := contest{source: source, target: filepath.Join(b.TempDir(), "ours.parquet")}
				e, err := parquet.New(as.config, registry(b))
				require.NoError(b, err)
				c.encode(b, e, len(set.docs))
				theirs := c.target + ".duckdb"
				_, err = openDB(b).Exec(fmt.Sprintf("COPY (FROM read_parquet('%s')) TO '%s' (FORMAT parquet, COMPRESSION %s)", c.target, theirs, as.theirs))
				require.NoError(b, err)
				ours, rows := sizeOf(b, c.target), float64(len(set.docs))
				b.ReportMetric(float64(ours)/rows, "ours-B/row")
				b.ReportMetric(float64(sizeOf(b, theirs))/rows, "duckdb-B/row")
				b.ReportMetric(float64(ours)/float64(sizeOf(b, theirs)), "size-ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

type contest struct{ source, target, codec string }

func (c contest) run(b *testing.B, e *parquet.Encoder, rows int) {
	db := openDB(b)
	_, err := db.Exec("SET threads = 1")
	require.NoError(b, err)
	statement := fmt.Sprintf("COPY (FROM read_json('%s', format = 'newline_delimited')) TO '%s' (FORMAT parquet, COMPRESSION %s)",
		c.source, c.target, c.codec)
	var theirs, ours time.Duration
	var theirSize, ourSize int64
	for b.Loop() {
		began := cpuTime(b)
		_, err := db.Exec(statement)
		theirs += cpuTime(b) - began
		require.NoError(b, err)
		theirSize = sizeOf(b, c.target)

		began = cpuTime(b)
		c.encode(b, e, rows)
		ours += cpuTime(b) - began
		ourSize = sizeOf(b, c.target)
	}
	total := float64(b.N*rows) / 1000
	b.ReportMetric(total/theirs.Seconds(), "duckdb-krows/cpu-s")
	b.ReportMetric(total/ours.Seconds(), "ours-krows/cpu-s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
	b.ReportMetric(float64(ourSize)/float64(theirSize), "size-ratio")
	b.ReportMetric(0, "ns/op") // both together say nothing
}

// encode reads the records, and writes them as one file.
func (c contest) encode(b *testing.B, e *parquet.Encoder, rows int) {
	text, err := os.ReadFile(c.source)
	require.NoError(b, err)
	records := make([]record.Record, 0, rows)
	for len(text) > 0 {
		n, line, _ := bufio.ScanLines(text, true)
		records = append(records, record.Record{Raw: line})
		text = text[n:]
	}
	out, err := os.Create(c.target)
	require.NoError(b, err)
	res, err := e.Encode(out, records, 0)
	require.NoError(b, err)
	require.Equal(b, rows, res.Rows)
	require.NoError(b, out.Close())
}

func writeLines(b *testing.B, docs [][]byte) string {
	b.Helper()
	var text []byte
	for _, d := range docs {
		text = append(append(text, d...), '\n')
	}
	path := filepath.Join(b.TempDir(), "docs.jsonl")
	require.NoError(b, os.WriteFile(path, text, 0o600))
	return path
}

func sizeOf(b *testing.B, path string) int64 {
	b.Helper()
	info, err := os.Stat(path)
	require.NoError(b, err)
	return info.Size()
}

// cpuTime is the user and system time of this process.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
