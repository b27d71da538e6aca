package schema_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
	"github.com/s3-destination/s3-destination/internal/source"
)

func sourceColumns(t *testing.T, names ...string) *source.Columns {
	t.Helper()
	c, err := source.NewColumns(names, source.DefaultPrefix)
	require.NoError(t, err)
	return c
}

// TestInferredColumnsFollowTheSource looks for source columns whose place or
// type changes with what records bring.
func TestInferredColumnsFollowTheSource(t *testing.T) {
	m := memory(t, schema.Config{Columns: sourceColumns(t, "offset", "headers")})
	const columns = "kafka_offset int64, kafka_headers json"
	assert.Equal(t, columns, show(m.Schema().Fields))
	s := learn(m, records(`{"a":1,"kafka_offset":"text"}`, `{"kafka_headers":{"x":1},"a":1}`))
	assert.Equal(t, columns, show(s.Fields), "records that are refused leave no trace")
	s = learn(m, records(`{"a":1}`))
	assert.Equal(t, columns+", a int64", show(s.Fields))
	s = learn(m, []record.Record{{Value: map[string]any{"b": "x"}}})
	assert.Equal(t, columns+", a int64, b string", show(s.Fields))
	assert.Equal(t, []int{1, 2, 0, 0}, []int{s.Fields[0].Source, s.Fields[1].Source, s.Fields[2].Source, s.Fields[3].Source})
	assert.NotNil(t, s.Columns)
}

func TestInferredColumnsWithRescuedValues(t *testing.T) {
	m := memory(t, schema.Config{Columns: sourceColumns(t, "key"), OnTypeMismatch: schema.Rescue})
	assert.Equal(t, "kafka_key string", show(m.Schema().Fields))
	assert.Equal(t, "kafka_key string, a int64, _rescued_data json", show(learn(m, records(`{"a":1}`)).Fields))
}

func TestSourceColumnsAreNotCounted(t *testing.T) {
	m := memory(t, schema.Config{Columns: sourceColumns(t, source.All), MaxColumns: 1})
	assert.Len(t, learn(m, records(`{"a":1}`, `{"a":1,"b":2}`)).Fields, 7)
}

func TestDeclaredColumnsAreFollowedByTheSource(t *testing.T) {
	c := schema.Config{
		Mode: schema.Fixed, Columns: sourceColumns(t, "partition", "timestamp", "topic"), OnUnknownField: schema.Add,
		Fields: []schema.FieldConfig{{Name: "b", Type: "int64"}, {Name: "a", Type: "string", Optional: true}},
	}
	m := memory(t, c)
	const columns = "b int64!, a string, kafka_partition int32, kafka_timestamp timestamp, kafka_topic string"
	assert.Equal(t, columns, show(m.Schema().Fields))
	assert.Equal(t, columns+", c bool", show(learn(m, records(`{"b":1,"c":true}`)).Fields), "a new field moves none of them")
}

func TestDeclaredColumnOfTheNameOfASourceColumn(t *testing.T) {
	c := schema.Config{
		Mode: schema.Fixed, Columns: sourceColumns(t, "offset"),
		Fields: []schema.FieldConfig{{Name: "kafka_offset", Type: "int64"}},
	}
	_, err := schema.New(c)
	require.ErrorContains(t, err, `"kafka_offset"`)
	c.Columns = nil
	_, err = schema.New(c)
	require.NoError(t, err)
}

type withSchema map[string]any

func (m withSchema) MetaGetMut(key string) (any, bool) { v, ok := m[key]; return v, ok }

func TestSchemaOfARecordIsFollowedByTheSource(t *testing.T) {
	r, err := schema.New(schema.Config{Mode: schema.Metadata, MetadataKey: "schema", Columns: sourceColumns(t, "offset")})
	require.NoError(t, err)
	of := func(field string) record.Record {
		return record.Record{Raw: []byte(`{}`), Meta: withSchema{"schema": map[string]any{
			"type": "OBJECT", "children": []any{map[string]any{"name": field, "type": "STRING"}},
		}}}
	}
	good, bad := of("a"), of("kafka_offset")
	m, err := r.For(&good)
	require.NoError(t, err)
	assert.Equal(t, "a string!, kafka_offset int64", show(m.Schema().Fields))
	again, err := r.For(&good)
	require.NoError(t, err)
	assert.Same(t, m, again)
	_, err = r.For(&bad)
	assert.ErrorContains(t, err, "source_column_prefix")
}
