//go:build cgo

package interop

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func openDB(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// rowsOf reads a Parquet file with DuckDB, as JSON.
func rowsOf(t testing.TB, db *sql.DB, path string) (out []string) {
	t.Helper()
	rows, err := db.Query(fmt.Sprintf("SELECT to_json(t)::VARCHAR FROM read_parquet('%s') t", path))
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		out = append(out, s)
	}
	require.NoError(t, rows.Err())
	return out
}

func TestDuckDBReadsWhatWasWritten(t *testing.T) {
	db := openDB(t)
	for _, c := range cases {
		for _, codec := range []string{"zstd", "snappy", "gzip", "lz4_raw", "none"} {
			t.Run(c.name+"/"+codec, func(t *testing.T) {
				want := c.want
				if want == nil {
					want = c.docs
				}
				got := rowsOf(t, db, parquetFile(t, t.TempDir(), c.name, codec, c.docs))
				require.Len(t, got, len(want))
				for i := range want {
					require.JSONEq(t, want[i], got[i])
				}
			})
		}
	}
}

func TestDuckDBReadsManyRowGroups(t *testing.T) {
	db := openDB(t)
	docs := many()
	path := parquetFile(t, t.TempDir(), "many", "zstd", docs)
	got := rowsOf(t, db, path)
	require.Len(t, got, len(docs))
	for i := range docs {
		require.JSONEq(t, docs[i], got[i])
	}
	var groups int
	require.NoError(t, db.QueryRow(fmt.Sprintf("SELECT count(DISTINCT row_group_id) FROM parquet_metadata('%s')", path)).Scan(&groups))
	assert.Greater(t, groups, 2)

	// Filters use statistics, dictionaries and bloom filters: a wrong one
	// loses rows.
	for filter, want := range map[string]int{
		"i = 12345": 1, "i < 100": 100, "\"unique\" = 'value-310'": 1, "few = 'f3'": 4000, "few = 'none'": 0,
		"\"unique\" >= 'value-9'": count(docs, "value-9"), "sparse IS NULL": 13333, "d > 6000": 1999, "flag": 10000, "time = 1751364000005000": 1,
	} {
		var n int
		require.NoError(t, db.QueryRow(fmt.Sprintf("SELECT count(*) FROM read_parquet('%s') WHERE %s", path, filter)).Scan(&n))
		assert.Equal(t, want, n, filter)
	}
}

// count counts the values of "unique" that are not less than least.
func count(docs []string, least string) (n int) {
	for i := range docs {
		if fmt.Sprintf("value-%d", i*31) >= least {
			n++
		}
	}
	return n
}

// Which engines must read a file decides about times and UUIDs.
func TestDuckDBReadsEveryType(t *testing.T) {
	for compatibility, want := range map[parquet.Compatibility]struct{ time, uuid, types string }{
		parquet.Modern: {"23:59:59.5", "ff112233-4455-6677-8899-aabbccddeeff", "DATE|TIME|DECIMAL(9,2)|DECIMAL(38,10)|UUID"},
		parquet.Widest: {"86399500000", "ff112233-4455-6677-8899-aabbccddeeff", "DATE|BIGINT|DECIMAL(9,2)|DECIMAL(38,10)|VARCHAR"},
	} {
		t.Run(string(compatibility), func(t *testing.T) {
			assert.Equal(t, "-5|2025-07-01 10:00:00.123456+00|1969-12-31|"+want.time+"|-12.34|-1234567890123456789012345678.0123456789|"+
				want.uuid+"|raw|[1]|INTEGER|TIMESTAMP WITH TIME ZONE|"+want.types+"|BLOB|VARCHAR", everyType(t, compatibility))
		})
	}
}

// everyType writes a record with every type, and returns what DuckDB reads.
func everyType(t *testing.T, compatibility parquet.Compatibility) string {
	t.Helper()
	optional := func(name, typ string) schema.FieldConfig {
		return schema.FieldConfig{Name: name, Type: typ, Optional: true}
	}
	small, huge := optional("small", "decimal"), optional("huge", "decimal")
	small.Precision, small.Scale = 9, 2
	huge.Precision, huge.Scale = 38, 10
	reg, err := schema.New(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		optional("i32", "int32"), optional("ts", "timestamp"), optional("date", "date"), optional("time", "time"),
		small, huge, optional("uuid", "uuid"), optional("bytes", "bytes"), optional("json", "json"),
	}})
	require.NoError(t, err)
	e, err := parquet.New(parquet.Config{Compatibility: compatibility}, reg)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "types.parquet")
	write(t, e, path, []string{
		`{"i32":-5,"ts":"2025-07-01T12:00:00.123456+02:00","date":"1969-12-31","time":"23:59:59.5","small":-12.34,
		"huge":"-1234567890123456789012345678.0123456789","uuid":"ff112233-4455-6677-8899-aabbccddeeff","bytes":"raw","json":[1]}`,
		`{}`,
	})
	db := openDB(t)
	var got string
	require.NoError(t, db.QueryRow(fmt.Sprintf(`SET TimeZone='UTC'; SELECT concat_ws('|', i32, ts, date, time, small, huge, uuid, bytes, json,
		typeof(i32), typeof(ts), typeof(date), typeof(time), typeof(small), typeof(huge), typeof(uuid), typeof(bytes), typeof(json))
		FROM read_parquet('%s') WHERE i32 = -5`, path)).Scan(&got))
	return got
}
