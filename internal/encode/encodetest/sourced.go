package encodetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

// Sourced is a typed format that writes where records come from.
type Sourced struct {
	// New makes an encoder.
	New func(testing.TB, schema.Config) encode.Encoder
	// Decode is as in Subject.
	Decode func(object []byte) ([]map[string]any, error)
	// Columns lists the columns of an object in order.
	Columns func(object []byte) ([]string, error)
}

// KColumns returns source columns whose names begin with k_.
func KColumns(t testing.TB, names ...string) *source.Columns {
	t.Helper()
	c, err := source.NewColumns(names, "k_")
	require.NoError(t, err)
	return c
}

// FromKafka is the metadata of a record at an offset, in one of three
// partitions, of a time in July 2025.
func FromKafka(offset int) Metadata {
	return Metadata{"kafka_offset": offset, "kafka_partition": offset % 3, "kafka_timestamp_ms": int64(1751328000000 + offset)}
}

// Run checks the source columns beside every kind of schema.
func (s Sourced) Run(t *testing.T) {
	t.Run("every kind of schema", s.everyKind)
	t.Run("placed by position", s.placed)
	t.Run("a record with a field of a source column leaves no trace", s.taken)
}

var sourcedFields = []schema.FieldConfig{{Name: "b", Type: "int64"}, {Name: "a", Type: "string", Optional: true}}

// sourcedKinds have a second record of their own, and the rows that readers
// must see.
var sourcedKinds = []struct {
	name   string
	config schema.Config
	second string
	want   []string
}{
	{"inferred", schema.Config{}, `{"b":2}`, []string{
		`{"k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z","b":1,"a":"x"}`,
		`{"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z","b":2,"a":null}`,
	}},
	{"fixed", schema.Config{Mode: schema.Fixed, Fields: sourcedFields}, `{"b":2}`, []string{
		`{"b":1,"a":"x","k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z"}`,
		`{"b":2,"a":null,"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z"}`,
	}},
	{
		"a field behind the source",
		schema.Config{Mode: schema.Fixed, Fields: sourcedFields, OnUnknownField: schema.Add},
		`{"c":true,"b":2}`,
		[]string{
			`{"b":1,"a":"x","k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z","c":null}`,
			`{"b":2,"a":null,"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z","c":true}`,
		},
	},
	{
		"rescued",
		schema.Config{Mode: schema.Fixed, Fields: sourcedFields, OnTypeMismatch: schema.Rescue},
		`{"a":[1],"b":2}`, // in another order than the schema's
		[]string{
			`{"b":1,"a":"x","k_offset":1,"k_timestamp":"2025-07-01T00:00:00.001Z","_rescued_data":null}`,
			`{"b":2,"a":null,"k_offset":2,"k_timestamp":"2025-07-01T00:00:00.002Z","_rescued_data":"{\"/a\":[1]}"}`,
		},
	},
}

func (s Sourced) everyKind(t *testing.T) {
	for _, kind := range sourcedKinds {
		for _, parsed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, parsed %t", kind.name, parsed), func(t *testing.T) {
				records := []record.Record{{Raw: []byte(`{"b":1,"a":"x"}`), Meta: FromKafka(1)}, {Raw: []byte(kind.second), Meta: FromKafka(2)}}
				if parsed {
					records[0] = record.Record{Value: map[string]any{"b": 1, "a": "x"}, Meta: FromKafka(1)}
				}
				config := kind.config
				config.Columns = KColumns(t, "offset", "timestamp")
				data, res := EncodeRecords(t, s.New(t, config), records)
				require.Empty(t, Refusals(res))
				rows, err := s.Decode(data)
				require.NoError(t, err)
				require.Len(t, rows, len(kind.want))
				for i, want := range kind.want {
					assert.JSONEq(t, want, JSON(rows[i]))
				}
			})
		}
	}
}

// placed reads the order of columns, of which JSON says nothing.
func (s Sourced) placed(t *testing.T) {
	order := func(c schema.Config) []string {
		c.Columns = KColumns(t, "partition")
		data, _ := Encode(t, s.New(t, c), `{"b":1,"a":2}`)
		names, err := s.Columns(data)
		require.NoError(t, err)
		return names
	}
	assert.Equal(t, []string{"k_partition", "b", "a"}, order(schema.Config{}))
	assert.Equal(t, []string{"a", "b", "k_partition"}, order(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{
		{Name: "a", Type: "int64"}, {Name: "b", Type: "int64"},
	}}))
}

func (s Sourced) taken(t *testing.T) {
	for name, c := range map[string]schema.Config{
		"inferred": {},
		"dropped": {
			Mode: schema.Fixed, OnUnknownField: schema.Drop,
			Fields: []schema.FieldConfig{{Name: "a", Type: "int64", Optional: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.Columns = KColumns(t, "offset")
			data, res := EncodeRecords(t, s.New(t, c), []record.Record{
				{Raw: []byte(`{"a":1}`), Meta: FromKafka(1)},
				{Raw: []byte(`{"a":2,"k_offset":null}`), Meta: FromKafka(2)},
				{Raw: []byte(`{"k_offset":"x","a":3}`), Meta: FromKafka(3)},
				{Raw: []byte(`{"a":1,"a":2,"k_offset":3}`), Meta: FromKafka(3)},
				{Value: map[string]any{"a": 4, "k_offset": nil}, Meta: FromKafka(4)},
				{Raw: []byte(`{"a":5}`), Meta: FromKafka(5)},
				{Raw: []byte(`{}`)},
			})
			reasons := Refusals(res)
			require.Len(t, reasons, 4)
			for _, reason := range reasons {
				assert.Contains(t, reason, `"k_offset"`)
			}
			rows, err := s.Decode(data)
			require.NoError(t, err)
			assert.JSONEq(t, `[{"a":1,"k_offset":1},{"a":5,"k_offset":5},{"a":null,"k_offset":null}]`, JSON(rows))
		})
	}
}
