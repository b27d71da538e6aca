package parquet_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

type meta map[string]any

func (m meta) MetaGetMut(key string) (any, bool) { v, ok := m[key]; return v, ok }

// sourced is a schema with source columns; offset and so on are the metadata
// of the records of these tests.
func sourced(t *testing.T, c schema.Config, names ...string) schema.Config {
	t.Helper()
	var err error
	c.Columns, err = source.NewColumns(names, "k_")
	require.NoError(t, err)
	return c
}

func at(offset int) meta {
	return meta{"kafka_offset": offset, "kafka_partition": offset % 3, "kafka_timestamp_ms": int64(1751328000000 + offset)}
}

// refusals are the reasons for which records were refused.
func refusals(res encode.Result) (reasons []string) {
	for _, r := range res.Refused {
		reasons = append(reasons, r.Err.Error())
	}
	return reasons
}

// columnNames lists the columns of a file in order.
func columnNames(t *testing.T, data []byte) (names []string) {
	t.Helper()
	f, err := open(data)
	require.NoError(t, err)
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	return names
}

// encodeSome encodes records of which some may be refused.
func encodeSome(t *testing.T, e encode.Encoder, records []record.Record) ([]byte, encode.Result) {
	t.Helper()
	var buf bytes.Buffer
	res, err := e.Encode(&buf, records, 0)
	require.NoError(t, err)
	require.Equal(t, len(records), res.Taken)
	return buf.Bytes(), res
}

func TestSourceColumnsOfEveryKindOfSchema(t *testing.T) {
	fields := []schema.FieldConfig{{Name: "b", Type: "int64"}, {Name: "a", Type: "string", Optional: true}}
	for name, test := range map[string]struct {
		config schema.Config
		want   []string
	}{
		"inferred": {schema.Config{}, []string{
			`{"k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z","b":1,"a":"x"}`,
			`{"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z","b":2,"a":null}`,
		}},
		"fixed": {schema.Config{Mode: schema.Fixed, Fields: fields}, []string{
			`{"b":1,"a":"x","k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z"}`,
			`{"b":2,"a":null,"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z"}`,
		}},
		"rescued": {schema.Config{Mode: schema.Fixed, Fields: fields, OnTypeMismatch: schema.Rescue}, []string{
			`{"b":1,"a":"x","k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z","_rescued_data":null}`,
			`{"b":2,"a":null,"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z","_rescued_data":"{\"a\":[1]}"}`,
		}},
	} {
		for _, parsed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, parsed %t", name, parsed), func(t *testing.T) {
				records := []record.Record{{Raw: []byte(`{"b":1,"a":"x"}`), Meta: at(1)}, {Raw: []byte(`{"b":2}`), Meta: at(2)}}
				if parsed {
					records[0] = record.Record{Value: map[string]any{"b": 1, "a": "x"}, Meta: at(1)}
				}
				if name == "rescued" {
					records[1].Raw = []byte(`{"a":[1],"b":2}`)
				}
				e := newEncoder(t, parquet.Config{}, sourced(t, test.config, "offset", "timestamp"))
				rows, err := arrowRows(encodeRecords(t, e, records))
				require.NoError(t, err)
				require.Len(t, rows, 2)
				for i, want := range test.want {
					assert.JSONEq(t, want, mustJSON(rows[i]))
				}
			})
		}
	}
}

// TestSourceColumnsArePlacedByPosition reads the order of columns, of which
// JSON says nothing.
func TestSourceColumnsArePlacedByPosition(t *testing.T) {
	order := func(c schema.Config) (names []string) {
		data, _ := encodeDocs(t, newEncoder(t, parquet.Config{}, sourced(t, c, "partition")), `{"b":1,"a":2}`)
		return columnNames(t, data)
	}
	assert.Equal(t, []string{"k_partition", "b", "a"}, order(schema.Config{}))
	assert.Equal(t, []string{"a", "b", "k_partition"}, order(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		{Name: "a", Type: "int64"}, {Name: "b", Type: "int64"},
	}}))
}

func TestRecordWithAFieldOfASourceColumnLeavesNoTrace(t *testing.T) {
	for name, c := range map[string]schema.Config{
		"inferred": {},
		"dropped": {
			Mode: schema.Fixed, OnUnknownField: schema.Drop,
			Fields: []schema.FieldConfig{{Name: "a", Type: "int64", Optional: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEncoder(t, parquet.Config{}, sourced(t, c, "offset"))
			records := []record.Record{
				{Raw: []byte(`{"a":1}`), Meta: at(1)},
				{Raw: []byte(`{"a":2,"k_offset":null}`), Meta: at(2)},
				{Raw: []byte(`{"k_offset":"x","a":3}`), Meta: at(3)},
				{Raw: []byte(`{"a":1,"a":2,"k_offset":3}`), Meta: at(3)},
				{Value: map[string]any{"a": 4, "k_offset": nil}, Meta: at(4)},
				{Raw: []byte(`{"a":5}`), Meta: at(5)},
				{Raw: []byte(`{}`)},
			}
			data, res := encodeSome(t, e, records)
			reasons := refusals(res)
			require.Len(t, reasons, 4)
			for _, reason := range reasons {
				assert.Contains(t, reason, `"k_offset"`)
			}
			rows, err := arrowRows(data)
			require.NoError(t, err)
			assert.JSONEq(t, `[{"a":1,"k_offset":1},{"a":5,"k_offset":5},{"a":null,"k_offset":null}]`, mustJSON(rows))
		})
	}
}

// TestSourceColumnsInRowGroupsBuiltAtOnce compares with one core: the columns
// are read by several workers.
func TestSourceColumnsInRowGroupsBuiltAtOnce(t *testing.T) {
	records := make([]record.Record, 3000)
	for i := range records {
		records[i] = record.Record{Raw: fmt.Appendf(nil, `{"i":%d,"pad":"%0200d"}`, i, i*i), Meta: at(i)}
	}
	config := parquet.Config{RowGroupSize: 64 << 10, Cores: parquet.NewCores(3)}
	rows, err := arrowRows(encodeRecords(t, newEncoder(t, config, sourced(t, schema.Config{}, source.All)), records))
	require.NoError(t, err)
	require.Len(t, rows, len(records))
	for i, row := range rows {
		require.EqualValues(t, i, row["i"])
		require.EqualValues(t, i, row["k_offset"])
		require.EqualValues(t, i%3, row["k_partition"])
	}
}
