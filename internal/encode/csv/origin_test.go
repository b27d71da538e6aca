package csv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/csv"
	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/record"
)

func withColumns(t *testing.T, names ...string) csv.Config {
	t.Helper()
	return csv.Config{Header: true, Columns: encodetest.KColumns(t, names...)}
}

func encodeSourced(t *testing.T, cfg csv.Config, records ...record.Record) (string, []string) {
	t.Helper()
	data, res := encodetest.EncodeRecords(t, csv.New(cfg), records)
	return string(data), encodetest.Refusals(res)
}

// TestSourceColumnsComeFirst reads records whose fields come and go: new ones
// must not move the source columns, in order or not.
func TestSourceColumnsComeFirst(t *testing.T) {
	at := func(offset int, key any) encodetest.Metadata {
		return encodetest.Metadata{"kafka_offset": offset, "kafka_key": key, "kafka_timestamp_ms": int64(1751328000000)}
	}
	got, refused := encodeSourced(t, withColumns(t, "offset", "key", "timestamp"),
		record.Record{Raw: []byte(`{"a":1}`), Meta: at(7, []byte("x"))},
		record.Record{Raw: []byte(`{"b":2,"a":3}`), Meta: at(8, []byte(`q"uo,te`))},
		record.Record{Raw: []byte(`{}`)},
		record.Record{Value: map[string]any{"c": "z"}, Meta: at(9, []byte{})},
		record.Record{Raw: []byte(`{"a":5,"c":"y"}`), Meta: at(10, nil)})
	assert.Empty(t, refused)
	assert.Equal(t, `k_offset,k_key,k_timestamp,a,b,c
7,x,2025-07-01T00:00:00.000Z,1,,
8,"q""uo,te",2025-07-01T00:00:00.000Z,3,2,
,,,,,
9,"",2025-07-01T00:00:00.000Z,,,z
10,,2025-07-01T00:00:00.000Z,5,,y
`, got)
}

func TestSourceColumnsAloneAreATable(t *testing.T) {
	got, refused := encodeSourced(t, withColumns(t, "key"), record.Record{Raw: []byte(`{}`)}, record.Record{Raw: []byte(`{}`), Meta: encodetest.Metadata{"kafka_key": []byte("k")}})
	assert.Empty(t, refused)
	assert.Equal(t, "k_key\n\"\"\nk\n", got)
}

// TestFieldOfTheNameOfAColumnIsRefused has good records around the bad ones,
// which must leave no column behind.
func TestFieldOfTheNameOfAColumnIsRefused(t *testing.T) {
	for _, bad := range []record.Record{
		{Raw: []byte(`{"k_offset":1,"new":2}`)},
		{Raw: []byte(`{"a":1,"new":2,"k_offset":null}`)},
		{Value: map[string]any{"k_offset": 1, "new": 2}},
	} {
		good := record.Record{Raw: []byte(`{"a":1}`), Meta: encodetest.Metadata{"kafka_offset": 7}}
		got, refused := encodeSourced(t, withColumns(t, "offset"), good, bad, good, bad)
		assert.Equal(t, "k_offset,a\n7,1\n7,1\n", got)
		require.Len(t, refused, 2)
		assert.Contains(t, refused[0], `"k_offset"`)
		assert.Contains(t, refused[0], "source_column_prefix")
		got, refused = encodeSourced(t, withColumns(t, "offset"), bad)
		assert.Empty(t, got)
		assert.Len(t, refused, 1)
	}
}
