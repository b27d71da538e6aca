package schema_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

func TestAvroTypesOfASize(t *testing.T) {
	avsc := `{"type":"record","name":"r","fields":[
		{"name":"f","type":"float"},
		{"name":"mac","type":{"type":"fixed","name":"Mac","size":6}},
		{"name":"again","type":["null","Mac"]},
		{"name":"d","type":{"type":"fixed","name":"D","size":12,"logicalType":"decimal","precision":20,"scale":2}},
		{"name":"span","type":{"type":"fixed","name":"S","size":12,"logicalType":"duration"}},
		{"name":"u","type":{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}}
	]}`
	path := filepath.Join(t.TempDir(), "r.avsc")
	require.NoError(t, os.WriteFile(path, []byte(avsc), 0o600))
	c := schema.Config{Mode: schema.Fixed, File: path, State: filepath.Join(t.TempDir(), "columns.json"), OnUnknownField: schema.Add, OnTypeMismatch: schema.Widen}
	r := started(t, c)
	r.UseAvroNames()
	m, err := r.For(&record.Record{})
	require.NoError(t, err)
	assert.Equal(t, "f float!, mac bytes!, again bytes, d decimal(20,2)!, span bytes!, u uuid!", show(m.Schema().Fields))
	out, err := m.Schema().AvroSchema("Out", false)
	require.NoError(t, err)
	assert.JSONEq(t, `{"type":"record","name":"Out","fields":[
		{"name":"f","type":"float"},
		{"name":"mac","type":{"type":"fixed","name":"Out_mac","size":6}},
		{"name":"again","type":["null",{"type":"fixed","name":"Out_again","size":6}],"default":null},
		{"name":"d","type":{"type":"fixed","name":"Out_d","size":12,"logicalType":"decimal","precision":20,"scale":2}},
		{"name":"span","type":{"type":"fixed","name":"Out_span","size":12}},
		{"name":"u","type":{"type":"string","logicalType":"uuid"}}
	]}`, string(out))

	full := `{"f":1e39,"mac":"12345","again":"123456","d":1,"span":"123456789012","u":"00112233445566778899aabbccddeeff","new":1}`
	want := "f double!, mac string!, again bytes, d decimal(20,2)!, span bytes!, u uuid!, new int64"
	assert.Equal(t, want, show(learn(m, records(full)).Fields))
	again := dataset(t, started(t, c), "").Schema()
	assert.Equal(t, want, show(again.Fields))
	assert.Equal(t, 6, again.Fields[2].Size)

	_, err = schema.ParseAvro([]byte(`{"type":"record","name":"r","fields":[{"name":"d","type":{"type":"fixed","name":"D","size":3,"logicalType":"decimal","precision":7,"scale":2}}]}`))
	require.ErrorContains(t, err, "precision 7", "a fixed with room for its digits")
}

func TestWhatAFloatTakes(t *testing.T) {
	round := schema.Field{Type: schema.Float, Round: true}
	exact := schema.Field{Type: schema.Float}
	for text, want := range map[string]struct{ round, exact bool }{
		"0.1": {true, true}, "1.5": {true, true}, "16777216": {true, true}, "16777217": {true, false}, "0.123456789": {true, false},
		"3.4028235e38": {true, true}, "3.5e38": {false, false}, "1e400": {false, false}, "-0": {true, true}, "1e-45": {true, true},
	} {
		v, ok := round.NumberDouble([]byte(text))
		assert.Equal(t, want.round, ok, text)
		if ok {
			assert.InDelta(t, float64(float32(v)), v, 0, text)
		}
		_, ok = exact.NumberDouble([]byte(text))
		assert.Equal(t, want.exact, ok, text)
	}
	for _, test := range []struct {
		v            any
		round, exact bool
	}{
		{1.5, true, true},
		{0.1, true, false},
		{float32(0.1), true, true},
		{1e39, false, false},
		{math.NaN(), false, false},
		{math.Inf(1), false, false},
		{1 << 24, true, true},
		{1<<24 + 1, true, false},
		{"1", false, false},
	} {
		_, ok := round.ValueDouble(test.v)
		assert.Equal(t, test.round, ok, "%v", test.v)
		_, ok = exact.ValueDouble(test.v)
		assert.Equal(t, test.exact, ok, "%v", test.v)
	}
}
