package schema_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestTimesWithoutAZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	const text = `{"t":"2024-07-01 12:00:00"}`
	for _, test := range []struct {
		config schema.Config
		want   string
	}{
		{schema.Config{InferTimestamps: true}, "t string"},
		{schema.Config{Zone: berlin}, "t string"},
		{schema.Config{InferTimestamps: true, Zone: berlin}, "t timestamp"},
	} {
		m := memory(t, test.config)
		assert.Equal(t, test.want, show(learn(m, records(text, `{"t":"2024-07-01T12:00:00Z"}`)).Fields))
	}
	m := memory(t, schema.Config{InferTimestamps: true, Zone: berlin})
	f := learn(m, records(text)).Fields[0]
	v, ok := f.StringInt64([]byte("2024-07-01 12:00:00"))
	assert.True(t, ok)
	assert.Equal(t, time.Date(2024, 7, 1, 10, 0, 0, 0, time.UTC).UnixMicro(), v)
	v, ok = f.StringInt64([]byte("2024-07-01 12:00:00Z"))
	assert.True(t, ok, "a zone in the text counts")
	assert.Equal(t, time.Date(2024, 7, 1, 12, 0, 0, 0, time.UTC).UnixMicro(), v)
	_, ok = f.StringInt64([]byte("0001-01-01T00:00:00+01:00"))
	assert.False(t, ok, "and is no reason to take a time that readers do not")

	declared := schema.Config{Mode: schema.Fixed, Zone: berlin, Fields: []schema.FieldConfig{
		{Name: "l", Type: "list", Items: &schema.FieldConfig{Type: "timestamp"}},
		{Name: "g", Type: "group", Fields: []schema.FieldConfig{{Name: "t", Type: "timestamp"}}},
	}}
	c := memory(t, declared).Checker()
	ok1 := records(`{"l":["2024-07-01 12:00:00"],"g":{"t":"2024-07-01 12:00:00"}}`)
	require.NoError(t, c.Check(&ok1[0]))
	declared.Zone = nil
	c = memory(t, declared).Checker()
	require.ErrorContains(t, c.Check(&ok1[0]), "does not fit")
}

func TestLocalTimestamps(t *testing.T) {
	fields, err := schema.ParseAvro([]byte(`{"type":"record","name":"r","fields":[
		{"name":"a","type":{"type":"long","logicalType":"local-timestamp-micros"}},
		{"name":"b","type":{"type":"long","logicalType":"local-timestamp-millis"}},
		{"name":"c","type":{"type":"long","logicalType":"timestamp-millis"}}]}`))
	require.NoError(t, err)
	assert.Equal(t, []bool{true, true, false}, []bool{fields[0].Local, fields[1].Local, fields[2].Local})
	text, err := schema.NewSchema(fields).AvroSchema("r", false)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"name":"a","type":{"type":"long","logicalType":"local-timestamp-micros"}}`)
	assert.NotEqual(t, schema.NewSchema(fields[:1]).Fingerprint(), schema.NewSchema([]schema.Field{{Name: "a", Type: schema.Timestamp, Unit: schema.Micros, Round: true}}).Fingerprint())

	noon := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC).UnixMicro()
	for _, text := range []string{"2024-01-01 12:00:00", "2024-01-01T12:00:00+05:00", "2024-01-01T12:00:00Z"} {
		v, ok := fields[0].StringInt64([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, noon, v, text)
	}
	v, ok := fields[0].ValueInt64(time.Date(2024, 1, 1, 12, 0, 0, 0, time.FixedZone("", 3600)))
	assert.True(t, ok)
	assert.Equal(t, noon, v)
	v, ok = fields[1].NumberInt64([]byte("1704110400000"))
	assert.True(t, ok)
	assert.Equal(t, noon, v)

	fields, err = schema.FromCommon(map[string]any{"type": "OBJECT", "children": []any{
		map[string]any{"name": "local", "type": "TIMESTAMP", "unit": "MICROS", "adjust_to_utc": false},
		map[string]any{"name": "moment", "type": "TIMESTAMP"},
	}})
	require.NoError(t, err)
	assert.True(t, fields[0].Local)
	assert.False(t, fields[1].Local)

	_, err = schema.New(schema.Config{Mode: schema.Fixed, Fields: []schema.FieldConfig{{Name: "a", Type: "date", Local: true}}})
	assert.ErrorContains(t, err, "a date cannot be local")
}
